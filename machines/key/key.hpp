// machines/key/key.hpp: the health of one API key at a venue: it may be used, it must rest, or it is gone. Pure: no
// clock, no I/O. A key is born resting and must prove itself; what it rests for, a success alone does not always heal.
#pragma once

#include "machines/core/table.hpp"

namespace machines::key {

enum class State { resting, healthy, degraded, retired };
enum class Event {
  enrol,  // its birth
  prove,  // the first success of all
  succeed,
  strain,      // slow answers, or much of the rate limit used
  fail_auth,   // the venue does not know the key, or refuses its signature
  gain_right,  // it may do more than it was given for: an incident
  lose_right,  // it may no longer do what it is for
  near_expiry,
  expire,
  acknowledge,  // a person has dealt with the incident
  replace,      // the next version took over: this one is never used again
  retire
};
enum class Command { none, raise_alarm, forget_secret };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from     on           to        then
    {resting,  prove,       healthy,  none         },
    {resting,  succeed,     degraded, none,          "one success is not yet trust"},
    {resting,  strain,      resting,  none         },
    {resting,  fail_auth,   resting,  none         },
    {resting,  gain_right,  resting,  raise_alarm  },
    {resting,  lose_right,  resting,  none         },
    {resting,  near_expiry, degraded, raise_alarm  },
    {resting,  expire,      resting,  none         },
    {resting,  acknowledge, resting,  none         },
    {resting,  retire,      retired,  forget_secret},
    {healthy,  succeed,     healthy,  none         },
    {healthy,  strain,      degraded, none         },
    {healthy,  fail_auth,   degraded, none         },
    {healthy,  gain_right,  resting,  raise_alarm  },
    {healthy,  lose_right,  resting,  raise_alarm  },
    {healthy,  near_expiry, degraded, raise_alarm  },
    {healthy,  expire,      resting,  raise_alarm  },
    {healthy,  replace,     resting,  none,          "nobody takes it up again"},
    {healthy,  retire,      retired,  forget_secret},
    {degraded, succeed,     healthy,  none         },
    {degraded, strain,      degraded, none         },
    {degraded, fail_auth,   resting,  raise_alarm  },
    {degraded, gain_right,  resting,  raise_alarm  },
    {degraded, lose_right,  resting,  raise_alarm  },
    {degraded, near_expiry, degraded, none,          "it was said already"},
    {degraded, expire,      resting,  raise_alarm  },
    {degraded, replace,     resting,  none         },
    {degraded, retire,      retired,  forget_secret},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(resting));
static_assert(transitions.rests_only_in({retired}));

// Only these are opened and used.
constexpr bool may_be_used(State state) { return state == healthy || state == degraded; }

}  // namespace machines::key
