#include "brokers/service/service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

#include "brokers/service/claims.hpp"
#include "brokers/service/shards.hpp"
#include "brokers/service/weights.hpp"
#include "ledger/env/times.hpp"
#include "schemas/codec/convert.hpp"

namespace brokers::service {
namespace {

using dispatch::Dispatch;

constexpr int most_messages_a_round = 256;                              // then the timers get their turn
constexpr std::int64_t shortest_wait_ms = 50, longest_wait_ms = 2'000;  // for PostgreSQL, doubled in between
constexpr std::int64_t refusals_apart_us = 1'000'000;                   // in the log
static_assert(wire::max_message_bytes == schemas::longest_message);

using ledger::env::steady_us;

class Service {
 public:
  Service(const BrokerConfig& config, const std::atomic<bool>& stop)
      : config_(config),
        stop_(stop),
        zap_(context_, config.peers),
        socket_(context_, config.keys),
        connection_(config.dsn),
        jobs_(connection_),
        weights_(jobs_, config.weights),
        shards_(connection_,
                {config.name, config.reached_at.empty() ? config.endpoint : config.reached_at, config.keys.public_key},
                config.seat_ttl_ms),
        dispatch_(config.rules, config.name, 0) {}

  int run() {
    if (const auto bound = socket_.bind(config_.endpoint); !bound) return failed(bound.error().text);
    const auto proved = wire::prove_refusal(context_, zap_, socket_.endpoint(), config_.keys.public_key);
    if (!proved) return failed(proved.error().text);
    strangers_ = -zap_.refused();  // the stranger of the proof was ours
    poller_.add(socket_);
    spdlog::info("broker {} listens at {}", config_.name, config_.endpoint);
    while (!stop_ && !replaced_) step();
    shards_.leave();
    return replaced_ ? failed("another broker named " + config_.name + " took this one's place; names must differ") : 0;
  }

 private:
  static int failed(const std::string& text) {
    spdlog::error("{}", text);
    return 1;
  }

  // ---- its seat

  [[nodiscard]] bool is_away() const { return !waits_for_.empty(); }

  // Takes a seat and a share of the shards, and gives back what an earlier epoch leased. Where PostgreSQL does not
  // answer, once more after a while; the socket is served meanwhile.
  void sit() {
    const auto seated = shards_.sit();
    if (seated && *seated && give_back_leases_of(shards_.held())) {
      waits_for_.clear();
      wait_ms_ = shortest_wait_ms;
      dispatch_ = Dispatch(config_.rules, config_.name, shards_.newest_epoch());
      weights_.forget();
      weigh();
      learn_world_time();
      swept_us_ = steady_us();
      say_what_is_held("serves");
      return;
    }
    waits_for_ = seated ? "the shards' leases" : seated.error().text;
    spdlog::warn("waiting for PostgreSQL: {}", waits_for_);
    connection_.disconnect();
    sit_at_us_ = steady_us() + wait_ms_ * 1000;
    wait_ms_ = std::min(wait_ms_ * 2, longest_wait_ms);
  }

  void say_what_is_held(const char* what) const {
    std::string list;
    for (const int shard : shards_.held())
      list += (list.empty() ? "" : " ") + std::to_string(shard) + "@" + std::to_string(shards_.epoch_of(shard));
    spdlog::info("broker {} {} {} of {} shards (shard@epoch): {}", config_.name, what, shards_.held().size(),
                 shards_.live().size(), list.empty() ? "none" : list);
  }

  bool give_back_leases_of(const std::vector<int>& shards) {
    const auto leased = jobs_.leased(shards);
    if (!leased) return false;
    std::vector<ledger::jobs::Failure> failures;
    for (const auto& job : *leased)
      failures.push_back({job.key, job.token, "leased at an earlier epoch", 0, false, false});
    return failures.empty() || jobs_.give_back(failures).has_value();
  }

  // Renews the seat. Shards that came are served from now on; where one was taken from us, everything begins anew.
  void hold() {
    const auto held = shards_.hold();
    if (!held) return recover(held.error().text);
    switch (*held) {
      case Shards::Held::as_before:
        break;
      case Shards::Held::gained:
        if (!give_back_leases_of(shards_.gained())) return recover("PostgreSQL did not answer");
        release_anew();
        say_what_is_held("gained: now serves");
        break;
      case Shards::Held::lost:
        return recover("a shard was taken over");
      case Shards::Held::replaced:
        replaced_ = true;
        return;
    }
    share_evenly();
  }

