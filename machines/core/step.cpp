#include "machines/core/step.hpp"

namespace machines {

std::string describe_jobs(const Step& step, const Subject& instance) {
  std::string text;
  for (const JobOrder& job : step.jobs) {
    if (job.instance != instance) continue;
    if (!text.empty()) text.push_back(' ');
    text.append(job.command).append("@").append(std::to_string(job.world_at.us));
  }
  return text;
}

}  // namespace machines
