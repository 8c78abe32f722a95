#include "machines/key/decide.hpp"

#include <cstdint>
#include <limits>
#include <tuple>

namespace machines::key {
namespace {

bool is_look(Event event) {
  switch (event) {
    case prove:
    case succeed:
    case strain:
    case fail_auth:
    case gain_right:
    case lose_right:
    case near_expiry:
    case expire:
      return true;
    default:
      return false;
  }
}

bool is_success(Event event) { return event == prove || event == succeed || event == near_expiry; }

void note_look(Data& data, Event event, const Observation& seen) {
  data.tested_at = seen.at;
  data.auth_errors = seen.is_authentic ? 0 : data.auth_errors + 1;
  if (!seen.is_authentic) return;
  data.seen = seen.rights;
  data.expires_at = seen.expires_at;
  if (is_success(event)) data.is_proved = true;
  if (event == gain_right)
    data.incident = "has rights that it was not given for: " + to_text(seen.rights) + " instead of " +
                    to_text(rights_for(data.purpose));
}

// Never before the end of time where it never expires.
std::int64_t expiry_of(const Data& data) {
  return data.expires_at.us == 0 ? std::numeric_limits<std::int64_t>::max() : data.expires_at.us;
}

// Smaller is better.
auto rank(const Candidate& one) {
  return std::tuple(one.state != healthy, one.data.auth_errors, -expiry_of(one.data), -one.data.key_version,
                    one.data.key);
}

}  // namespace

std::string to_text(const Rights& rights) {
  std::string text;
  const auto add = [&](bool has, const char* word) {
    if (has) text += (text.empty() ? "" : ", ") + std::string(word);
  };
  add(rights.read, "read");
  add(rights.trade, "trade");
  add(rights.withdraw, "withdraw");
  return text.empty() ? "none" : text;
}

Event event_of(const Data& data, const Observation& seen, const Limits& limits) {
  if (!seen.is_authentic) return fail_auth;
  const Rights needed = rights_for(data.purpose);
  const bool is_unbound = data.purpose == Purpose::move && !seen.is_bound;
  if (!needed.has_all_of(seen.rights) || is_unbound) return gain_right;
  if (!seen.rights.has_all_of(needed)) return lose_right;
  if (seen.expires_at.us != 0 && seen.expires_at.us <= seen.at.us) return expire;
  if (seen.expires_at.us != 0 && seen.expires_at.us - seen.at.us <= limits.expiry_notice.us) return near_expiry;
  if (seen.latency_ms > limits.most_latency_ms || seen.rate_used_ppm > limits.most_rate_ppm) return strain;
  return data.is_proved ? succeed : prove;
}

std::string wrong_at_enrolment(Purpose purpose, const Observation& seen) {
  if (!seen.is_authentic) return "the venue does not know this key, or refuses its signature";
  const Rights needed = rights_for(purpose);
  const std::string word(name_of(purpose));
  if (purpose != Purpose::move && seen.rights.withdraw)
    return "the venue lets this key withdraw coins; a " + word + " key must not: take that right away at the venue";
  if (!needed.has_all_of(seen.rights))
    return "the venue lets this key " + to_text(seen.rights) + "; a " + word + " key needs " + to_text(needed) +
           " and must have no more";
  if (!seen.rights.has_all_of(needed))
    return "the venue lets this key " + to_text(seen.rights) + "; a " + word + " key needs " + to_text(needed);
  if (purpose == Purpose::move && !seen.is_bound)
    return "the venue does not bind this key to addresses; a move key must be";
  if (seen.expires_at.us != 0 && seen.expires_at.us <= seen.at.us) return "the key has expired at the venue";
  return "";
}

Result<Step, Refusal> decide(State state, const Data& data, const Message& message) {
  const auto row = transitions.find(state, message.event);
  if (!row) return fail(Refusal::no_such_row);
  if (is_look(message.event) && !message.seen) return fail(Refusal::look_missing);
  if (data.is_replaced && message.event != retire) return fail(Refusal::replaced);
  if (!data.incident.empty() && is_look(message.event) && message.event != gain_right)
    return fail(Refusal::incident_open);
  if (data.incident.empty() && message.event == acknowledge) return fail(Refusal::no_incident);

  Step step{message.event, row->from, row->to, row->then, data};
  if (message.seen) note_look(step.data, message.event, *message.seen);
  if (message.event == acknowledge) step.data.incident.clear();
  if (message.event == replace) step.data.is_replaced = true;
  return step;
}

std::optional<std::size_t> choose(std::span<const Candidate> candidates, const Wanted& wanted) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& one = candidates[i];
    const bool fits = one.data.venue == wanted.venue && one.data.account == wanted.account &&
                      one.data.purpose == wanted.purpose && may_be_used(one.state) &&
                      rights_for(wanted.purpose).has_all_of(one.data.seen);
    if (fits && (!best || rank(one) < rank(candidates[*best]))) best = i;
  }
  return best;
}

}  // namespace machines::key
