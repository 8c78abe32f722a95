#include "tests/simulation/faults.hpp"

#include <algorithm>

#include "machines/core/names.hpp"

namespace tests::simulation {

Site site_of(FaultKind kind) {
  if (kind == FaultKind::repeat_fill || kind == FaultKind::miss_fill) return Site::venue_message;
  if (kind <= FaultKind::overtake) return Site::message;
  if (kind <= FaultKind::delay_venue_message) return Site::venue_message;
  if (kind <= FaultKind::second_broker) return Site::worker_point;
  if (kind <= FaultKind::conflict) return Site::commit;
  if (kind <= FaultKind::store_away) return Site::store_call;
  return Site::time;
}

std::string to_text(const Fault& fault) {
  std::string text = std::string(machines::name_of(fault.kind)) + " at " + std::to_string(fault.at);
  if (fault.by != 0) text += " by " + std::to_string(fault.by) + " us";
  const bool picks = fault.kind == FaultKind::steal_lease || fault.kind == FaultKind::raise_epoch ||
                     fault.kind == FaultKind::twin_worker || fault.kind == FaultKind::pause_owner ||
                     fault.kind == FaultKind::freeze_owner;
  return picks ? text + ", number " + std::to_string(fault.who) : text;
}

namespace {

// Short, or long enough for deadlines, heartbeats and leases to run out.
std::int64_t draw_length(std::mt19937_64& random) {
  const std::int64_t most = random() % 2 == 0 ? 50'000 : 8'000'000;
  return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
}

}  // namespace

namespace {

// So many faults of the kinds from `first` to before `end`.
std::vector<Fault> draw(std::mt19937_64& random, std::size_t count, std::size_t first, std::size_t end,
                        const Extent& extent) {
  constexpr std::int64_t beyond_us = 20'000'000;
  std::vector<Fault> faults(count);
  for (Fault& fault : faults) {
    fault.kind = static_cast<FaultKind>(first + random() % (end - first));
    const Site site = site_of(fault.kind);
    const auto found = extent.find(site);
    std::int64_t reach = found == extent.end() ? 1 : std::max<std::int64_t>(found->second, 1);
    if (site == Site::time && random() % 2 == 0) reach += beyond_us;
    fault.at = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(reach));
    fault.by = draw_length(random);
    if (fault.kind == FaultKind::jump_clock && random() % 2 == 0) fault.by = -fault.by;
    fault.who = static_cast<std::uint32_t>(random() % 60);
  }
  return faults;
}

}  // namespace

// In half of all seeds nobody stops or spoils anything: there the digest must stay.
std::vector<Fault> draw_faults(std::uint64_t seed, const Extent& extent) {
  std::mt19937_64 random(seed * 2 + 1);
  const auto count = static_cast<std::size_t>(random() % 4 == 0 ? 1 + random() % 3 : 4 + random() % 20);
  std::vector<Fault> faults = draw(random, count, 0, first_drawn_apart, extent);
  std::mt19937_64 apart(seed * 2 + 1'000'003);
  const std::size_t more = apart() % 2 == 0 ? 0 : 1 + apart() % 8;
  for (const Fault& fault : draw(apart, more, first_drawn_apart, machines::count_of<FaultKind>, extent))
    faults.push_back(fault);
  return faults;
}

FaultPlan::FaultPlan(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    const Site site = site_of(fault.kind);
    if (site == Site::time)
      timed_.push_back(fault);
    else
      faults_.emplace(std::pair(site, fault.at), fault);
  }
  std::stable_sort(timed_.begin(), timed_.end(), [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

const Fault* FaultPlan::next(Site site) {
  const auto found = faults_.find({site, ++reached_[site]});
  return found == faults_.end() ? nullptr : &found->second;
}

int FaultPlan::deaths() const {
  return static_cast<int>(std::count_if(faults_.begin(), faults_.end(), [](const auto& one) {
    const FaultKind kind = one.second.kind;
    return kind == FaultKind::crash_worker || kind == FaultKind::lose_worker || kind == FaultKind::stall_worker;
  }));
}

std::vector<Fault> FaultPlan::timed() const { return timed_; }

}  // namespace tests::simulation
