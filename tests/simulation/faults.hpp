// tests/simulation/faults.hpp: what goes wrong in a simulation, as a list: it is drawn from the seed, and any part of
// it can be run again, which is how a failure is made small. A fault strikes the n-th thing of its site, or at a time.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tests::simulation {

enum class FaultKind {
  // the n-th message between broker, workers and feed; `by` is in microseconds
  break_link,  // lost with all that is on its way; both sides go on over a fresh link
  double_message,
  delay_message,  // and whatever comes behind it on the same link
  overtake,       // late by itself: others pass it
  // the n-th message to or from the venue
  lose_venue_message,
  double_venue_message,
  delay_venue_message,
  // the n-th point in a worker's round: before the facts, before the commit, after it, after its words
  crash_worker,   // another one of its name starts `by` later
  lose_worker,    // nobody starts in its place; the last worker stays
  stall_worker,   // it stands still for `by`, as in a suspended machine
  steal_lease,    // just then some lease is given back by somebody else
  raise_epoch,    // just then a pause comes and goes within one breath
  second_broker,  // just then another one takes over, and the first goes on for `by`
  // the n-th commit
  lose_commit_answer,  // done, and nobody knows
  break_commit,        // not done, and nobody knows
  conflict,            // a deadlock's victim: nothing was done
  // the n-th other call of the store
  lose_store_answer,  // done, and nobody knows
  store_away,
  // a time, in microseconds from the start
  jump_clock,    // the database's wall clock moves by `by`
  crash_broker,  // another one starts `by` later
  twin_worker,   // a second process under a living worker's name, for `by`
  crash_venue,   // it starts again `by` later
  // ---- drawn apart, so that the draws above stay what they were
  // a message from the venue
  repeat_fill,  // the last fill of a report twice
  miss_fill,    // a report of several fills without its first
  // a time: what people and the world do at any step
  pause_owner,    // for `by`
  freeze_owner,   // for `by`; of entries or, every other one, of everything
  freeze_all,     // for `by`, everybody, of everything
  lose_keys,      // no request can be signed, for `by`
  world_goes_on,  // for `by`, world time is hours beyond what is being decided, as where bars come by the clock
};
inline constexpr std::size_t first_drawn_apart = static_cast<std::size_t>(FaultKind::repeat_fill);

// Where faults of a kind strike.
enum class Site { message, venue_message, worker_point, commit, store_call, time };
Site site_of(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::break_link;
  std::int64_t at = 0;
  std::int64_t by = 0;
  std::uint32_t who = 0;  // which worker, lease or owner, modulo how many there are
};

std::string to_text(const Fault& fault);

// How many things of each site an undisturbed run had; for time, microseconds.
using Extent = std::map<Site, std::int64_t>;

// Few or many, all over such a run and, by time, some way beyond: what is disturbed takes longer.
std::vector<Fault> draw_faults(std::uint64_t seed, const Extent& extent);

// Which faults are still to come, and how far each site is.
class FaultPlan {
 public:
  FaultPlan() = default;
  explicit FaultPlan(const std::vector<Fault>& faults);
  // Counts one more thing of the site; the fault that strikes it, or nothing.
  const Fault* next(Site site);
  // How many of all of them end a worker, or make it look so.
  [[nodiscard]] int deaths() const;
  // Those of a time, in their order.
  [[nodiscard]] std::vector<Fault> timed() const;
  [[nodiscard]] const Extent& extent() const { return reached_; }

 private:
  std::map<std::pair<Site, std::int64_t>, Fault> faults_;
  std::vector<Fault> timed_;
  Extent reached_;
};

}  // namespace tests::simulation
