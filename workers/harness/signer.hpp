// workers/harness/signer.hpp: Signer, the API keys that a worker signs its venue's requests with. It opens trade keys
// of one account alone, holds them in locked memory while they may be used, takes the healthiest, and reports what it
// saw to the key's machine. All of that is wall time and none of it a job's fact: what is decided never depends on it.
// Looks at all keys every two seconds at most, and at the one that signs each time. One thread. No throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/secrets/keyring.hpp"
#include "workers/harness/harness.hpp"
#include "workers/venues/paper/client.hpp"
#include "workers/venues/paper/signature.hpp"

namespace workers::harness {

class Signer {
 public:
  using SteadyTime = venues::paper::SteadyTime;
  using KeyId = std::int64_t;  // a key's row

  // REQUIRES: both outlive it; `venue` names an account and where the master key is, or there are no keys.
  Signer(ledger::Connection& connection, const VenueLink& venue) : connection_(connection), venue_(venue) {}

  // Whether this house ever had a trade key here: from then on nothing leaves unsigned, whatever became of the key.
  bool signs(SteadyTime now);
  // Why no request may leave now, in words for a person; empty where one may, if only once a key's rate allows it.
  std::string closed(SteadyTime now);
  // How long a job waits before it asks again while it is closed: short at first, then up to five seconds.
  [[nodiscard]] std::int64_t closed_for_ms(SteadyTime now) const;

  // The key to sign with now, but none of `tried`; it is open.
  std::optional<KeyId> choose(const std::set<KeyId>& tried, SteadyTime now);
  // The same as the request is about to leave: the key is looked at once more, so that one that was retired a moment
  // ago signs nothing. Nothing, too, where PostgreSQL does not say how it is. Asks PostgreSQL each time.
  std::optional<KeyId> choose_to_sign(const std::set<KeyId>& tried, SteadyTime now);
  // When the rate of a key that could be chosen allows the next request; nothing where no key could.
  std::optional<SteadyTime> free_at(const std::set<KeyId>& tried, SteadyTime now);
  // REQUIRES: choose() gave it since the last look; `request` lives until the signature is made.
  venues::paper::Sign sign_with(KeyId key, const schemas::VenueMessage& request) const;

  struct Seen {
    std::optional<venues::paper::KeyTrouble> trouble;
    std::int64_t latency_ms = 0, rate_used_ppm = 0;
  };
  // What a request came to that was signed with it. Recorded where it changes the key's state, and each refusal.
  void saw(KeyId key, const Seen& seen, SteadyTime now);
  // Over its rate: not to be used before.
  void rest(KeyId key, SteadyTime until) { busy_until_[key] = until; }
  // The venue takes nothing unsigned, and the house has no key.
  void saw_unsigned_refused(SteadyTime now);

 private:
  void look(SteadyTime now);
  [[nodiscard]] bool is_as_seen(KeyId key);
  ledger::secrets::Secretly<std::vector<ledger::secrets::KeyView>> live_keys();
  [[nodiscard]] const ledger::secrets::KeyView* view_of(KeyId key) const;
  bool open(const ledger::secrets::KeyView& view, SteadyTime now);
  [[nodiscard]] std::optional<KeyId> best(const std::set<KeyId>& tried, SteadyTime free_by) const;

  ledger::Connection& connection_;
  const VenueLink& venue_;
  std::optional<ledger::secrets::Keyring> keyring_;
  std::vector<ledger::secrets::KeyView> keys_;            // live trade keys of the account, as of the last look
  std::map<KeyId, ledger::secrets::Secret> open_;         // of those that may be used
  std::map<KeyId, SteadyTime> busy_until_, reported_at_;  // by rate, or because one would not open
  std::optional<SteadyTime> looked_at_, closed_since_, unsigned_refused_at_;
  bool knows_ = false;     // a look has succeeded
  bool had_keys_ = false;  // a look has found a trade key of the account, in whatever state
  std::string problem_;    // of the last look, or of the last key that would not open
};

}  // namespace workers::harness
