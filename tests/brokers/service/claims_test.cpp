// What lies behind a backlog in a real PostgreSQL: others' jobs and urgent ones are claimed all the same, within
// bounds; and where outside calls go.
#include "brokers/service/claims.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "tests/brokers/service/party.hpp"

namespace brokers::service {
namespace {

using namespace tests;
using machines::LeasedJob;

// BURSAR_BACKLOG: jobs of the owner who has most of them.
int backlog() {
  const char* given = std::getenv("BURSAR_BACKLOG");
  return given != nullptr ? std::atoi(given) : 50'000;
}

class ClaimsTest : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_POSTGRES();
    database_ = fresh_database();
    must_run(database_, R"(
      SET search_path = ledger;
      INSERT INTO asset (id, code, scale) VALUES (1, 'USDT', 8);
      INSERT INTO owner (id, name, shard) SELECT o, 'owner ' || o, 0 FROM generate_series(1, 300) o;
      INSERT INTO control (owner) SELECT o FROM generate_series(1, 300) o;)");
    connection_ = std::make_unique<ledger::Connection>(dsn(database_, "bursar_service"));
    jobs_ = std::make_unique<ledger::jobs::Jobs>(*connection_);
    claims_ = std::make_unique<Claims>(*jobs_);
    // Plans are made while the tables are empty, and stay.
    for (int i = 0; i < 7; ++i) (void)claim();
  }
  void TearDown() override {
    connection_.reset();
    if (!database_.empty()) drop_database(database_);
  }

  // `count` jobs of an owner, each of an instance of its own; the oldest has this world time.
  void seed(int owner, int count, const std::string& command, std::int64_t world_us) {
    must_run(database_,
             fmt::format("INSERT INTO ledger.job (owner, instance, version, ordinal, shard, kind, command, "
                         "world_at) SELECT {}, {} + i, 1, 0, 0, 'order', '{}', {} + i FROM generate_series(1, {}) i",
                         owner, world_us, command, world_us, count));
  }
  std::vector<LeasedJob> claim(bool only_urgent = false) {
    const dispatch::ClaimNow order{256, only_urgent, {{"order", "cancel_order"}}, 64, 8};
    auto claimed = claims_->carry_out(order, {0}, {INT64_MAX - 1}, "broker");
    EXPECT_TRUE(claimed.has_value()) << claimed.error().text;
    return claimed ? *claimed : std::vector<LeasedJob>{};
  }
  static std::map<int, int> by_owner(const std::vector<LeasedJob>& jobs) {
    std::map<int, int> counts;
    for (const LeasedJob& job : jobs) ++counts[job.key.owner.value];
    return counts;
  }

  std::string database_;
  std::unique_ptr<ledger::Connection> connection_;
  std::unique_ptr<ledger::jobs::Jobs> jobs_;
  std::unique_ptr<Claims> claims_;
};

TEST_F(ClaimsTest, AnotherOwnersJobIsHadBesideABacklogOfOlderOnes) {
  seed(1, backlog(), "place_order", 0);
  seed(2, 3, "place_order", 100'000'000);
  const auto counts = by_owner(claim());
  EXPECT_EQ(counts.at(2), 3);
  EXPECT_LE(counts.at(1), 256 + 8) << "and no more than that is held in memory";
}

TEST_F(ClaimsTest, AnUrgentJobIsHadBesideABacklogEvenOfItsOwnOwner) {
  seed(1, backlog(), "place_order", 0);
  seed(1, 2, "cancel_order", 100'000'000);
  const auto jobs = claim();
  EXPECT_EQ(std::count_if(jobs.begin(), jobs.end(), [](const auto& job) { return job.command == "cancel_order"; }), 2);
}

TEST_F(ClaimsTest, WithoutRoomOnlyWhatIsUrgentIsTaken) {
  seed(1, 1'000, "place_order", 0);
  seed(2, 1, "cancel_order", 100'000'000);
  const auto jobs = claim(true);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].command, "cancel_order");
}

