// tests/deploy/bursar/coverage_test.cpp: what verification covers, shown on a real house: whatever a superuser changes
// behind every trigger's back is named, each change in a transaction that is undone.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/deploy/bursar/coverage_ground.hpp"

namespace tests {
namespace {

using testing::HasSubstr;

class Coverage : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  }
  // What verification says once `sql` was done, behind the triggers' back unless `openly`.
  static std::string named_after(const std::string& sql, bool openly = false) {
    const auto found = CoverageGround::of_this_program().after({sql}, openly);
    return found.refused.empty() ? found.problem : "could not be done: " + found.refused;
  }
};

// By the very functions that a house commits with: the chain holds these.
TEST_F(Coverage, AMoveThatNoMachineHasIsNamed) {
  EXPECT_THAT(named_after("SELECT ledger.record_move(1, 'nonsense', 0, 0, '', 'open', 'start', 0, false, '{}', "
                          "ledger.world_now())",
                          true),
              HasSubstr("is no row of the machine nonsense 1: what is born, on start, becomes open, then none"));
  EXPECT_THAT(
      named_after("SELECT ledger.record_move(1, 'sleeve', i.id, i.version, 'open', 'open', 'allocate', 0, false, "
                  "i.data, ledger.world_now(), 'pay_out', 1) FROM ledger.instance i WHERE i.kind = 'sleeve' "
                  "LIMIT 1",
                  true),
      HasSubstr("is no row of the machine sleeve 1: open, on allocate, becomes open, then pay_out"));
  EXPECT_THAT(named_after("SELECT ledger.record_move(1, 'order', 0, 0, '', 'filled', 'draft', 0, true, '{}', "
                          "ledger.world_now())",
                          true),
              HasSubstr("is no row of the machine order 1"));
}

// By the journal, as a worker commits: everything adds up, and coins came out of nothing.
TEST_F(Coverage, AStepOfNoMachineThatMintsIsNamed) {
  auto& ground = CoverageGround::of_this_program();
  const auto row = ground.ask(
      "SELECT v.external, s.quote, n.quote FROM ledger.sleeve s JOIN ledger.vault v ON v.owner = s.owner AND v.id = "
      "s.vault "
      "JOIN ledger.instrument n ON n.id = s.instrument ORDER BY s.id LIMIT 1");
  machines::Step step = ground.step();
  machines::Move move;
  move.instance = machines::Subject::birth(1);
  move.kind = "nonsense";
  move.to = "open";
  move.event = "mint";
  move.command = "none";
  move.data = "{}";
  step.moves.push_back(move);
  step.postings.push_back({machines::PostingKind::single,
                           {row.number(0, 0)},
                           {row.number(0, 1)},
                           machines::Amount({static_cast<std::int32_t>(row.number(0, 2))}, 100'000'000'000'000),
                           "mint",
                           {}});
  const auto found = ground.after(step);
  EXPECT_EQ(found.refused, "");
  EXPECT_THAT(found.problem,
              HasSubstr("is no row of the machine nonsense 1: what is born, on mint, becomes open, then none"));
}

TEST_F(Coverage, AnInstanceThatEndsWhereItsMachineDoesNotIsNamed) {
  EXPECT_THAT(named_after("UPDATE ledger.instance SET is_final = true WHERE id = (SELECT min(id) FROM ledger.instance "
                          "WHERE NOT is_final)"),
              HasSubstr("): is final, and a "));
  EXPECT_THAT(named_after("UPDATE ledger.instance SET is_final = false WHERE id = (SELECT max(id) FROM ledger.instance "
                          "WHERE is_final)"),
              HasSubstr("): is live, and a "));
}

struct Change {
  const char* sql;
  const char* named;
};

