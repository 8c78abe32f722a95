#include "tests/ledger/suite.hpp"

#include "tests/support/cluster.hpp"

namespace tests {
namespace {

machines::Move move_of(Subject subject, std::int64_t version, InstanceId parent) {
  machines::Move move;
  move.instance = subject;
  move.kind = "till";
  move.version = version;
  move.from = version == 0 ? "" : "open";
  move.to = "open";
  move.event = version == 0 ? "unlocked" : "rung";
  move.command = "none";
  move.parent = parent;
  move.data = "{}";
  return move;
}

}  // namespace

machines::Move moved(Subject till, std::int64_t version) { return move_of(till, version, {0}); }
machines::Move born(int number, InstanceId parent) { return move_of(Subject::birth(number), 0, parent); }

Step birth(OwnerId owner, Instant world_at) {
  Step step;
  step.owner = owner;
  step.world_at = world_at;
  step.moves.push_back(born(1, {0}));
  return step;
}

Step next(OwnerId owner, InstanceId till, std::int64_t version, Instant world_at) {
  Step step;
  step.owner = owner;
  step.world_at = world_at;
  step.moves.push_back(moved(Subject::of(till), version));
  return step;
}

Step answering(Step step, const LeasedJob& job, Fate fate) {
  step.job = job.key;
  step.token = job.token;
  step.fate = fate;
  return step;
}

Step with(Step step, std::vector<Posting> postings) {
  step.postings = std::move(postings);
  return step;
}

Step ordering(Step step, std::string_view command, Instant world_at) {
  step.jobs.push_back({step.moves.at(0).instance, command, false, world_at, {}});
  return step;
}

void LedgerTest::SetUp() {
  if (GetParam() == "postgres") {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ledger = postgres_backend();
  } else {
    ledger = model_backend();
  }
  epoch = ledger->own_shards();
  owner = ledger->open_owner();
  outside = open("outside", false);
  cash = open("cash", true);
  shop = open("shop", false);
}

void LedgerTest::TearDown() {
  if (ledger) {
    EXPECT_EQ(ledger->verify(), "");
  }
}

AccountId LedgerTest::open(const std::string& path, bool limited, machines::AssetId asset) {
  return ledger->open_account({owner, path, asset, limited});
}

InstanceId LedgerTest::new_till() { return commit(birth(owner)).born.at(0); }

std::pair<InstanceId, LeasedJob> LedgerTest::till_with_job(const std::string& command) {
  const InstanceId till = commit(ordering(birth(owner), command, {1'000})).born.at(0);
  return {till, claim().at(0)};
}

void LedgerTest::fund(AccountId account, Int128 minor) {
  ASSERT_EQ(commit(with(birth(owner), {pay(outside, account, minor, "fund")})).outcome, Outcome::committed);
}

}  // namespace tests
