// tests/ledger/vaults_test.cpp: what was opened stays what it was, or is named; and one sleeve's money never meets
// another's, whoever asks.
#include <fmt/format.h>

#include "ledger/store/migrations.hpp"
#include "schemas/codec/data.hpp"
#include "schemas/sql/migrations.hpp"
#include "tests/ledger/treasury.hpp"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Vaults : public Treasury {};

TEST_F(Vaults, Inv4QuietAndFlashNeverPayEachOther) {
  const InstanceId a = new_till(), b = new_till(), c = new_till();
  for (const auto& [from, to] : std::vector<std::pair<AccountId, AccountId>>{
           {quiet, flash}, {flash, quiet}, {quiet, quiet_too}, {quiet_too, flash}}) {
    EXPECT_THAT(commit({with(next(owner, a, 1), {pay(from, to, 1)})}), ElementsAre(refused("crossing")));
    EXPECT_THAT(commit({with(next(owner, a, 1), {pay(outside, from, 1), hold(from, to, 1)})}),
                ElementsAre(refused("crossing")));
  }
  const AccountId fees = account("sleeve/quiet/fees/USDT");
  EXPECT_THAT(commit({with(next(owner, b, 1), {pay(quiet, fees, 3)}),
                      with(next(owner, a, 1), {pay(flash, outside, 5), pay(flash, fees, 1)}),
                      with(next(owner, c, 1), {pay(flash, outside, 7)})}),
              ElementsAre(committed, refused("crossing"), committed));
  EXPECT_EQ(ask("SELECT string_agg(debits_posted::text, ',' ORDER BY id) FROM ledger.account WHERE id IN (" +
                fmt::format("{}, {}, {})", quiet.value, flash.value, quiet_too.value)),
            "3,7,0");
}

TEST_F(Vaults, Inv4NotEvenTheOwnerOfTheDatabaseInsertsACrossing) {
  ledger::Connection owner_of_all(dsn(database));
  const auto insert = [&](AccountId debit, AccountId credit) {
    return owner_of_all.run(
        fmt::format("INSERT INTO ledger.posting SELECT 1, instance, version, 99, 'single', {}, {}, "
                    "1, 5, 'stolen', 0, 0, 0, world_at FROM ledger.posting LIMIT 1; ROLLBACK",
                    debit.value, credit.value));
  };
  for (const AccountId other : {flash, quiet_too})
    EXPECT_THAT(insert(quiet, other).error().text, HasSubstr("a sleeve never pays another one"));
  const auto straight = insert(quiet, outside);
  EXPECT_TRUE(straight) << straight.error().text << ": the trigger stops too much, or the insert was wrong";
}

TEST_F(Vaults, Inv4WhatTheTriggerDidNotSeeTheAuditNames) {
  const InstanceId till = new_till();
  ASSERT_THAT(commit({with(next(owner, till, 1), {pay(quiet, outside, 5)})}), ElementsAre(committed));
  ledger::Connection insider(dsn(database));
  const auto answer = insider.run(
      fmt::format("SET LOCAL session_replication_role = replica; UPDATE ledger.posting SET credit = {} WHERE instance "
                  "= {}; DO $$ BEGIN RAISE EXCEPTION '%', ledger.verify_crossings(); END $$",
                  flash.value, till.value));
  EXPECT_THAT(answer.error().text, HasSubstr(fmt::format("posting (owner 1, instance {}, version 2, leg 1): one sleeve "
                                                         "paid another",
                                                         till.value)));
}

std::string other_value(const std::string& type, const std::string& column) {
  if (type == "text") return column + " || 'x'";
  if (type == "boolean") return "NOT " + column;
  return "coalesce(" + column + ", 0) + 1000";
}