  // Gives up as many shards as are too many for an even share: those with nothing in flight at once, others once that
  // has ended. What only waits here goes back: it might wait for a rate for hours.
  void share_evenly() {
    int missing = shards_.surplus() - static_cast<int>(shards_.draining().size());
    for (const bool idle : {true, false})
      for (const int shard : std::vector<int>(shards_.served())) {
        if (missing <= 0) break;
        if (idle != (dispatch_.in_hand(shard) == 0)) continue;
        shards_.drain(shard);
        dispatch_.give_back_shard(shard);
        --missing;
      }
    if (shards_.draining().empty()) return;
    act();  // nothing of them may wait here when somebody else has them
    if (is_away()) return;
    std::vector<int> quiet;
    for (const int shard : shards_.draining())
      if (dispatch_.in_hand(shard) == 0) quiet.push_back(shard);
    if (quiet.empty()) return;
    const auto given = shards_.give_up(quiet);
    if (!given) return recover(given.error().text);
    release_anew();
    say_what_is_held("gave some up: now serves");
  }

  // World time may not go on by itself where others hold shards: what was released ahead is taken back.
  void release_anew() {
    if (!releasing_.empty()) dispatch_.release(releasing_, {dispatch_.world_now(), {}}, steady_us());
  }

  // Nothing in memory counts any more: workers and clients register and ask again, what workers still hold is of an
  // earlier epoch, and their commits will be told so.
  void recover(const std::string& why) {
    spdlog::warn("{}; taking a seat anew", why);
    connection_.disconnect();
    shards_.forget();
    dispatch_ = Dispatch(config_.rules, config_.name, 0);
    releasing_.clear();
    waits_for_ = why;
    sit_at_us_ = steady_us();
  }

  // Who released it may be gone, and may never say it again: after the last bar nobody has a reason to. Asked again
  // with each sweep, where the ledger does not answer now.
  void learn_world_time() {
    if (const auto come = jobs_.world_come()) dispatch_.world_has_come(*come, steady_us());
  }

  void weigh() {
    for (const auto& [owner, weight] : weights_.news(steady_us())) dispatch_.weigh(owner, weight);
  }

  // ---- the loop

  void step() {
    if (is_away() && steady_us() >= sit_at_us_) sit();
    poller_.wait(std::chrono::milliseconds((until_next() + 999) / 1000));
    for (int i = 0; i < most_messages_a_round; ++i) {
      auto received = socket_.receive();
      if (!received) break;
      take(*received);
    }
    if (is_away()) return;
    if (steady_us() >= shards_.hold_again_us()) hold();
    act();
    if (!is_away() && steady_us() >= next_tick_us_) on_timers();
  }

  // Microseconds until something is to be done whoever is silent.
  std::int64_t until_next() {
    const std::int64_t now = steady_us();
    next_tick_us_ = std::min(next_tick_us_, dispatch_.next_tick_us(now));
    const std::int64_t next = is_away() ? sit_at_us_ : std::min(next_tick_us_, shards_.hold_again_us());
    return std::max<std::int64_t>(next - now, 0);
  }

  void on_timers() {
    const std::int64_t now = steady_us();
    next_tick_us_ = INT64_MAX;  // until_next() looks anew
    if (now - swept_us_ >= config_.rules.ttl_us) {
      swept_us_ = now;
      const auto& held = shards_.held();
      if (const auto leased = jobs_.leased(held)) dispatch_.leases_seen(held, *leased);
      learn_world_time();
    }
    weigh();
    dispatch_.tick(now);
    act();
    if (!shards_.draining().empty() && !is_away()) share_evenly();
  }

  void take(const wire::Received& received) {
    const auto peer = wire::peer_of(received.user_id);
    const auto message = schemas::decode(received.bytes);
    if (!peer || !message) {
      refuse(message ? "no role" : "unreadable", message ? "its peer has no role" : message.error().reason,
             received.user_id);
      return;
    }
    if (!may_say(peer->role, *message)) {
      refuse("wrong role", "its role may not say that", received.user_id);
      socket_.send(received.peer, schemas::encode(schemas::Refused{"a key of this role may not say that"}));
      return;
    }
    if (is_away()) return turn_away(received.peer, *message);
    std::visit(schemas::Overloaded{
                   [&](const schemas::Ready& m) { ready(received.peer, peer->name, m); },
                   [&](const schemas::Done& m) { dispatch_.done(received.peer, m, steady_us()); },
                   [&](const schemas::Failed& m) { dispatch_.failed(received.peer, m, steady_us()); },
                   [&](const schemas::Heartbeat&) { dispatch_.heard(received.peer, steady_us()); },
                   [&](const schemas::Goodbye& m) { dispatch_.goodbye(received.peer, m, steady_us()); },
                   [&](const schemas::Release& m) { release(received.peer, m); },
                   [&](const schemas::Submit& m) { submit(received.peer, m); },
                   [&](const schemas::HandedBack& m) { dispatch_.handed_back(received.peer, m, steady_us()); },
                   [&](const schemas::Cancel& m) { dispatch_.cancel(received.peer, m, steady_us()); },
                   [&](const schemas::Query&) { answer_query(received.peer); },
                   [](const auto&) {},
               },
               *message);
  }

