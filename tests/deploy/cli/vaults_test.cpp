// tests/deploy/cli/vaults_test.cpp: vaults, sleeves, pauses and freezes as a person orders them: what settles, what is
// refused by name, what is in force.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <ctime>
#include <thread>

#include "machines/core/amount.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;

// As `bursar controls` writes it.
std::string wall_now() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

// A house of its own that has replayed 60 bars and stopped: 20,000 USDT, 15,000 tradeable, 10,000 quiet, 5,000 flash.
class Treasury : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    const Said run = bursar({"up", "--config", config_file(folder_, 60), "--data-dir", data(), "--exit-when-done"});
    ASSERT_EQ(run.code, 0) << run.err;
  }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  [[nodiscard]] Said ask(Words words) const {
    words.insert(words.end(), {"--data-dir", data()});
    return bursar(words);
  }
  [[nodiscard]] json told(Words words) const {
    words.emplace_back("--json");
    const Said said = ask(words);
    EXPECT_EQ(said.code, 0) << said.err;
    return said.last_line();
  }
  [[nodiscard]] json vault(const std::string& name) const { return told({"vault", "show", name}); }
  // Ends with this code and exactly one complaint, which says this.
  void refused(const Words& words, int code, const std::string& why) const {
    Words all = words;
    const bool changes = words[0] == "sleeve" || (words[0] == "vault" && words[1] != "show");
    if (changes && std::find(all.begin(), all.end(), "--why") == all.end()) all.insert(all.end(), {"--why", "x"});
    const Said said = ask(all);
    EXPECT_EQ(said.code, code) << said.out << said.err;
    const auto found = complaints(said);
    ASSERT_EQ(found.size(), 1U) << said.err;
    EXPECT_THAT(found[0], HasSubstr(why));
  }
  // Cash of its sleeves that is in no order.
  [[nodiscard]] std::string free_in_sleeves() const {
    machines::Int128 sum = 0;
    const json shown = vault("USDT");
    for (const json& one : shown["sleeves"])
      for (const auto& [key, sign] : {std::pair("cash", 1), std::pair("in_orders", -1)})
        sum += sign * *machines::parse_decimal(one[key].get<std::string>(), 8);
    std::string text = machines::format({{}, sum}, 8);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  void expect_verifies() const { EXPECT_EQ(told({"ledger", "verify", "--full"})["verified"], true); }

  TempFolder folder_;
};

TEST_F(Treasury, CoinsMoveBetweenTheVaultAndItsSleevesAndEveryMoveIsInTheHistory) {
  const json before = vault("USDT");
  EXPECT_EQ(ask({"vault", "set-tradeable", "USDT", "16000", "--why", "more to risk"}).code, 0);
  EXPECT_EQ(vault("USDT")["tradeable"], "16000");
  EXPECT_EQ(ask({"vault", "allocate", "USDT", "flash", "250.5", "--why", "flash does well"}).code, 0);
  const json after = vault("USDT");
  EXPECT_EQ(after["total"], before["total"]) << "nothing came, nothing went";
  EXPECT_EQ(after["sleeves"][1]["allocation"], "5250.5");
  EXPECT_EQ(ask({"vault", "reclaim", "USDT", "flash", "250.5", "--why", "no, it doesn't"}).code, 0);
  EXPECT_EQ(vault("USDT")["sleeves"][1]["allocation"], "5000");
  EXPECT_EQ(ask({"vault", "set-tradeable", "USDT", "15500", "--why", "less"}).code, 0);
  EXPECT_EQ(vault("USDT")["tradeable"], "15500");
  const json all = told({"machine", "list", "--all"});
  const auto one = std::find_if(all.begin(), all.end(), [](const json& instance) {
    return instance["kind"] == "allocation" && instance["data"]["why"] == "flash does well";
  });
  ASSERT_NE(one, all.end());
  EXPECT_NE((*one)["data"]["who"], "");
  EXPECT_EQ((*one)["state"], "settled");
  const json history = told({"machine", "history", std::to_string((*one)["id"].get<std::int64_t>())});
  EXPECT_EQ(history[1]["postings"][0]["debit"], "vault/USDT/tradeable");
  EXPECT_EQ(history[1]["postings"][0]["credit"], "sleeve/flash/USDT");
  expect_verifies();
  EXPECT_EQ(told({"status"})["stranded"], 0);
}

