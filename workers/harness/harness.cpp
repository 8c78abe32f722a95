#include "workers/harness/harness.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "ledger/env/times.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/migrations.hpp"
#include "workers/harness/executor.hpp"
#include "workers/harness/keepalive.hpp"
#include "workers/harness/rules_check.hpp"
#include "workers/harness/venue_calls.hpp"

namespace workers::harness {
namespace {

using machines::LeasedJob;

using ledger::env::steady_us;

class Worker {
 public:
  Worker(const WorkerConfig& config, const MakeHandlers& make_handlers, const std::atomic<bool>& stop)
      : config_(config),
        make_handlers_(make_handlers),
        stop_(stop),
        links_(context_, config.brokers, config.keys),
        connection_(config.dsn),
        journal_(connection_),
        executor_({config.group_steps, config.most_looks, config.most_eager, config.send_deadline_ms}, steady_us,
                  ledger::fresh_token),
        venue_calls_(context_, connection_, config),
        rules_check_(context_, config) {
    executor_.guard_calls([this]() -> std::optional<handlers::GiveUp> {
      if (auto closed = rules_check_.closed(std::chrono::steady_clock::now())) return closed;
      const auto loan = pulse_.lend(links_.heartbeat_us());
      return venue_calls_.closed(std::chrono::steady_clock::now());
    });
  }

  int run() {
    load_handlers();
    links_.connect(ready());
    while (!stop_ && rules_check_.objection().empty()) step();
    leave();
    if (rules_check_.objection().empty()) return 0;
    spdlog::error("{}", rules_check_.objection());
    return 2;
  }

 private:
  void load_handlers() {
    for (std::int64_t delay_ms = 50; !stop_; delay_ms = std::min<std::int64_t>(delay_ms * 2, 1000)) {
      auto made = make_handlers_(connection_);
      if (made) {
        executor_.learn(std::move(*made));
        return;
      }
      spdlog::warn("waiting for PostgreSQL: {}", made.error().text);
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    }
  }

  [[nodiscard]] schemas::Ready ready() const {
    schemas::Ready ready;
    ready.worker = config_.name;
    ready.incarnation = incarnation_;
    ready.schema = ledger::newest_migration();
    ready.capabilities = executor_.capabilities();
    for (schemas::Capability& one : ready.capabilities)
      if (const auto found = config_.commands.find(one.kind); found != config_.commands.end())
        one.commands = found->second;
    ready.pure_credit = config_.pure_credit;
    ready.outside_credit = config_.outside_credit;
    return ready;
  }

  // ---- the loop

  void step() {
    wait();
    drain();
    rules_check_.step(std::chrono::steady_clock::now());
    take_answers();
    if (executor_.waiting() > 0 && group_is_full_enough()) work_off();
    drain();  // brokers may have spoken while PostgreSQL took its time
    links_.liveness();
  }

  void wait() {
    if (executor_.waiting() > 0 && group_is_full_enough()) return;
    const std::int64_t now = steady_us();
    std::int64_t until = links_.wait_until_us(now);
    if (executor_.waiting() > 0) until = std::min(until, gathers_until_us());
    poller_.clear();
    links_.add_to(poller_);
    if (!venue_calls_.is_idle()) {
      venue_calls_.add_to(poller_);
      until = std::min<std::int64_t>(until,
                                     now + venue_calls_.wait_at_most(std::chrono::steady_clock::now()).count() * 1000);
    }
    if (!rules_check_.is_over()) {
      const auto checked = std::chrono::steady_clock::now();
      rules_check_.add_to(poller_);
      until = std::min<std::int64_t>(until, now + rules_check_.wait_at_most(checked).count() * 1000);
    }
    poller_.wait(std::chrono::milliseconds(std::max<std::int64_t>((until - now + 999) / 1000, 0)));
  }

  // One step at once when idle.
  [[nodiscard]] bool group_is_full_enough() const {
    return static_cast<int>(executor_.waiting()) >= config_.group_steps || steady_us() >= gathers_until_us();
  }

  // After a full group, a moment for the next one to fill; while a call has just left, a moment for its answer.
  [[nodiscard]] std::int64_t gathers_until_us() const {
    return std::max(executor_.was_full() ? group_until_us_ : 0,
                    venue_calls_.is_idle() ? 0 : called_us_ + config_.group_us);
  }

  void drain() {
    const auto received = links_.receive();
    for (const schemas::Assign& assign : received.assigned) executor_.assigned(assign);
    if (!received.revoked.empty()) links_.hand_back(executor_.put_aside(received.revoked));
  }

  // What the venue said, or did not say in time: work again, at the head of the queue.
  void take_answers() {
    for (auto& [job, came_to] : ended()) {
      if (auto* answer = std::get_if<handlers::Answer>(&came_to))
        executor_.answered(std::move(job), std::move(*answer));
      else
        executor_.fail(job, std::get<handlers::GiveUp>(came_to));
    }
    flush();
  }