  // Every one is counted, one a second is logged: a flood must not fill the disk.
  void refuse(const std::string& reason, const std::string& why, const std::string& user_id) {
    const std::int64_t so_far = ++refusals_[reason];
    const std::int64_t now = steady_us();
    if (now - refusal_said_us_ < refusals_apart_us) return;
    refusal_said_us_ = now;
    spdlog::warn("a message of {} was refused: {}; {} of that sort so far", user_id.empty() ? "nobody" : user_id, why,
                 so_far);
  }

  // While the store is away everybody gets an answer: when to ask again.
  void turn_away(const std::string& peer, const schemas::Message& message) {
    if (std::holds_alternative<schemas::Query>(message)) return answer_query(peer);
    const bool parts = std::holds_alternative<schemas::Goodbye>(message);
    const schemas::Message answer =
        parts ? schemas::Message(schemas::Goodbye{})
              : schemas::Refused{"unavailable: waiting for " + waits_for_, std::max(wait_ms_, shortest_wait_ms)};
    socket_.send(peer, schemas::encode(answer));
  }

  // Workers speak of their jobs; the feed, a client, alone releases world time; clients and operators submit and
  // cancel; everybody but workers may look; what a broker says nobody may say to it.
  static bool may_say(wire::Role role, const schemas::Message& message) {
    const auto is_one_of = [&]<class... M>(std::tuple<M...>*) { return (std::holds_alternative<M>(message) || ...); };
    using OfWorkers = std::tuple<schemas::Ready, schemas::Done, schemas::Failed, schemas::Heartbeat, schemas::Goodbye,
                                 schemas::HandedBack>;
    using OfOperators = std::tuple<schemas::Submit, schemas::Query, schemas::Cancel>;
    switch (role) {
      case wire::Role::worker:
        return is_one_of(static_cast<OfWorkers*>(nullptr));
      case wire::Role::client:
        return std::holds_alternative<schemas::Release>(message) || is_one_of(static_cast<OfOperators*>(nullptr));
      case wire::Role::operator_:
        return is_one_of(static_cast<OfOperators*>(nullptr));
      case wire::Role::approver:
        return std::holds_alternative<schemas::Query>(message);
    }
    return false;
  }

  // A name belongs to the key that registered with it, for as long as that worker is here: with another key nobody
  // takes its jobs from it, or has it thought dead.
  void ready(const std::string& peer, const std::string& key, const schemas::Ready& ready) {
    std::erase_if(named_, [this](const auto& one) { return !dispatch_.has_worker(one.first); });
    const auto holder = named_.find(ready.worker);
    if (holder != named_.end() && holder->second != key) {
      refuse("taken name", "a worker with another key is registered as " + ready.worker, "worker:" + key);
      return send(peer, schemas::Refused{"a worker with another key is registered as " + ready.worker +
                                         ": give each worker a name of its own"});
    }
    dispatch_.ready(peer, ready, steady_us());
    if (dispatch_.has_worker(ready.worker)) named_[ready.worker] = key;
  }

  void release(const std::string& peer, schemas::Release release) {
    releasing_ = peer;
    if (!shards_.holds_all()) release.ahead.clear();  // what others hold may have work before that
    dispatch_.release(peer, release, steady_us());
  }

  void submit(const std::string& peer, const schemas::Submit& submit) {
    const auto done = jobs_.submit_event(submit.owner, submit.instance, submit.event, submit.world_at);
    if (!done && done.error().failure != ledger::StoreFailure::refused) {
      recover(done.error().text);
      return turn_away(peer, submit);
    }
    using enum schemas::SubmitAnswer;
    schemas::Submitted answer{submit.instance, not_taken, ""};
    if (!done)
      answer.reason = done.error().text;
    else
      answer.answer = *done ? accepted : no_such_instance;
    if (answer.answer == no_such_instance) answer.reason = "no such instance, or it is finished";
    socket_.send(peer, schemas::encode(answer));
  }

  void answer_query(const std::string& peer) {
    auto view = dispatch_.view(steady_us());
    view.epoch = shards_.newest_epoch();
    view.shards = shards_.held();
    view.waits_for = waits_for_;
    auto refusals = refusals_;
    refusals["unknown key"] = zap_.refused() + strangers_;
    refusals["no CURVE"] = socket_.plain_peers();
    for (const auto& [reason, count] : refusals) {
      if (count > 0) view.refusals.push_back({reason, count});
      view.refused_peers += count;
    }
    socket_.send(peer, schemas::encode(view));
  }

