// Who goes first and who gets how much: levels with a share for the lower ones, owners by their weights.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Rules urgent_exits() {
  Rules rules;
  rules.priorities = {{{"order", "cancel_order"}, 5}, {{"order", "query_order"}, 2}, {{"report", ""}, -1}};
  return rules;
}

// One credit: what is handed out, one after the other, as each before it ends.
std::vector<int> order_of(House& house, const Ordered& first, int count) {
  std::vector<int> order;
  auto now = first.all_assigned();
  while (!now.empty()) {
    order.push_back(*now.begin());
    if (static_cast<int>(order.size()) == count) break;
    now = house.done("w1", {order.back()}).all_assigned();
  }
  return order;
}

TEST(Fairness, AHigherLevelGoesFirstWhateverCameBefore) {
  House house(urgent_exits());
  house.ready("w1", "w1", {}, 1);
  (void)house.orders();
  const auto first = house.claimed({job(1), job_of(2, "order", "query_order", 1, 3), job(3),
                                    job_of(4, "order", "cancel_order", 2, 9), job_of(5, "order", "cancel_order")});
  const auto order = order_of(house, first, 5);
  EXPECT_THAT(std::vector<int>(order.begin() + 2, order.end()), ElementsAre(2, 1, 3));
  EXPECT_EQ(std::set<int>(order.begin(), order.begin() + 2), (std::set<int>{4, 5}));
}

TEST(Fairness, AnUrgentLoadWithoutEndLeavesTheOthersTheirShare) {
  Rules rules = urgent_exits();
  rules.urgent_run = 6;
  rules.lower_turn = 2;
  House house(rules);
  house.ready("w1", "w1", {}, 1);
  (void)house.orders();
  std::vector<LeasedJob> both;
  for (int number = 1; number <= 400; ++number)
    both.push_back(number <= 200 ? job_of(number, "order", "cancel_order") : job(number));
  const auto order = order_of(house, house.claimed(both), 160);
  ASSERT_THAT(order, SizeIs(160));
  for (int from = 0; from + 8 <= 160; from += 8)
    EXPECT_EQ(std::count_if(order.begin() + from, order.begin() + from + 8, [](int number) { return number > 200; }), 2)
        << "from " << from;
}

// Whatever the levels and sizes: while a job waits, only so many others are handed out before one of its level is.
RC_GTEST_PROP(Fairness, NoLevelStarves, ()) {
  Rules rules;
  rules.urgent_run = *rc::gen::inRange(1, 12);
  rules.lower_turn = *rc::gen::inRange(1, 6);
  rules.priorities = {{{"cycle", "a"}, 3}, {{"cycle", "b"}, 2}, {{"cycle", "c"}, 0}, {{"cycle", "d"}, -7}};
  House house(rules);
  const int credit = *rc::gen::inRange(1, 4);
  house.ready("w1", "w1", {}, credit);
  (void)house.orders();
  std::map<int, std::string> command_of;
  std::map<std::string, int> waiting;
  std::vector<LeasedJob> jobs;
  for (int number = 1; number <= 600; ++number) {
    const std::string command(1, static_cast<char>('a' + *rc::gen::inRange(0, 4)));
    command_of[number] = command;
    ++waiting[command];
    jobs.push_back(job_of(number, "cycle", command, 1 + number % 3, number % 2));
  }
  std::map<std::string, int> since;  // others handed out since one of this level was
  auto now = house.claimed(jobs).assigned["w1"];
  const int bound = (rules.urgent_run / rules.lower_turn + 2) * (rules.urgent_run / rules.lower_turn + 2) *
                    (rules.urgent_run + rules.lower_turn + 2) * 2;
  std::deque<int> flying(now.begin(), now.end());
  while (!flying.empty()) {
    const std::string level = command_of[flying.front()];
    --waiting[level];
    for (auto& [other, count] : waiting) {
      since[other] = other == level || count == 0 ? 0 : since[other] + 1;
      RC_ASSERT(since[other] <= bound);
    }
    const auto next = house.done("w1", {flying.front()}).assigned["w1"];
    flying.pop_front();
    flying.insert(flying.end(), next.begin(), next.end());
  }
  for (const auto& [level, count] : waiting) RC_ASSERT(count == 0);
}

