#include "brokers/service/rules_from_config.hpp"

#include "brokers/service/retry_rules.hpp"

namespace brokers::service {
namespace {

dispatch::Per per_of(const std::string& word) {
  using brokers::dispatch::Per;
  if (word == "venue") return Per::venue;
  if (word == "owner") return Per::owner;
  return word == "all" ? Per::all : Per::account;
}

dispatch::Limit limit_of(const schemas::config::LimitConfig& from) {
  dispatch::Limit limit;
  limit.name = from.name;
  limit.match = {from.kind, from.command};
  limit.venue = from.venue;
  limit.account = from.account;
  limit.per = per_of(from.per);
  limit.most_in_flight = from.max_in_flight;
  if (const auto rate = schemas::config::parse_rate(from.rate)) {
    limit.rate = rate->count;
    limit.period_us = rate->period_us;
  }
  limit.burst = from.burst;
  return limit;
}

}  // namespace

void apply_rules(const schemas::config::BrokerConfig& from, BrokerConfig& to) {
  auto& rules = to.rules;
  rules.heartbeat_us = from.heartbeat_ms * 1000;
  rules.ttl_us = from.ttl_ms * 1000;
  rules.safety_poll_us = from.safety_poll_ms * 1000;
  rules.claim_limit = static_cast<int>(from.claim_limit);
  rules.retry = retry_rules(from);
  for (const auto& one : from.weights) to.weights[one.owner] = static_cast<int>(one.weight);
  for (const auto& one : from.priorities)
    rules.priorities.push_back({{one.kind, one.command}, static_cast<int>(one.level)});
  for (const auto& one : from.limits) rules.limits.push_back(limit_of(one));
  for (const auto& one : from.deadlines) rules.deadlines.push_back({{one.kind, one.command}, one.after.us});
}

}  // namespace brokers::service
