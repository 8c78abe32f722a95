// ledger/model/content.hpp: what a step says, as bytes: two steps under one key are the same when these are. Pure, no
// throw.
#pragma once

#include <string>

#include "machines/core/step.hpp"

namespace ledger::model {

// Moves (the step's own first, the others in any order), postings, ordered jobs and world time, each field
// length-prefixed; never token, fate, epoch or wall time.
std::string content_of(const machines::Step& step);

}  // namespace ledger::model