TEST(Fairness, OwnersOfAShardGetJobsByTheirWeights) {
  Rules rules;
  rules.weights = {{{1}, 3}, {{2}, 1}};
  House house(rules);
  house.ready("w1", "w1", {}, 1);
  (void)house.orders();
  auto both = jobs(1, 30, 1);
  for (const auto& other : jobs(101, 130, 2)) both.push_back(other);
  EXPECT_THAT(order_of(house, house.claimed(both), 10), ElementsAre(1, 2, 3, 101, 4, 5, 6, 102, 7, 8));
}

// However many messages, workers and sizes: what two owners with a backlog got differs by their weights alone.
RC_GTEST_PROP(Fairness, SharesFollowTheWeightsWithinOneTurn, ()) {
  Rules rules;
  rules.message_jobs = *rc::gen::inRange(1, 40);
  const int weights[] = {*rc::gen::inRange(1, 9), *rc::gen::inRange(1, 9), *rc::gen::inRange(1, 9)};
  for (int owner = 1; owner <= 3; ++owner) rules.weights[machines::OwnerId{owner}] = weights[owner - 1];
  House house(rules);
  const int credit = *rc::gen::inRange(1, 30);
  house.ready("w1", "w1", {}, credit);
  (void)house.orders();
  std::vector<LeasedJob> jobs;
  for (int number = 1; number <= 900; ++number) jobs.push_back(job(number, 1 + (number - 1) / 300));
  auto now = house.claimed(jobs).assigned["w1"];
  std::deque<int> flying(now.begin(), now.end());
  double got[] = {0, 0, 0};
  for (int count = 0; count < 200; ++count) {
    const int number = flying.front();
    flying.pop_front();
    ++got[(number - 1) / 300];
    for (int a = 0; a < 3; ++a)
      for (int b = 0; b < 3; ++b) RC_ASSERT(got[a] / weights[a] - got[b] / weights[b] <= 1.0 + 1e-9);
    const auto next = house.done("w1", {number}).assigned["w1"];
    flying.insert(flying.end(), next.begin(), next.end());
  }
}

TEST(Fairness, AShardOfMoreOwnersGetsLargerMessages) {
  Rules rules;
  rules.message_jobs = 20;
  House house(rules);
  house.ready("w1", "w1", {}, 1000);
  (void)house.orders();
  std::vector<LeasedJob> all;
  for (const auto& one : jobs(1, 60, 1, 0)) all.push_back(one);
  for (int owner = 2; owner <= 5; ++owner)
    for (const auto& one : jobs(owner * 100, owner * 100 + 59, owner, 1)) all.push_back(one);
  const auto orders = house.claimed(all);
  ASSERT_GE(orders.parcels.size(), 2U);
  EXPECT_EQ(orders.parcels[0].second, 5U);
  EXPECT_EQ(orders.parcels[1].second, 20U);
}

TEST(Fairness, AClaimLooksBehindTheOldestForOthersAndForWhatIsUrgent) {
  House house(urgent_exits());
  house.ready("w1", "w1");
  const auto orders = house.orders();
  ASSERT_THAT(orders.claim_orders, SizeIs(1));
  EXPECT_FALSE(orders.claim_orders[0].only_urgent);
  EXPECT_EQ(orders.claim_orders[0].fair_owners, 64);
  ASSERT_THAT(orders.claim_orders[0].urgent, SizeIs(2)) << "those above what no rule names";
  EXPECT_EQ(orders.claim_orders[0].urgent[0].command, "cancel_order");
}

TEST(Fairness, WithoutRoomWhatIsUrgentIsStillLookedForNowAndThen) {
  House house(urgent_exits());
  house.ready("w1", "w1", {}, 4);
  (void)house.orders();
  EXPECT_THAT(house.claimed(jobs(1, 100)).claims, IsEmpty());
  EXPECT_THAT(house.done("w1", {1}).claims, IsEmpty()) << "not at every completion";
  house.now += 200 * ms;
  const auto orders = house.tick();
  ASSERT_THAT(orders.claim_orders, SizeIs(1));
  EXPECT_TRUE(orders.claim_orders[0].only_urgent);
  (void)house.claimed({job_of(900, "order", "cancel_order")});
  EXPECT_THAT(house.done("w1", {2}).all_assigned(), ElementsAre(900)) << "before the ninety that wait";
}

TEST(Fairness, WithoutLevelsNobodyLooksForWhatIsUrgent) {
  House house;
  house.ready("w1", "w1", {}, 4);
  (void)house.orders();
  (void)house.claimed(jobs(1, 100));
  house.now += 200 * ms;
  EXPECT_THAT(house.tick().claims, IsEmpty());
}

}  // namespace
}  // namespace brokers::dispatch
