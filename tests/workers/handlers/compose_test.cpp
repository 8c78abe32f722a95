// tests/workers/handlers/compose_test.cpp: machine-local steps put together into one: births are numbered in order,
// postings keep their legs, and rows become the facts of a cycle.
#include "tests/workers/handlers/sample.hpp"

namespace tests::handlers {
namespace {

namespace cycle = machines::sleeve_cycle;
using machines::Subject;
using workers::handlers::cycle_facts;

machines::Posting sweep(machines::Int128 minor) {
  return {machines::PostingKind::single, {11}, {18}, dollars(minor), "sweep", {}};
}

cycle::Data data() {
  cycle::Data made;
  made.cost = made.proceeds = made.fees = made.realized = dollars(0);
  made.base = coins(0);
  return made;
}

TEST(Compose, AFreezeHasThreeLevels) {
  ledger::journal::Facts facts;
  facts.frozen = "no";
  EXPECT_EQ(workers::handlers::frozen_of(facts), machines::Frozen::nothing);
  facts.frozen = "entries+transfers";
  EXPECT_EQ(workers::handlers::frozen_of(facts), machines::Frozen::entries);
  for (const char* word : {"all", "", "a word of a later version"}) {
    facts.frozen = word;
    EXPECT_EQ(workers::handlers::frozen_of(facts), machines::Frozen::all) << word;
  }
}

TEST(Compose, RowsBecomeTheFactsOfACycle) {
  auto rows = facts_of("sleeve_cycle", "watching", "", 1);
  rows.close_now = machines::Price{3};
  rows.close_1h = machines::Price{2};
  rows.close_4h = machines::Price{1};
  rows.base_available = 44;
  rows.paused = true;
  const auto made = cycle_facts(sleeve(), rows, schemas::write_cycle(data()), close_time);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->window.now, machines::Price{3});
  EXPECT_EQ(made->window.hour_ago, machines::Price{2});
  EXPECT_EQ(made->window.four_hours_ago, machines::Price{1});
  EXPECT_EQ(made->quote_available, dollars(10'000));
  EXPECT_EQ(made->base_available, coins(44));
  EXPECT_EQ(made->allocation, dollars(10'000));
  EXPECT_EQ(made->kind, machines::SleeveKind::flash);
  EXPECT_TRUE(made->paused);
  EXPECT_EQ(made->world_at, close_time);
}

TEST(Compose, WhatOneOfTheRowsDoesNotSayIsNoFact) {
  const auto rows = facts_of("sleeve_cycle", "watching", "", 1);
  const std::string text = schemas::write_cycle(data());
  EXPECT_FALSE(cycle_facts(sleeve(), rows, "", close_time).has_value());
  auto ruleless = sleeve();
  ruleless.strategy = "[]";
  EXPECT_FALSE(cycle_facts(ruleless, rows, text, close_time).has_value());
  auto unopened = rows;
  unopened.sleeve_data = "";
  EXPECT_FALSE(cycle_facts(sleeve(), unopened, text, close_time).has_value());
}

// The order's own posting and birth stand already: what the cycle adds comes behind them.
TEST(Compose, ACyclesMoveComesBehindWhatStands) {
  machines::Step step;
  step.world_at = close_time;
  step.postings.push_back(sweep(1));
  step.moves.emplace_back().instance = Subject::birth(1);
  cycle::Step move{cycle::Event::entry_signal,
                   cycle::State::watching,
                   cycle::State::entering,
                   cycle::Command::place_order,
                   data(),
                   {sweep(2)},
                   machines::OrderDraft{true, dollars(2)},
                   std::nullopt};
  workers::handlers::add_cycle_move(step, sleeve(), cycle_id, 8, move);
  ASSERT_EQ(step.moves.size(), 3U);
  EXPECT_EQ(step.moves[1].instance, Subject::of(cycle_id));
  EXPECT_EQ(step.moves[1].version, 8);
  EXPECT_EQ(step.moves[2].instance, Subject::birth(2)) << "the second birth of this step";
  const auto order = schemas::parse_order(step.moves[2].data);
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->hold, (machines::HoldKey{cycle_id, 9, 2})) << "leg 2: the cycle's first posting stands second";
  EXPECT_EQ(order->placed_at, close_time);
}

TEST(Compose, AFullCloseIsFinalSweepsAndBearsTheNextCycle) {
  machines::Step step;
  step.world_at = close_time;
  auto next = data();
  next.number = 2;
  cycle::Step move{cycle::Event::exit_filled,
                   cycle::State::leaving,
                   cycle::State::closed,
                   cycle::Command::start_next,
                   data(),
                   {sweep(500)},
                   std::nullopt,
                   next};
  workers::handlers::add_cycle_move(step, sleeve(), cycle_id, 8, move);
  ASSERT_EQ(step.moves.size(), 2U);
  EXPECT_TRUE(step.moves[0].is_final);
  EXPECT_EQ(step.moves[1].kind, "sleeve_cycle");
  EXPECT_EQ(step.moves[1].to, "watching");
  EXPECT_EQ(step.moves[1].parent, cycle_id);
  EXPECT_EQ(step.moves[1].sleeve, flash);
  EXPECT_EQ(schemas::parse_cycle(step.moves[1].data)->number, 2);
  ASSERT_EQ(step.jobs.size(), 1U);
  EXPECT_EQ(step.jobs[0].instance, Subject::birth(1));
  EXPECT_EQ(step.jobs[0].command, "evaluate");
  EXPECT_EQ(step.jobs[0].world_at, close_time + machines::hours(1));
  ASSERT_EQ(step.postings.size(), 1U);
  EXPECT_EQ(step.postings[0].code, "sweep");
}

}  // namespace
}  // namespace tests::handlers
