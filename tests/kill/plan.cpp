#include "tests/kill/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <random>
#include <thread>

namespace tests::kill {
namespace {

std::vector<Disturbance> all_kinds() {
  const std::vector<std::string> children{"worker-1", "worker-2", "broker", "venue"};
  std::vector<Disturbance> kinds;
  for (const std::string& one : children) kinds.push_back({0, Deed::kill, {one}});
  for (const std::string& one : children) kinds.push_back({0, Deed::stop, {one}});
  kinds.push_back({0, Deed::kill, {"worker-1", "worker-2"}});
  kinds.push_back({0, Deed::kill, {"broker", "venue"}});
  kinds.push_back({0, Deed::kill, {"backends"}});
  kinds.push_back({0, Deed::kill, {"postmaster"}});
  kinds.push_back({0, Deed::kill, {"worker-1", "worker-2", "broker", "venue", "postmaster"}});
  kinds.push_back({0, Deed::kill, {"up"}});
  kinds.push_back({0, Deed::kill, {"up", "worker-1", "worker-2", "broker", "venue", "postmaster"}});
  return kinds;
}

// Not std::shuffle and not a distribution: a seed means the same everywhere.
class Deck {
 public:
  explicit Deck(std::uint64_t seed) : random_(seed) {}
  Disturbance next() {
    if (left_.empty()) left_ = all_kinds();
    const auto drawn = left_.begin() + static_cast<std::ptrdiff_t>(below(left_.size()));
    Disturbance one = *drawn;
    left_.erase(drawn);
    return one;
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

 private:
  std::mt19937_64 random_;
  std::vector<Disturbance> left_;
};

// Longer than the ttl, however the stopped one is timed; nothing tells when it has passed but the clock.
void outlast_the_ttl() { std::this_thread::sleep_for(std::chrono::milliseconds(ttl_ms * 2)); }

// Of every part; who is just being started again is waited for. One look, then the signals: as near to the same moment
// as can be. Empty when the house ended before.
std::vector<pid_t> targets_of(const Disturbance& one, House& house) {
  std::vector<pid_t> targets;
  wait_until([&] {
    const bool running = house.is_running();
    targets.clear();
    for (const std::string& part : one.parts) {
      const auto found = house.pids(part);
      if (found.empty()) {
        targets.clear();
        return !running;
      }
      targets.insert(targets.end(), found.begin(), found.end());
    }
    return true;
  });
  return targets;
}

bool carry_out_one(const Disturbance& one, House& house) {
  if (!house.reach(one.after)) return false;
  const auto targets = targets_of(one, house);
  int struck = 0;
  for (const pid_t pid : targets) struck += ::kill(pid, one.deed == Deed::kill ? SIGKILL : SIGSTOP) == 0;
  if (struck == 0) return false;
  if (one.deed == Deed::stop) {
    outlast_the_ttl();
    for (const pid_t pid : targets) ::kill(pid, SIGCONT);
  }
  if (one.parts.front() == "up") {
    house.wait();
    house.start();
  }
  return true;
}

}  // namespace

std::vector<Plan> draw_plans(std::uint64_t seed, int plans, int each, std::int64_t transitions) {
  Deck deck(seed);
  std::vector<Plan> drawn(static_cast<std::size_t>(plans));
  for (Plan& plan : drawn) {
    for (int i = 0; i < each; ++i) {
      plan.push_back(deck.next());
      plan.back().after = static_cast<std::int64_t>(deck.below(static_cast<std::uint64_t>(transitions)));
    }
    std::sort(plan.begin(), plan.end(), [](const auto& a, const auto& b) { return a.after < b.after; });
    plan.front().after %= transitions / 2;  // early enough for a test that is slow to look
  }
  return drawn;
}

std::string to_text(const Plan& plan) {
  std::string text;
  for (const Disturbance& one : plan)
    text += fmt::format("after {} transitions {} {}\n", one.after, one.deed == Deed::kill ? "kill" : "stop",
                        fmt::join(one.parts, ", "));
  return text;
}

int carry_out(const Plan& plan, House& house) {
  int done = 0;
  for (const Disturbance& one : plan) done += carry_out_one(one, house);
  return done;
}

}  // namespace tests::kill
