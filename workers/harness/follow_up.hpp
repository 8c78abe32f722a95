// workers/harness/follow_up.hpp: the lease of a follow-up job that a commit minted for the worker that committed it.
// Pure.
#pragma once

#include <cstddef>

#include "machines/core/job.hpp"
#include "machines/core/step.hpp"

namespace workers::harness {

// The job that the step ordered at this place, as leased by its eager token. `from`: the job that the step answered.
machines::LeasedJob minted_job(const machines::Step& step, const machines::LeasedJob& from, std::size_t at,
                               const machines::StepResult& result);

}  // namespace workers::harness