TEST_F(Treasury, WhatCantBeMeantOrDoneIsRefusedByName) {
  refused({"vault", "allocate", "USDT", "flash", "999999"}, 1, "is above what is tradeable and not allocated");
  refused({"vault", "allocate", "USDT", "flash", "-5"}, 2, "amount `-5` is negative");
  refused({"vault", "allocate", "USDT", "flash", "0"}, 2, "amount 0 moves nothing");
  refused({"vault", "allocate", "USDT", "flash", "0.123456789"}, 2, "more decimals than USDT keeps, which is 8");
  refused({"vault", "allocate", "USDT", "flash", "1e3"}, 2, "`1e3` is no decimal number");
  refused({"vault", "allocate", "USDT", "teapot", "1"}, 2, "has no sleeve `teapot`; there are: quiet, flash");
  refused({"vault", "allocate", "gold", "flash", "1"}, 2, "has no vault `gold`; there are: USDT");
  refused({"vault", "show", "USDT", "--owner", "nobody"}, 2, "nobody has no vault `USDT`");
  refused({"vault", "reclaim", "USDT", "quiet", "999999"}, 1, "is above what the sleeve has available");
  refused({"vault", "set-tradeable", "USDT", "99999999"}, 1, "is above what the vault has outside Tradeable");
  refused({"vault", "set-tradeable", "USDT", "100"}, 1,
          "0 USDT are not allocated; reclaim from its sleeves first, of which " + free_in_sleeves() + " USDT are free");
  refused({"vault", "create", "USDT"}, 2, "has a vault `USDT` already");
  refused({"vault", "create", "USDT", "--name", "again"}, 2, "a wallet has one vault");
  refused({"vault", "create", "EUR", "--venue", "kraken"}, 2, "no venue is called `kraken`");
  refused({"vault", "create", "EUR", "--name", "a b"}, 2, "`a b` is no name");
  refused({"vault", "create", "EUR", "--reserve", "fixed", "--reserve-percent", "50"}, 2,
          "a reserve is from 5 to 20 %");
  refused({"sleeve", "create", "USDT", "x", "--kind", "flash", "--pair", "DOGE/USDT"}, 2,
          "the pair `DOGE/USDT` is unknown");
  refused({"sleeve", "create", "USDT", "x", "--kind", "loud", "--pair", "ETH/USDT"}, 2, "kind `loud` is unknown");
  refused({"sleeve", "create", "USDT", "flash", "--kind", "flash", "--pair", "ETH/USDT"}, 2,
          "has a sleeve `flash` already");
  refused({"vault", "create", "usdt"}, 2, "`usdt` is no asset's code: that is 2 to 12 capitals and digits, like USDT");
  for (const Words& words :
       {Words{"vault", "allocate", "USDT", "flash", "1"}, Words{"vault", "reclaim", "USDT", "flash", "1"},
        Words{"vault", "set-tradeable", "USDT", "1"}, Words{"vault", "create", "EUR"},
        Words{"sleeve", "create", "USDT", "x", "--kind", "flash", "--pair", "ETH/USDT"}}) {
    const Said said = ask(words);
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, HasSubstr("--why is missing"));
  }
  refused({"pause", "sleeve", "teapot", "--why", "x"}, 2, "has no sleeve `teapot`; there are: quiet, flash");
  refused({"pause", "all"}, 2, "--why is missing");
  refused({"freeze", "--level", "solid", "--why", "x"}, 2, "level `solid` is unknown");
  expect_verifies();
}