TEST_F(Vaults, Inv27EveryColumnOfWhatWasOpenedIsNamedWhenFlipped) {
  struct Table {
    const char* name;
    const char* where;
    const char* columns;  // which; empty: all
    const char* found;
  };
  const std::vector<Table> tables = {
      {"vault", "id = 2", "", "vault (owner "},
      {"sleeve", "id = 1", "", "sleeve (owner "},
      {"instrument", "id = 1", "", "sleeve (owner 1"},
      {"asset", "id = 1", "'code', 'scale'", "vault (owner 1"},
      {"asset", "id = 2", "'code', 'scale'", "sleeve (owner 1"},
      {"asset", "id = 3", "'code', 'scale'", "sleeve (owner 1"},
      {"account", "path = 'vault/core/tradeable'", "'path', 'limited', 'asset', 'fund', 'id'", "vault (owner 1"},
      {"account", "path = 'sleeve/quiet/ETH'", "'path', 'limited', 'asset', 'fund', 'id'", "sleeve (owner 1"},
      {"account", "path = 'sleeve/quiet/fees/BNB'", "'path', 'limited', 'asset', 'fund', 'id'", "sleeve (owner 1"},
  };
  int flipped = 0;
  for (const Table& table : tables) {
    const auto columns = must_run(
        database,
        fmt::format("SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'ledger' AND "
                    "table_name = '{}' {} ORDER BY ordinal_position",
                    table.name, *table.columns == 0 ? "" : fmt::format("AND column_name IN ({})", table.columns)));
    for (int row = 0; row < columns.size(); ++row, ++flipped) {
      const std::string column(columns.text(row, 0));
      EXPECT_THAT(named_after(fmt::format("UPDATE ledger.{} SET {} = {} WHERE {}", table.name, column,
                                          other_value(std::string(columns.text(row, 1)), column), table.where)),
                  StartsWith(table.found))
          << table.name << "." << column << " where " << table.where;
    }
  }
  EXPECT_GT(flipped, 55);
}

TEST_F(Vaults, Inv27WhatNobodyOpenedAndWhatIsGoneIsNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"INSERT INTO ledger.account (owner, asset, path, limited) VALUES (1, 1, 'side pocket', false)",
       "account (owner 1, id "},
      {"DELETE FROM ledger.sleeve WHERE id = 3", "transition (owner 1, instance "},
      {"DELETE FROM ledger.vault WHERE id = 2", "transition (owner 1, instance "},
      {"INSERT INTO ledger.sleeve SELECT * FROM (SELECT (jsonb_populate_record(s, '{\"id\": 9, \"name\": "
       "\"more\"}')).* "
       "FROM ledger.sleeve s WHERE id = 3) AS x",
       "sleeve (owner 1, id 9"},
      {"INSERT INTO ledger.pause VALUES (1, 'sleeve', '1', 1)", "control (owner 1)"},
      {"UPDATE ledger.control SET frozen = 'all' WHERE owner = 1", "control (owner 1)"},
  };
  for (const auto& [sql, found] : cases) EXPECT_THAT(named_after(sql), StartsWith(found)) << sql;
}

TEST_F(Vaults, Inv27TheFlagsOfPausesAndFreezesAreThoseInForce) {
  ASSERT_GT(impose("pause", "sleeve", "1"), 0);
  ASSERT_GT(impose("freeze", "", "", "entries+transfers"), 0);
  EXPECT_EQ(named_after("SELECT 1"), "nothing");
  for (const std::string sql :
       {"DELETE FROM ledger.pause", "UPDATE ledger.pause SET target = '2'", "UPDATE ledger.pause SET scope = 'vault'",
        "UPDATE ledger.pause SET instance = instance + 1", "UPDATE ledger.control SET frozen = 'no' WHERE owner = 1",
        "UPDATE ledger.control SET frozen = 'all' WHERE owner = 1",
        "UPDATE ledger.instance SET is_final = true WHERE kind = 'control'"})
    EXPECT_THAT(named_after(sql), StartsWith("control (owner 1): its flags")) << sql;
}

