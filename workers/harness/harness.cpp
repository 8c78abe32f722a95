#include "workers/harness/harness.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "brokers/wire/socket.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/migrations.hpp"
#include "schemas/codec/convert.hpp"
#include "workers/harness/mind.hpp"
#include "workers/venues/paper/client.hpp"

namespace workers::harness {
namespace {

using machines::LeasedJob;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Worker {
 public:
  Worker(const WorkerConfig& config, const MakeHandlers& make_handlers, const std::atomic<bool>& stop)
      : config_(config),
        make_handlers_(make_handlers),
        stop_(stop),
        connection_(config.dsn),
        journal_(connection_),
        mind_({config.group_steps, config.most_looks, config.most_eager, config.send_deadline_ms}, steady_us,
              ledger::fresh_token),
        venue_(context_, {config.venue.endpoint, config.keys, config.venue.server_public_key,
                          std::chrono::milliseconds(config.venue.timeout_ms)}) {}

  int run() {
    load_handlers();
    connect();
    while (!stop_) step();
    leave();
    return 0;
  }

 private:
  // ---- connections

  void load_handlers() {
    for (std::int64_t delay_ms = 50; !stop_; delay_ms = std::min<std::int64_t>(delay_ms * 2, 1000)) {
      auto made = make_handlers_(connection_);
      if (made) {
        mind_.learn(std::move(*made));
        return;
      }
      spdlog::warn("waiting for PostgreSQL: {}", made.error().text);
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    }
  }

  void connect() {
    socket_.emplace(context_, config_.broker_endpoint, config_.keys, config_.broker_public_key);
    if (!socket_->problem().empty()) spdlog::error("{}", socket_->problem());
    welcomed_ = false;
    registered_us_ = 0;
    heard_us_ = steady_us();
  }

  // READY names the leases still in hand, so that a broker that lost sight of us leaves them here.
  void register_here() {
    schemas::Ready ready;
    ready.worker = config_.name;
    ready.schema = ledger::newest_migration();
    ready.capabilities = mind_.capabilities();
    ready.held = mind_.held();
    for (const auto& [correlation, job] : calls_) ready.held.push_back(job.token);
    ready.pure_credit = config_.pure_credit;
    ready.outside_credit = config_.outside_credit;
    if (socket_->send(schemas::encode(ready)) == brokers::wire::SendResult::sent) registered_us_ = steady_us();
  }

  void tell(const schemas::Message& message) {
    // Not taken over: the broker's sweep finds what it did not hear of.
    if (socket_->send(schemas::encode(message)) != brokers::wire::SendResult::sent)
      spdlog::warn("the broker can't be reached");
  }

  // ---- the loop

  void step() {
    wait();
    drain();
    take_answers();
    if (mind_.waiting() > 0 && group_is_full_enough()) work_off();
    liveness();
  }

  void wait() {
    if (mind_.waiting() > 0 && group_is_full_enough()) return;
    const std::int64_t now = steady_us();
    std::int64_t until = now + (welcomed_ ? heartbeat_us_ / 2 : 20'000);
    if (mind_.waiting() > 0) until = std::min(until, gathers_until_us());
    poller_.clear();
    poller_.add(*socket_);
    if (!calls_.empty()) {
      venue_.add_to(poller_);
      until = std::min<std::int64_t>(until, now + venue_.wait_at_most(std::chrono::steady_clock::now()).count() * 1000);
    }
    poller_.wait(std::chrono::milliseconds(std::max<std::int64_t>((until - now + 999) / 1000, 0)));
  }

  // One step at once when idle.
  [[nodiscard]] bool group_is_full_enough() const {
    return static_cast<int>(mind_.waiting()) >= config_.group_steps || steady_us() >= gathers_until_us();
  }

  // After a full group, a moment for the next one to fill; while a call has just left, a moment for its answer.
  [[nodiscard]] std::int64_t gathers_until_us() const {
    return std::max(mind_.was_full() ? group_until_us_ : 0, calls_.empty() ? 0 : called_us_ + config_.group_us);
  }

  void drain() {
    constexpr int most = 256;
    for (int i = 0; i < most; ++i) {
      const auto bytes = socket_->receive();
      if (!bytes) return;
      const auto message = schemas::decode(*bytes);
      heard_us_ = steady_us();
      if (!message) {
        spdlog::warn("an unreadable message from the broker: {}", message.error().reason);
        continue;
      }
      if (const auto* welcome = std::get_if<schemas::Welcome>(&*message)) {
        welcomed_ = true;
        heartbeat_us_ = welcome->heartbeat_ms * 1000;
        ttl_us_ = welcome->ttl_ms * 1000;
      } else if (const auto* refused = std::get_if<schemas::Refused>(&*message)) {
        spdlog::info("the broker says: {}", refused->reason);
        welcomed_ = false;
      } else if (std::holds_alternative<schemas::Goodbye>(*message)) {
        parted_ = true;
      } else if (const auto* assign = std::get_if<schemas::Assign>(&*message)) {
        mind_.assigned(*assign);
      }
    }
  }

  // What the venue said, or did not say in time: work again, at the head of the queue.
  void take_answers() {
    if (calls_.empty()) return;
    for (auto& finished : venue_.poll(std::chrono::steady_clock::now())) {
      const auto call = calls_.find(finished.correlation);
      if (call == calls_.end()) continue;
      mind_.answered(std::move(call->second), answer_of(finished));
      calls_.erase(call);
    }
  }

  static handlers::Answer answer_of(const venues::paper::Finished& finished) {
    if (const auto* error = std::get_if<machines::CallError>(&finished.outcome)) return *error;
    const auto& message = std::get<schemas::VenueMessage>(finished.outcome);
    if (const auto* report = std::get_if<schemas::OrderReport>(&message)) return *report;
    return machines::CallError::unknown_outcome;
  }

  void make_calls() {
    for (CallOut& call : mind_.take_calls()) {
      if (config_.venue.endpoint.empty()) {
        mind_.fail(call.job, {machines::CallError::fatal_auth, 0, "this worker calls no venue", true});
        continue;
      }
      called_us_ = steady_us();
      std::optional<venues::paper::SteadyTime> send_by;
      if (call.send_by_us) send_by = venues::paper::SteadyTime(std::chrono::microseconds(*call.send_by_us));
      calls_.emplace(venue_.start(call.request, std::chrono::steady_clock::now(), send_by), std::move(call.job));
    }
  }

  void liveness() {
    const std::int64_t now = steady_us();
    if (!welcomed_) {
      if (now - registered_us_ > 300'000) register_here();
      if (now - heard_us_ > std::max<std::int64_t>(ttl_us_, 2'000'000)) connect();
      return;
    }
    if (now - beaten_us_ >= heartbeat_us_) {
      beaten_us_ = now;
      (void)socket_->send(schemas::encode(schemas::Heartbeat{}));
    }
    if (now - heard_us_ > ttl_us_) {
      spdlog::warn("the broker is silent; connecting anew");
      connect();
    }
  }

  // Calls in flight are finished first, within their deadlines; what has not begun is handed back.
  void leave() {
    mind_.stop_minting();
    schemas::Goodbye goodbye;
    put_aside(goodbye, false);
    while (!calls_.empty()) {
      wait();
      take_answers();
      if (mind_.waiting() > 0) work_off();
      put_aside(goodbye, false);
    }
    drain();
    put_aside(goodbye, true);
    tell(goodbye);
    // LINGER is 0: without the broker's answer it may not have left. An absent broker is not waited for.
    constexpr std::int64_t patience_us = 2'000'000;
    for (const std::int64_t until = steady_us() + patience_us; welcomed_ && !parted_ && steady_us() < until; drain()) {
      poller_.clear();
      poller_.add(*socket_);
      poller_.wait(std::chrono::milliseconds(100));
    }
  }

  // What has not begun, or, where an answer came and PostgreSQL is away, all: the next attempt asks the venue first.
  void put_aside(schemas::Goodbye& goodbye, bool all) {
    for (const machines::Token& token : mind_.put_aside(all)) goodbye.unstarted.push_back(token);
  }

  // ---- one group

  void work_off() {
    const auto read = [this](std::span<const LeasedJob> jobs) { return journal_.facts(jobs); };
    const auto write = [this](int shard, std::int64_t epoch, std::span<const machines::Step> steps) {
      return journal_.commit(shard, epoch, steps);
    };
    if (stop_) mind_.stop_minting();
    auto decided = mind_.decide_group(read, !calls_.empty());
    if (!decided) return hold_on(decided.error());
    const std::size_t steps = decided->size();
    const std::string doubt = mind_.commit(std::move(*decided), write);
    if (!doubt.empty()) spdlog::warn("a commit of {} steps is in doubt: {}", steps, doubt);
    make_calls();
    flush();
    group_until_us_ = steady_us() + config_.group_us;
  }

  // PostgreSQL is away: nothing was done.
  static void hold_on(const ledger::StoreError& error) {
    spdlog::warn("PostgreSQL: {}", error.text);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  void flush() {
    if (schemas::Done done = mind_.take_done(); !done.jobs.empty() || !done.minted.empty()) tell(std::move(done));
    for (schemas::Failed& failed : mind_.take_failures()) tell(std::move(failed));
    if (mind_.take_stale_handlers()) load_handlers();
  }

  const WorkerConfig& config_;
  const MakeHandlers& make_handlers_;
  const std::atomic<bool>& stop_;
  brokers::wire::Context context_;
  std::optional<brokers::wire::DealerSocket> socket_;
  brokers::wire::Poller poller_;
  ledger::Connection connection_;
  ledger::journal::Journal journal_;
  Mind mind_;
  venues::paper::VenueClient venue_;
  std::map<std::uint64_t, LeasedJob> calls_;  // in flight at the venue, by correlation
  bool welcomed_ = false, parted_ = false;
  std::int64_t heartbeat_us_ = 1'000'000, ttl_us_ = 3'000'000;
  std::int64_t registered_us_ = 0, heard_us_ = 0, beaten_us_ = 0, group_until_us_ = 0, called_us_ = 0;
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
