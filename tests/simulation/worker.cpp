#include "tests/simulation/worker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machines/core/names.hpp"
#include "tests/simulation/planted.hpp"

namespace tests::simulation {

using machines::CallError;
using machines::LeasedJob;
using schemas::DoneKind;

constexpr std::int64_t stage_us = 30;
constexpr std::int64_t call_timeout_us = 2'000'000;
constexpr std::int64_t hold_on_us = 100'000;
constexpr std::int64_t no_key_ms = 250;

Worker::Worker(Ground ground, std::string name, Struck struck)
    : ground_(ground),
      name_(std::move(name)),
      struck_(std::move(struck)),
      incarnation_(ground_.world.next_process()),
      executor_(
          {}, [this] { return ground_.world.now_us(); }, [this] { return ground_.world.fresh_token(); }) {
  executor_.learn(make_handlers(ground_.world.plant, ground_.books.sleeves, ground_.market.properties));
  executor_.guard_calls([this]() -> std::optional<workers::handlers::GiveUp> {
    if (!has_no_key()) return std::nullopt;
    return workers::handlers::GiveUp{
        CallError::fatal_auth, no_key_ms, "waits for an API key", false, false, machines::GiveUpCode::waits_for_key};
  });
}

void Worker::start() {
  ground_.world.say(name_.c_str(), [] { return "starts"; });
  connect();
  keep_beating();
}

// Not while it stands still, and never once it is gone.
void Worker::later(std::int64_t delay_us, void (Worker::*what)()) {
  ground_.world.after(delay_us, [weak = weak_from_this(), what] {
    const auto self = weak.lock();
    if (!self || !self->is_alive_) return;
    const std::int64_t stalled_us = self->stalled_until_us_ - self->ground_.world.now_us();
    if (stalled_us > 0) return self->later(stalled_us, what);
    (self.get()->*what)();
  });
}

bool Worker::survives_point() {
  const Fault* fault = ground_.world.plan.next(Site::worker_point);
  if (fault == nullptr) return true;
  ground_.world.met(machines::name_of(fault->kind));
  ground_.world.say("fault", [&] { return to_text(*fault) + ", " + name_; });
  struck_(*this, *fault);
  return is_alive_;
}

// ---- the broker

void Worker::connect() {
  link_ = ground_.network.connect(name_, [weak = weak_from_this()](const std::string& bytes) {
    const auto self = weak.lock();
    if (!self) return;
    const auto message = schemas::decode(bytes);
    CHECK(message.has_value());
    self->inbox_.push_back(*message);
    self->later(0, &Worker::turn);
  });
  welcomed_ = false;
  registered_us_ = 0;
  heard_us_ = ground_.world.now_us();
}

void Worker::send(const schemas::Message& message) { ground_.network.to_broker(link_, schemas::encode(message)); }

void Worker::register_here() {
  schemas::Ready ready;
  ready.worker = name_;
  ready.capabilities = executor_.capabilities();
  ready.held = held();
  ready.incarnation = incarnation_;
  send(ready);
  registered_us_ = ground_.world.now_us();
}

// What waits, and what is out at the venue: between two groups that is all.
std::vector<machines::Token> Worker::held() const {
  std::vector<machines::Token> tokens = executor_.held();
  for (const auto& [correlation, called] : calls_) tokens.push_back(called.job.token);
  tokens.insert(tokens.end(), forgotten_.begin(), forgotten_.end());
  return tokens;
}

void Worker::take(const schemas::Message& message) {
  heard_us_ = ground_.world.now_us();
  if (const auto* welcome = std::get_if<schemas::Welcome>(&message)) {
    welcomed_ = true;
    heartbeat_us_ = welcome->heartbeat_ms * 1000;
    ttl_us_ = welcome->ttl_ms * 1000;
  } else if (const auto* assign = std::get_if<schemas::Assign>(&message)) {
    executor_.assigned(*assign);
  } else if (const auto* beat = std::get_if<schemas::Heartbeat>(&message)) {
    if (schemas::HandedBack back = workers::harness::not_held(beat->held, held()); !back.unstarted.empty()) send(back);
  } else if (std::holds_alternative<schemas::Refused>(message)) {
    welcomed_ = false;
  }
}

void Worker::liveness() {
  const std::int64_t now = ground_.world.now_us();
  if (!welcomed_) {
    if (now - registered_us_ > 300'000) register_here();
    if (now - heard_us_ > std::max<std::int64_t>(ttl_us_, 2'000'000)) connect();
    return;
  }
  if (now - beaten_us_ >= heartbeat_us_) {
    beaten_us_ = now;
    send(schemas::Heartbeat{});
  }
  if (now - heard_us_ > ttl_us_) connect();
}

void Worker::keep_beating() {
  turn();
  later(welcomed_ ? heartbeat_us_ / 2 : 20'000, &Worker::keep_beating);
}

void Worker::turn() {
  if (busy_) return;  // one thread: it looks again when it is done
  while (!inbox_.empty()) {
    take(inbox_.front());
    inbox_.pop_front();
  }
  liveness();
  if (executor_.waiting() == 0 || ground_.world.now_us() < held_on_until_us_) return;
  busy_ = true;
  if (survives_point()) later(0, &Worker::gather);
}

// ---- one group

void Worker::gather() {
  const auto read = [this](std::span<const LeasedJob> jobs) { return ground_.store.facts(jobs); };
  auto decided = executor_.decide_group(read, !calls_.empty());
  if (!decided) {
    busy_ = false;
    held_on_until_us_ = ground_.world.now_us() + hold_on_us;
    return later(hold_on_us, &Worker::turn);
  }
  decided_ = std::move(*decided);
  if (survives_point()) later(stage_us, &Worker::write);
}

void Worker::write() {
  const Plant plant = ground_.world.plant;
  if (plant == Plant::ack_before_commit) {
    schemas::Done early;
    for (const auto& one : decided_)
      if (one.step.fate != machines::Fate::kept) early.jobs.push_back({one.work.job.token, DoneKind::done});
    if (!early.jobs.empty()) say_done(std::move(early));
  }
  if (plant == Plant::send_before_commit)
    for (const auto& one : decided_)
      if (one.then_call) call({one.work.job, *one.then_call, std::nullopt});
  std::vector<workers::harness::CallOut> meant;
  if (plant == Plant::send_uncommitted)
    for (const auto& one : decided_)
      if (one.then_call) meant.push_back({one.work.job, *one.then_call, std::nullopt});
  const std::string doubt = executor_.commit(std::exchange(decided_, {}),
                                             [&](int shard, std::int64_t epoch, std::span<const machines::Step> steps) {
                                               auto results = ground_.store.commit(name_, shard, epoch, steps);
                                               call_uncommitted(meant, results);
                                               return results;
                                             });
  if (!doubt.empty()) {
    ground_.world.say(name_.c_str(), [&] { return "in doubt: " + doubt; });
    if (plant == Plant::forget_answered_commit)
      for (const schemas::DoneJob& job : executor_.take_done().jobs) forgotten_.push_back(job.token);
  }
  if (survives_point()) later(0, &Worker::act);
}

void Worker::call_uncommitted(const std::vector<workers::harness::CallOut>& meant,
                              const ledger::Stored<std::vector<machines::StepResult>>& results) {
  if (!results) return;
  for (const auto& one : meant)
    if (std::any_of(results->begin(), results->end(),
                    [](const auto& result) { return result.outcome != machines::Outcome::committed; }))
      call(one);
}

void Worker::act() {
  for (const auto& one : executor_.take_calls())
    if (ground_.world.plant != Plant::send_before_commit || !one.send_by_us) call(one);
  if (schemas::Done done = executor_.take_done(); !done.jobs.empty() || !done.minted.empty()) say_done(std::move(done));
  for (const schemas::Failed& failed : executor_.take_failures()) send(failed);
  (void)executor_.take_stale_handlers();  // all sleeves are known from the start
  if (survives_point()) later(0, &Worker::rest);
}

void Worker::rest() {
  busy_ = false;
  turn();
}

// Only what stands is said to be done.
void Worker::say_done(schemas::Done done) {
  for (const schemas::DoneJob& job : done.jobs)
    if (job.kind != DoneKind::doubt && job.kind != DoneKind::kept && ground_.store.is_leased(job.token))
      ground_.world.violate(name_ + " says done of a job that still waits for its commit");
  send(done);
}

// ---- the venue

// What leaves must have been committed as sent, under the one client id of its order.
void Worker::look_at(const schemas::VenueMessage& request) {
  const auto* place = std::get_if<schemas::PlaceOrder>(&request);
  if (place == nullptr) return;
  for (const auto& [key, instance] : ground_.books.ledger.rows().instances)
    if (instance.kind == "order" && fmt::format("{}{:016x}", deployment, key.id.value) == place->client_id) {
      if (instance.state == "drafted") ground_.world.violate("an order left that was not committed as sent");
      return;
    }
  ground_.world.violate("an order left under an id that is no order's: " + place->client_id);
}

bool Worker::has_no_key() const { return ground_.world.keys_are_lost() && ground_.world.plant != Plant::send_unsigned; }

void Worker::call(const workers::harness::CallOut& out) {
  // The keys went between the commit and the call: nothing of it left, and the next attempt asks.
  if (has_no_key())
    return executor_.fail(out.job, {CallError::fatal_auth, no_key_ms, "waits for an API key", false, false,
                                    machines::GiveUpCode::waits_for_key});
  if (ground_.world.keys_are_lost()) ground_.world.violate("a request left that no key had signed");
  const std::uint64_t correlation = ++correlation_;
  const bool is_write = !std::holds_alternative<schemas::QueryOrder>(out.request);
  calls_[correlation] = {out.job, is_write};
  if (out.send_by_us && *out.send_by_us < ground_.world.now_us()) return answer(correlation, CallError::retry_later);
  look_at(out.request);
  ground_.world.say(name_.c_str(), [&] {
    return fmt::format("calls the venue: {} of order {}", out.job.command, out.job.key.instance.value);
  });
  const auto weak = weak_from_this();
  const auto tell = [this, weak, correlation](const workers::handlers::Answer& made) {
    if (const auto self = weak.lock()) answer(correlation, made);
  };
  ground_.venue.ask(out.request, [tell, is_write](const schemas::VenueMessage& message) {
    if (const auto* report = std::get_if<schemas::OrderReport>(&message)) return tell(*report);
    tell(is_write ? CallError::rejected : CallError::retry_later);
  });
  ground_.world.after(call_timeout_us,
                      [tell, is_write] { tell(is_write ? CallError::unknown_outcome : CallError::retry_later); });
}

// The first answer counts.
void Worker::answer(std::uint64_t correlation, const workers::handlers::Answer& answer) {
  const auto called = calls_.find(correlation);
  if (called == calls_.end()) return;
  executor_.answered(std::move(called->second.job), answer);
  calls_.erase(called);
  later(0, &Worker::turn);
}

}  // namespace tests::simulation
