// The table of workers by itself: who has a name, who can do what, whose hands are free, and who has fallen silent.
#include "brokers/dispatch/worker_table.hpp"

#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Machine cycle{"cycle", 1}, order{"order", 1};

// A worker of kind "cycle", and of two commands of kind "order": "place_order" calls out, "settle" does not.
schemas::Ready announces(const std::string& name, int pure = 2, int outside = 1) {
  schemas::Ready ready;
  ready.worker = name;
  ready.capabilities = {{"cycle", 1, {}}, {"order", 1, {"place_order"}, {"place_order", "settle"}}};
  ready.pure_credit = pure;
  ready.outside_credit = outside;
  return ready;
}

void join(WorkerTable& table, const std::string& peer, const schemas::Ready& ready, std::int64_t now_us = 0) {
  table.admit(peer, table.announced(ready, {}, now_us));
}

WorkerTable with(const std::vector<std::string>& names, int pure = 2, int outside = 1) {
  WorkerTable table;
  for (const std::string& name : names) join(table, name, announces(name, pure, outside));
  return table;
}

LeasedJob place_order(int number) { return job_of(number, "order", "place_order"); }

TEST(WorkerTable, AWorkerDoesTheCommandsThatItNamesOrAllWhereItNamesNone) {
  const WorkerTable table = with({"w1"});
  EXPECT_TRUE(table.anyone_does(cycle, "evaluate", false));
  EXPECT_TRUE(table.anyone_does(order, "settle", false));
  EXPECT_FALSE(table.anyone_does(order, "query_order", false));
  EXPECT_TRUE(table.anyone_does(order, "query_order", true)) << "an event goes to any worker of its kind";
  EXPECT_FALSE(table.anyone_does({"cycle", 2}, "evaluate", false)) << "another version is another machine";
  EXPECT_TRUE(table.anyone_knows(order));
  EXPECT_FALSE(table.anyone_knows({"vault", 1}));
}

TEST(WorkerTable, AnEventIsNeverAnOutsideCall) {
  const WorkerTable table = with({"w1"});
  LeasedJob event = place_order(1);
  event.is_event = true;
  EXPECT_TRUE(table.anyone_calls_out(place_order(1)));
  EXPECT_FALSE(table.anyone_calls_out(event));
  EXPECT_FALSE(table.anyone_calls_out(job_of(1, "order", "settle")));
}

TEST(WorkerTable, AJobTakesAHandOfItsSortAndGivesItBack) {
  WorkerTable table = with({"w1"});
  EXPECT_FALSE(table.take("w1", job(1), false, 0));
  EXPECT_TRUE(table.take("w1", place_order(2), false, 0));
  EXPECT_EQ(table.at("w1").pure_credit, 1);
  EXPECT_EQ(table.at("w1").outside_credit, 0);
  EXPECT_FALSE(table.at("w1").can_take(place_order(3), false));
  EXPECT_TRUE(table.at("w1").can_take(job(3), false));
  table.free("w1", token(2), true, false);
  EXPECT_TRUE(table.at("w1").can_take(place_order(3), false));
  table.free("w1", token(1), false, false);
  EXPECT_EQ(table.at("w1").pure_credit, 2);
  EXPECT_THAT(table.at("w1").held, IsEmpty());
  table.free("nobody", token(1), false, false);  // gone meanwhile: nothing happens
}

TEST(WorkerTable, CreditBelowNothingCountsAgainstPureWorkAndNotAsFree) {
  WorkerTable table = with({"w1", "w2"}, 1, 1);
  for (int number = 1; number <= 3; ++number) (void)table.take("w1", job(number), false, 0);
  EXPECT_EQ(table.free_credit(), 0 + 1 + 1 + 1);
  EXPECT_EQ(table.pure_credit(), -2 + 1);
}

TEST(WorkerTable, TheLeastLoadedWorkerGetsTheJob) {
  WorkerTable table = with({"w1", "w2", "w3"});
  (void)table.take("w1", job(1), false, 0);
  EXPECT_EQ(table.best_for(job(9), false), "w2");
  (void)table.take("w2", job(2), false, 0);
  EXPECT_EQ(table.best_for(job(9), false), "w3");
  EXPECT_EQ(table.best_for(job_of(9, "vault", "look"), false), "");
}

TEST(WorkerTable, ALoneJobAsksForEmptyHandsAndSharesThemWithNone) {
  WorkerTable table = with({"w1", "w2"});
  (void)table.take("w1", job(1), false, 0);
  EXPECT_EQ(table.best_for(job(2), true), "w2");
  (void)table.take("w2", job(2), true, 0);
  EXPECT_EQ(table.best_for(job(3), true), "");
  EXPECT_EQ(table.best_for(job(3), false), "w1") << "w2 holds less than its credit, and runs alone";
  EXPECT_FALSE(table.at("w2").can_take(job(3), false)) << "though it has credit";
  table.free("w2", token(2), false, true);
  EXPECT_EQ(table.best_for(job(3), false), "w2");
}

TEST(WorkerTable, ADrainingWorkerGetsNothingButTheLoneJob) {
  WorkerTable table = with({"w1", "w2"});
  (void)table.take("w1", job(1), false, 0);
  table.drain_for(job(9));
  EXPECT_TRUE(table.at("w2").drains) << "the least loaded one";
  EXPECT_FALSE(table.at("w1").drains);
  EXPECT_EQ(table.best_for(job(8), false), "w1");
  EXPECT_EQ(table.best_for(job(9), true), "w2");
  table.drain_none();
  EXPECT_EQ(table.best_for(job(8), false), "w2");
}

