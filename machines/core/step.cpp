#include "machines/core/step.hpp"

namespace machines {

std::string describe_jobs(const Step& step, const Subject& instance) {
  std::string text;
  for (const NewJob& job : step.jobs) {
    if (job.instance != instance) continue;
    if (!text.empty()) text.push_back(' ');
    text.append(job.command).append("@").append(std::to_string(job.world_at.us));
  }
  for (const Move& move : step.moves) {
    if (!instance.is_birth() || move.instance != instance) continue;
    if (!text.empty()) text.push_back(' ');
    text.append("born(").append(std::to_string(move.parent.value)).append(",");
    text.append(std::to_string(move.sleeve.value)).append(",").append(std::to_string(instance.born)).append(")");
  }
  return text;
}

}  // namespace machines
