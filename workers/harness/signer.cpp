#include "workers/harness/signer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "ledger/env/times.hpp"
#include "machines/core/names.hpp"

namespace workers::harness {
namespace {

namespace key = machines::key;
using ledger::secrets::Keyring;
using ledger::secrets::KeyView;
using ledger::secrets::SecretFailure;
using ledger::secrets::Secretly;
using std::chrono::milliseconds;
using venues::paper::KeyTrouble;

constexpr ledger::SqlStatement version_statement = {
    "key_version_now", "SELECT version FROM ledger.instance WHERE owner = $1 AND id = $2", false};
constexpr int most_looks_to_sign = 3;
constexpr milliseconds look_every{2'000};
constexpr milliseconds closed_at_least{250}, closed_at_most{5'000};
constexpr milliseconds ask_unsigned_again{5'000};
constexpr milliseconds open_again{5'000};
constexpr milliseconds report_every{5'000};  // what is not a refusal

using ledger::env::wall_now;

// What one request shows of a key: where the venue said nothing of its rights, they are as they were.
key::Observation observation_of(const key::Data& data, const Signer::Seen& seen) {
  key::Observation made;
  made.at = wall_now();
  made.rights = data.seen;
  made.expires_at = data.expires_at;
  made.latency_ms = seen.latency_ms;
  made.rate_used_ppm = seen.rate_used_ppm;
  if (seen.trouble == KeyTrouble::expired) made.expires_at = made.at;
  if (seen.trouble == KeyTrouble::lacks_right) made.rights.trade = false;
  made.is_authentic = seen.trouble != KeyTrouble::unknown && seen.trouble != KeyTrouble::wrong_proof;
  return made;
}

std::string named(const KeyView& view) { return fmt::format("{} (version {})", view.data.name, view.data.key_version); }

}  // namespace

// None where there is no keyring yet: a ledger from before there were keys, or without a treasury.
Secretly<std::vector<KeyView>> Signer::live_keys() {
  if (!keyring_) {
    auto opened = Keyring::open(connection_);
    if (!opened && opened.error().failure == SecretFailure::refused) return std::vector<KeyView>{};
    if (!opened) return machines::fail(opened.error());
    keyring_ = std::move(*opened);
  }
  auto keys = keyring_->keys_without_seals();
  if (!keys) return keys;
  std::erase_if(*keys, [&](const KeyView& one) {
    return one.data.purpose != key::Purpose::trade || one.data.venue != venue_.name ||
           one.data.account != venue_.account;
  });
  // A key's row is never deleted: who was retired or replaced is still remembered here.
  had_keys_ = had_keys_ || !keys->empty();
  std::erase_if(*keys, [](const KeyView& one) { return one.state == key::State::retired || one.data.is_replaced; });
  return keys;
}

void Signer::look(SteadyTime now) {
  if (looked_at_ && now - *looked_at_ < look_every) return;
  looked_at_ = now;
  auto keys = live_keys();
  if (!keys) {
    problem_ = keys.error().text;
    spdlog::warn("the API keys can't be read: {}", problem_);
    return;
  }
  knows_ = true;
  keys_ = std::move(*keys);
  if (keys_.empty()) problem_.clear();
  std::erase_if(open_, [&](const auto& one) {
    const KeyView* view = view_of(one.first);
    return view == nullptr || !key::may_be_used(view->state);
  });
}

const KeyView* Signer::view_of(KeyId id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const KeyView& one) { return one.data.key == id; });
  return found == keys_.end() ? nullptr : &*found;
}

bool Signer::signs(SteadyTime now) {
  look(now);
  return had_keys_ || !knows_;
}

std::string Signer::closed(SteadyTime now) {
  look(now);
  std::string why;
  if (!knows_)
    why = "the API keys can't be read: " + problem_;
  else if (keys_.empty() && had_keys_)
    why = fmt::format("the last trade key of {}/{} is retired, and nothing leaves unsigned any more: `bursar key add`",
                      venue_.name, venue_.account);
  else if (keys_.empty() && unsigned_refused_at_ && now - *unsigned_refused_at_ < ask_unsigned_again)
    why = fmt::format("the venue takes signed requests only, and there is no trade key of {}/{}: `bursar key add`",
                      venue_.name, venue_.account);
  else if (!keys_.empty() && !choose({}, now) && !free_at({}, now))
    why = fmt::format("none of the {} trade keys of {}/{} may be used ({}): `bursar key list`", keys_.size(),
                      venue_.name, venue_.account, problem_.empty() ? "they rest" : problem_);
  if (why.empty())
    closed_since_.reset();
  else if (!closed_since_)
    closed_since_ = now;
  return why.empty() ? why : "waits for an API key: " + why;
}

std::int64_t Signer::closed_for_ms(SteadyTime now) const {
  const auto since = closed_since_ ? std::chrono::duration_cast<milliseconds>(now - *closed_since_) : milliseconds(0);
  return std::clamp(since / 2, closed_at_least, closed_at_most).count();
}

std::optional<Signer::KeyId> Signer::best(const std::set<KeyId>& tried, SteadyTime free_by) const {
  std::vector<KeyView> left;
  for (const KeyView& one : keys_) {
    const auto busy = busy_until_.find(one.data.key);
    if (!tried.contains(one.data.key) && (busy == busy_until_.end() || busy->second <= free_by)) left.push_back(one);
  }
  const auto chosen = ledger::secrets::choose(left, {venue_.name, venue_.account, key::Purpose::trade});
  return chosen ? std::optional(chosen->data.key) : std::nullopt;
}

// The master key is read for the moment of opening, and not kept.
bool Signer::open(const KeyView& view, SteadyTime now) {
  if (open_.contains(view.data.key)) return true;
  const auto master = ledger::secrets::read_master_key(venue_.master_key);
  auto opened = master ? keyring_->open_for_use(view, key::Purpose::trade, *master)
                       : Secretly<ledger::secrets::Secret>(machines::fail(master.error()));
  if (!opened) {
    problem_ = opened.error().text;
    spdlog::warn("the API key {} does not open: {}", named(view), problem_);
    busy_until_[view.data.key] = now + open_again;
    looked_at_.reset();
    return false;
  }
  spdlog::info("signing with the API key {}, fingerprint {}", named(view), view.data.fingerprint);
  problem_.clear();
  open_.emplace(view.data.key, std::move(*opened));
  return true;
}

std::optional<Signer::KeyId> Signer::choose(const std::set<KeyId>& tried, SteadyTime now) {
  look(now);
  std::set<KeyId> out = tried;
  while (const auto chosen = best(out, now)) {
    if (open(*view_of(*chosen), now)) return chosen;
    out.insert(*chosen);
  }
  return std::nullopt;
}

// Whether nothing has become of it since the last look; not where nobody can say.
bool Signer::is_as_seen(KeyId id) {
  const KeyView* view = view_of(id);
  CHECK(view != nullptr);
  const auto rows = connection_.call(
      version_statement, ledger::Parameters().add(std::int64_t{view->owner.value}).add(view->instance.value));
  if (!rows) spdlog::warn("how the API key {} is now can't be read: {}", named(*view), rows.error().text);
  return rows && !rows->empty() && rows->number(0, 0) == view->instance_version;
}

std::optional<Signer::KeyId> Signer::choose_to_sign(const std::set<KeyId>& tried, SteadyTime now) {
  for (int looks = 0; looks < most_looks_to_sign; ++looks) {
    const auto chosen = choose(tried, now);
    if (!chosen || is_as_seen(*chosen)) return chosen;
    looked_at_.reset();
  }
  return std::nullopt;
}

std::optional<Signer::SteadyTime> Signer::free_at(const std::set<KeyId>& tried, SteadyTime now) {
  look(now);
  std::optional<SteadyTime> soonest;
  for (const auto& [id, until] : busy_until_) {
    const KeyView* view = view_of(id);
    const bool could = view != nullptr && key::may_be_used(view->state) && open_.contains(id) && !tried.contains(id);
    if (could && until > now && (!soonest || until < *soonest)) soonest = until;
  }
  return soonest;
}

venues::paper::Sign Signer::sign_with(KeyId id, const schemas::VenueMessage& request) const {
  const auto secret = open_.find(id);
  CHECK(secret != open_.end());
  return [this, secret, &request](std::uint64_t correlation) {
    return venues::paper::sign(secret->second, venue_.account, correlation, request, wall_now().us);
  };
}

void Signer::saw(KeyId id, const Seen& seen, SteadyTime now) {
  const KeyView* view = view_of(id);
  if (view == nullptr || seen.trouble == KeyTrouble::stale || seen.trouble == KeyTrouble::unsigned_request) return;
  const key::Observation observed = observation_of(view->data, seen);
  const key::Event event = key::event_of(view->data, observed, {});
  const auto step = key::decide(view->state, view->data, {event, observed});
  if (!step || (step->to == view->state && event != key::Event::fail_auth)) return;
  const auto reported = reported_at_.find(id);
  if (!seen.trouble && reported != reported_at_.end() && now - reported->second < report_every) return;
  reported_at_[id] = now;
  // Another worker may have said so first: then its word stands.
  const auto moved = keyring_->move({{*view, *step}}, observed.at);
  spdlog::warn("the API key {}: {}, {} -> {}{}", named(*view), machines::name_of(event), machines::name_of(step->from),
               machines::name_of(step->to), moved ? "" : ": not recorded: " + moved.error().text);
  looked_at_.reset();
}

void Signer::saw_unsigned_refused(SteadyTime now) {
  unsigned_refused_at_ = now;
  looked_at_.reset();
}

}  // namespace workers::harness
