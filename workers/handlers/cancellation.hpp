// workers/handlers/cancellation.hpp: what it means to cancel a waiting job: an event of its machine, or a refusal
// with a name. Nothing that could leave an instance with nobody to move it is ever granted. Pure: no clock, no I/O.
#pragma once

#include <string_view>

#include "machines/core/result.hpp"

namespace workers::handlers {

enum class NotCancelled {
  event_stands,       // an event is what was said; it can't be unsaid
  may_have_left,      // the venue may have the order already: it decides
  venue_decides,      // the job only asks the venue, or asks it to cancel: without it the order would hang in doubt
  timer_of_a_cycle,   // nothing else would ever wake the cycle: pause its sleeve
  review_of_a_vault,  // nothing else would ever order the next review
  unlisted            // no machine says what a cancelled job of this kind means
};

// The event that the machine gets in the job's place.
machines::Result<std::string_view, NotCancelled> cancelled(std::string_view kind, std::string_view command,
                                                           bool is_event, std::string_view state);

// What to do instead, for a person.
std::string_view advice(NotCancelled why);

}  // namespace workers::handlers
