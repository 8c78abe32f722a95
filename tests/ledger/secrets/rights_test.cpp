// tests/ledger/secrets/rights_test.cpp: who may do what with sealed keys, asked of PostgreSQL as each role: the service
// opens what may be used and writes nothing; only the transfer executor opens what moves coins.
#include <gmock/gmock.h>

#include "ledger/store/dsn.hpp"
#include "tests/ledger/secrets/keys.hpp"

namespace tests {
namespace {

using machines::key::Event;
using machines::key::Purpose;
using testing::HasSubstr;

class KeyRights : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    house_ = std::make_unique<Treasury>();
    for (const auto& asked : {trading(), moving()}) {
      house_->add(asked);
      ASSERT_TRUE(house_->move(house_->now(asked.name), Event::prove));
    }
  }
  // A connection with the rights of this role alone.
  std::string as(const std::string& role) { return ledger::with_options(dsn(house_->database), "-c role=" + role); }
  // Whether this role opens the key for the purpose.
  std::string opening(const std::string& role, const std::string& name, Purpose purpose) {
    ledger::Connection connection(as(role));
    const auto view = house_->now(name);
    auto keyring = ledger::secrets::Keyring::open(connection);
    if (!keyring) return keyring.error().text;
    const auto opened = keyring->open_for_use(view, purpose, house_->master);
    return opened ? "opened" : opened.error().text;
  }
  std::unique_ptr<Treasury> house_;
};

TEST_F(KeyRights, TheServiceOpensTradeKeysAndNeverAMoveKey) {
  EXPECT_EQ(opening("bursar_service", "main", Purpose::trade), "opened");
  EXPECT_THAT(opening("bursar_service", "mover", Purpose::move), HasSubstr("may not be opened by this database user"));
  ledger::Connection service(dsn(house_->database, "bursar_service"));
  const auto asked = service.run("SELECT * FROM sealed.key_for_use(1, 2, 'move')");
  ASSERT_TRUE(asked) << asked.error().text;
  EXPECT_TRUE(asked->empty()) << "the purpose of move is not for this function";
}

// What a worker needs, and no more: which keys there are, and to say what it saw of one.
TEST_F(KeyRights, TheServiceSeesKeysWithoutSealsAndRecordsALook) {
  ledger::Connection service(dsn(house_->database, "bursar_service"));
  auto keyring = ledger::secrets::Keyring::open(service);
  ASSERT_TRUE(keyring) << keyring.error().text;
  EXPECT_THAT(keyring->keys().error().text, HasSubstr("permission denied"));
  const auto keys = keyring->keys_without_seals();
  ASSERT_TRUE(keys) << keys.error().text;
  ASSERT_EQ(keys->size(), 2U);
  const auto& view = keys->front();
  EXPECT_EQ(view.data.name, "main");
  EXPECT_EQ(view.master_key, "");
  machines::key::Observation refused;
  refused.is_authentic = false;
  const auto step = machines::key::decide(view.state, view.data, {Event::fail_auth, refused});
  ASSERT_TRUE(step);
  const auto moved = keyring->move({{view, *step}}, {3'000});
  ASSERT_TRUE(moved) << moved.error().text;
  EXPECT_EQ(house_->now("main").state, machines::key::State::degraded);
  EXPECT_FALSE(keyring->move({{view, *step}}, {3'000})) << "another was there first";
  EXPECT_EQ(house_->problem(), "");
}

TEST_F(KeyRights, TheTransferExecutorsRoleOpensMoveKeysAlone) {
  EXPECT_EQ(opening("bursar_mover", "mover", Purpose::move), "opened");
  ledger::Connection mover(as("bursar_mover"));
  const auto trade_key = mover.run("SELECT * FROM sealed.key_for_move(1, 1)");
  ASSERT_TRUE(trade_key) << trade_key.error().text;
  EXPECT_TRUE(trade_key->empty()) << "what moves coins is asked for as such";
  EXPECT_THAT(mover.run("SELECT * FROM sealed.seal").error().text, HasSubstr("permission denied"));
}

TEST_F(KeyRights, TheServiceReadsNoSealsAndWritesNothing) {
  ledger::Connection service(dsn(house_->database, "bursar_service"));
  for (const char* sql :
       {"SELECT * FROM sealed.seal", "UPDATE sealed.seal SET key_text = key_text", "DELETE FROM sealed.seal",
        "INSERT INTO sealed.api_key SELECT * FROM sealed.api_key", "UPDATE sealed.api_key SET purpose = 'trade'",
        "UPDATE sealed.master_key SET is_current = false", "SELECT nextval('sealed.api_key_id')",
        "SELECT sealed.use_master_key('0123456789abcdef', '\\x00')", "SELECT sealed.forget_key(1, 1)",
        "SELECT sealed.rewrap_key(1, 1, 'a', '\\x00', '\\x00', 'b')"})
    EXPECT_THAT(service.run(sql).error().text, HasSubstr("permission denied")) << sql;
  EXPECT_TRUE(service.run("SELECT name, fingerprint FROM sealed.api_key").has_value());
}

TEST_F(KeyRights, WhatAKeyIsAndItsSecretAreNeverChangedEvenByTheOwner) {
  ledger::Connection owner(dsn(house_->database));
  for (const char* sql : {"UPDATE sealed.api_key SET purpose = 'move'", "DELETE FROM sealed.api_key",
                          "TRUNCATE sealed.seal", "TRUNCATE sealed.api_key CASCADE", "DELETE FROM sealed.master_key"})
    EXPECT_THAT(owner.run(sql).error().text, HasSubstr("append-only")) << sql;
  EXPECT_THAT(owner.run("UPDATE sealed.seal SET text = text || '\\x00'").error().text, HasSubstr("never changed"));
  EXPECT_THAT(owner.run("SELECT sealed.forget_key(1, 1)")->text(0, 0), testing::StrEq("f")) << "only what is retired";
}

TEST_F(KeyRights, AKeyNeedsANewbornInstanceOfItsOwn) {
  const auto add = [&](const std::string& instance, const std::string& version) {
    ledger::Connection owner(dsn(house_->database));
    return owner
        .run("SELECT sealed.add_key(1, 9, 'nine', " + version + ", 'paper', 'spot', 'trade', '01234567', '{}', '{}', " +
             instance + ", '\\x', '\\x', '\\x', '\\x', '" + house_->master.id + "')")
        .error()
        .text;
  };
  EXPECT_THAT(add("1", "1"), HasSubstr("no newborn instance of its own")) << "of another kind";
  EXPECT_THAT(add(house_->one("SELECT instance::text FROM sealed.api_key WHERE id = 1"), "1"),
              HasSubstr("no newborn instance"));
}

}  // namespace
}  // namespace tests
