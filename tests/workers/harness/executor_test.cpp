// tests/workers/harness/executor_test.cpp: each instance is moved in the version that it is pinned to, or left alone; a
// request leaves only once its commit stands, and in time.
#include "workers/harness/executor.hpp"

#include <gtest/gtest.h>

#include "machines/core/names.hpp"

namespace workers::harness {
namespace {

using handlers::Commit;
using handlers::Decision;
using ledger::journal::Facts;
using machines::Fate;
using machines::InstanceId;
using machines::LeasedJob;
using machines::Move;
using machines::Subject;

constexpr InstanceId order{7}, cycle{3}, sleeve{2};

Move move_of(InstanceId id, std::string_view kind, std::int64_t version) {
  Move move;
  move.instance = Subject::of(id);
  move.kind = kind;
  move.version = version;
  return move;
}

// Orders that move the cycle that they belong to, in one version, and the sleeve, and bear a child.
class Known final : public handlers::Handler {
 public:
  explicit Known(int cycle_version) : cycle_version_(cycle_version) {}
  [[nodiscard]] schemas::Capability capability() const override { return {"order", 1, {}}; }
  [[nodiscard]] bool moves(std::string_view kind, int version) const override {
    return version == (kind == "sleeve_cycle" ? cycle_version_ : 1);
  }
  [[nodiscard]] bool is_pure(std::string_view) const override { return true; }
  Decision on_job(const LeasedJob& job, const Facts& facts) const override {
    Commit commit{handlers::step_for(job, facts, Fate::done), std::nullopt};
    Move birth;
    birth.instance = Subject::birth(1);
    birth.kind = "order";
    commit.step.moves = {move_of(order, "order", 1), move_of(cycle, "sleeve_cycle", 4), move_of(sleeve, "sleeve", 9),
                         std::move(birth)};
    return commit;
  }
  Decision on_answer(const LeasedJob& job, const Facts& facts, const handlers::Answer&) const override {
    return on_job(job, facts);
  }

 private:
  int cycle_version_;
};

class MindVersions : public testing::Test {
 protected:
  // What is decided of one job of an order whose cycle is pinned to `cycle_version` and its sleeve to `sleeve_version`.
  std::vector<Decided> decide(Handlers handlers, int cycle_version, int sleeve_version) {
    executor_.learn(std::move(handlers));
    LeasedJob job;
    job.key = {{1}, order, 1, 0};
    job.kind = "order";
    job.token = token_;
    executor_.assigned({{job}, {}});
    Facts facts;
    facts.kind = "order";
    facts.parent = cycle;
    facts.parent_kind = "sleeve_cycle";
    facts.parent_machine_version = cycle_version;
    facts.sleeve_instance = sleeve;
    facts.sleeve_machine_version = sleeve_version;
    auto decided = executor_.decide_group(
        [&](std::span<const LeasedJob> jobs) {
          return ledger::Stored<std::vector<std::optional<Facts>>>{
              std::vector<std::optional<Facts>>(jobs.size(), facts)};
        },
        false);
    EXPECT_TRUE(decided);
    return decided ? std::move(*decided) : std::vector<Decided>{};
  }
  static Handlers knowing(int cycle_version) {
    Handlers handlers;
    handlers.push_back(std::make_unique<Known>(cycle_version));
    return handlers;
  }

  machines::Token token_{{1, 2}};
  Executor executor_{{}, [] { return std::int64_t{0}; }, [] { return machines::Token{}; }};
};

TEST_F(MindVersions, OthersThatAStepMovesKeepTheVersionThatTheyArePinnedTo) {
  const auto decided = decide(knowing(2), 2, 1);
  ASSERT_EQ(decided.size(), 1U);
  const auto& moves = decided[0].step.moves;
  EXPECT_EQ(moves[0].machine_version, 1) << "the order's own";
  EXPECT_EQ(moves[1].machine_version, 2) << "its cycle's";
  EXPECT_EQ(moves[2].machine_version, 1) << "the sleeve's";
  EXPECT_EQ(moves[3].machine_version, 1) << "born now";
}

TEST_F(MindVersions, AnotherOfAnUnknownVersionIsLeftToAWorkerThatKnowsIt) {
  EXPECT_TRUE(decide(knowing(1), 2, 1).empty());
  const auto failures = executor_.take_failures();
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].token, token_);
  EXPECT_EQ(failures[0].reason, "this worker does not know sleeve_cycle v2");
  EXPECT_FALSE(failures[0].fatal);
  EXPECT_TRUE(decide(knowing(1), 1, 5).empty()) << "nor the sleeve's fifth";
}

