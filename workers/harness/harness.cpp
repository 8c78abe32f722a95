#include "workers/harness/harness.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <thread>

#include "brokers/wire/socket.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/migrations.hpp"
#include "machines/core/names.hpp"
#include "workers/harness/foresight.hpp"
#include "workers/venues/paper/client.hpp"

namespace workers::harness {
namespace {

using handlers::Decision;
using ledger::journal::Facts;
using machines::LeasedJob;
using machines::Outcome;
using schemas::DoneKind;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A job in hand: fresh, or with the answer to the call that it made.
struct Work {
  LeasedJob job;
  std::optional<handlers::Answer> answer;
  std::int64_t came_us = 0;
  int eager = 0;                  // how many follow-ups in a row led here
  machines::Instant alone_until;  // up to here nothing else is open; 0: not known
};

// A decided step and the work it came from.
struct Decided {
  Work work;
  machines::Step step;
  std::optional<schemas::VenueMessage> then_call;
};

class Worker {
 public:
  Worker(const WorkerConfig& config, const MakeHandlers& make_handlers, const std::atomic<bool>& stop)
      : config_(config),
        make_handlers_(make_handlers),
        stop_(stop),
        links_(context_, config.brokers, config.keys),
        connection_(config.dsn),
        journal_(connection_),
        venue_(context_, {config.venue.endpoint, config.keys, config.venue.server_public_key,
                          std::chrono::milliseconds(config.venue.timeout_ms)}) {}

  int run() {
    load_handlers();
    links_.connect(ready());
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
        handlers_ = std::move(*made);
        return;
      }
      spdlog::warn("waiting for PostgreSQL: {}", made.error().text);
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    }
  }

  [[nodiscard]] schemas::Ready ready() const {
    schemas::Ready ready;
    ready.worker = config_.name;
    ready.schema = ledger::newest_migration();
    for (const auto& handler : handlers_) ready.capabilities.push_back(handler->capability());
    ready.pure_credit = config_.pure_credit;
    ready.outside_credit = config_.outside_credit;
    return ready;
  }

  // ---- the loop

  void step() {
    wait();
    drain();
    take_answers();
    if (!queue_.empty() && group_is_full_enough()) work_off();
    links_.liveness();
  }

  void wait() {
    if (!queue_.empty() && group_is_full_enough()) return;
    const std::int64_t now = steady_us();
    std::int64_t until = links_.wait_until_us(now);
    if (!queue_.empty()) until = std::min(until, gathers_until_us());
    poller_.clear();
    links_.add_to(poller_);
    if (!calls_.empty()) {
      venue_.add_to(poller_);
      until = std::min<std::int64_t>(until, now + venue_.wait_at_most(std::chrono::steady_clock::now()).count() * 1000);
    }
    poller_.wait(std::chrono::milliseconds(std::max<std::int64_t>((until - now + 999) / 1000, 0)));
  }

  // One step at once when idle.
  [[nodiscard]] bool group_is_full_enough() const {
    return static_cast<int>(queue_.size()) >= config_.group_steps || steady_us() >= gathers_until_us();
  }

  // After a full group, a moment for the next one to fill; while a call has just left, a moment for its answer.
  [[nodiscard]] std::int64_t gathers_until_us() const {
    return std::max(was_full_ ? group_until_us_ : 0, calls_.empty() ? 0 : called_us_ + config_.group_us);
  }

  void drain() {
    for (const schemas::Assign& assign : links_.receive())
      for (const LeasedJob& job : assign.jobs)
        queue_.push_back({job, std::nullopt, steady_us(), 0, assign.alone_until});
  }

  // What the venue said, or did not say in time: work again, at the head of the queue.
  void take_answers() {
    if (calls_.empty()) return;
    for (auto& finished : venue_.poll(std::chrono::steady_clock::now())) {
      const auto call = calls_.find(finished.correlation);
      if (call == calls_.end()) continue;
      queue_.push_front({std::move(call->second), answer_of(finished), steady_us(), 0, {}});
      calls_.erase(call);
    }
  }

