// machines/key/decide.hpp: what the venue's word about a key means for it, and which key of a vault is used next. Pure,
// no throw.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/result.hpp"
#include "machines/key/key.hpp"

namespace machines::key {

// What a key is for. Only a move key may take coins out.
enum class Purpose { read, trade, move };

struct Rights {
  bool read = false, trade = false, withdraw = false;
  constexpr bool operator==(const Rights&) const = default;
  // Whether every right of `other` is among these.
  [[nodiscard]] constexpr bool has_all_of(const Rights& other) const {
    return (read || !other.read) && (trade || !other.trade) && (withdraw || !other.withdraw);
  }
};

// Exactly what the purpose needs: more is refused at enrolment and an incident later.
constexpr Rights rights_for(Purpose purpose) { return {true, purpose == Purpose::trade, purpose == Purpose::move}; }
// The rights in words, for people and for the audit: "read, trade"; "none" where there is none.
std::string to_text(const Rights& rights);

// The key's own variables.
struct Data {
  std::int64_t key = 0;  // its row in the store of sealed secrets
  std::string name;
  std::int64_t key_version = 1;
  std::string venue, account;
  Purpose purpose = Purpose::trade;
  std::string fingerprint;
  bool is_proved = false;
  bool is_replaced = false;
  int auth_errors = 0;    // in a row
  std::string incident;   // why a person must look; empty when none is open
  Rights seen;            // the venue's last word
  Instant expires_at{0};  // 0: never, or not known
  Instant tested_at{0};
};

// One look at the venue: its answer, or its refusal of the key.
struct Observation {
  bool is_authentic = true;
  Rights rights;
  bool is_bound = false;  // to the addresses that it may be used from
  Instant expires_at{0};  // 0: never
  std::int64_t latency_ms = 0;
  std::int64_t rate_used_ppm = 0;  // of the venue's limit
  Instant at;
};

// From where on a look strains a key, or finds its end near.
struct Limits {
  std::int64_t most_latency_ms = 2'000;
  std::int64_t most_rate_ppm = 800'000;
  Duration expiry_notice{std::int64_t{14} * 24 * 3600 * 1'000'000};
};

// The gravest that the look shows: fail_auth, gain_right, lose_right, expire, near_expiry, strain; else succeed, or
// prove for the first time. A move key that is bound to no address has gained a right.
Event event_of(const Data& data, const Observation& seen, const Limits& limits);

// Why a key with these rights may not be enrolled for the purpose, in one sentence for people; empty when it may.
std::string wrong_at_enrolment(Purpose purpose, const Observation& seen);

struct Message {
  Event event;
  std::optional<Observation> seen;  // with what a look showed
};

enum class Refusal { no_such_row, look_missing, incident_open, no_incident, replaced };

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;  // after
};

// The step of a message: what a look showed is noted in the data, an alarm or the end of the secret is ordered as the
// table says. Refusals, in this order: no_such_row; look_missing (an event that only a look can show); replaced (one
// that was replaced does not come back); incident_open (only acknowledge ends it, and gain_right says it again);
// no_incident (nothing to acknowledge).
Result<Step, Refusal> decide(State state, const Data& data, const Message& message);

// One key of a vault, as the choice sees it.
struct Candidate {
  State state = State::resting;
  Data data;
};
struct Wanted {
  std::string venue, account;
  Purpose purpose = Purpose::read;
};

// The key to use: of the same venue, account and purpose, never resting or retired, never with rights beyond the
// purpose's; a healthy one before a degraded one, then the one with fewer refusals in a row, then the later expiry,
// then the newer version, then the smaller row. Its index, or nothing.
std::optional<std::size_t> choose(std::span<const Candidate> candidates, const Wanted& wanted);

}  // namespace machines::key
