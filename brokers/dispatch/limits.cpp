#include "brokers/dispatch/limits.hpp"

#include <algorithm>

#include "machines/core/check.hpp"

namespace brokers::dispatch {
namespace {

constexpr std::int64_t turns_kept_us = 10'000'000;  // while nothing leaves

std::string period_text(std::int64_t period_us) {
  if (period_us == 1'000'000) return "s";
  if (period_us == 60'000'000) return "min";
  if (period_us == 3'600'000'000) return "h";
  if (period_us == 86'400'000'000) return "day";
  return std::to_string(period_us / 1000) + "ms";
}

}  // namespace

bool Limits::needs_place(const std::string& kind, const std::string& command) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const Limit& rule) { return rule.needs_place() && rule.match.fits(kind, command); });
}

std::string Limits::key_of(const Limit& rule, machines::OwnerId owner, const Place& place) {
  switch (rule.per) {
    case Per::account:
      return place.venue + "/" + place.account;
    case Per::venue:
      return place.venue;
    case Per::owner:
      return "owner " + std::to_string(owner.value);
    case Per::all:
      return "all";
  }
  return {};
}

void Limits::begin(std::int64_t now_us) {
  if (began_us_ == 0) began_us_ = now_us;
}

Limits::Budgets Limits::budgets_of(const std::string& kind, const std::string& command, machines::OwnerId owner,
                                   const Place& place, std::int64_t now_us) {
  Budgets budgets;
  for (std::size_t at = 0; at < rules_.size(); ++at) {
    const Limit& rule = rules_[at];
    const bool fits = rule.match.fits(kind, command) && (rule.venue.empty() || rule.venue == place.venue) &&
                      (rule.account.empty() || rule.account == place.account);
    if (!fits || (rule.needs_place() && place.venue.empty())) continue;
    begin(now_us);
    const auto [found, is_new] = by_key_.try_emplace({at, key_of(rule, owner, place)}, budgets_.size());
    if (is_new) {
      Budget budget{at, found->first.second, std::to_string(rule.rate) + "/" + period_text(rule.period_us),
                    std::to_string(rule.most_in_flight) + " in flight"};
      budget.full_at = static_cast<machines::Int128>(rule.burst) * rule.period_us;  // empty at the beginning
      budgets_.push_back(std::move(budget));
    }
    budgets.push_back(found->second);
  }
  return budgets;
}

machines::Int128 Limits::scaled(const Budget& budget, std::int64_t now_us) const {
  return static_cast<machines::Int128>(now_us - began_us_) * rules_[budget.rule].rate;
}

// The moment of the next token, were nothing spent until then.
machines::Int128 Limits::token_at(const Budget& budget) const {
  const Limit& rule = rules_[budget.rule];
  return budget.full_at - static_cast<machines::Int128>(rule.burst - 1) * rule.period_us;
}

std::int64_t Limits::to_us(const Budget& budget, machines::Int128 at) const {
  const std::int64_t rate = rules_[budget.rule].rate;
  if (at <= 0) return began_us_;
  return began_us_ + static_cast<std::int64_t>((at + rate - 1) / rate);
}

std::int64_t Limits::token_at_us(const Budget& budget) const {
  return rules_[budget.rule].rate == 0 ? INT64_MIN : to_us(budget, token_at(budget));
}

machines::Int128 Limits::next_turn(const Budget& budget, std::size_t ahead) const {
  const std::int64_t period_us = rules_[budget.rule].period_us;
  return std::max(token_at(budget) + static_cast<machines::Int128>(ahead) * period_us, budget.last_turn + period_us);
}

const std::string* Limits::cap(const Budgets& budgets, std::int64_t now_us) const {
  for (const std::size_t index : budgets) {
    const Budget& budget = budgets_[index];
    const Limit& rule = rules_[budget.rule];
    if (rule.most_in_flight > 0 && budget.in_flight >= rule.most_in_flight) return &budget.flight_text;
    if (rule.rate > 0 && token_at_us(budget) > now_us) return &budget.rate_text;
  }
  return nullptr;
}

void Limits::spend(const Budgets& budgets, std::int64_t now_us) {
  for (const std::size_t index : budgets) {
    Budget& budget = budgets_[index];
    const Limit& rule = rules_[budget.rule];
    if (rule.rate == 0) continue;
    const machines::Int128 unused = scaled(budget, now_us) - budget.full_at;
    // Nobody came for so long: those who took the turns ahead are not coming.
    if (unused > static_cast<machines::Int128>(turns_kept_us) * rule.rate) budget.last_turn = 0;
    // A wake-up is of whole microseconds: what it was late for that reason is not lost, or it would add up.
    if (unused >= rule.rate) budget.full_at = scaled(budget, now_us);
    budget.full_at += rule.period_us;
  }
}

void Limits::fly(const Budgets& budgets) {
  for (const std::size_t index : budgets) ++budgets_[index].in_flight;
}

void Limits::land(const Budgets& budgets) {
  for (const std::size_t index : budgets) {
    CHECK(budgets_[index].in_flight > 0);
    --budgets_[index].in_flight;
  }
}

std::int64_t Limits::goes_at_us(const Budgets& budgets, std::int64_t now_us) const {
  std::int64_t at = now_us;
  for (const std::size_t index : budgets) at = std::max(at, token_at_us(budgets_[index]));
  return at;
}

std::int64_t Limits::take_turn_us(const Budgets& budgets, std::size_t ahead, std::int64_t now_us,
                                  std::int64_t latest_us) {
  std::int64_t at = now_us;
  for (const std::size_t index : budgets)
    if (rules_[budgets_[index].rule].rate > 0)
      at = std::max(at, to_us(budgets_[index], next_turn(budgets_[index], ahead)));
  if (at > latest_us) return latest_us;
  for (const std::size_t index : budgets)
    if (rules_[budgets_[index].rule].rate > 0) budgets_[index].last_turn = next_turn(budgets_[index], ahead);
  return at;
}

void Limits::clear_waiting() {
  for (Budget& budget : budgets_) budget.waiting = 0;
}

void Limits::wait(const Budgets& budgets, std::size_t jobs, std::int64_t now_us) {
  for (const std::size_t index : budgets) {
    Budget& budget = budgets_[index];
    if (may_go({index}, now_us)) continue;  // it is another one that holds them back
    budget.waiting += jobs;
    if (budget.waits_since_us == 0) budget.waits_since_us = now_us;
  }
}

void Limits::settle_waiting() {
  for (Budget& budget : budgets_)
    if (budget.waiting == 0) budget.waits_since_us = 0;
}

std::int64_t Limits::next_us(std::int64_t now_us) const {
  std::int64_t next = INT64_MAX;
  for (const Budget& budget : budgets_) {
    if (budget.waiting == 0) continue;
    const std::int64_t at = token_at_us(budget);
    if (at > now_us) next = std::min(next, at);
  }
  return next;
}

std::vector<schemas::LimitView> Limits::view(std::int64_t now_us) const {
  std::vector<schemas::LimitView> views;
  for (std::size_t index = 0; index < budgets_.size(); ++index) {
    const Budget& budget = budgets_[index];
    if (budget.waiting == 0) continue;
    const std::string* held = cap({index}, now_us);
    const std::string& text = held != nullptr                ? *held
                              : rules_[budget.rule].rate > 0 ? budget.rate_text
                                                             : budget.flight_text;
    views.push_back({rules_[budget.rule].name, budget.key, static_cast<int>(budget.waiting),
                     static_cast<int>(budget.in_flight), (now_us - budget.waits_since_us) / 1000, text});
  }
  return views;
}

}  // namespace brokers::dispatch