  static handlers::Answer answer_of(const venues::paper::Finished& finished) {
    if (const auto* error = std::get_if<machines::CallError>(&finished.outcome)) return *error;
    const auto& message = std::get<schemas::VenueMessage>(finished.outcome);
    if (const auto* report = std::get_if<schemas::OrderReport>(&message)) return *report;
    return machines::CallError::unknown_outcome;
  }

  // A write must leave before `send_by`, or never.
  void call(const LeasedJob& job, const schemas::VenueMessage& request,
            std::optional<venues::paper::SteadyTime> send_by = std::nullopt) {
    if (config_.venue.endpoint.empty())
      return fail(job, {machines::CallError::fatal_auth, 0, "this worker calls no venue", true});
    called_us_ = steady_us();
    calls_.emplace(venue_.start(request, std::chrono::steady_clock::now(), send_by), job);
  }

  // Calls in flight are finished first, within their deadlines; what has not begun is handed back.
  void leave() {
    std::vector<machines::Token> unstarted;
    put_aside(unstarted, false);
    while (!calls_.empty()) {
      wait();
      take_answers();
      if (!queue_.empty()) work_off();
      drain();
      put_aside(unstarted, false);
      links_.liveness();
    }
    drain();
    put_aside(unstarted, true);
    links_.leave(unstarted);
  }

  // Takes from the queue what has not begun, or, where an answer came and PostgreSQL is away, all: the next attempt
  // asks the venue first.
  void put_aside(std::vector<machines::Token>& unstarted, bool all) {
    std::erase_if(queue_, [&](const Work& work) {
      if (!all && work.answer) return false;
      unstarted.push_back(work.job.token);
      return true;
    });
  }

  // ---- one group

  // Takes up to group_steps works of the first one's shard and epoch.
  std::vector<Work> next_group() {
    std::vector<Work> group;
    const int shard = queue_.front().job.shard;
    const std::int64_t epoch = queue_.front().job.epoch;
    std::deque<Work> rest;
    while (!queue_.empty()) {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      const bool fits =
          static_cast<int>(group.size()) < config_.group_steps && work.job.shard == shard && work.job.epoch == epoch;
      if (fits)
        group.push_back(std::move(work));
      else
        rest.push_back(std::move(work));
    }
    queue_ = std::move(rest);
    return group;
  }

  void work_off() {
    std::vector<Work> group = next_group();
    was_full_ = static_cast<int>(group.size()) >= config_.group_steps / 2;
    auto facts = facts_of(group);
    if (!facts && facts.error().failure == ledger::StoreFailure::refused) return refuse(group, facts.error());
    if (!facts) return hold_on(std::move(group), facts.error());
    std::vector<Decided> decided;
    for (std::size_t at = 0; at < group.size(); ++at) decide(std::move(group[at]), (*facts)[at], decided);
    if (!decided.empty()) commit(std::move(decided));
    flush();
    group_until_us_ = steady_us() + config_.group_us;
  }

  // The facts that each work of the group is decided from. Where nothing else is open, that may be for a later time.
  ledger::Stored<std::vector<std::optional<Facts>>> facts_of(std::vector<Work>& group) {
    std::vector<LeasedJob> jobs;
    jobs.reserve(group.size());
    for (const Work& work : group) jobs.push_back(work.job);
    if (!may_look_ahead(group)) return journal_.facts(jobs);
    const auto ask = [this](const LeasedJob& job, const Facts& facts) {
      return handler_of(job.kind)->on_job(job, facts);
    };
    auto seen = look_ahead(journal_, ask, jobs, group.front().alone_until, config_.most_looks);
    if (!seen) return machines::fail(seen.error());
    for (Work& work : group) work.job.world_at = seen->at;
    return std::move(seen->facts);
  }

  // Fresh timers of one world time, all that the broker sent, and it sent all that is open.
  [[nodiscard]] bool may_look_ahead(const std::vector<Work>& group) const {
    const Work& first = group.front();
    if (!queue_.empty() || !calls_.empty()) return false;
    return std::all_of(group.begin(), group.end(), [&](const Work& work) {
      const handlers::Handler* handler = handler_of(work.job.kind);
      return work.alone_until > work.job.world_at && work.alone_until == first.alone_until && !work.answer &&
             work.job.world_at == first.job.world_at && !work.job.is_event && handler != nullptr &&
             handler->is_pure(work.job.command);
    });
  }

