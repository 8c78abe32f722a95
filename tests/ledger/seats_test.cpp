// tests/ledger/seats_test.cpp: seats and shards on a real PostgreSQL, with no broker about: who gets how many, whose
// epoch rises when, and what a seat that is over, replaced or busy is worth.
#include "ledger/jobs/seats.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "ledger/jobs/jobs.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using ledger::jobs::Holding;
using ledger::jobs::Seats;

constexpr std::int64_t long_ms = 600'000, over_ms = 1;

class SeatsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    connection_ = std::make_unique<ledger::Connection>(dsn(database_, "bursar_service"));
    seats_ = std::make_unique<Seats>(*connection_);
  }
  void open_owners(int first, int last) const {
    must_run(database_,
             fmt::format("INSERT INTO ledger.owner SELECT i, 'owner-' || i, 10 + i FROM generate_series({}, {}) i",
                         first, last));
  }
  std::int64_t sit(const std::string& name, std::int64_t ttl_ms = long_ms) {
    const auto seat = seats_->take(name, "tcp://" + name, "key", ttl_ms);
    EXPECT_TRUE(seat) << seat.error().text;
    return seat.value();
  }
  Holding hold(std::int64_t seat, std::int64_t ttl_ms = long_ms) {
    auto held = seats_->hold(seat, ttl_ms);
    EXPECT_TRUE(held) << held.error().text;
    return held.value();
  }
  static std::vector<int> shards_of(const Holding& held) {
    std::vector<int> shards;
    for (const auto& [shard, epoch] : held.epochs) shards.push_back(shard);
    return shards;
  }
  // All hold and give up in turn until nobody has too many; how many each has in the end.
  std::vector<std::size_t> settle(const std::vector<std::int64_t>& seats) {
    std::vector<std::size_t> counts(seats.size());
    for (int round = 0; round < 20; ++round)
      for (std::size_t at = 0; at < seats.size(); ++at) {
        const Holding held = hold(seats[at]);
        auto shards = shards_of(held);
        counts[at] = shards.size();
        if (held.surplus == 0) continue;
        shards.resize(static_cast<std::size_t>(held.surplus));
        EXPECT_TRUE(seats_->give_up(seats[at], shards).value());
        counts[at] -= shards.size();
      }
    return counts;
  }

  std::string database_;
  std::unique_ptr<ledger::Connection> connection_;
  std::unique_ptr<Seats> seats_;
};

TEST_F(SeatsTest, TheFirstTakesAllThatHaveAnOwnerAndNewOnesAsTheyCome) {
  open_owners(1, 3);
  const auto seat = sit("a");
  const Holding held = hold(seat);
  EXPECT_TRUE(held.seated);
  EXPECT_EQ(shards_of(held), (std::vector<int>{11, 12, 13}));
  EXPECT_EQ(held.live, shards_of(held));
  open_owners(4, 4);
  const Holding more = hold(seat);
  EXPECT_EQ(shards_of(more), (std::vector<int>{11, 12, 13, 14}));
  EXPECT_EQ(more.epochs.at(11), held.epochs.at(11)) << "holding on raises no epoch";
}

TEST_F(SeatsTest, HoweverManySitEachEndsUpWithinOneOfTheOthers) {
  for (int owners = 1; owners <= 9; ++owners) {
    open_owners(owners, owners);
    std::vector<std::int64_t> seats;
    for (const char* name : {"a", "b", "c", "d"}) {
      seats.push_back(sit(name));
      const auto counts = settle(seats);
      const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
      EXPECT_LE(*most - *least, 1U) << owners << " shards, " << seats.size() << " brokers";
      EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::size_t{0}), static_cast<std::size_t>(owners));
    }
    for (const auto seat : seats) EXPECT_TRUE(seats_->leave(seat).value());
  }
}

TEST_F(SeatsTest, WhatALapsedSeatHeldIsTakenUnderAHigherEpoch) {
  open_owners(1, 2);
  const auto lapsed = sit("a", long_ms);
  const Holding before = hold(lapsed, over_ms);
  ASSERT_EQ(before.epochs.size(), 2U);
  const auto heir = sit("b");
  Holding after;
  ASSERT_TRUE(wait_until([&] { return (after = hold(heir)).epochs.size() == 2; }));
  for (const auto& [shard, epoch] : after.epochs) EXPECT_GT(epoch, before.epochs.at(shard));
  const Holding woken = hold(lapsed);
  EXPECT_TRUE(woken.seated) << "the seat is still its own";
  EXPECT_TRUE(woken.epochs.empty()) << "what it held is not";
}

TEST_F(SeatsTest, OneOfTheSameNameTakesTheSeatAndItsShardsAreFreeAtOnce) {
  open_owners(1, 2);
  const auto first = sit("a");
  const Holding before = hold(first);
  const auto second = sit("a");
  EXPECT_FALSE(hold(first).seated);
  const Holding after = hold(second);
  ASSERT_EQ(shards_of(after), shards_of(before));
  for (const auto& [shard, epoch] : after.epochs) EXPECT_GT(epoch, before.epochs.at(shard));
}

TEST_F(SeatsTest, AShardThatACommitHasLockedIsLeftForTheNextTime) {
  open_owners(1, 2);
  const auto seat = sit("a");
  ledger::Connection gate(dsn(database_));
  ASSERT_TRUE(gate.call({"lock_gate", "SELECT pg_advisory_lock(77)"}));
  // A writer that has its shard row, and can't go on.
  std::thread commit([&] {
    ledger::Connection writer(dsn(database_));
    (void)writer.run("SELECT 1 FROM ledger.shard WHERE id = 11 FOR UPDATE; SELECT pg_advisory_xact_lock(77)");
  });
  const bool waits = wait_until([&] {
    return must_run(database_,
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted")
               .number(0, 0) > 0;
  });
  const auto meanwhile = shards_of(hold(seat));
  EXPECT_TRUE(gate.call({"unlock_gate", "SELECT pg_advisory_unlock(77)"}));
  commit.join();
  ASSERT_TRUE(waits);
  EXPECT_EQ(meanwhile, (std::vector<int>{12})) << "it was not waited for";
  EXPECT_EQ(shards_of(hold(seat)), (std::vector<int>{11, 12}));
}

TEST_F(SeatsTest, ACommandThatOwnsAllShardsTakesThemFromTheirSeats) {
  open_owners(1, 2);
  const auto seat = sit("a");
  const Holding before = hold(seat);
  ledger::Connection owner(dsn(database_));
  const auto epoch = ledger::jobs::Jobs(owner).own_shards("a command");
  ASSERT_TRUE(epoch);
  const Holding after = hold(seat);
  ASSERT_EQ(shards_of(after), shards_of(before));
  for (const auto& [shard, held] : after.epochs) EXPECT_GT(held, *epoch) << "and back, under an epoch of its own";
}

TEST_F(SeatsTest, WhoSitsCanBeRead) {
  open_owners(1, 1);
  (void)hold(sit("a"));
  ledger::Connection person(acting_as(database_, "bursar_operator"));
  const auto seats = Seats(person).all();
  ASSERT_TRUE(seats);
  ASSERT_EQ(seats->size(), 1U);
  EXPECT_EQ(seats->front().endpoint, "tcp://a");
  EXPECT_EQ(seats->front().shards, (std::vector<int>{11}));
  EXPECT_GT(seats->front().lease_ms, 0);
}

}  // namespace
}  // namespace tests