// What follows from the rest of the ledger, each value changed alone.
TEST_F(Coverage, WhatFollowsFromTheRestIsNamed) {
  const Change changes[] = {
      {"UPDATE ledger.instance SET parent = 1 WHERE kind = 'order'", "is not the child that its birth says"},
      {"UPDATE ledger.instance SET parent = 0 WHERE id = (SELECT max(id) FROM ledger.instance WHERE kind = 'order')",
       "is not the child that its birth says"},
      {"UPDATE ledger.instance SET sleeve = 3 - sleeve WHERE kind = 'allocation' AND sleeve <> 0",
       "is not the child that its birth says"},
      {"UPDATE ledger.instance SET sleeve = 2 WHERE kind = 'vault'", "is not the child that its birth says"},
      {"UPDATE ledger.instance SET born_ordinal = 2 WHERE kind = 'order'", "is not the child that its birth says"},
      {"UPDATE ledger.owner SET shard = (shard + 1) % 64", "history is in the chain of shard"},
      {"UPDATE ledger.transition SET wall_at = wall_at - interval '1 day' WHERE version = 2",
       "its wall time is not that of its link"},
      {"DELETE FROM ledger.job", "is gone"},
      {"INSERT INTO ledger.job (owner, instance, version, ordinal, shard, kind, command, world_at) SELECT owner, "
       "instance, version, 7, shard, kind, command, world_at FROM ledger.job LIMIT 1",
       "nothing ordered it as it stands"},
      {"INSERT INTO ledger.job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at) SELECT "
       "owner, instance, version, 1000, shard, kind, 'jump', true, world_at FROM ledger.job LIMIT 1",
       "nothing ordered it as it stands"},
      {"UPDATE ledger.job SET command = 'place_order'", "nothing ordered it as it stands"},
      {"UPDATE ledger.job SET kind = 'order'", "nothing ordered it as it stands"},
      {"UPDATE ledger.job SET version = version + 1", "nothing ordered it as it stands"},
      {"UPDATE ledger.job SET is_event = true", "nothing ordered it as it stands"},
      {"UPDATE ledger.job SET world_at = 5", "nothing ordered it as it stands"},
      {"UPDATE ledger.job SET shard = (shard + 1) % 64", "nothing ordered it as it stands"},
      {"UPDATE ledger.feed SET played_to = played_to - 3600000000", "its cursor is not on the last bar"},
      {"UPDATE ledger.feed SET played_to = played_to + 1", "its cursor stands on no bar"},
      {"UPDATE ledger.control SET epoch = epoch + 1 WHERE owner = 1", "control (owner 1): its epoch"},
      {"UPDATE ledger.control SET reason = 'x' WHERE owner = 0", "control (owner 0): its epoch"},
      {"UPDATE ledger.control SET epoch = 7 WHERE owner = 0", "control (owner 0): its epoch"},
      {"INSERT INTO ledger.firing VALUES (1, 'x', 1, 1)", "firing (owner 1, x at 1)"},
      {"INSERT INTO ledger.machine_pin VALUES ('order', 2)", "machine_pin (order 2)"},
      {"INSERT INTO sealed.api_key SELECT 1, 7, 'a', 1, 'paper', 'main', 'trade', '01234567', '{}', '{}', 1",
       "api_key (owner 1, id 7, a)"},
  };
  for (const auto& [sql, named] : changes) EXPECT_THAT(named_after(sql), HasSubstr(named)) << sql;
}

// What no row of history says: its hash is in the chain since it was made.
TEST_F(Coverage, WhatMustStandAsItWasMadeIsNamed) {
  const Change changes[] = {
      {"UPDATE ledger.deployment SET name = '\\x0000000000000000'", "deployment: is not what it was"},
      {"UPDATE ledger.owner SET name = 'other'", "owner 1: is not what it was"},
      {"UPDATE ledger.setting SET value = value || ' '", "setting settings: is not"},
      {"UPDATE ledger.feed SET sha256 = 'x'", "feed of instrument 1: is not"},
      {"UPDATE ledger.feed SET import = '{}'", "feed of instrument 1: is not"},
      {"UPDATE ledger.bar SET close = close + 1 WHERE opens_at = (SELECT min(opens_at) FROM ledger.bar)",
       "bars of instrument 1: is not"},
      {"DELETE FROM ledger.bar WHERE opens_at = (SELECT min(opens_at) FROM ledger.bar)",
       "bars of instrument 1: is not"},
      {"UPDATE ledger.migration SET sha256 = 'x' WHERE number = 3", "migration 3: is not"},
      {"UPDATE ledger.function_set SET sha256 = 'x'", "function set "},
      {"CREATE OR REPLACE FUNCTION ledger.world_now() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1::bigint'",
       "function ledger.world_now(): is not what it was"},
      {"CREATE FUNCTION ledger.mint() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function ledger.mint(): no migration"},
      {"DROP TRIGGER append_only ON ledger.posting", "trigger append_only on ledger.posting: is gone"},
      {"ALTER TABLE ledger.posting DISABLE TRIGGER append_only", "trigger append_only on ledger.posting: is not"},
      {"ALTER TABLE ledger.account DROP CONSTRAINT account_limit",
       "constraint account_limit of ledger.account: is gone"},
      {"DROP INDEX ledger.posting_resolves_once", "index ledger.posting_resolves_once: is gone"},
      {"GRANT UPDATE ON ledger.account TO bursar_service", "table ledger.account and its grants: is not"},
      {"GRANT SELECT ON sealed.seal TO PUBLIC", "table sealed.seal and its grants: is not"},
      {"GRANT EXECUTE ON FUNCTION ledger.open_asset(text, int) TO PUBLIC",
       "function ledger.open_asset(p_code text, p_scale integer)"},
      {"GRANT CREATE ON SCHEMA ledger TO bursar_service", "schema ledger and its grants: is not"},
      {"CREATE RULE quiet AS ON DELETE TO ledger.job DO INSTEAD NOTHING", "rule quiet on ledger.job: no migration"},
      {"ALTER TABLE ledger.job ALTER run_at SET DEFAULT now()", "column run_at of ledger.job: is not"},
  };
  for (const auto& [sql, named] : changes) EXPECT_THAT(named_after(sql), HasSubstr(named)) << sql;
}

}  // namespace
}  // namespace tests