// Vaults and sleeves as they were set up before vaults were machines, with money given to the sleeves.
constexpr const char* old_house =
    "INSERT INTO ledger.asset VALUES (1, 'USDT', 8), (2, 'ETH', 18); INSERT INTO ledger.owner VALUES (1, 'default', 7);"
    "INSERT INTO ledger.control (owner) VALUES (1); INSERT INTO ledger.account (owner, id, asset, path, limited) "
    "VALUES "
    "(1, 1, 1, 'venue/paper/USDT', false), (1, 2, 1, 'vault/USDT/reserve', true), (1, 3, 1, 'vault/USDT/tradeable', "
    "true), (1, 4, 1, 'sleeve/quiet/USDT', true), (1, 5, 2, 'sleeve/quiet/ETH', true), (1, 6, 1, "
    "'sleeve/quiet/trading/USDT', false), (1, 7, 2, 'sleeve/quiet/trading/ETH', false), (1, 8, 1, "
    "'sleeve/quiet/fees/USDT', true), (1, 9, 1, 'suspense/USDT', false), (1, 10, 2, 'suspense/ETH', false), (1, 11, 1, "
    "'sleeve/flash/USDT', true), (1, 12, 2, 'sleeve/flash/ETH', true), (1, 13, 1, 'sleeve/flash/trading/USDT', false), "
    "(1, 14, 2, 'sleeve/flash/trading/ETH', false), (1, 15, 1, 'sleeve/flash/fees/USDT', true); "
    "SELECT setval('ledger.account_id', 15); INSERT INTO ledger.instrument VALUES (1, 'ETH/USDT', 2, 1, "
    "100000000000000, 1000000000, 1000, 1000); INSERT INTO ledger.vault VALUES (1, 1, 'USDT', 'paper', 1, 1, 2, 3); "
    "INSERT INTO ledger.sleeve VALUES (1, 1, 'quiet', 'quiet', 1, 1, 600, 4, 5, 6, 7, 8, 9, 10, '{}'), "
    "(1, 2, 'flash', 'flash', 1, 1, 400, 11, 12, 13, 14, 15, 9, 10, '{}')";

class OldVaults : public Vaults {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database = empty_database();
    const auto known = schemas::sql::migrations();
    for (std::size_t at = 0; at < 5; ++at)
      must_run(database, fmt::format("{0}\nINSERT INTO ledger.migration (number, name, sha256) VALUES ({1}, '{2}', "
                                     "encode(sha256(convert_to($whole${0}$whole$, 'UTF8')), 'hex'))",
                                     known[at].sql, at + 1, known[at].name));
    must_run(database, old_house);
  }
};

TEST_F(OldVaults, AreAdoptedAsTheyStandWithTheirAllocations) {
  const std::vector<Step> steps = {
      with(birth(owner), {pay({1}, {2}, 500, "fund"), pay({1}, {3}, 1'500, "fund")}),
      with(birth(owner), {pay({3}, {4}, 600, "allocate"), pay({3}, {11}, 400, "allocate")}),
      with(birth(owner), {pay({11}, {3}, 25, "sweep"), hold({4}, {6}, 50)}),
  };
  for (const Step& step : steps) ASSERT_EQ(commit({step}).at(0).outcome, Outcome::committed);
  ledger::Connection connection(dsn(database));
  const auto done = ledger::migrate(connection);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(*done, static_cast<int>(schemas::sql::migrations().size()) - 5);
  EXPECT_EQ(ask("SELECT ledger.verify_openings()"), "");
  EXPECT_EQ(problem(), "");
  for (const auto& [sleeve, minor] : std::vector<std::pair<std::string, Int128>>{{"quiet", 600}, {"flash", 400}}) {
    const auto data = schemas::parse_sleeve(
        ask("SELECT i.data FROM ledger.instance i JOIN ledger.sleeve s ON s.owner = i.owner AND s.instance = i.id "
            "WHERE s.name = '" +
            sleeve + "'"));
    ASSERT_TRUE(data) << sleeve;
    EXPECT_EQ(data->allocation, Amount(usdt, minor)) << sleeve;
  }
  const InstanceId till = new_till();
  EXPECT_THAT(commit({with(next(owner, till, 1), {pay({4}, {11}, 1)})}), ElementsAre(refused("crossing")));
  EXPECT_THAT(commit({with(next(owner, till, 1), {pay({4}, {15}, 1)})}), ElementsAre(refused("crossing")));
  EXPECT_THAT(named_after("UPDATE ledger.account SET fund = 0 WHERE path = 'sleeve/flash/ETH'"),
              StartsWith("sleeve (owner 1, id 2"));
}

}  // namespace
}  // namespace tests
