#include "tests/simulation/broker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/codec/convert.hpp"

namespace tests::simulation {

using brokers::dispatch::Dispatch;

constexpr std::int64_t again_us = 50'000, round_trip_us = 300;

// Deaths that the seed draws may all strike while one and the same job runs, and it would rightly be parked: what must
// never park it is as many that nobody drew.
brokers::dispatch::Rules Broker::rules() const {
  brokers::dispatch::Rules rules;
  rules.most_lone_deaths += ground_.world.plan.deaths();
  return rules;
}

void Broker::later(std::int64_t delay_us, void (Broker::*what)()) {
  ground_.world.after(delay_us, [weak = weak_from_this(), what] {
    if (const auto self = weak.lock()) (self.get()->*what)();
  });
}

// Between the new epoch and the giving back of what was leased before, workers may still commit.
void Broker::take_over() {
  const auto epoch = ground_.store.own_shards();
  if (!epoch) return later(again_us, &Broker::take_over);
  epoch_ = *epoch;
  later(round_trip_us, &Broker::give_back_all);
}

void Broker::give_back_all() {
  const auto leased = ground_.store.leased();
  if (!leased) return later(again_us, &Broker::take_over);
  std::vector<ledger::jobs::Failure> failures;
  for (const auto& job : *leased)
    failures.push_back({job.key, job.token, "leased at an earlier epoch", 0, false, false});
  if (!failures.empty() && !ground_.store.give_back(failures)) return later(again_us, &Broker::take_over);
  begin_work();
}

void Broker::begin_work() {
  ground_.world.say(name_.c_str(), [&] { return fmt::format("takes over at epoch {}", epoch_); });
  dispatch_ = Dispatch(rules(), name_, epoch_);
  works_ = true;
  tick_at_us_ = INT64_MAX;  // what was on may have gone off meanwhile, unheard
  for (const auto& [peer, bytes] : std::exchange(waiting_, {})) heard(peer, bytes);
  arm();
}

void Broker::heard(const std::string& peer, const std::string& bytes) {
  if (!works_) {
    waiting_.emplace_back(peer, bytes);
    return;
  }
  const auto message = schemas::decode(bytes);
  CHECK(message.has_value());
  take(peer, *message);
  act();
  arm();
}

void Broker::take(const std::string& peer, const schemas::Message& message) {
  const std::int64_t now = ground_.world.now_us();
  std::visit(schemas::Overloaded{
                 [&](const schemas::Ready& m) {
                   ground_.world.say(name_.c_str(), [&] { return fmt::format("READY of {}", peer); });
                   dispatch_.ready(peer, m, now);
                 },
                 [&](const schemas::Done& m) { dispatch_.done(peer, m, now); },
                 [&](const schemas::Failed& m) {
                   ground_.world.say(name_.c_str(), [&] { return fmt::format("FAILED of {}: {}", peer, m.reason); });
                   dispatch_.failed(peer, m, now);
                 },
                 [&](const schemas::Heartbeat&) { dispatch_.heard(peer, now); },
                 [&](const schemas::HandedBack& m) { dispatch_.handed_back(peer, m, now); },
                 [&](const schemas::Goodbye& m) { dispatch_.goodbye(peer, m, now); },
                 [&](const schemas::Release& m) { dispatch_.release(peer, m, now); },
                 [&](const schemas::Submit& m) { submit(peer, m); },
                 [](const auto&) {},
             },
             message);
}

void Broker::submit(const std::string& peer, const schemas::Submit& submit) {
  const auto done = ground_.store.submit_event(submit);
  using enum schemas::SubmitAnswer;
  schemas::Submitted answer{submit.instance, not_taken, ""};
  if (!done)
    answer.reason = "PostgreSQL did not answer, ask again: " + done.error().text;
  else
    answer.answer = *done ? accepted : no_such_instance;
  say(peer, answer);
}

void Broker::say(const std::string& peer, const schemas::Message& message) {
  if (!ground_.network.to_peer(*this, peer, schemas::encode(message))) dispatch_.gone(peer, ground_.world.now_us());
}

// One timer is on at a time: the earliest that was asked for.
void Broker::arm() {
  if (ground_.world.plant == Plant::lose_last_wake_up || !works_) return;
  const std::int64_t now = ground_.world.now_us();
  const std::int64_t next = dispatch_.next_tick_us(now);
  if (next >= tick_at_us_) return;
  tick_at_us_ = next;
  later(next - now, &Broker::tick);
}

void Broker::tick() {
  const std::int64_t now = ground_.world.now_us();
  if (now < tick_at_us_ || !works_) return;
  tick_at_us_ = INT64_MAX;
  const brokers::dispatch::Rules own = rules();
  if (now - swept_us_ >= own.ttl_us && ground_.world.plant != Plant::no_sweep) {
    swept_us_ = now;
    if (const auto leased = ground_.store.leased()) dispatch_.leases_seen(ground_.store.shards(), *leased);
  }
  dispatch_.tick(now);
  act();
  arm();
}

void Broker::act() {
  for (auto actions = dispatch_.take_actions(); !actions.empty() && works_; actions = dispatch_.take_actions())
    for (const auto& action : actions) {
      if (!works_) return;
      std::visit([this](const auto& order) { carry_out(order); }, action);
    }
}

void Broker::carry_out(const brokers::dispatch::Send& order) {
  if (const auto* assign = std::get_if<schemas::Assign>(&order.message))
    ground_.world.say(name_.c_str(), [&] {
      std::string text = "ASSIGN to " + order.peer + ":";
      for (const auto& job : assign->jobs)
        text += fmt::format(" {}.{}.{} {} (attempt {})", job.key.instance.value, job.key.version, job.key.ordinal,
                            job.command, job.attempt);
      return text;
    });
  say(order.peer, order.message);
}

void Broker::carry_out(const brokers::dispatch::ClaimNow& order) {
  auto claimed = ground_.store.claim(dispatch_.world_now(), order.limit);
  if (!claimed) return recover();
  machines::Instant next_unheld;
  if (dispatch_.wants_next_unheld(*claimed)) {
    const auto asked = ground_.store.next_unheld();
    if (!asked) return recover();
    next_unheld = *asked;
  }
  dispatch_.claimed(std::move(*claimed), ground_.world.now_us(), next_unheld);
}

void Broker::carry_out(const brokers::dispatch::AskDue& order) {
  const auto due = ground_.store.due(order.world_at);
  if (!due) return recover();
  dispatch_.due_is(*due, ground_.world.now_us());
}

void Broker::carry_out(const brokers::dispatch::GiveBack& order) {
  if (!ground_.store.give_back(order.failures)) recover();
}

// What it knew is of an earlier epoch.
void Broker::recover() {
  ground_.world.say(name_.c_str(), [] { return "lost its store, takes over again"; });
  works_ = false;
  take_over();
}

}  // namespace tests::simulation
