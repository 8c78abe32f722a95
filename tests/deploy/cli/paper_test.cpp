// tests/deploy/cli/paper_test.cpp: the paper venue of a real house: what it takes its fees in, and what a person does
// there, past this program.
#include <gmock/gmock.h>
#include <signal.h>

#include <map>

#include "machines/core/amount.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using machines::Int128;
using nlohmann::json;
using testing::HasSubstr;

constexpr std::chrono::seconds patience{120};

// A house that has replayed 200 bars of a sample, and stays open.
class OpenHouse {
 public:
  explicit OpenHouse(const std::string& fees) {
    const std::string config = config_file(folder_, 200, "[venue.paper]\n" + fees);
    up_ = start_bursar({"up", "--config", config, "--data-dir", data_dir(), "--json"});
    EXPECT_TRUE(up_->wait_for_output("The house stays open", patience)) << up_->output();
  }
  [[nodiscard]] Said ask(Words words) const {
    words.insert(words.end(), {"--data-dir", data_dir()});
    return bursar(words);
  }
  [[nodiscard]] json told(Words words) const {
    words.emplace_back("--json");
    const Said said = ask(words);
    EXPECT_EQ(said.code, 0) << said.err;
    return said.last_line();
  }
  deploy::Exit stop() {
    up_->send(SIGTERM);
    return up_->wait();
  }

 private:
  [[nodiscard]] std::string data_dir() const { return (folder_.path() / "data").string(); }
  TempFolder folder_;
  std::unique_ptr<Child> up_;
};

// Exactly, in units of 10^-18.
Int128 exact(const json& amount) { return machines::parse_decimal(amount.get<std::string>(), 18).value(); }

std::map<std::string, Int128> totals_of(const json& statement) {
  std::map<std::string, Int128> totals;
  for (const json& line : statement["lines"]) totals[line["asset"]] = exact(line["total"]);
  return totals;
}

// What the ledger says that the account holds: the vaults' and sleeves' coins, less what suspense owes.
struct Books {
  std::map<std::string, Int128> held, fees, suspense;
};
Books books_of(const json& balances) {
  Books books;
  for (const json& one : balances) {
    const std::string path = one["account"], asset = one["asset"];
    const auto under = [&](const char* part) { return path.find(part) != std::string::npos; };
    if (under("/fees/"))
      books.fees[asset] += exact(one["balance"]);
    else if (path.starts_with("suspense/"))
      books.suspense[asset] += exact(one["balance"]);
    else if (path.starts_with("vault/") || (path.starts_with("sleeve/") && !under("/trading/")))
      books.held[asset] += exact(one["balance"]);
  }
  return books;
}

class PaperVenue : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  }
};

struct FeeMode {
  const char* name;
  const char* toml;
  std::vector<std::string> fees_in;  // the assets of which some were taken
  bool covered;                      // no fee out of suspense
};

void expect_books_like_the_venue(const FeeMode& mode) {
  SCOPED_TRACE(mode.name);
  OpenHouse house(mode.toml);
  EXPECT_EQ(house.told({"ledger", "verify"})["verified"], true);
  const json statement = house.told({"paper", "statement"});
  EXPECT_TRUE(statement["foreign"].empty());
  const Books books = books_of(house.told({"ledger", "balances"}));
  for (const auto& [asset, total] : totals_of(statement)) {
    const auto suspense = books.suspense.find(asset);
    EXPECT_EQ(machines::to_text(books.held.at(asset) + (suspense == books.suspense.end() ? 0 : suspense->second)),
              machines::to_text(total))
        << asset;
  }
  for (const auto& [asset, owed] : books.suspense) EXPECT_TRUE(!mode.covered || owed == 0) << asset;
  for (const auto& [asset, taken] : books.fees)
    EXPECT_EQ(taken > 0, testing::Value(mode.fees_in, testing::Contains(asset))) << asset;
  EXPECT_EQ(house.stop().code, 0);
}

TEST_F(PaperVenue, WhateverFeesAreTakenInTheBooksAreTheVenuesToTheLastUnit) {
  expect_books_like_the_venue({"quote", "fee_asset = 'quote'\n", {"USDT"}, true});
  expect_books_like_the_venue({"received", "fee_asset = 'received'\n", {"ETH", "USDT"}, true});
  expect_books_like_the_venue({"a coin", "fee_asset = 'BNB'\nfee_price = 500\nfee_coins = 1\n", {"BNB"}, true});
  // Enough for some trades, then the venue goes on in quote.
  expect_books_like_the_venue(
      {"too few coins", "fee_asset = 'BNB'\nfee_price = 500\nfee_coins = 0.1\n", {"BNB", "USDT"}, true});
}

TEST_F(PaperVenue, APersonTradesAndMovesCoinsAndOnlyTheVenueKnows) {
  OpenHouse house("fee_asset = 'quote'\n");
  const auto before = totals_of(house.told({"paper", "statement"}));
  const json books = house.told({"ledger", "balances"});
  const json bought = house.told({"paper", "trade", "buy", "100", "--id", "mine"});
  EXPECT_EQ(house.told({"paper", "trade", "buy", "100", "--id", "mine"}), bought);
  ASSERT_EQ(bought["foreign"].size(), 1U);
  const json& fill = bought["foreign"][0];
  EXPECT_EQ(fill["id"], "mine");
  EXPECT_EQ(fill["fee_asset"], "USDT");
  EXPECT_EQ(totals_of(bought)["ETH"] - before.at("ETH"), exact(fill["base"]));
  EXPECT_EQ(before.at("USDT") - totals_of(bought)["USDT"], exact(fill["quote"]) + exact(fill["fee"]));
  const json moved = house.told({"paper", "deposit", "USDT", "5.5"});
  EXPECT_EQ(totals_of(moved)["USDT"] - totals_of(bought)["USDT"], machines::power_of_ten(17) * 55);
  EXPECT_EQ(totals_of(house.told({"paper", "withdraw", "USDT", "5.5"})), totals_of(bought));
  EXPECT_EQ(house.told({"ledger", "balances"}), books);
  const auto refused = [&](Words words, int code, const std::string& what) {
    const Said said = house.ask(std::move(words));
    EXPECT_EQ(said.code, code);
    EXPECT_THAT(complaints(said), testing::ElementsAre(HasSubstr(what)));
  };
  refused({"paper", "trade", "sell", "1000"}, 1, "insufficient_funds");
  refused({"paper", "trade", "buy", "200", "--id", "mine"}, 1, "id_conflict");
  refused({"paper", "trade", "buy", "1.123456789"}, 2, "USDT, which has 8 decimals");
  refused({"paper", "trade", "buy", "100", "--symbol", "XRP/USDT"}, 2, "XRP/USDT is not traded here");
  refused({"paper", "withdraw", "DOGE", "1"}, 2, "no asset is called `DOGE`");
  EXPECT_EQ(house.stop().code, 0);
  refused({"paper", "statement"}, 1, "start it with `bursar up`");
}

}  // namespace
}  // namespace tests
