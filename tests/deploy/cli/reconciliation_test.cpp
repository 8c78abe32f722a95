// tests/deploy/cli/reconciliation_test.cpp: reconciliation as a user meets it: a person sells, brings and takes
// coins at the venue of a running house; what the venue explains is booked once, the rest waits for a word.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A house that has played its bars and stays open. At this length both sleeves of the sample end in a position.
class ReconcileHouse : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    config_ = config_file(folder_, 106);
    start();
    ASSERT_TRUE(house_->wait_for_output("stays open")) << house_->output();
  }
  void start() { house_ = start_bursar({"up", "--config", config_, "--data-dir", data()}); }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", data()});
    return bursar(words);
  }
  json ask(Words words) {
    words.push_back("--json");
    const Said said = say(std::move(words));
    EXPECT_EQ(said.code, 0) << said.err;
    return said.last_line();
  }
  std::string balance(const std::string& account) {
    for (const json& one : ask({"ledger", "balances"}))
      if (one["account"] == account) return one["balance"];
    return "";
  }
  // By asset; "" where there is none.
  json open_break(const std::string& asset) {
    for (const json& one : ask({"reconcile", "list"}))
      if (one["asset"] == asset && one["state"] == "open") return one;
    return {};
  }
  std::string states_of(const std::string& sleeve) {
    std::string states;
    for (const json& one : ask({"machine", "list", "--all", "--limit", "1000"}))
      if (one["kind"] == "sleeve_cycle" && one["sleeve"] == sleeve)
        states += one["state"].get<std::string>() + (one["data"]["exit_reason"] == "outside" ? "(outside) " : " ");
    return states;
  }

  TempFolder folder_;
  std::string config_;
  std::unique_ptr<Child> house_;
};

TEST_F(ReconcileHouse, ASaleByHandIsBookedOnceAndTheRestWaitsForAWord) {
  EXPECT_THAT(house_->output(), HasSubstr("reconciled: the venue's statement is what the ledger says"));
  ASSERT_EQ(states_of("quiet"), "holding ");
  ASSERT_EQ(states_of("flash"), "holding ");
  // More than flash has: only quiet can have sold it.
  const std::string position = balance("sleeve/quiet/ETH");
  for (int times = 0; times < 2; ++times)
    ASSERT_EQ(say({"paper", "trade", "sell", position, "--id", "by-hand"}).code, 0);
  // Two look at once, and one of them is killed on its way.
  const auto killed = start_bursar({"reconcile", "--data-dir", data()});
  const auto other = start_bursar({"reconcile", "--data-dir", data()});
  pause_briefly();
  killed->send(SIGKILL);
  (void)killed->wait();
  EXPECT_EQ(other->wait().code, 0) << other->output();
  EXPECT_EQ(say({"reconcile"}).code, 0);
  const json all = ask({"reconcile", "list", "--all"});
  ASSERT_EQ(all.size(), 1U) << all;
  EXPECT_EQ(all[0]["state"], "closed");
  EXPECT_EQ(all[0]["sleeve"], "quiet");
  EXPECT_EQ(all[0]["amount"], "-" + position);
  EXPECT_EQ(states_of("quiet"), "watching closed(outside) ");
  EXPECT_EQ(balance("sleeve/quiet/ETH"), "0.000000000000000000");

  ASSERT_EQ(say({"paper", "deposit", "USDT", "50"}).code, 0);
  ASSERT_EQ(say({"paper", "withdraw", "ETH", "0.5"}).code, 0);
  EXPECT_EQ(ask({"reconcile", "--assign", "ana"})["breaks"].size(), 2U);
  EXPECT_EQ(ask({"reconcile"})["breaks"].size(), 0U) << "found once";
  EXPECT_EQ(ask({"status"})["breaks"]["open"], 2);
  const json deposit = open_break("USDT"), gone = open_break("ETH");
  EXPECT_EQ(deposit["person"], "ana");
  EXPECT_EQ(deposit["left"], "50.00000000");
  EXPECT_GE(deposit["age_s"], 0);
  const auto explain = [&](const json& one, Words words) {
    words.insert(words.begin(), {"reconcile", "explain", one["id"].dump()});
    return say(std::move(words));
  };
  EXPECT_THAT(explain(deposit, {"--as", "deposit"}).err, HasSubstr("--why is missing"));
  EXPECT_THAT(explain(gone, {"--as", "withdrawal", "--why", "ledger"}).err, HasSubstr("no vault of default holds ETH"));
  EXPECT_EQ(explain(deposit, {"--as", "deposit", "--why", "a present"}).code, 0);
  EXPECT_EQ(explain(gone, {"--as", "error", "--sleeve", "flash", "--why", "taken out"}).code, 0);
  EXPECT_EQ(explain(deposit, {"--as", "deposit", "--why", "again"}).code, 1);
  EXPECT_EQ(balance("vault/USDT/reserve"), "5050.00000000");
  EXPECT_EQ(states_of("flash"), "holding ");
  EXPECT_EQ(ask({"status"})["breaks"]["open"], 0);
  EXPECT_EQ(say({"reconcile", "close", gone["id"].dump(), "--why", "known"}).code, 0);
  EXPECT_EQ(ask({"ledger", "verify"})["verified"], true);

  // A house that opens again looks by itself, soon.
  house_->send(SIGINT);
  EXPECT_EQ(house_->wait().code, 0);
  EXPECT_THAT(say({"reconcile"}).err, HasSubstr("the house is not running"));
  start();
  EXPECT_TRUE(house_->wait_for_output("reconciled: the venue's statement is what the ledger says"));
}

}  // namespace
}  // namespace tests