  // PostgreSQL is away: nothing was done. The works go back where they were; their leases live on with us.
  void hold_on(std::vector<Work> group, const ledger::StoreError& error) {
    spdlog::warn("PostgreSQL: {}", error.text);
    for (auto work = group.rbegin(); work != group.rend(); ++work) queue_.push_front(std::move(*work));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  // PostgreSQL says no, and would say it again: each job goes back for a while, and is parked in the end.
  void refuse(const std::vector<Work>& group, const ledger::StoreError& error) {
    for (const Work& work : group) fail(work.job, {machines::CallError::rejected, 0, error.text, false});
    flush();
  }

  void decide(Work work, const std::optional<Facts>& facts, std::vector<Decided>& decided) {
    const LeasedJob& job = work.job;
    if (!facts) return fail(job, {machines::CallError::rejected, 0, "no such instance", true});
    const handlers::Handler* handler = handler_of(job.kind);
    if (handler == nullptr)
      return fail(job, {machines::CallError::rejected, 0, "this worker does not know " + job.kind, true});
    Decision decision = work.answer ? handler->on_answer(job, *facts, *work.answer) : handler->on_job(job, *facts);
    if (auto* commit = std::get_if<handlers::Commit>(&decision)) {
      decided.push_back({std::move(work), std::move(commit->step), std::move(commit->then_call)});
    } else if (auto* asks = std::get_if<handlers::Call>(&decision)) {
      call(job, asks->request);
    } else {
      fail(job, std::get<handlers::GiveUp>(decision));
    }
  }

  const handlers::Handler* handler_of(const std::string& kind) const {
    for (const auto& handler : handlers_)
      if (handler->capability().kind == kind) return handler.get();
    return nullptr;
  }

  void fail(const LeasedJob& job, const handlers::GiveUp& why) {
    if (why.reason.find("not known here") != std::string::npos) stale_handlers_ = true;
    links_.failed({job.token, why.error, why.retry_after_ms, why.reason, why.fatal});
  }

  // Mints the leases of pure follow-ups that are due: they stay with this worker, a few in a row.
  void mint(Decided& one) {
    if (one.work.eager >= config_.most_eager || stop_) return;
    for (machines::JobOrder& order : one.step.jobs) {
      if (order.is_event || order.world_at > one.work.job.world_at) continue;
      const auto move = std::find_if(one.step.moves.begin(), one.step.moves.end(),
                                     [&](const machines::Move& m) { return m.instance == order.instance; });
      const handlers::Handler* handler = handler_of(std::string(move->kind));
      if (handler != nullptr && handler->is_pure(order.command)) order.eager = ledger::fresh_token();
    }
  }

  void commit(std::vector<Decided> decided) {
    std::vector<machines::Step> steps;
    steps.reserve(decided.size());
    for (Decided& one : decided) {
      mint(one);
      steps.push_back(one.step);
    }
    const LeasedJob& first = decided.front().work.job;
    auto results = journal_.commit(first.shard, first.epoch, steps);
    for (int tries = 0; !results && results.error().failure == ledger::StoreFailure::conflict && tries < 10; ++tries)
      results = journal_.commit(first.shard, first.epoch, steps);
    if (!results && results.error().failure == ledger::StoreFailure::refused)
      return one_by_one(std::move(decided), results.error());
    if (!results) return in_doubt(decided, results.error());
    for (std::size_t at = 0; at < decided.size(); ++at) conclude(decided[at], (*results)[at]);
  }

  // The whole call was refused, so nothing stands. Alone, a bad step sinks none but itself.
  void one_by_one(std::vector<Decided> decided, const ledger::StoreError& error) {
    if (decided.size() == 1)
      return fail(decided.front().work.job, {machines::CallError::rejected, 0, error.text, false});
    for (Decided& one : decided) {
      std::vector<Decided> alone;
      alone.push_back(std::move(one));
      commit(std::move(alone));
    }
  }

  // The outcome is unknown (or nothing stands): never sent again from here. The broker gives each job back if its row
  // still carries our token; where the commit stood, the row is gone.
  void in_doubt(const std::vector<Decided>& decided, const ledger::StoreError& error) {
    spdlog::warn("a commit of {} steps is in doubt: {}", decided.size(), error.text);
    for (const Decided& one : decided) links_.done(one.work.job.token, DoneKind::doubt);
  }

  void conclude(Decided& one, const machines::StepResult& result) {
    const LeasedJob& job = one.work.job;
    switch (result.outcome) {
      case Outcome::committed:
        return committed(one, result);
      case Outcome::stale_version:
      case Outcome::stale_epoch:
        // Somebody moved the instance, or a pause came: decide again from fresh facts, if the lease still stands.
        return fail(job, {machines::CallError::retry_later, 1, std::string(machines::name_of(result.outcome)), false});
      case Outcome::lost_lease:
        links_.done(job.token, DoneKind::doubt);
        return;
      case Outcome::refused:
        return fail(job, {machines::CallError::rejected, 0, "refused: " + result.refusal, false});
    }
  }

  void committed(Decided& one, const machines::StepResult& result) {
    const LeasedJob& job = one.work.job;
    if (one.step.fate == machines::Fate::kept) return send_now(one);
    for (std::size_t at = 0; at < one.step.jobs.size(); ++at) {
      const machines::JobOrder& order = one.step.jobs[at];
      if (order.eager.is_empty()) continue;
      LeasedJob minted = minted_job(one, order, at, result);
      links_.minted(job.token, minted);
      queue_.push_back({std::move(minted), std::nullopt, steady_us(), one.work.eager + 1, {}});
    }
    links_.done(job.token, kind_of(one.step));
  }

  static DoneKind kind_of(const machines::Step& step) {
    if (step.fate == machines::Fate::rearmed) return DoneKind::rearmed;
    const auto is_for_others = [&](const machines::JobOrder& order) {
      return order.eager.is_empty() && order.world_at <= step.world_at;
    };
    return std::any_of(step.jobs.begin(), step.jobs.end(), is_for_others) ? DoneKind::done : DoneKind::settled;
  }

  static LeasedJob minted_job(const Decided& one, const machines::JobOrder& order, std::size_t at,
                              const machines::StepResult& result) {
    const auto& moves = one.step.moves;
    const auto move =
        std::find_if(moves.begin(), moves.end(), [&](const machines::Move& m) { return m.instance == order.instance; });
    int ordinal = 0;
    for (std::size_t before = 0; before < at; ++before) ordinal += one.step.jobs[before].instance == order.instance;
    LeasedJob job = one.work.job;
    const auto id = order.instance.is_birth() ? result.born.at(static_cast<std::size_t>(order.instance.born - 1))
                                              : order.instance.id;
    job.key = {one.step.owner, id, move->version + 1, ordinal};
    job.token = order.eager;
    job.kind = move->kind;
    job.command = order.command;
    job.is_event = false;
    job.world_at = order.world_at;
    job.attempt = 1;
    job.tries = 0;
    return job;
  }

  // "Sent" stands. The request leaves now, unless the moment has passed: then the job goes back and the next attempt
  // asks first.
  void send_now(Decided& one) {
    const std::int64_t left_us = one.work.came_us + config_.send_deadline_ms * 1000 - steady_us();
    if (left_us <= 0 || !one.then_call)
      return fail(one.work.job, {machines::CallError::retry_later, 1, "the send deadline had passed", false});
    call(one.work.job, *one.then_call, std::chrono::steady_clock::now() + std::chrono::microseconds(left_us));
  }

  void flush() {
    links_.flush();
    if (std::exchange(stale_handlers_, false)) load_handlers();
  }

  const WorkerConfig& config_;
  const MakeHandlers& make_handlers_;
  const std::atomic<bool>& stop_;
  brokers::wire::Context context_;
  BrokerLinks links_;
  brokers::wire::Poller poller_;
  ledger::Connection connection_;
  ledger::journal::Journal journal_;
  Handlers handlers_;
  venues::paper::VenueClient venue_;
  std::map<std::uint64_t, LeasedJob> calls_;  // in flight at the venue, by correlation
  std::deque<Work> queue_;
  bool was_full_ = false, stale_handlers_ = false;
  std::int64_t group_until_us_ = 0, called_us_ = 0;
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
