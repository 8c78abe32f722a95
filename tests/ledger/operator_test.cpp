// tests/ledger/operator_test.cpp: what an operator orders: pauses that stop dispatch, retries, parks and cancels, moves
// to a new machine version; and the count of what nothing will ever move. Each ends with an audit of the whole ledger.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "ledger/books/books.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "ledger/jobs/jobs.hpp"
#include "tests/ledger/treasury.hpp"
#include "tests/support/child.hpp"

namespace tests {
namespace {

using ledger::jobs::JobAdmin;
using ledger::jobs::Jobs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Operator : public Treasury {
 protected:
  void SetUp() override {
    Treasury::SetUp();
    if (database.empty()) return;
    connection.emplace(service());
    person.emplace(people());
  }
  // A live instance of this kind with one job.
  [[nodiscard]] InstanceId waiting(std::string_view command = "count", Instant at = {1'000},
                                   std::string_view kind = "till", std::string_view state = "open") const {
    Step step = ordering(birth(owner), command, at);
    step.moves[0].kind = kind;
    step.moves[0].to = state;
    return commit({step}).at(0).born.at(0);
  }
  void many_waiting(int count) const {
    std::vector<Step> steps;
    for (int n = 0; n < count; ++n) steps.push_back(ordering(birth(owner), "count", {1'000}));
    (void)commit(steps);
  }
  std::vector<LeasedJob> claim(Instant at = {1'000'000}, int limit = 100) {
    const int shard = ledger_shard;
    return Jobs(*connection).claim({&shard, 1}, at, limit, "b").value();
  }
  std::vector<std::int64_t> claimed(Instant at = {1'000'000}, int limit = 100) {
    std::vector<std::int64_t> ids;
    for (const LeasedJob& job : claim(at, limit)) ids.push_back(job.key.instance.value);
    return ids;
  }
  ledger::jobs::Due due(Instant at) {
    const int shard = ledger_shard;
    return Jobs(*connection).due({&shard, 1}, at).value();
  }
  [[nodiscard]] std::int64_t halt(const std::string& scope, const std::string& target) const {
    return ask_number(fmt::format("SELECT ledger.halt(1, '{}', '{}', 'ann', 'a drill')", scope, target));
  }
  [[nodiscard]] std::int64_t halt(InstanceId id) const { return halt("instance", std::to_string(id.value)); }
  void resume(const std::string& scope, const std::string& target) {
    EXPECT_GT(lift("pause", scope, target), 0);
    EXPECT_TRUE(JobAdmin(*person).free_held().has_value());
  }
  std::vector<std::string> states() {
    std::vector<std::string> states;
    const auto jobs = JobAdmin(*person).list({}, {1'000'000}, 100);
    for (const auto& job : jobs.value()) states.push_back(job.state);
    return states;
  }
  // What the interventions did, in order.
  [[nodiscard]] std::string interventions() const {
    return ask(
        "SELECT string_agg(format('%s %s by %s: %s', data::json ->> 'what', json_array_length(data::json -> 'jobs'), "
        "data::json ->> 'who', data::json ->> 'why'), '; ' ORDER BY instance) FROM ledger.transition WHERE kind = "
        "'intervention' AND event = 'carry_out'");
  }
  static machines::JobKey key_of(InstanceId id) { return {{1}, id, 1, 0}; }

  std::optional<ledger::Connection> connection, person;  // a broker\'s, an operator\'s
};

// ---- pauses that stop dispatch

TEST_F(Operator, WhatAPauseStopsIsNotClaimedAndItsTimersFireAfterIt) {
  const InstanceId one = waiting(), other = waiting(), timer = waiting("count", {500'000});
  ASSERT_GT(halt(one), 0);
  EXPECT_EQ(halt(one), 0) << "in force already";
  ASSERT_GT(halt(timer), 0);
  EXPECT_THAT(claimed({2'000}), ElementsAre(other.value));
  EXPECT_THAT(claimed({600'000}), IsEmpty());
  EXPECT_THAT(states(), ElementsAre("held", "leased", "held"));
  EXPECT_EQ(ask("SELECT held FROM ledger.job_counts(1000000)"), "2");
  resume("instance", std::to_string(timer.value));
  EXPECT_THAT(claimed({400'000}), IsEmpty()) << "its time has not come";
  EXPECT_THAT(claimed({600'000}), ElementsAre(timer.value));
  resume("instance", std::to_string(one.value));
  EXPECT_THAT(claimed(), ElementsAre(one.value));
}

TEST_F(Operator, AHeldJobStandsInTheWayOfWorldTime) {
  const InstanceId one = waiting();
  ASSERT_GT(halt("kind", "till"), 0);
  EXPECT_THAT(claimed(), IsEmpty());
  EXPECT_EQ(due({2'000}).next_due, (Instant{1'000}));
  const int shard = ledger_shard;
  EXPECT_EQ(Jobs(*connection).next_unheld({&shard, 1}).value(), (Instant{1'000}));
  resume("kind", "till");
  EXPECT_THAT(claimed(), ElementsAre(one.value));
}

TEST_F(Operator, Inv24APauseTakesTheLeaseOfWhatItStops) {
  const InstanceId one = waiting(), sent = waiting("place_order", {1'000}, "order", "sent");
  const auto leased = claim();
  ASSERT_THAT(leased, SizeIs(2));
  ASSERT_GT(halt(one), 0);
  ASSERT_GT(halt("kind", "order"), 0);
  EXPECT_EQ(commit({answering(next(owner, one, 1), leased[0])}).at(0), lost_lease);
  Step answer = answering(next(owner, sent, 1), leased[1]);
  answer.moves[0].kind = "order";
  answer.moves[0].from = "sent";
  EXPECT_EQ(commit({answer}).at(0), committed) << "it may have left: its answer is taken";
}

// A fill must not stay unbooked, nor a doubt open, for as long as a pause lasts.
TEST_F(Operator, AnOrderThatMayHaveLeftIsAskedAboutWhateverIsPaused) {
  const InstanceId drafted = waiting("place_order", {1'000}, "order", "drafted");
  const InstanceId doubt = waiting("query_order", {1'000}, "order", "in_doubt");
  const InstanceId resting = waiting("query_order", {1'000}, "order", "resting");
  const InstanceId leaving = waiting("cancel_order", {1'000}, "order", "cancelling");
  const auto leased = claim({1'000'000}, 2);  // the first two, before the pause
  ASSERT_THAT(leased, SizeIs(2));
  ASSERT_GT(halt("kind", "order"), 0);
  EXPECT_EQ(ask(fmt::format("SELECT token IS NOT NULL FROM ledger.job WHERE instance = {}", doubt.value)), "t");
  EXPECT_EQ(ask(fmt::format("SELECT shard < 0 FROM ledger.job WHERE instance = {}", drafted.value)), "t");
  EXPECT_THAT(claimed(), ElementsAre(resting.value, leaving.value));
  resume("kind", "order");
  EXPECT_THAT(claimed(), ElementsAre(drafted.value));
}

TEST_F(Operator, Inv24AfterAPauseHasReturnedNoClaimStartsWhatItStops) {
  for (int round = 0; round < 4; ++round) {
    many_waiting(200);
    std::atomic<bool> stop = false;
    std::vector<std::thread> claimers;
    for (int n = 0; n < 3; ++n)
      claimers.emplace_back([&] {
        ledger::Connection own(service());
        const int shard = ledger_shard;
        while (!stop) (void)Jobs(own).claim({&shard, 1}, {1'000'000}, 3, "b");
      });
    ASSERT_TRUE(wait_until([&] { return ask_number("SELECT count(*) FROM ledger.job WHERE token IS NOT NULL") > 20; }));
    ASSERT_GT(halt("kind", "till"), 0);
    const std::string at_return = ask("SELECT count(*) FROM ledger.job WHERE token IS NOT NULL");
    (void)waiting();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(ask("SELECT count(*) FROM ledger.job WHERE token IS NOT NULL"), at_return);
    EXPECT_EQ(at_return, "0");
    stop = true;
    for (std::thread& claimer : claimers) claimer.join();
    resume("kind", "till");
    must_run(database, "DELETE FROM ledger.job");
  }
}

TEST_F(Operator, AHeldBacklogKeepsNobodyElseWaiting) {
  many_waiting(900);
  const InstanceId other = waiting("count", {5'000}, "kiosk");
  ASSERT_GT(halt("kind", "till"), 0);
  std::vector<std::int64_t> got;
  for (int claims = 0; claims < 8 && got.empty(); ++claims) got = claimed({6'000}, 10);
  EXPECT_THAT(got, ElementsAre(other.value)) << "160 are set aside per claim of 10";
  EXPECT_THAT(claimed({6'000}, 10), IsEmpty());
  EXPECT_EQ(ask("SELECT held FROM ledger.job_counts(1000000)"), "900");
}

// ---- retry, park, cancel

TEST_F(Operator, RetryAndParkAreRecordedAndLeaveAloneWhatIsInFlight) {
  const InstanceId one = waiting(), two = waiting(), gone = waiting();
  const auto leased = claim();
  ASSERT_THAT(leased, SizeIs(3));
  ledger::jobs::Failure failure{leased[0].key, leased[0].token, "no answer", 60'000, true, true, "unknown_outcome"};
  ASSERT_EQ(Jobs(*connection).give_back({&failure, 1}).value(), 1);
  JobAdmin desk(*person);
  const auto shown = desk.find(key_of(one), {2'000}).value().at(0);
  EXPECT_EQ(shown.state + " " + shown.reason + " " + shown.error_class, "parked no answer unknown_outcome");
  EXPECT_EQ(shown.tries, 1);
  const std::vector<machines::JobKey> all = {key_of(one), key_of(two), key_of({gone.value + 99'999})};
  EXPECT_EQ(desk.park(all, "ann", "look first").value().changed, 0) << "parked, in flight, gone";
  EXPECT_EQ(interventions(), "") << "what changed nothing is no history";
  EXPECT_EQ(desk.retry(all, "ann", "the venue is back").value().changed, 1);
  EXPECT_THAT(claimed(), ElementsAre(one.value));
  EXPECT_EQ(ask_number("SELECT tries FROM ledger.job WHERE instance = " + std::to_string(one.value)), 0);
  failure = {leased[1].key, leased[1].token, "later", 60'000, false, true, "maintenance"};
  ASSERT_EQ(Jobs(*connection).give_back({&failure, 1}).value(), 1);
  EXPECT_GT(desk.find(key_of(two), {2'000}).value().at(0).wait_ms, 50'000);
  const auto of_class = [&](const std::string& word) {
    return desk.list({.error_class = word}, {2'000}, 100).value().size() * 10 +
           desk.groups({.error_class = word}, {2'000}).value().size();
  };
  EXPECT_EQ(of_class("maintenance"), 11U);
  EXPECT_EQ(of_class("waits_for_key"), 0U);
  EXPECT_EQ(desk.park(all, "bob", "not now").value().changed, 1);
  EXPECT_EQ(desk.find(key_of(two), {2'000}).value().at(0).reason, "parked by bob: not now");
  EXPECT_EQ(interventions(), "retry 1 by ann: the venue is back; park 1 by bob: not now");
}

TEST_F(Operator, FiltersFindWhatTheyName) {
  (void)waiting("place_order", {1'000}, "order", "drafted");
  (void)waiting("count", {900'000});
  const InstanceId parked = waiting();
  JobAdmin desk(*person);
  ASSERT_EQ(desk.park(std::vector{key_of(parked)}, "ann", "broken till").value().changed, 1);
  const auto count = [&](const ledger::jobs::Filter& filter) { return desk.list(filter, {2'000}, 100).value().size(); };
  EXPECT_EQ(count({}), 3U);
  EXPECT_EQ(count({.state = "parked"}), 1U);
  EXPECT_EQ(count({.state = "timer"}), 1U);
  EXPECT_EQ(count({.state = "ready"}), 1U);
  EXPECT_EQ(count({.kind = "till"}), 2U);
  EXPECT_EQ(count({.command = "place_order"}), 1U);
  EXPECT_EQ(count({.owner = "one"}), 3U);
  EXPECT_EQ(count({.owner = "two"}), 0U);
  EXPECT_EQ(count({.instance = parked.value}), 1U);
  EXPECT_EQ(count({.reason = "broken"}), 1U);
  EXPECT_EQ(count({.older_than_s = 3'600}), 0U);
  const auto groups = desk.groups({.kind = "till"}, {2'000}).value();
  EXPECT_THAT(groups, SizeIs(2));
}

TEST_F(Operator, ACancelledJobBecomesAnEventOfItsMachineOrNothingHappens) {
  const InstanceId order = waiting("place_order", {1'000}, "order", "drafted");
  JobAdmin desk(*person);
  EXPECT_EQ(desk.cancel(key_of(order), "sent", "cancel", "ann", "w").value(), "moved_on");
  EXPECT_EQ(desk.cancel(key_of({order.value + 99'999}), "drafted", "cancel", "ann", "w").value(), "moved_on");
  EXPECT_EQ(desk.cancel({{1}, order, 1, 7}, "drafted", "cancel", "ann", "w").value(), "gone");
  const auto leased = claim();
  EXPECT_EQ(desk.cancel(key_of(order), "drafted", "cancel", "ann", "w").value(), "in_flight");
  ledger::jobs::Failure back{leased[0].key, leased[0].token, "", 0, false, false};
  ASSERT_EQ(Jobs(*connection).give_back({&back, 1}).value(), 1);
  EXPECT_EQ(interventions(), "");
  EXPECT_EQ(desk.cancel(key_of(order), "drafted", "cancel", "ann", "wrong side").value(), "");
  const auto left = claim();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_TRUE(left[0].is_event);
  EXPECT_EQ(left[0].command, "cancel");
  EXPECT_EQ(interventions(), "cancel 1 by ann: wrong side");
}

// ---- machine versions

TEST_F(Operator, AMigratedInstanceIsHistoryAndGoesToWorkersOfItsVersion) {
  const InstanceId one = waiting(), other = waiting();
  const auto migrate = [&](InstanceId id, const char* from_state) {
    return ask(
        fmt::format("SELECT ledger.migrate_instance(1, {}, 'till', 1, 2, '{}', 'ajar', false)", id.value, from_state));
  };
  EXPECT_EQ(migrate(one, "shut"), "moved_on");
  const auto leased = claim();
  EXPECT_EQ(migrate(one, "open"), "in_flight");
  for (const LeasedJob& job : leased) {
    EXPECT_EQ(job.machine_version, 1);
    ledger::jobs::Failure back{job.key, job.token, "", 0, false, false};
    ASSERT_EQ(Jobs(*connection).give_back({&back, 1}).value(), 1);
  }
  EXPECT_EQ(migrate(one, "open"), "");
  EXPECT_EQ(migrate(one, "open"), "moved_on") << "once";
  EXPECT_EQ(ask(fmt::format("SELECT format('%s %s %s %s', event, from_state, to_state, machine_version) FROM "
                            "ledger.transition WHERE instance = {} AND version = 2",
                            one.value)),
            "migrated open ajar 2");
  for (const LeasedJob& job : claim()) EXPECT_EQ(job.machine_version, job.key.instance == one ? 2 : 1);
  EXPECT_EQ(ask(fmt::format("SELECT machine_version FROM ledger.instance WHERE id = {}", other.value)), "1");
}

// ---- what a person sees

// Counted in rows that PostgreSQL read, never in time.
TEST_F(Operator, TheFirstOfManyJobsAreListedWithoutReadingThemAll) {
  constexpr int all = 1'000;
  many_waiting(all);
  must_run(database, "ANALYZE");
  const auto rows_read = [&] {
    for (int look = 0; look < 2; ++look) CHECK(person->run("SELECT pg_stat_force_next_flush()").has_value());
    return must_run(database,
                    "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'ledger') + (SELECT "
                    "sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'ledger')")
        .number(0, 0);
  };
  const std::int64_t before = rows_read();
  EXPECT_THAT(JobAdmin(*person).list({}, {1'000'000}, 50).value(), SizeIs(50));
  EXPECT_LT(rows_read() - before, all / 2);
}

// ---- no stuck work

TEST_F(Operator, Inv4WhatNothingWillMoveIsNamedHoweverSmallTheSlices) {
  const InstanceId one = waiting(), two = waiting();
  const auto looked = [&](std::int64_t slice) {
    std::string names;
    std::int64_t owner_id = 0, id = 0;
    std::string kind;
    for (int slices = 0; slices < 100; ++slices) {
      const auto rows = must_run(
          database, fmt::format("SELECT owner, kind, instance, is_stranded, looked_at FROM ledger.look_for_stranded("
                                "{}, '{}', {}, {})",
                                owner_id, kind, id, slice));
      if (rows.empty()) return names;
      for (int row = 0; row < rows.size(); ++row) {
        if (rows.flag(row, 3) && rows.text(row, 1) == "till" && rows.number(row, 2) >= one.value)
          names += std::to_string(rows.number(row, 2)) + " ";
        owner_id = rows.number(row, 0);
        kind = rows.text(row, 1);
        id = rows.number(row, 2);
      }
    }
    return std::string("no end");
  };
  EXPECT_EQ(looked(1), "");
  must_run(database, fmt::format("DELETE FROM ledger.job WHERE instance = {}", two.value));
  for (const std::int64_t slice : {1, 2, 1'000}) EXPECT_EQ(looked(slice), std::to_string(two.value) + " ") << slice;
  bool named = false;
  const auto found = ledger::books::Books(*person).stranded();
  for (const auto& stranded : found.value()) named = named || stranded.id == two;
  EXPECT_TRUE(named);
  ASSERT_GT(halt(one), 0);
  EXPECT_THAT(claimed(), IsEmpty());
  EXPECT_EQ(looked(10), std::to_string(two.value) + " ") << "what is held waits in sight";
}

}  // namespace
}  // namespace tests