TEST_F(Treasury, AnyNumberOfVaultsAndSleevesEachByItself) {
  EXPECT_EQ(ask({"vault", "create", "BTC", "--reserve", "fixed", "--reserve-percent", "10", "--why", "savings"}).code,
            0);
  EXPECT_EQ(ask({"vault", "create", "USDT", "--owner", "dao", "--why", "a second owner"}).code, 0);
  const json idle = vault("BTC");
  EXPECT_EQ(idle["idle"], "no pair that is traded is quoted in BTC (pairs: ETH/USDT)");
  EXPECT_EQ(idle["total"], "0");
  refused({"sleeve", "create", "BTC", "x", "--kind", "flash", "--pair", "ETH/USDT"}, 2,
          "a sleeve trades only pairs quoted in its vault's asset");
  EXPECT_EQ(ask({"sleeve", "create", "USDT", "third", "--kind", "flash", "--pair", "ETH/USDT", "--why", "x"}).code, 0);
  EXPECT_EQ(ask({"vault", "reclaim", "USDT", "quiet", "1000", "--why", "x"}).code, 0);
  EXPECT_EQ(ask({"vault", "allocate", "USDT", "third", "1000", "--why", "x"}).code, 0);
  const json sleeves = vault("USDT")["sleeves"];
  ASSERT_EQ(sleeves.size(), 3U);
  EXPECT_EQ(sleeves[2]["balance"], "1000");
  EXPECT_EQ(sleeves[2]["state"], "watching");
  EXPECT_EQ(told({"vault", "list"}).size(), 3U);
  expect_verifies();
}

TEST_F(Treasury, TradeableZeroStillReportsTheTotalAndIdles) {
  const json sleeves = vault("USDT")["sleeves"];
  for (const json& one : sleeves)
    EXPECT_EQ(ask({"vault", "reclaim", "USDT", one["name"], one["cash"], "--why", "x"}).code, 0);
  EXPECT_EQ(ask({"vault", "set-tradeable", "USDT", "0", "--why", "x"}).code, 0);
  const json shown = vault("USDT");
  EXPECT_EQ(shown["tradeable"], "0");
  EXPECT_EQ(shown["total"], shown["not_at_risk"]);
  EXPECT_EQ(shown["idle"], "Tradeable Coins are 0");
}

TEST_F(Treasury, AFreezeStopsMovesAndIsLiftedByName) {
  EXPECT_EQ(ask({"vault", "set-tradeable", "USDT", "15100", "--why", "x"}).code, 0);
  const std::string before = wall_now();
  EXPECT_EQ(ask({"freeze", "--level", "all", "--why", "who is that?"}).code, 0);
  refused({"vault", "allocate", "USDT", "flash", "1"}, 1,
          "vault allocate: refused: everything is frozen; `bursar controls` says by whom, `bursar unfreeze` lifts it");
  const json controls = told({"controls"});
  EXPECT_GE(controls[0]["since"].get<std::string>(), before) << "when a person said so, not the time of the replay";
  EXPECT_LE(controls[0]["since"].get<std::string>(), wall_now());
  EXPECT_THAT(controls[0]["world_at"].get<std::string>(), testing::StartsWith("2024-01-0"));
  EXPECT_THAT(ask({"controls"}).out, testing::StartsWith(controls[0]["since"].get<std::string>()));
  ASSERT_EQ(controls.size(), 1U);
  EXPECT_EQ(controls[0]["level"], "all");
  EXPECT_EQ(controls[0]["why"], "who is that?");
  EXPECT_THAT(ask({"freeze", "--level", "all", "--why", "again"}).out,
              HasSubstr("is already frozen at level all since " + controls[0]["since"].get<std::string>()));
  EXPECT_THAT(ask({"freeze", "--level", "entries+transfers", "--why", "softer"}).out,
              ContainsRegex("is already frozen at level all since .*, by .*: "));
  EXPECT_EQ(ask({"unfreeze", "--why", "it was me"}).code, 0);
  EXPECT_EQ(ask({"unfreeze", "--why", "it was me"}).code, 1) << "nothing is in force any more";
  EXPECT_EQ(ask({"vault", "allocate", "USDT", "flash", "1", "--why", "x"}).code, 0);
  EXPECT_TRUE(told({"controls"}).empty());
  expect_verifies();
}

