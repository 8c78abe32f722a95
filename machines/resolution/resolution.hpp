// machines/resolution/resolution.hpp: a person's word about an order that can't be asked about, from the step that
// ended the order by it to the venue's own word. It waits in sight until the venue can be asked again. Pure: no clock,
// no I/O.
#pragma once

#include <string>

#include "machines/core/ids.hpp"
#include "machines/core/table.hpp"

namespace machines::resolution {

enum class State { unconfirmed, confirmed, overruled };
enum class Event {
  resolve,  // its birth, in the order's last step
  confirm,  // the venue says the same
  overrule  // it says something else: what differs is in quarantine
};
enum class Command { none };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from        on        to         then
    {unconfirmed, confirm,  confirmed, none},
    {unconfirmed, overrule, overruled, none},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(unconfirmed));
static_assert(transitions.rests_only_in({confirmed, overruled}));

// Its own variables.
struct Data {
  InstanceId order{0};
  std::string as;  // filled, cancelled, not_placed
  std::string who, evidence;
  std::string venue_said;  // once it did
  bool operator==(const Data&) const = default;
};

}  // namespace machines::resolution