TEST_F(ClaimsTest, OwnersBehindABacklogAreLookedAtInTurn) {
  seed(1, 5'000, "place_order", 0);
  for (int owner = 2; owner <= 300; ++owner) seed(owner, 1, "place_order", 100'000'000 + owner);
  std::set<int> seen;
  for (int round = 0; round < 6; ++round)
    for (const auto& [owner, count] : by_owner(claim())) seen.insert(owner);
  EXPECT_EQ(seen.size(), 300U) << "64 owners a claim";
}

TEST_F(ClaimsTest, NoJobIsLeasedTwice) {
  seed(1, 600, "cancel_order", 0);
  seed(2, 30, "cancel_order", 1'000);
  std::set<machines::JobKey> keys;
  std::size_t claimed = 0;
  for (int round = 0; round < 10; ++round)
    for (const LeasedJob& job : claim()) {
      keys.insert(job.key);
      ++claimed;
    }
  EXPECT_EQ(claimed, 630U);
  EXPECT_EQ(keys.size(), 630U);
}

// Counted in index entries read, never in time: a look behind the backlog does not walk through it.
TEST_F(ClaimsTest, TheLookBehindReadsWhatItTakesAndNotTheBacklog) {
  seed(1, backlog(), "place_order", 0);
  seed(2, 3, "cancel_order", 100'000'000);
  const auto read = [&] {
    must_run(database_, "SELECT pg_stat_force_next_flush()");
    return must_run(database_, "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = 'job'")
        .number(0, 0);
  };
  const auto before = read();
  connection_->disconnect();
  (void)claim();
  connection_->disconnect();  // what it counted is told at its end
  EXPECT_TRUE(wait_until([&] { return read() > before; }));
  EXPECT_LT(read() - before, 10'000);
}

TEST_F(ClaimsTest, ACallGoesWhereTheVaultOfItsSleeveIs) {
  must_run(database_, R"(
    SET search_path = ledger;
    SELECT open_vault(1, 'main', 'paper', 'spot', 1, '{}', 'test', 'test', 0);
    INSERT INTO instance (owner, id, kind, machine_version, state, version, is_final, data, parent)
    SELECT 1, 900, 'order', 1, 'drafted', 1, false, '{}', instance FROM vault;)");
  dispatch::Rules rules;
  rules.limits.push_back({"orders", {"order", "place_order"}, "", "", dispatch::Per::account, 1});
  dispatch::Dispatch dispatch(rules, "broker", 1);
  schemas::Ready ready;
  ready.worker = "w1";
  ready.capabilities = {{"order", 1, {"place_order"}}};
  dispatch.ready("w1", ready, 1);
  std::vector<LeasedJob> jobs(3);
  for (auto& job : jobs) job.kind = "order", job.command = "place_order";
  jobs[0].key = {{1}, {900}, 1, 0};
  jobs[1].key = {{1}, {901}, 1, 0};  // nobody knows it
  jobs[2].key = {{1}, {900}, 2, 0};
  jobs[2].command = "decide";
  for (int twice = 0; twice < 2; ++twice) {
    const auto places = claims_->places_of(dispatch, jobs);
    ASSERT_TRUE(places.has_value());
    EXPECT_EQ(places->size(), 2U) << "only outside calls that a limit is about";
    EXPECT_EQ(places->at(jobs[0].key), (dispatch::Place{"paper", "spot"}));
    EXPECT_EQ(places->at(jobs[1].key), (dispatch::Place{"?", "?"}));
  }
}

TEST_F(ClaimsTest, OwnersAreFoundByTheirNames) {
  const std::vector<std::string> names{"owner 7", "nobody"};
  const auto ids = jobs_->owner_ids(names);
  ASSERT_TRUE(ids.has_value());
  EXPECT_EQ(*ids, (std::map<std::string, machines::OwnerId>{{"owner 7", {7}}}));
}

}  // namespace
}  // namespace brokers::service
