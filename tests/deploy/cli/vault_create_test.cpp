// tests/deploy/cli/vault_create_test.cpp: vaults and sleeves that a person opens, on a real PostgreSQL, without
// processes.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "deploy/cli/vaults.hpp"
#include "schemas/codec/data.hpp"
#include "tests/support/captured.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class VaultCreate : public TreasuryTest {
 protected:
  void SetUp() override {
    TreasuryTest::SetUp();
    if (IsSkipped()) return;
    ground_ = std::make_unique<TreasuryGround>(5'000);
    ground_->add_sleeve("quiet", "quiet", 1'000, 0, 0);
    where_.dsn = dsn(ground_->database);
    where_.json = true;
  }
  void TearDown() override {
    if (!ground_) return;
    ground_->expect_sound();
    ground_->connection.disconnect();
    drop_database(ground_->database);
  }
  static deploy::VaultArgs vault(const std::string& asset) {
    deploy::VaultArgs order;
    order.asset = asset;
    order.why = "savings";
    return order;
  }
  static deploy::VaultArgs sleeve(const std::string& name, const std::string& kind = "flash",
                                  const std::string& pair = "ETH/USDT") {
    deploy::VaultArgs order;
    order.name = "USDT";
    order.sleeve = name;
    order.kind = kind;
    order.pair = pair;
    order.why = "more of it";
    return order;
  }
  Captured create(const deploy::VaultArgs& order) {
    return captured([&] { return deploy::create_vault(where_, order); });
  }
  Captured create_sleeve(const deploy::VaultArgs& order, const schemas::config::Config& config = {}) {
    return captured([&] { return deploy::create_sleeve(where_, order, config); });
  }
  void expect_refused(const Captured& said, const std::string& why) const {
    EXPECT_EQ(said.code, 2) << said.out;
    EXPECT_THAT(said.err, testing::AllOf(StartsWith("bursar: "), HasSubstr(why)));
    EXPECT_THAT(said.out, StartsWith("{\"error\":{\"code\":\"")) << "and nothing else";
    EXPECT_EQ(ground_->one("SELECT count(*)::text FROM ledger.vault"), "1") << "nothing was opened";
    EXPECT_EQ(ground_->one("SELECT count(*)::text FROM ledger.sleeve"), "1");
  }

  std::unique_ptr<TreasuryGround> ground_;
  deploy::CommandContext where_;
};

TEST_F(VaultCreate, AVaultIsOpenedUnderItsAssetsNameAndShown) {
  auto order = vault("BTC");
  order.reserve = "fixed";
  order.least = "7.5";
  const Captured said = create(order);
  ASSERT_EQ(said.code, 0) << said.err;
  const json shown = json::parse(said.out, nullptr, false);
  EXPECT_EQ(shown["name"], "BTC");
  EXPECT_EQ(shown["total"], "0");
  EXPECT_EQ(ground_->one("SELECT a.code || ' ' || a.scale FROM ledger.vault v JOIN ledger.asset a ON a.id = v.asset "
                         "WHERE v.name = 'BTC'"),
            "BTC 8");
  EXPECT_EQ(
      ground_->one("SELECT data::json ->> 'why' FROM ledger.transition WHERE kind = 'vault' AND data LIKE '%savings%'"),
      "savings");
}

TEST_F(VaultCreate, ANewOwnerIsMadeWithIt) {
  auto order = vault("USDT");
  order.owner = "dao";
  ASSERT_EQ(create(order).code, 0);
  EXPECT_EQ(ground_->one("SELECT count(*)::text FROM ledger.vault v JOIN ledger.owner o ON o.id = v.owner WHERE o.name "
                         "= 'dao' AND o.shard BETWEEN 0 AND 63"),
            "1");
}

TEST_F(VaultCreate, AWalletHasOneVaultAndANameIsUsedOnce) {
  expect_refused(create(vault("USDT")), "default has a vault `USDT` already; `bursar vault show USDT` shows it");
  auto again = vault("USDT");
  again.name = "again";
  expect_refused(create(again), "the vault USDT holds USDT on paper/main already, and a wallet has one vault");
  again.account = "second";
  EXPECT_EQ(create(again).code, 0) << "another account is another wallet";
}

TEST_F(VaultCreate, WhatCantBeAVaultIsRefusedByName) {
  auto order = vault("EUR");
  order.name = "a b";
  expect_refused(create(order), "`a b` is no name; use up to 40 letters, digits, - and _");
  order.name = std::string(41, 'x');
  expect_refused(create(order), "is no name");
  expect_refused(create(vault("eur")), "`eur` is no asset's code: that is 2 to 12 capitals and digits, like USDT");
  order = vault("EUR");
  order.why.clear();
  expect_refused(create(order), "vault create: --why is missing");
  order = vault("EUR");
  order.venue = "kraken";
  expect_refused(create(order), "no venue is called `kraken`; there is: paper");
  order = vault("EUR");
  order.reserve = "solid";
  expect_refused(create(order), "reserve `solid` is unknown; it is none, fixed or flexing");
  order.reserve = "fixed";
  order.least = "a lot";
  expect_refused(create(order), "a reserve of a lot to 20 % can't be read");
  order.least = "50";
  expect_refused(create(order), "a reserve is from 5 to 20 %");
}

TEST_F(VaultCreate, ASleeveHasTheRulesOfTheFirstOfItsKind) {
  schemas::config::Config config;
  config.sleeves[1].strategy.trail = {4'000};
  const Captured said = create_sleeve(sleeve("third"), config);
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(ground_->one("SELECT strategy FROM ledger.sleeve WHERE name = 'third'"),
            schemas::write_momentum(config.sleeves[1].strategy));
  config.sleeves.clear();
  ASSERT_EQ(create_sleeve(sleeve("fourth"), config).code, 0);
  EXPECT_EQ(ground_->one("SELECT strategy FROM ledger.sleeve WHERE name = 'fourth'"), schemas::write_momentum({}))
      << "those that Bursar comes with";
}

TEST_F(VaultCreate, WhatCantBeASleeveIsRefusedByName) {
  expect_refused(create_sleeve(sleeve("a b")), "sleeve create: `a b` is no name");
  expect_refused(create_sleeve(sleeve("x", "loud")), "kind `loud` is unknown; it is quiet or flash");
  expect_refused(create_sleeve(sleeve("quiet")), "default has a sleeve `quiet` already, in the vault USDT");
  expect_refused(create_sleeve(sleeve("x", "flash", "DOGE/USDT")),
                 "the pair `DOGE/USDT` is unknown; there are: ETH/USDT");
  auto order = sleeve("x");
  order.name = "gold";
  expect_refused(create_sleeve(order), "default has no vault `gold`; there are: USDT");
  order = sleeve("x");
  order.why.clear();
  expect_refused(create_sleeve(order), "sleeve create: --why is missing");
}

TEST_F(VaultCreate, ASleeveTradesOnlyWhatItsVaultPaysWith) {
  ASSERT_EQ(create(vault("BTC")).code, 0);
  auto order = sleeve("x");
  order.name = "BTC";
  const Captured said = create_sleeve(order);
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("ETH/USDT is quoted in USDT, and the vault BTC holds BTC"));
}

}  // namespace
}  // namespace tests
