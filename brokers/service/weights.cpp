#include "brokers/service/weights.hpp"

#include <vector>

namespace brokers::service {

constexpr std::int64_t questions_apart_us = 10'000'000;

Weights::Weights(ledger::jobs::Jobs& jobs, std::map<std::string, int> by_name)
    : jobs_(jobs), by_name_(std::move(by_name)) {
  forget();
}

void Weights::forget() {
  for (const auto& [name, weight] : by_name_) unknown_.insert(name);
  ask_at_us_ = 0;
}

std::map<machines::OwnerId, int> Weights::news(std::int64_t now_us) {
  if (unknown_.empty() || now_us < ask_at_us_) return {};
  ask_at_us_ = now_us + questions_apart_us;
  const auto ids = jobs_.owner_ids(std::vector<std::string>(unknown_.begin(), unknown_.end()));
  if (!ids) return {};
  std::map<machines::OwnerId, int> known;
  for (const auto& [name, id] : *ids) {
    known[id] = by_name_.at(name);
    unknown_.erase(name);
  }
  return known;
}

}  // namespace brokers::service