// Places an order: its step keeps the job, and its request leaves then.
class Placing final : public handlers::Handler {
 public:
  [[nodiscard]] schemas::Capability capability() const override { return {"order", 1, {}}; }
  [[nodiscard]] bool is_pure(std::string_view) const override { return false; }
  Decision on_job(const LeasedJob& job, const Facts& facts) const override {
    Commit commit{handlers::step_for(job, facts, Fate::kept), schemas::PlaceOrder{}};
    commit.step.moves = {move_of(order, "order", 1)};
    return commit;
  }
  Decision on_answer(const LeasedJob& job, const Facts& facts, const handlers::Answer&) const override {
    return on_job(job, facts);
  }
};

class MindCalls : public testing::Test {
 protected:
  // A job that came at second 1 is decided; its commit comes to `results` at `at_us`. What is to be called then.
  std::vector<CallOut> calls(const ledger::Stored<std::vector<machines::StepResult>>& results, std::int64_t at_us) {
    Handlers handlers;
    handlers.push_back(std::make_unique<Placing>());
    executor_.learn(std::move(handlers));
    LeasedJob job;
    job.key = {{1}, order, 1, 0};
    job.kind = "order";
    job.token = {{1, 2}};
    now_us_ = 1'000'000;
    executor_.assigned({{job}, {}});
    Facts facts;
    facts.kind = "order";
    auto decided = executor_.decide_group(
        [&](std::span<const LeasedJob>) {
          return ledger::Stored<std::vector<std::optional<Facts>>>{std::vector<std::optional<Facts>>{facts}};
        },
        false);
    EXPECT_TRUE(decided && decided->size() == 1);
    now_us_ = at_us;
    (void)executor_.commit(std::move(*decided),
                           [&](int, std::int64_t, std::span<const machines::Step>) { return results; });
    return executor_.take_calls();
  }
  static ledger::Stored<std::vector<machines::StepResult>> came_to(machines::Outcome outcome) {
    return std::vector<machines::StepResult>{
        {outcome, outcome == machines::Outcome::refused ? machines::Refusal::frozen : machines::Refusal::none, {}}};
  }

  std::int64_t now_us_ = 0;
  Executor executor_{{}, [this] { return now_us_; }, [] { return machines::Token{}; }};
};

TEST_F(MindCalls, ARequestLeavesOnceItsCommitStandsAndBeforeItsDeadline) {
  const auto made = calls(came_to(machines::Outcome::committed), 2'499'999);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].send_by_us, 2'500'000) << "1.5 s after its job came";
}

// The word of a lease may come twice; its commit would stand twice, as the same.
TEST_F(MindCalls, ALeaseThatIsToldTwiceIsOneJob) {
  LeasedJob job;
  job.token = {{1, 2}};
  executor_.assigned({{job, job}, {}});
  executor_.assigned({{job}, {}});
  EXPECT_EQ(executor_.waiting(), 1U);
}

TEST_F(MindCalls, NothingLeavesAfterTheDeadlineAndTheJobGoesBack) {
  EXPECT_TRUE(calls(came_to(machines::Outcome::committed), 2'500'000).empty());
  ASSERT_EQ(executor_.take_failures().size(), 1U);
}

TEST_F(MindCalls, NothingLeavesWhereTheCommitDoesNotStand) {
  using machines::Outcome;
  for (const Outcome outcome : {Outcome::stale_version, Outcome::lost_lease, Outcome::stale_epoch, Outcome::refused})
    EXPECT_TRUE(calls(came_to(outcome), 1'000'001).empty()) << machines::name_of(outcome);
  for (const auto failure : {ledger::StoreFailure::doubt, ledger::StoreFailure::unavailable,
                             ledger::StoreFailure::refused, ledger::StoreFailure::conflict})
    EXPECT_TRUE(calls(machines::fail(ledger::StoreError{failure, "a test"}), 1'000'001).empty());
}

// The handlers are made anew by the code of the give-up, not by its words; and the broker is told the code.
TEST(GivingUp, WhatIsNotKnownHereAsksForNewHandlersInWhateverWords) {
  Executor executor(
      {}, [] { return 0; }, [] { return machines::Token{}; });
  handlers::GiveUp why{machines::CallError::retry_later, 0, "the sleeve is not known here yet"};
  executor.fail({}, why);
  EXPECT_FALSE(executor.take_stale_handlers());
  why = std::get<handlers::GiveUp>(handlers::not_known_here("some words"));
  executor.fail({}, why);
  EXPECT_TRUE(executor.take_stale_handlers());
  EXPECT_FALSE(executor.take_stale_handlers()) << "once";
  const auto told = executor.take_failures();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].code, machines::GiveUpCode::other);
  EXPECT_EQ(told[1].code, machines::GiveUpCode::not_known_here);
}

}  // namespace
}  // namespace workers::harness
