// tests/ledger/contention_test.cpp: random batches over many accounts, workers that answer jobs in any order while a
// broker gives the same jobs back, and an operator who pauses and resumes, all at once: nobody ever waits in a ring.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "ledger/jobs/jobs.hpp"
#include "ledger/journal/journal.hpp"
#include "tests/ledger/suite.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

constexpr int clients = 8;
constexpr int owners = 2;
constexpr std::int64_t accounts = 12;  // per owner: few, so that every batch meets others
constexpr std::int64_t tills = 24;     // per owner

struct Tally {
  std::atomic<int> batches = 0, committed = 0, stale = 0;
  std::atomic<int> failed = 0;  // a deadlock, or any other error
  std::string first_failure;    // of one client
};

int batches_wanted() {
  const char* given = std::getenv("BURSAR_INV35");
  return given != nullptr ? std::stoi(given) : 1'000;
}

class Contention : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    must_run(database_, "INSERT INTO ledger.asset VALUES (1, 'USDT', 8)");
    ledger::Connection connection(service());
    for (int owner = 1; owner <= owners; ++owner) {
      must_run(database_, fmt::format("INSERT INTO ledger.owner VALUES ({0}, 'owner {0}', {1}); INSERT INTO "
                                      "ledger.control (owner) VALUES ({0}); INSERT INTO ledger.account (owner, id, "
                                      "asset, path, limited) SELECT {0}, a, 1, 'a/' || a, false FROM "
                                      "generate_series(1, {2}) AS a",
                                      owner, ledger_shard, accounts));
      const std::vector<Step> births(tills, ordering(birth({owner}), "count", {1'000}));
      const auto results = ledger::journal::Journal(connection).commit(ledger_shard, 0, births);
      CHECK(results.has_value());
      for (const StepResult& result : *results) tills_.emplace_back(OwnerId{owner}, result.born.at(0));
    }
  }
  void TearDown() override {
    if (!database_.empty()) drop_database(database_);
  }

  [[nodiscard]] std::string service() const { return dsn(database_, "bursar_service"); }

  // Versions and epochs may be out of date by the time of the commit, which then is an outcome, never an error.
  std::vector<Step> any_batch(ledger::Connection& connection, std::mt19937& random) const {
    const auto rows = connection.run(
        "SELECT i.owner, i.id, i.version, (SELECT sum(c.epoch) FROM ledger.control c WHERE c.owner IN (0, i.owner)) "
        "FROM ledger.instance i WHERE i.kind = 'till' ORDER BY 1, 2");
    CHECK(rows.has_value() && rows->size() == static_cast<int>(tills_.size()));
    std::vector<Step> steps;
    const auto count = 1 + random() % 8;
    for (std::size_t n = 0; n < count; ++n) {
      const auto at = static_cast<int>(random() % tills_.size());
      const auto& [owner, till] = tills_[static_cast<std::size_t>(at)];
      Step step = next(owner, till, rows->number(at, 2));
      step.control_epoch = rows->number(at, 3);
      const auto legs = 1 + random() % 5;
      for (std::size_t leg = 0; leg < legs; ++leg) {
        const auto from = static_cast<std::int64_t>(1 + random() % accounts);
        const auto to =
            static_cast<std::int64_t>(1 + (from + static_cast<std::int64_t>(random() % (accounts - 1))) % accounts);
        if (from != to) step.postings.push_back(random() % 3 == 0 ? hold({from}, {to}, 2) : pay({from}, {to}, 3));
      }
      if (random() % 4 == 0) step = ordering(step, "count", {2'000});
      steps.push_back(step);
    }
    return steps;
  }

  // Claims a few jobs and answers them in any order, each with another fate, as a worker does.
  std::vector<Step> any_answers(ledger::Connection& connection, std::mt19937& random, std::vector<Step> batch) const {
    const int shards[] = {ledger_shard};
    const auto leased = ledger::jobs::Jobs(connection).claim(shards, {9'000}, 6, "worker");
    CHECK(leased.has_value());
    for (const LeasedJob& job : *leased) {
      Step step;
      step.owner = job.key.owner;
      const auto held = std::ranges::find(batch, job.key.owner, &Step::owner);
      if (held == batch.end()) continue;
      step.control_epoch = held->control_epoch;
      constexpr Fate fates[] = {Fate::done, Fate::kept, Fate::rearmed};
      step = answering(step, job, fates[random() % 3]);
      step.rearm_at = {3'000};
      batch.push_back(step);
    }
    std::ranges::shuffle(batch, random);
    return batch;
  }

  void write(unsigned seed, Tally& tally) const {
    ledger::Connection connection(service());
    ledger::journal::Journal journal(connection);
    std::mt19937 random(seed);
    while (tally.batches++ < batches_wanted()) {
      auto batch = any_batch(connection, random);
      if (random() % 2 == 0) batch = any_answers(connection, random, std::move(batch));
      const auto results = journal.commit(ledger_shard, epoch_, batch);
      if (!results && tally.failed++ == 0) tally.first_failure = results.error().text;
      if (!results) continue;
      for (const StepResult& result : *results) ++(result == committed ? tally.committed : tally.stale);
    }
  }

  // Gives back whatever anybody holds, as a broker does whose workers are silent, until the writers are through.
  void give_back(const std::atomic<bool>& over, Tally& tally) const {
    ledger::Connection connection(service());
    ledger::jobs::Jobs jobs(connection);
    const int shards[] = {ledger_shard};
    while (!over) {
      const auto leased = jobs.leased(shards);
      std::vector<ledger::jobs::Failure> back;
      if (leased)
        for (const auto& job : *leased) back.push_back({job.key, job.token, "a drill", 0, false, false});
      const auto given = jobs.give_back(back);
      if ((!leased || !given) && tally.failed++ == 0)
        tally.first_failure = leased ? given.error().text : leased.error().text;
      std::this_thread::yield();
    }
  }

  void pause_and_resume(const std::atomic<bool>& over, Tally& tally) const {
    ledger::Connection connection(acting_as(database_, "bursar_operator"));
    for (int round = 0; !over; ++round) {
      const int owner = 1 + round % owners;
      for (const std::string& order : {fmt::format("impose({}, 'pause', 'owner', '', '', 'ann', 'a drill')", owner),
                                       fmt::format("lift({}, 'pause', 'owner', '', 'ann', 'drill over')", owner)})
        if (const auto done = connection.run("SELECT ledger." + order); !done && tally.failed++ == 0)
          tally.first_failure = done.error().text;
      std::this_thread::yield();
    }
  }

  std::string database_;
  std::int64_t epoch_ = 0;
  std::vector<std::pair<OwnerId, InstanceId>> tills_;
};

TEST_F(Contention, Inv35RandomBatchesNeverDeadlockBesideClaimsAndPauses) {
  Tally tally;
  std::atomic<bool> over = false;
  std::vector<std::thread> writers;
  for (unsigned n = 1; n <= clients; ++n) writers.emplace_back([&, n] { write(n, tally); });
  std::thread broker([&] { give_back(over, tally); });
  std::thread operator_([&] { pause_and_resume(over, tally); });
  for (std::thread& writer : writers) writer.join();
  over = true;
  broker.join();
  operator_.join();
  EXPECT_EQ(tally.failed, 0) << tally.first_failure;
  EXPECT_GT(tally.committed, batches_wanted() / 10) << "nearly all were stale: nothing met";
  // A commit that was a victim asks again: the server's own count is what tells.
  const auto deadlocks =
      must_run(database_, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  EXPECT_EQ(deadlocks.number(0, 0), 0);
  EXPECT_EQ(must_run(database_, "SELECT coalesce(ledger.verify_sums(), ledger.verify_entries(), '')").text(0, 0), "");
  RecordProperty("committed", tally.committed);
}

}  // namespace
}  // namespace tests
