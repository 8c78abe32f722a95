// tests/kill/plan.hpp: what is killed or stopped, and when: drawn from a seed, the same for the same seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/kill/house.hpp"

namespace tests::kill {

enum class Deed { kill, stop };  // stop: SIGSTOP for longer than the ttl, then SIGCONT

struct Disturbance {
  std::int64_t after = 0;  // once the ledger holds so many transitions
  Deed deed = Deed::kill;
  std::vector<std::string> parts;  // all at once
};
using Plan = std::vector<Disturbance>;

// Every kind of disturbance there is, each in one of the plans at least; `each` in a plan, at ascending moments below
// `transitions`.
std::vector<Plan> draw_plans(std::uint64_t seed, int plans, int each, std::int64_t transitions);
std::string to_text(const Plan& plan);

// Does it to the running house and starts that again where the deed ended it; how many disturbances came to pass.
int carry_out(const Plan& plan, House& house);

}  // namespace tests::kill
