#include "tests/simulation/world.hpp"

#include <fmt/format.h>

namespace tests::simulation {

constexpr std::size_t most_trace_lines = 60;

void World::after(std::int64_t delay_us, std::function<void()> what) {
  events_.push({now_us_ + delay_us, ++asked_, std::move(what)});
}

bool World::step() {
  if (events_.empty()) return false;
  const Event event = events_.top();
  events_.pop();
  now_us_ = event.at_us;
  ++steps_;
  event.what();
  return true;
}

machines::Token World::fresh_token() {
  machines::Token token;
  const bool counts = plant == Plant::count_tokens;
  const std::uint64_t number = ++counted_tokens_;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t word = counts ? number : random_();
    for (std::size_t i = 0; i < 8; ++i) token.bytes[half * 8 + i] = static_cast<std::uint8_t>(word >> (8 * i));
  }
  return token;
}

machines::Token World::next_process() {
  machines::Token token;
  const std::uint64_t number = ++processes_;
  for (std::size_t i = 0; i < 8; ++i) token.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return token;
}

void World::violate(const std::string& what) {
  if (!violation_.empty()) return;
  violation_ = what;
  if (traces_) record("VIOLATED: " + what);
}

void World::record(const std::string& line) {
  trace_.push_back(fmt::format("{:>12.6f} s  {}", static_cast<double>(now_us_) / 1e6, line));
  if (trace_.size() > most_trace_lines) trace_.pop_front();
}

}  // namespace tests::simulation
