#include "workers/harness/run_alone.hpp"

#include <chrono>
#include <thread>

#include "ledger/books/books.hpp"
#include "ledger/books/treasury.hpp"
#include "ledger/jobs/jobs.hpp"
#include "ledger/journal/epochs.hpp"
#include "ledger/journal/journal.hpp"
#include "machines/core/names.hpp"
#include "schemas/codec/data.hpp"
#include "workers/handlers/allocation.hpp"

namespace workers::harness {
namespace {

using ledger::Stored;
using ledger::StoreError;
using ledger::StoreFailure;

machines::Failure<StoreError> refused(std::string text) {
  return machines::fail(StoreError{StoreFailure::refused, std::move(text)});
}

Stored<Moved> look_at(ledger::Connection& connection, machines::InstanceId id) {
  const auto views = ledger::books::Books(connection).instance(id);
  if (!views) return machines::fail(views.error());
  Moved movement;
  movement.instance = id;
  if (views->empty()) return movement;
  movement.settled = views->front().state == "settled";
  movement.refused = views->front().state == "refused";
  if (const auto data = schemas::parse_allocation(views->front().data)) movement.reason = data->reason;
  return movement;
}

Stored<Moved> wait_for(ledger::Connection& connection, machines::InstanceId id) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto movement = look_at(connection, id);
  while (movement && !movement->settled && !movement->refused && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    movement = look_at(connection, id);
  }
  return movement;
}

// The lease of our own job, once nobody else can hold one: taking the shards over ends every earlier lease.
Stored<machines::LeasedJob> lease(ledger::Connection& connection, int shard, machines::InstanceId id,
                                  machines::Instant world_at) {
  ledger::jobs::Jobs jobs(connection);
  const auto epoch = jobs.own_shards("bursar vault");
  if (!epoch) return machines::fail(epoch.error());
  const int shards[] = {shard};
  auto leased = jobs.claim(shards, world_at, 1000, "bursar vault");
  if (!leased) return machines::fail(leased.error());
  std::optional<machines::LeasedJob> own;
  std::vector<ledger::jobs::Failure> others;
  for (const machines::LeasedJob& job : *leased)
    if (job.key.instance == id)
      own = job;
    else
      others.push_back({job.key, job.token, "not for this hand", 0, false, false});
  if (const auto given = jobs.give_back(others); !given) return machines::fail(given.error());
  if (!own) return refused("the job can't be claimed");
  return *own;
}

Stored<bool> do_alone(ledger::Connection& connection, int shard, machines::InstanceId id, machines::Instant world_at) {
  const auto job = lease(connection, shard, id, world_at);
  if (!job) return machines::fail(job.error());
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  ledger::journal::Journal journal(connection);
  const auto facts = journal.facts({&*job, 1});
  if (!facts) return machines::fail(facts.error());
  if (!facts->front()) return refused("the movement can't be read back");
  const auto decision = workers::handlers::AllocationHandler(*sleeves).on_job(*job, *facts->front());
  const auto* commit = std::get_if<workers::handlers::Commit>(&decision);
  if (commit == nullptr) {
    const auto* given_up = std::get_if<workers::handlers::GiveUp>(&decision);
    return refused(given_up != nullptr ? given_up->reason : "the movement can't be decided");
  }
  const auto results = journal.commit(shard, job->epoch, {&commit->step, 1});
  if (!results) return machines::fail(results.error());
  if (results->front().outcome == machines::Outcome::committed) return true;
  return refused(std::string(machines::name_of(results->front().outcome)) + " " +
                 std::string(machines::name_of(results->front().refusal)));
}

}  // namespace

machines::Step allocation_step(machines::OwnerId owner, const machines::allocation::Data& data,
                               machines::SleeveId sleeve, machines::Instant at) {
  machines::Step step;
  step.owner = owner;
  step.world_at = at;
  machines::Move move;
  move.instance = machines::Subject::birth(1);
  move.kind = "allocation";
  move.to = machines::name_of(machines::allocation::State::requested);
  move.event = machines::name_of(machines::allocation::Event::request);
  move.command = machines::name_of(machines::allocation::Command::allocate);
  move.sleeve = sleeve;
  move.data = schemas::write_allocation(data);
  step.jobs.push_back({move.instance, move.command, false, at, {}});
  step.moves.push_back(std::move(move));
  return step;
}

Stored<Moved> do_movement(ledger::Connection& connection, bool house_may_run, machines::OwnerId owner,
                          machines::SleeveId sleeve, const machines::allocation::Data& data) {
  const auto at = ledger::journal::world_now(connection);
  if (!at) return machines::fail(at.error());
  const auto epochs = ledger::journal::epochs_of(connection, owner);
  if (!epochs) return machines::fail(epochs.error());
  if (!*epochs) return refused("no such owner");
  const int shard = (*epochs)->shard;
  machines::Step step = allocation_step(owner, data, sleeve, *at);
  step.control_epoch = (*epochs)->control_epoch;
  const auto results = ledger::journal::Journal(connection).commit(shard, (*epochs)->epoch, {&step, 1});
  if (!results) return machines::fail(results.error());
  if (results->front().outcome != machines::Outcome::committed)
    return refused(std::string(machines::name_of(results->front().outcome)) + " " +
                   std::string(machines::name_of(results->front().refusal)));
  const machines::InstanceId id = results->front().born.front();
  if (house_may_run) return wait_for(connection, id);
  if (const auto done = do_alone(connection, shard, id, *at); !done) return machines::fail(done.error());
  return look_at(connection, id);
}

}  // namespace workers::harness
