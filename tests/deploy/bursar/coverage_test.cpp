// tests/deploy/bursar/coverage_test.cpp: what verification covers, shown on a real house: whatever a superuser changes
// behind every trigger's back is named, on a copy of the database for each change.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "deploy/bursar/machine_migration.hpp"
#include "ledger/audit/machines.hpp"
#include "ledger/audit/verify.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::HasSubstr;

// The tables that verification goes by are those of the machines that ship: every kind, and every state's finality.
TEST(MachineRows, AreThoseOfEveryMachineThatShips) {
  std::map<std::pair<std::string, int>, deploy::MachineShape> read;
  for (const auto& row : ledger::audit::machine_rows()) {
    auto& shape = read[{row.kind, static_cast<int>(row.machine_version)}];
    shape.states.insert(row.to);
    if (row.is_final) shape.finals.insert(row.to);
  }
  ASSERT_EQ(read.size(), deploy::shipped_machines().size());
  for (const auto& [name, shape] : deploy::shipped_machines()) {
    EXPECT_EQ(read[name].states, shape.states) << name.first;
    EXPECT_EQ(read[name].finals, shape.finals) << name.first;
  }
}

// The database of a finished house, up without the house.
class Coverage : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!no_cluster_because().empty()) return;
    ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
    folder_ = std::make_unique<TempFolder>();
    const std::string data = (folder_->path() / "data").string();
    Child copy({"/bin/cp", "-a", finished_house().data_dir, data});
    ASSERT_EQ(copy.wait().code, 0) << copy.output();
    auto opened = deploy::Cluster::open(data);
    ASSERT_TRUE(opened) << opened.error().text;
    cluster_ = std::make_unique<deploy::Cluster>(std::move(*opened));
  }
  static void TearDownTestSuite() {
    cluster_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_TRUE(cluster_);
  }

  static std::string problem_of(const std::string& database) {
    ledger::Connection connection(cluster_->dsn(database));
    ledger::audit::VerifyOptions options;
    options.is_house = true;
    const auto verdict = ledger::audit::verify(connection, options);
    return verdict ? verdict->problem : verdict.error().text;
  }
  // What verification says once `sql` was done to a copy of the database, behind its triggers' back unless `openly`.
  static std::string named_after(const std::string& sql, bool openly = false) {
    ledger::Connection admin(cluster_->dsn("postgres"));
    const auto made = admin.call({"copy_database", "CREATE DATABASE changed TEMPLATE bursar"});
    if (!made) return made.error().text;
    std::string found;
    {
      ledger::Connection insider(cluster_->dsn("changed"));
      const auto done = insider.run((openly ? "" : "SET LOCAL session_replication_role = replica; ") + sql);
      found = done ? "" : "could not be done: " + done.error().text;
    }
    if (found.empty()) found = problem_of("changed");
    const auto dropped = admin.call({"drop_database", "DROP DATABASE changed WITH (FORCE)"});
    return dropped ? found : dropped.error().text;
  }

  static std::unique_ptr<TempFolder> folder_;
  static std::unique_ptr<deploy::Cluster> cluster_;
};
std::unique_ptr<TempFolder> Coverage::folder_;
std::unique_ptr<deploy::Cluster> Coverage::cluster_;

TEST_F(Coverage, ASoundHouseHasNothingToName) { EXPECT_EQ(problem_of("bursar"), ""); }

