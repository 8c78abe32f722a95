#include "tests/simulation/house.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machines/core/names.hpp"
#include "tests/simulation/checks.hpp"

namespace tests::simulation {

// A run without faults takes a few seconds of simulated time and a few thousand steps.
constexpr std::int64_t longest_run_us = 900'000'000;
constexpr std::int64_t most_steps = 300'000;
constexpr std::int64_t opening_us = 5'000;

House::House(std::uint64_t seed, Plant plant, const std::vector<Fault>& faults, bool traces)
    : market_(draw_market(seed)),
      world_(seed, plant, faults, traces),
      books_(market_),
      store_(world_, books_),
      network_(world_),
      venue_(world_, market_, books_.funded) {
  start_broker();
  for (std::uint64_t n = 0; n < 2 + seed % 3; ++n) start_worker("worker-" + std::to_string(n + 1));
  feed_ = std::make_shared<Feed>(ground_);
  feed_->start();
  for (const Fault& fault : world_.plan.timed()) world_.after(fault.at, [this, fault] { strike(fault); });
}

void House::start_broker() {
  broker_ = std::make_shared<Broker>(ground_, "broker-" + std::to_string(++brokers_));
  network_.listen(broker_);
  broker_->start();
}

std::shared_ptr<Worker> House::make_worker(const std::string& name) {
  return std::make_shared<Worker>(ground_, name, [this](Worker& worker, const Fault& fault) { struck(worker, fault); });
}

void House::start_worker(const std::string& name) {
  workers_.push_back(make_worker(name));
  workers_.back()->start();
}

void House::struck(Worker& worker, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::crash_worker:
      return crash_worker(worker, fault.by);
    case FaultKind::lose_worker:
      return lose_worker(worker);
    case FaultKind::stall_worker:
      return worker.stall(fault.by);
    case FaultKind::steal_lease:
      return store_.steal_lease(fault.who);
    case FaultKind::raise_epoch:
      return store_.raise_epoch(fault.who);
    case FaultKind::second_broker:
      return second_broker(fault.by);
    default:
      CHECK(false);
  }
}

void House::crash_worker(Worker& worker, std::int64_t for_us) {
  worker.end();
  std::erase_if(twins_, [&](const auto& one) { return one.get() == &worker; });
  const auto is_it = [&](const auto& one) { return one.get() == &worker; };
  const auto found = std::find_if(workers_.begin(), workers_.end(), is_it);
  if (found == workers_.end()) return;
  world_.after(for_us, [this, name = worker.name()] { start_worker(name); });
  workers_.erase(found);
}

void House::lose_worker(Worker& worker) {
  if (workers_.size() < 2) return;
  worker.end();
  std::erase_if(twins_, [&](const auto& one) { return one.get() == &worker; });
  std::erase_if(workers_, [&](const auto& one) { return one.get() == &worker; });
}

void House::crash_broker(std::int64_t for_us) {
  if (!broker_) return;
  broker_.reset();
  world_.after(for_us, [this] { start_broker(); });
}

// The first one does not know: it goes on with the workers that it has.
void House::second_broker(std::int64_t for_us) {
  if (!broker_) return;
  world_.after(for_us, [old = broker_]() mutable { old.reset(); });
  start_broker();
}

void House::twin(const Fault& fault) {
  if (workers_.empty()) return;
  const auto twin = make_worker(workers_[fault.who % workers_.size()]->name());
  twins_.push_back(twin);
  twin->start();
  world_.after(fault.by, [this, weak = std::weak_ptr(twin)] { std::erase(twins_, weak.lock()); });
}

// At any step from the first bar on, not only at rest: the money is handed out before.
void House::stop_for(const Fault& fault) {
  if (books_.world_now < market_.bars.front().opens_at)
    return world_.after(opening_us, [this, fault] { stop_for(fault); });
  const machines::OwnerId one = books_.vaults[fault.who % books_.vaults.size()].owner;
  if (fault.kind == FaultKind::pause_owner) {
    books_.pause(one);
    return world_.after(fault.by, [this, one] { books_.lift(one, books_.world_now); });
  }
  const bool is_all = fault.kind == FaultKind::freeze_all;
  const auto level = is_all || fault.who % 2 == 0 ? machines::Frozen::all : machines::Frozen::entries;
  const machines::OwnerId whom = is_all ? machines::OwnerId{0} : one;
  books_.freeze(whom, level);
  world_.after(fault.by, [this, whom, level] { books_.thaw(whom, level); });
}

void House::strike(const Fault& fault) {
  world_.met(machines::name_of(fault.kind));
  world_.say("fault", [&] { return to_text(fault); });
  switch (fault.kind) {
    case FaultKind::jump_clock:
      return store_.jump_clock(fault.by);
    case FaultKind::crash_broker:
      return crash_broker(fault.by);
    case FaultKind::twin_worker:
      return twin(fault);
    case FaultKind::crash_venue:
      return venue_.crash(fault.by);
    case FaultKind::lose_keys:
      return world_.lose_keys(fault.by);
    case FaultKind::world_goes_on:
      return world_.go_on(fault.by);
    case FaultKind::pause_owner:
    case FaultKind::freeze_owner:
    case FaultKind::freeze_all:
      return stop_for(fault);
    default:
      CHECK(false);
  }
}

std::string House::standstill() const {
  std::string text =
      fmt::format("it does not end: {} steps, {} s, {}", world_.steps(), world_.now_us() / 1'000'000, feed_->where());
  int shown = 0;
  for (const auto& [key, job] : books_.ledger.rows().jobs)
    if (++shown <= 5)
      text +=
          fmt::format("; job {}.{}.{} {} ({}, attempt {}, tries {}) {}", key.instance.value, key.version, key.ordinal,
                      job.command, job.token.is_empty() ? "free" : "leased", job.attempt, job.tries, job.last_error);
  return text;
}

Outcome House::run() {
  const std::int64_t begun_us = world_.now_us();
  while (!world_.is_over() && world_.steps() < most_steps && world_.now_us() - begun_us < longest_run_us &&
         world_.step()) {
  }
  if (!world_.is_over()) world_.violate(standstill());
  if (world_.violation().empty())
    if (const std::string wrong = broken_promise(ground_); !wrong.empty()) world_.violate(wrong);
  Outcome outcome{world_.violation(), books_.ledger.digest(), world_.plan.extent(), world_.all_met(), world_.trace()};
  outcome.extent[Site::time] = world_.now_us() - begun_us;
  return outcome;
}

}  // namespace tests::simulation
