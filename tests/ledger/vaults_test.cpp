// tests/ledger/vaults_test.cpp: what was opened stays what it was, or is named; and one sleeve's money never meets
// another's, whoever asks.
#include <fmt/format.h>

#include "schemas/codec/data.hpp"
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
    EXPECT_THAT(commit({with(next(owner, a, 1), {pay(from, to, 1)})}), ElementsAre(refused(Refusal::crossing)));
    EXPECT_THAT(commit({with(next(owner, a, 1), {pay(outside, from, 1), hold(from, to, 1)})}),
                ElementsAre(refused(Refusal::crossing)));
  }
  const AccountId fees = account("sleeve/quiet/fees/USDT");
  EXPECT_THAT(commit({with(next(owner, b, 1), {pay(quiet, fees, 3)}),
                      with(next(owner, a, 1), {pay(flash, outside, 5), pay(flash, fees, 1)}),
                      with(next(owner, c, 1), {pay(flash, outside, 7)})}),
              ElementsAre(committed, refused(Refusal::crossing), committed));
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

}  // namespace
}  // namespace tests
