// workers/handlers/cancellation.hpp: what it means to cancel a waiting job: an event of its machine, or a refusal
// with a name. A cancel that could leave an instance without anything to move it is never granted. Pure: no clock, no
// I/O.
#pragma once

#include <string_view>

#include "machines/core/job.hpp"
#include "machines/core/result.hpp"

namespace workers::handlers {

using machines::NotCancelled;

// The event that the machine gets in the job's place, by the newest version of its kind in the catalog.
machines::Result<std::string_view, NotCancelled> cancelled(std::string_view kind, std::string_view command,
                                                           bool is_event, std::string_view state);

// What to do instead, for a person.
std::string_view advice(NotCancelled why);

}  // namespace workers::handlers