// Prices that rise to the end: all is invested, and nothing is free to be reclaimed.
TEST(SetTradeable, SaysHowToGetBackWhatIsInvested) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const TempFolder folder;
  std::string prices = "unix,symbol,open,high,low,close\n";
  for (int hour = 0; hour < 20; ++hour) {
    const int from = 2'000 + 40 * hour, to = from + 40;
    prices += fmt::format("{},ETH/USDT,{},{},{},{}\n", 1'704'067'200 + 3'600 * hour, from, to, from, to);
  }
  write_text(folder.path() / "prices.csv", prices);
  const std::string data = (folder.path() / "data").string();
  const Said run = bursar(
      {"up", "--replay", (folder.path() / "prices.csv").string(), "--data-dir", data, "--exit-when-done", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const json said = run.last_line();
  for (const json& one : said["sleeves"])
    (void)bursar({"vault", "reclaim", "USDT", one["name"], one["cash"], "--why", "all", "--data-dir", data});
  const Said refused = bursar({"vault", "set-tradeable", "USDT", "0", "--why", "home", "--data-dir", data});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("its sleeves have nothing free: `bursar pause vault USDT --why TEXT`, and reclaim "
                                     "when they rest"));
}

// A house that runs: what is ordered while it trades.
class Running : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    up_ = start_bursar({"up", "--config", config_file(folder_, 4000), "--data-dir", data(), "--json"});
  }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  [[nodiscard]] json told(Words words) const {
    words.insert(words.end(), {"--json", "--data-dir", data()});
    return bursar(words).last_line();
  }
  // How many orders there are, once that many of some state of some kind are there; -1 when they don't come.
  [[nodiscard]] std::int64_t count(const std::string& kind, const std::string& state) const {
    const json status = told({"status"});
    std::int64_t sum = 0;
    if (status.contains("instances"))  // else the house is just starting
      for (const json& one : status["instances"])
        if (one["kind"] == kind && (state.empty() || one["state"] == state)) sum += one["count"].get<std::int64_t>();
    return sum;
  }
  [[nodiscard]] bool comes(const std::string& kind, const std::string& state, std::int64_t least) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < until) {
      if (count(kind, state) >= least) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  TempFolder folder_;
  std::unique_ptr<Child> up_;
};

TEST_F(Running, APausedHouseBuysNothingRestsAndGoesOnWhenItIsResumed) {
  ASSERT_TRUE(comes("order", "filled", 2)) << up_->output();
  const Said paused = bursar({"pause", "all", "--why", "a look first", "--data-dir", data()});
  ASSERT_EQ(paused.code, 0) << paused.err;
  ASSERT_TRUE(comes("sleeve_cycle", "paused", 2)) << "what was open leaves by its own rules, then both rest";
  const std::int64_t orders = count("order", "");
  EXPECT_EQ(told({"status"})["stranded"], 0);
  ASSERT_TRUE(up_->wait_for_output("The house stays open", std::chrono::seconds(120))) << up_->output();
  EXPECT_EQ(count("order", ""), orders) << "not one more while it was paused";
  const json moved = told({"vault", "reclaim", "USDT", "quiet", "10", "--why", "x"});
  EXPECT_EQ(moved["state"], "settled") << "a worker of the running house did it";
  ASSERT_EQ(bursar({"resume", "all", "--why", "all is well", "--data-dir", data()}).code, 0);
  EXPECT_TRUE(comes("sleeve_cycle", "watching", 2));
  up_->send(SIGTERM);
  EXPECT_EQ(up_->wait().code, 0);
  EXPECT_EQ(told({"ledger", "verify", "--full"})["verified"], true);
}

}  // namespace
}  // namespace tests
