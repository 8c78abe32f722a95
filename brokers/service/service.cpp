#include "brokers/service/service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

#include "schemas/codec/convert.hpp"

namespace brokers::service {
namespace {

using dispatch::Dispatch;

constexpr int most_messages_a_round = 256;  // then the timers get their turn
constexpr std::int64_t shards_refresh_us = 1'000'000;
constexpr std::int64_t refusals_apart_us = 1'000'000;
static_assert(wire::max_message_bytes == schemas::longest_message);

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Waits 50 ms, then twice as long each time, at most 2 s.
class BackOff {
 public:
  void wait(const std::atomic<bool>& stop) {
    for (std::int64_t waited = 0; waited < delay_ms_ && !stop; waited += step_ms)
      std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
    delay_ms_ = std::min<std::int64_t>(delay_ms_ * 2, 2000);
  }
  void reset() { delay_ms_ = step_ms; }

 private:
  static constexpr std::int64_t step_ms = 50;
  std::int64_t delay_ms_ = step_ms;
};

class Service {
 public:
  Service(const BrokerConfig& config, const std::atomic<bool>& stop)
      : config_(config),
        stop_(stop),
        zap_(context_, config.peers),
        socket_(context_, config.keys),
        connection_(config.dsn),
        jobs_(connection_),
        dispatch_(config.rules, config.name, 0) {}

  int run() {
    if (const auto bound = socket_.bind(config_.endpoint); !bound) return failed(bound.error().text);
    const auto proved = wire::prove_refusal(context_, zap_, config_.endpoint, config_.keys.public_key);
    if (!proved) return failed(proved.error().text);
    refused_ = -zap_.refused();  // the stranger of the proof was ours
    take_over();
    poller_.add(socket_);
    spdlog::info("broker {} serves {} at epoch {}", config_.name, config_.endpoint, epoch_);
    while (!stop_) step();
    return 0;
  }

 private:
  static int failed(const std::string& text) {
    spdlog::error("{}", text);
    return 1;
  }

  // Owns all shards from here and gives back what an earlier epoch leased. Waits for PostgreSQL as long as it takes.
  void take_over() {
    BackOff back_off;
    while (!stop_) {
      const auto epoch = jobs_.own_shards(config_.name);
      if (epoch && give_back_all()) {
        epoch_ = *epoch;
        dispatch_ = Dispatch(config_.rules, config_.name, epoch_);
        return;
      }
      if (!epoch) spdlog::warn("waiting for PostgreSQL: {}", epoch.error().text);
      back_off.wait(stop_);
    }
  }

  bool give_back_all() {
    if (!refresh_shards()) return false;
    const auto leased = jobs_.leased(shards_);
    if (!leased) return false;
    std::vector<ledger::jobs::Failure> failures;
    for (const auto& job : *leased)
      failures.push_back({job.key, job.token, "leased at an earlier epoch", 0, false, false});
    return failures.empty() || jobs_.give_back(failures).has_value();
  }

  bool refresh_shards() {
    auto shards = jobs_.live_shards();
    if (!shards) return false;
    shards_ = std::move(*shards);
    shards_read_us_ = steady_us();
    return true;
  }

  void step() {
    const std::int64_t now = steady_us();
    next_tick_us_ = std::min(next_tick_us_, dispatch_.next_tick_us(now));
    const std::int64_t wait_us = std::max<std::int64_t>(next_tick_us_ - now, 0);
    poller_.wait(std::chrono::milliseconds((wait_us + 999) / 1000));
    for (int i = 0; i < most_messages_a_round; ++i) {
      auto received = socket_.receive();
      if (!received) break;
      take(*received);
    }
    act();
    if (steady_us() >= next_tick_us_) on_timers();
  }

  void on_timers() {
    const std::int64_t now = steady_us();
    next_tick_us_ = INT64_MAX;  // step() looks anew
    if (now - shards_read_us_ >= shards_refresh_us) refresh_shards();
    if (now - swept_us_ >= config_.rules.ttl_us) {
      swept_us_ = now;
      if (const auto leased = jobs_.leased(shards_)) dispatch_.leases_seen(*leased);
    }
    dispatch_.tick(now);
    act();
  }

  void take(const wire::Received& received) {
    const auto peer = wire::peer_of(received.user_id);
    const auto message = schemas::decode(received.bytes);
    if (!peer || !message) {
      refuse(message ? "its peer has no role" : message.error().reason, received.user_id);
      return;
    }
    if (!may_say(peer->role, *message)) {
      refuse("its role may not say that", received.user_id);
      socket_.send(received.peer, schemas::encode(schemas::Refused{"a key of this role may not say that"}));
      return;
    }
    std::visit(schemas::Overloaded{
                   [&](const schemas::Ready& m) { dispatch_.ready(received.peer, m, steady_us()); },
                   [&](const schemas::Done& m) { dispatch_.done(received.peer, m, steady_us()); },
                   [&](const schemas::Failed& m) { dispatch_.failed(received.peer, m, steady_us()); },
                   [&](const schemas::Heartbeat&) { dispatch_.heard(received.peer, steady_us()); },
                   [&](const schemas::Goodbye& m) { dispatch_.goodbye(received.peer, m, steady_us()); },
                   [&](const schemas::Release& m) { release(received.peer, m); },
                   [&](const schemas::Submit& m) { submit(received.peer, m); },
                   [&](const schemas::Query&) { answer_query(received.peer); },
                   [](const auto&) {},
               },
               *message);
  }

