#include "workers/harness/follow_up.hpp"

#include <algorithm>

namespace workers::harness {

machines::LeasedJob minted_job(const machines::Step& step, const machines::LeasedJob& from, std::size_t at,
                               const machines::StepResult& result) {
  const machines::JobOrder& order = step.jobs[at];
  const auto move = std::find_if(step.moves.begin(), step.moves.end(),
                                 [&](const machines::Move& m) { return m.instance == order.instance; });
  int ordinal = 0;
  for (std::size_t before = 0; before < at; ++before) ordinal += step.jobs[before].instance == order.instance;
  machines::LeasedJob job = from;
  const auto id =
      order.instance.is_birth() ? result.born.at(static_cast<std::size_t>(order.instance.born - 1)) : order.instance.id;
  job.key = {step.owner, id, move->version + 1, ordinal};
  job.token = order.eager;
  job.kind = move->kind;
  job.command = order.command;
  job.is_event = false;
  job.world_at = order.world_at;
  job.attempt = 1;
  job.tries = 0;
  return job;
}

}  // namespace workers::harness