  // Carries out orders until there are none: each answer may bring new ones.
  void act() {
    for (auto actions = dispatch_.take_actions(); !actions.empty() && !stop_; actions = dispatch_.take_actions())
      for (const auto& action : actions) {
        // Past the lease somebody else may serve these shards: whatever is ordered now is void.
        if (!shards_.may_serve(steady_us())) return recover("the lease ran out before it could be renewed");
        std::visit([this](const auto& order) { carry_out(order); }, action);
        if (is_away()) return;
      }
  }

  void carry_out(const dispatch::Send& order) {
    if (const auto* released = std::get_if<schemas::Released>(&order.message)) {
      schemas::Released whole = *released;
      whole.shards = shards_.held();
      whole.live = shards_.live();
      if (order.peer == releasing_) releasing_.clear();
      return send(order.peer, whole);
    }
    send(order.peer, order.message);
  }

  void send(const std::string& peer, const schemas::Message& message) {
    if (socket_.send(peer, schemas::encode(message)) != wire::SendResult::sent) dispatch_.gone(peer, steady_us());
  }

  void carry_out(const dispatch::ClaimNow& order) {
    // Whoever it was for has left since: what nobody can do is not leased.
    if (!dispatch_.has_workers()) return dispatch_.claimed({}, steady_us());
    auto claimed = claims_.carry_out(order, shards_.served(), dispatch_.world_now(), config_.name);
    if (!claimed) return recover(claimed.error().text);
    // The epoch comes with each job, from the same statement: another one than ours, and the shard was taken over.
    const auto ours = [this](const machines::LeasedJob& job) { return job.epoch == shards_.epoch_of(job.shard); };
    if (!std::all_of(claimed->begin(), claimed->end(), ours)) return hand_back(*claimed);
    const auto places = claims_.places_of(dispatch_, *claimed);
    if (!places) return recover(places.error().text);
    machines::Instant next_unheld;
    if (dispatch_.wants_next_unheld(*claimed)) {
      const auto asked = jobs_.next_unheld(shards_.held());
      if (!asked) return recover(asked.error().text);
      next_unheld = *asked;
    }
    dispatch_.claimed(std::move(*claimed), steady_us(), next_unheld, *places);
  }

  void hand_back(const std::vector<machines::LeasedJob>& jobs) {
    std::vector<ledger::jobs::Failure> failures;
    failures.reserve(jobs.size());
    for (const auto& job : jobs) failures.push_back({job.key, job.token, "its shard was taken over", 0, false, false});
    (void)jobs_.give_back(failures);  // else the new owner's sweep finds them
    recover("a shard was taken over");
  }

  void carry_out(const dispatch::AskDue& order) {
    const auto due = jobs_.due(shards_.held(), order.world_at);
    if (!due) return recover(due.error().text);
    dispatch_.due_is(*due, steady_us());
  }

  void carry_out(const dispatch::GiveBack& order) {
    const auto done = jobs_.give_back(order.failures);
    if (!done) recover(done.error().text);
  }

  const BrokerConfig& config_;
  const std::atomic<bool>& stop_;
  wire::Context context_;
  wire::ZapServer zap_;
  wire::RouterSocket socket_;
  wire::Poller poller_;
  ledger::Connection connection_;
  ledger::jobs::Jobs jobs_;
  Weights weights_;
  Shards shards_;
  Claims claims_{jobs_};
  Dispatch dispatch_;
  std::map<std::string, std::int64_t> refusals_;  // by reason
  std::map<std::string, std::string> named_;      // worker: the key that it registered with
  std::string releasing_;                         // the client that waits for a barrier; empty: none
  std::string waits_for_ = "its seat";            // empty: it is seated
  std::int64_t wait_ms_ = shortest_wait_ms, sit_at_us_ = 0;
  std::int64_t strangers_ = 0, swept_us_ = 0, next_tick_us_ = INT64_MAX;
  bool replaced_ = false;
  std::int64_t refusal_said_us_ = 0;
};

}  // namespace

std::string BrokerConfig::validate() const {
  if (endpoint.empty()) return "broker.endpoint is empty: name an ipc:// or tcp:// endpoint";
  if (dsn.empty()) return "dsn is empty: name a PostgreSQL connection string";
  if (keys.secret_key.empty()) return "broker.keys are missing";
  if (name.empty()) return "broker.name is empty: name each broker differently";
  if (rules.ttl_us < 2 * rules.heartbeat_us) return "broker.ttl must be at least two heartbeats";
  if (seat_ttl_ms < 300) return "broker.seat_ttl_ms must be at least 300";
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