TEST(WorkerTable, AWorkerThatCantDoTheLoneJobOrRunsOneDoesNotDrainForIt) {
  WorkerTable table = with({"w2", "w3"});
  schemas::Ready vaults;
  vaults.worker = "w1";
  vaults.capabilities = {{"vault", 1, {}}};
  join(table, "w1", vaults);
  (void)table.take("w2", job(1), true, 0);
  for (int number = 2; number <= 4; ++number) (void)table.take("w3", job(number), false, 0);
  table.drain_for(job(9));
  EXPECT_FALSE(table.at("w1").drains);
  EXPECT_FALSE(table.at("w2").drains);
  EXPECT_TRUE(table.at("w3").drains);
}

TEST(WorkerTable, WhatIsTakenFromAWorkerKeepsItsHandUntilItLetsGo) {
  WorkerTable table = with({"w1"}, 1, 1);
  (void)table.take("w1", job(1), false, 0);
  table.free("w1", token(1), false, false);
  table.keep_hand("w1", token(1), false);
  EXPECT_EQ(table.best_for(job(2), false), "");
  EXPECT_FALSE(table.let_go("w1", token(2)));
  EXPECT_FALSE(table.let_go("nobody", token(1)));
  EXPECT_TRUE(table.let_go("w1", token(1)));
  EXPECT_EQ(table.best_for(job(2), false), "w1");
  EXPECT_FALSE(table.let_go("w1", token(1))) << "once";
}

TEST(WorkerTable, ItsHandsStayFullOverANewConnectionOfWhatItStillHolds) {
  WorkerTable table = with({"old"}, 5, 5);
  for (const int number : {1, 2}) table.keep_hand("old", token(number), false);
  table.keep_hand("old", token(3), true);
  schemas::Ready again = announces("old", 5, 5);
  again.held = {token(1), token(3)};
  const Worker fresh = table.announced(again, {"old"}, 0);
  EXPECT_THAT(fresh.overdue, SizeIs(2));
  EXPECT_EQ(fresh.pure_credit, 4);
  EXPECT_EQ(fresh.outside_credit, 4);
}

TEST(WorkerTable, OutsideCallsWaitWhereAllWhoMakeThemHaveNoCreditLeft) {
  WorkerTable table = with({"w1", "w2"});
  EXPECT_FALSE(table.outside_is_short());
  (void)table.take("w1", place_order(1), false, 0);
  EXPECT_TRUE(table.outside_is_short());
  EXPECT_FALSE(table.waits_outside(order, "place_order")) << "w2 has credit";
  (void)table.take("w2", place_order(2), false, 0);
  EXPECT_TRUE(table.waits_outside(order, "place_order"));
  EXPECT_FALSE(table.waits_outside(order, "settle")) << "no outside call";
  EXPECT_FALSE(table.waits_outside(order, "query_order")) << "nobody does it: it waits for no credit";
  schemas::Ready pure = announces("w3", 2, 0);
  pure.capabilities = {{"order", 1, {}}};
  join(table, "w3", pure);
  EXPECT_FALSE(table.waits_outside(order, "place_order")) << "to w3 it is pure work";
}

TEST(WorkerTable, OnlyAnotherProcessIsRefusedAName) {
  WorkerTable table;
  schemas::Ready first = announces("name"), second = announces("name");
  first.incarnation = token(1);
  join(table, "peer", first);
  second.incarnation = token(2);
  EXPECT_EQ(table.other_holder("elsewhere", second), "peer");
  EXPECT_EQ(table.other_holder("peer", second), "") << "the connection is its own";
  second.incarnation = token(1);
  EXPECT_EQ(table.other_holder("elsewhere", second), "") << "the same process over a fresh socket";
  second.incarnation = {};
  EXPECT_EQ(table.other_holder("elsewhere", second), "") << "it does not say which process it is";
  second = announces("another");
  second.incarnation = token(2);
  EXPECT_EQ(table.other_holder("elsewhere", second), "");
}

TEST(WorkerTable, EarlierRegistrationsAreThoseOfTheNameOrTheConnection) {
  WorkerTable table;
  join(table, "p1", announces("a"));
  join(table, "p2", announces("b"));
  join(table, "p3", announces("c"));
  EXPECT_THAT(table.earlier("p2", "a"), ElementsAre("p1", "p2"));
  EXPECT_THAT(table.earlier("p9", "d"), IsEmpty());
  EXPECT_TRUE(table.has_name("c"));
  EXPECT_TRUE(table.remove("p3"));
  EXPECT_FALSE(table.remove("p3"));
  EXPECT_FALSE(table.has_name("c"));
}

TEST(WorkerTable, SilentIsWhoWasNotHeardForLongerThanTheTtl) {
  WorkerTable table;
  join(table, "w1", announces("w1"), 100);
  join(table, "w2", announces("w2"), 100);
  EXPECT_EQ(table.heard("nobody", 100), nullptr);
  ASSERT_NE(table.heard("w2", 101), nullptr);
  EXPECT_THAT(table.silent(150, 50), IsEmpty());
  EXPECT_THAT(table.silent(151, 50), ElementsAre("w1"));
}

TEST(WorkerTable, AWorkerIsAskedForWhatItHasHadForLongerThanTheTtlAndForWhatWasTaken) {
  WorkerTable table = with({"w1"}, 5, 5);
  (void)table.take("w1", job(1), false, 100);
  (void)table.take("w1", job(2), false, 101);
  table.keep_hand("w1", token(3), false);
  EXPECT_THAT(WorkerTable::should_hold(table.at("w1"), 151, 50), ElementsAre(token(1), token(3)));
  for (int number = 1; number <= 1'100; ++number) table.keep_hand("w1", token(number), false);
  EXPECT_THAT(WorkerTable::should_hold(table.at("w1"), 1'000, 50), SizeIs(1'000));
}

}  // namespace
}  // namespace brokers::dispatch