  // Every one is counted, one a second is logged: a flood must not fill the disk.
  void refuse(const std::string& why, const std::string& user_id) {
    ++refused_;
    const std::int64_t now = steady_us();
    if (now - refusal_said_us_ < refusals_apart_us) return;
    refusal_said_us_ = now;
    spdlog::warn("a message of {} was refused: {}; {} so far", user_id.empty() ? "nobody" : user_id, why,
                 zap_.refused() + refused_);
  }

  // Workers speak of their jobs, clients and operators move the world, everybody but workers may look; what a broker
  // says nobody may say to it.
  static bool may_say(wire::Role role, const schemas::Message& message) {
    const auto is_one_of = [&]<class... M>(std::tuple<M...>*) { return (std::holds_alternative<M>(message) || ...); };
    using OfWorkers = std::tuple<schemas::Ready, schemas::Done, schemas::Failed, schemas::Heartbeat, schemas::Goodbye>;
    using OfClients = std::tuple<schemas::Release, schemas::Submit, schemas::Query>;
    switch (role) {
      case wire::Role::worker:
        return is_one_of(static_cast<OfWorkers*>(nullptr));
      case wire::Role::client:
      case wire::Role::operator_:
        return is_one_of(static_cast<OfClients*>(nullptr));
      case wire::Role::approver:
        return std::holds_alternative<schemas::Query>(message);
    }
    return false;
  }

  void release(const std::string& peer, const schemas::Release& release) {
    if (steady_us() - shards_read_us_ >= shards_refresh_us) refresh_shards();
    dispatch_.release(peer, release, steady_us());
  }

  void submit(const std::string& peer, const schemas::Submit& submit) {
    const auto done = jobs_.submit_event(submit.owner, submit.instance, submit.event, submit.world_at);
    schemas::Submitted answer{submit.instance, done && *done, ""};
    if (!done)
      answer.reason = "PostgreSQL did not answer, ask again: " + done.error().text;
    else if (!*done)
      answer.reason = "no such instance, or it is finished";
    socket_.send(peer, schemas::encode(answer));
  }

  void answer_query(const std::string& peer) {
    auto view = dispatch_.view(steady_us());
    view.refused_peers = zap_.refused() + refused_;
    socket_.send(peer, schemas::encode(view));
  }

  // Carries out orders until there are none: each answer may bring new ones.
  void act() {
    for (auto actions = dispatch_.take_actions(); !actions.empty() && !stop_; actions = dispatch_.take_actions())
      for (const auto& action : actions) std::visit([this](const auto& order) { carry_out(order); }, action);
  }

  void carry_out(const dispatch::Send& order) {
    if (socket_.send(order.peer, schemas::encode(order.message)) != wire::SendResult::sent)
      dispatch_.gone(order.peer, steady_us());
  }

  void carry_out(const dispatch::ClaimNow& order) {
    auto claimed = jobs_.claim(shards_, dispatch_.world_now(), order.limit, config_.name);
    if (!claimed) return recover(claimed.error());
    machines::Instant next_unheld;
    if (dispatch_.wants_next_unheld(*claimed)) {
      const auto asked = jobs_.next_unheld(shards_);
      if (!asked) return recover(asked.error());
      next_unheld = *asked;
    }
    dispatch_.claimed(std::move(*claimed), steady_us(), next_unheld);
  }

  void carry_out(const dispatch::AskDue& order) {
    const auto due = jobs_.due(shards_, order.world_at);
    if (!due) return recover(due.error());
    dispatch_.due_is(*due, steady_us());
  }

  void carry_out(const dispatch::GiveBack& order) {
    const auto done = jobs_.give_back(order.failures);
    if (!done) recover(done.error());
  }

  // The connection is gone: wait for it, take over anew, and let workers and the feed register and ask again. What they
  // still hold is of an earlier epoch, and their commits will be told so.
  void recover(const ledger::StoreError& error) {
    spdlog::warn("PostgreSQL: {}; taking over again", error.text);
    connection_.disconnect();
    take_over();
    spdlog::info("broker {} is back at epoch {}", config_.name, epoch_);
  }

  const BrokerConfig& config_;
  const std::atomic<bool>& stop_;
  wire::Context context_;
  wire::ZapServer zap_;
  wire::RouterSocket socket_;
  wire::Poller poller_;
  ledger::Connection connection_;
  ledger::jobs::Jobs jobs_;
  Dispatch dispatch_;
  std::vector<int> shards_;
  std::int64_t epoch_ = 0, refused_ = 0;
  std::int64_t refusal_said_us_ = 0;
  std::int64_t shards_read_us_ = 0, swept_us_ = 0, next_tick_us_ = INT64_MAX;
};

}  // namespace

std::string BrokerConfig::validate() const {
  if (endpoint.empty()) return "broker.endpoint is empty: name an ipc:// or tcp:// endpoint";
  if (dsn.empty()) return "dsn is empty: name a PostgreSQL connection string";
  if (keys.secret_key.empty()) return "broker.keys are missing";
  if (rules.ttl_us < 2 * rules.heartbeat_us) return "broker.ttl must be at least two heartbeats";
  return {};
}

int run(const BrokerConfig& config, const std::atomic<bool>& stop) {
  if (const auto wrong = config.validate(); !wrong.empty()) {
    spdlog::error("{}", wrong);
    return 2;
  }
  return Service(config, stop).run();
}

}  // namespace brokers::service