  // Calls and their answers may look at the keys, and wait for PostgreSQL: meanwhile we go on beating.
  std::vector<Ended> ended() {
    const auto loan = pulse_.lend(links_.heartbeat_us());
    return venue_calls_.take_ended(std::chrono::steady_clock::now());
  }

  void make_calls() {
    for (CallOut& call : executor_.take_calls()) {
      const auto loan = pulse_.lend(links_.heartbeat_us());
      called_us_ = steady_us();
      std::optional<VenueCalls::SteadyTime> send_by;
      if (call.send_by_us) send_by = VenueCalls::SteadyTime(std::chrono::microseconds(*call.send_by_us));
      venue_calls_.call(call.job, call.request, std::chrono::steady_clock::now(), send_by);
    }
  }

  // Calls in flight are finished first, within their deadlines; what has not begun is handed back.
  void leave() {
    executor_.stop_minting();
    std::vector<machines::Token> unstarted;
    put_aside(unstarted, false);
    while (!venue_calls_.is_idle()) {
      wait();
      take_answers();
      if (executor_.waiting() > 0) work_off();
      drain();
      put_aside(unstarted, false);
      links_.liveness();
    }
    drain();
    put_aside(unstarted, true);
    links_.leave(unstarted);
  }

  // What has not begun, or, where an answer came and PostgreSQL is away, all: the next attempt asks the venue first.
  void put_aside(std::vector<machines::Token>& unstarted, bool all) {
    for (const machines::Token& token : executor_.put_aside(all)) unstarted.push_back(token);
  }

  // ---- one group

  void work_off() {
    const auto read = [this](std::span<const LeasedJob> jobs) {
      const auto loan = pulse_.lend(links_.heartbeat_us());
      return journal_.facts(jobs);
    };
    const auto write = [this](int shard, std::int64_t epoch, std::span<const machines::Step> steps) {
      const auto loan = pulse_.lend(links_.heartbeat_us());
      return journal_.commit(shard, epoch, steps);
    };
    if (stop_) executor_.stop_minting();
    auto decided = executor_.decide_group(read, !venue_calls_.is_idle());
    if (!decided) return hold_on(decided.error());
    away_since_us_ = 0;
    const std::size_t steps = decided->size();
    const std::string doubt = executor_.commit(std::move(*decided), write);
    if (!doubt.empty()) spdlog::warn("a commit of {} steps is in doubt: {}", steps, doubt);
    make_calls();
    flush();
    group_until_us_ = steady_us() + config_.group_us;
  }

  // PostgreSQL is away: nothing was done. For longer than a lease lives that is ours to bear, not the jobs': it may be
  // away from here alone.
  void hold_on(const ledger::StoreError& error) {
    spdlog::warn("PostgreSQL: {}", error.text);
    if (away_since_us_ == 0) away_since_us_ = steady_us();
    if (steady_us() - away_since_us_ > links_.ttl_us()) return step_aside();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  // Hands everything back and takes nothing until PostgreSQL answers here. What the venue says meanwhile is asked again
  // by whoever runs the job then.
  void step_aside() {
    spdlog::warn("PostgreSQL has been out of reach for too long: the jobs go back to the brokers");
    links_.leave(executor_.put_aside(true));
    for (std::int64_t delay_ms = 50; !stop_ && !connection_.connect();
         delay_ms = std::min<std::int64_t>(delay_ms * 2, 1000))
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    away_since_us_ = 0;
    links_.connect(ready());
    spdlog::info("PostgreSQL is back");
  }

  void flush() {
    links_.say(executor_.take_done(), executor_.take_failures());
    if (executor_.take_stale_handlers()) load_handlers();
  }

  const WorkerConfig& config_;
  const MakeHandlers& make_handlers_;
  const std::atomic<bool>& stop_;
  const machines::Token incarnation_ = ledger::fresh_token();
  brokers::wire::Context context_;
  BrokerLinks links_;
  brokers::wire::Poller poller_;
  ledger::Connection connection_;
  ledger::journal::Journal journal_;
  Executor executor_;
  VenueCalls venue_calls_;
  RulesCheck rules_check_;
  Keepalive pulse_{[this] { links_.beat(); }};
  std::int64_t group_until_us_ = 0, called_us_ = 0;
  std::int64_t away_since_us_ = 0;  // PostgreSQL, without a break; 0: it answers
};

}  // namespace

int run(const WorkerConfig& config, const MakeHandlers& make_handlers, const std::atomic<bool>& stop) {
  if (const auto wrong = config.validate(); !wrong.empty()) {
    spdlog::error("{}", wrong);
    return 2;
  }
  return Worker(config, make_handlers, stop).run();
}

}  // namespace workers::harness