// By the very functions that a house commits with: the chain holds these.
TEST_F(Coverage, AMoveThatNoMachineHasIsNamed) {
  EXPECT_THAT(named_after("SELECT ledger.record_move(1, 'nonsense', 0, 0, '', 'open', 'start', 0, false, '{}', "
                          "ledger.world_now())",
                          true),
              HasSubstr("is no row of the machine nonsense 1: what is born, on start, becomes open, then none"));
  EXPECT_THAT(named_after("SELECT ledger.record_move(1, 'sleeve', i.id, i.version, 'open', 'open', 'allocate', 0, false, "
                          "i.data, ledger.world_now(), 'pay_out', 1) FROM ledger.instance i WHERE i.kind = 'sleeve' "
                          "LIMIT 1",
                          true),
              HasSubstr("is no row of the machine sleeve 1: open, on allocate, becomes open, then pay_out"));
  EXPECT_THAT(named_after("SELECT ledger.record_move(1, 'order', 0, 0, '', 'filled', 'draft', 0, true, '{}', "
                          "ledger.world_now())",
                          true),
              HasSubstr("is no row of the machine order 1"));
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
      {"UPDATE ledger.instance SET parent = 1 WHERE kind = 'order'",                     "is not the child that its birth says"    },
      {"UPDATE ledger.instance SET parent = 0 WHERE id = (SELECT max(id) FROM ledger.instance)",
       "is not the child that its birth says"                                                                                      },
      {"UPDATE ledger.instance SET sleeve = 3 - sleeve WHERE kind = 'allocation' AND sleeve <> 0",
       "is not the child that its birth says"                                                                                      },
      {"UPDATE ledger.instance SET sleeve = 2 WHERE kind = 'vault'",                     "is not the child that its birth says"    },
      {"UPDATE ledger.instance SET born_ordinal = 2 WHERE kind = 'order'",               "is not the child that its birth says"    },
      {"UPDATE ledger.owner SET shard = (shard + 1) % 64",                               "history is in the chain of shard"        },
      {"UPDATE ledger.transition SET wall_at = wall_at - interval '1 day' WHERE version = 2",
       "its wall time is not that of its link"                                                                                     },
      {"DELETE FROM ledger.job",                                                         "is gone"                                 },
      {"INSERT INTO ledger.job (owner, instance, version, ordinal, shard, kind, command, world_at) SELECT owner, "
       "instance, version, 7, shard, kind, command, world_at FROM ledger.job LIMIT 1",
       "nothing ordered it as it stands"                                                                                           },
      {"INSERT INTO ledger.job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at) SELECT "
       "owner, instance, version, 1000, shard, kind, 'jump', true, world_at FROM ledger.job LIMIT 1",
       "nothing ordered it as it stands"                                                                                           },
      {"UPDATE ledger.job SET command = 'place_order'",                                  "nothing ordered it as it stands"         },
      {"UPDATE ledger.job SET kind = 'order'",                                           "nothing ordered it as it stands"         },
      {"UPDATE ledger.job SET version = version + 1",                                    "nothing ordered it as it stands"         },
      {"UPDATE ledger.job SET is_event = true",                                          "nothing ordered it as it stands"         },
      {"UPDATE ledger.job SET world_at = 5",                                             "nothing ordered it as it stands"         },
      {"UPDATE ledger.job SET shard = (shard + 1) % 64",                                 "nothing ordered it as it stands"         },
      {"UPDATE ledger.feed SET played_to = played_to - 3600000000",                      "its cursor is not on the last bar"       },
      {"UPDATE ledger.feed SET played_to = played_to + 1",                               "its cursor stands on no bar"             },
      {"UPDATE ledger.control SET epoch = epoch + 1 WHERE owner = 1",                    "control (owner 1): its epoch"            },
      {"UPDATE ledger.control SET reason = 'x' WHERE owner = 0",                         "control (owner 0): its epoch"            },
      {"UPDATE ledger.control SET epoch = 7 WHERE owner = 0",                            "control (owner 0): its epoch"            },
      {"INSERT INTO ledger.firing VALUES (1, 'x', 1, 1)",                                "firing (owner 1, x at 1)"                },
      {"INSERT INTO ledger.machine_pin VALUES ('order', 2)",                             "machine_pin (order 2)"                   },
      {"INSERT INTO sealed.api_key SELECT 1, 1, 'a', 1, 'paper', 'main', 'trade', '01234567', '{}', '{}', 1",
       "api_key (owner 1, id 1, a)"                                                                                                },
  };
  for (const auto& [sql, named] : changes) EXPECT_THAT(named_after(sql), HasSubstr(named)) << sql;
}


// What no row of history says: its hash is in the chain since it was made.
TEST_F(Coverage, WhatMustStandAsItWasMadeIsNamed) {
  const Change changes[] = {
      {"UPDATE ledger.deployment SET name = '\\x0000000000000000'",                              "deployment: is not what it was"      },
      {"UPDATE ledger.owner SET name = 'other'",                                                 "owner 1: is not what it was"         },
      {"UPDATE ledger.setting SET value = value || ' '",                                         "setting settings: is not"            },
      {"UPDATE ledger.feed SET sha256 = 'x'",                                                    "feed of instrument 1: is not"        },
      {"UPDATE ledger.feed SET import = '{}'",                                                   "feed of instrument 1: is not"        },
      {"UPDATE ledger.bar SET close = close + 1 WHERE opens_at = (SELECT min(opens_at) FROM ledger.bar)",
       "bars of instrument 1: is not"                                                                                                  },
      {"DELETE FROM ledger.bar WHERE opens_at = (SELECT min(opens_at) FROM ledger.bar)",         "bars of instrument 1: is not"        },
      {"UPDATE ledger.migration SET sha256 = 'x' WHERE number = 3",                              "migration 3: is not"                 },
      {"CREATE OR REPLACE FUNCTION ledger.world_now() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1::bigint'",
       "function ledger.world_now(): is not what it was"                                                                               },
      {"CREATE FUNCTION ledger.mint() RETURNS int LANGUAGE sql AS 'SELECT 1'",                   "function ledger.mint(): no migration"},
      {"DROP TRIGGER append_only ON ledger.posting",                         "trigger append_only on ledger.posting: is gone"          },
      {"ALTER TABLE ledger.posting DISABLE TRIGGER append_only",             "trigger append_only on ledger.posting: is not"           },
      {"ALTER TABLE ledger.account DROP CONSTRAINT account_limit",           "constraint account_limit of ledger.account: is gone"     },
      {"DROP INDEX ledger.posting_resolves_once",                            "index ledger.posting_resolves_once: is gone"             },
      {"GRANT UPDATE ON ledger.account TO bursar_service",                   "table ledger.account and its grants: is not"             },
      {"GRANT SELECT ON sealed.seal TO PUBLIC",                              "table sealed.seal and its grants: is not"                },
      {"GRANT EXECUTE ON FUNCTION ledger.open_asset(text, int) TO PUBLIC",   "function ledger.open_asset(p_code text, p_scale integer)"},
      {"GRANT CREATE ON SCHEMA ledger TO bursar_service",                    "schema ledger and its grants: is not"                    },
      {"CREATE RULE quiet AS ON DELETE TO ledger.job DO INSTEAD NOTHING",    "rule quiet on ledger.job: no migration"                  },
      {"ALTER TABLE ledger.job ALTER run_at SET DEFAULT now()",              "column run_at of ledger.job: is not"                     },
  };
  for (const auto& [sql, named] : changes) EXPECT_THAT(named_after(sql), HasSubstr(named)) << sql;
}

}  // namespace
}  // namespace tests
