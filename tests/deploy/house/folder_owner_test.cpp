// tests/deploy/house/folder_owner_test.cpp: whether a data folder belongs to the database that was named.
#include "deploy/house/folder_owner.hpp"

#include <gmock/gmock.h>

#include "ledger/audit/server_identity.hpp"
#include "tests/deploy/bursar/finished.hpp"

namespace tests {
namespace {

using testing::HasSubstr;

using FolderOwner = OnFinishedHouse;

// The machine's default data folder may be the home of another house: what is asked of a database is not judged, signed
// or compared by what lies there.
TEST_F(FolderOwner, AnotherHouseInTheDefaultFolderSaysNothingOfADatabase) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string name = empty_database();
  ASSERT_EQ(up(data, {"--config", finished_house().config, "--dsn", dsn(name)}).code, 0);
  const Words others = {"BURSAR_DATA_DIR=" + finished_house().data_dir, "BURSAR_DSN=" + dsn(name)};
  const std::string signed_before = read_text(finished_house().data_dir + "/checkpoints");
  const Said refused_alone = bursar({"ledger", "verify", "--json"}, others);
  EXPECT_EQ(refused_alone.code, 1);
  EXPECT_THAT(
      refused_alone.last_line()["problem"].get<std::string>(),
      testing::AllOf(HasSubstr("the checkpoints of this database are not here"), HasSubstr("--without-checkpoints")));
  const Said verified = bursar({"ledger", "verify", "--json", "--without-checkpoints"}, others);
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.last_line()["verdict"], "not_judged");
  EXPECT_THAT(verified.err, HasSubstr("Verified without checkpoints: the default data folder"));
  EXPECT_EQ(verified.last_line()["since_us"], 0);
  EXPECT_EQ(verified.last_line()["checkpoint"], false);
  EXPECT_EQ(bursar({"status"}, others).code, 0);
  const Words refused[] = {{"ledger", "checkpoint"}, {"reconcile"}, {"key", "test", "a"}};
  for (const Words& words : refused) {
    const Said said = bursar(words, others);
    EXPECT_EQ(said.code, 2) << words[0];
    EXPECT_THAT(complaints(said), testing::ElementsAre(HasSubstr("name its own folder with --data-dir"))) << words[0];
  }
  EXPECT_EQ(read_text(finished_house().data_dir + "/checkpoints"), signed_before);

  // Its own folder as the default: its memory counts, and a new name does not get the database out of it.
  const Words own = {"BURSAR_DATA_DIR=" + data, "BURSAR_DSN=" + dsn(name)};
  EXPECT_THAT(bursar({"ledger", "verify"}, own).out, HasSubstr("since the checkpoint of"));
  must_run(name,
           "SET LOCAL session_replication_role = replica; UPDATE ledger.deployment SET name = '\\x00000000000000aa'");
  const Said renamed = bursar({"ledger", "verify"}, own);
  EXPECT_EQ(renamed.code, 1);
  EXPECT_THAT(renamed.out, HasSubstr("connect to the right database"));
}

// The sentence itself, by what the folder remembers.
class RememberedDatabase : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    const std::string database = fresh_database();
    // An owner's opening is the first link of a chain.
    must_run(database, "SELECT ledger.open_owner('default', 3)");
    must_run(database,
             "SELECT ledger.record_move(1, 'till', 0, 0, '', 'open', 'start', 0, false, '{}', 1000, 'count', 1000)");
    connection_.emplace(dsn(database));
    const auto now = ledger::audit::look_at(*connection_);
    ASSERT_TRUE(now && *now);
    here_ = **now;
    ASSERT_FALSE(here_.heads.empty());
    place_ = {{folder_.path()}, dsn(database), false, true, false};
  }
  std::string why(const ledger::audit::ServerIdentity& remembered) {
    EXPECT_TRUE(ledger::audit::keep(place_.layout.seen(), remembered));
    return deploy::why_of_another(place_, *connection_);
  }

  TempFolder folder_;
  std::optional<ledger::Connection> connection_;
  ledger::audit::ServerIdentity here_;
  deploy::LedgerPlace place_;
};

TEST_F(RememberedDatabase, AFolderThatRemembersThisOneOrNoneIsItsOwn) {
  EXPECT_EQ(deploy::why_of_another(place_, *connection_), "") << "it remembers none";
  EXPECT_EQ(why(here_), "");
  auto renamed = here_;
  renamed.deployment = "00000000000000aa";
  EXPECT_EQ(why(renamed), "") << "its chain goes on from what the folder remembers, whatever it is called now";
}

TEST_F(RememberedDatabase, AnothersFolderIsNamedWithBothUnlessAPersonNamedIt) {
  auto other = here_;
  other.deployment = "00000000000000aa";
  other.heads = {{3, 1, std::string(64, 'a')}};
  EXPECT_EQ(why(other), "the default data folder " + folder_.path().string() +
                            " is of deployment 00000000000000aa, and this database is " + here_.deployment +
                            "; name its own folder with --data-dir");
  other.heads.clear();
  EXPECT_NE(why(other), "") << "it remembers a name alone";
  place_.folder_is_named = true;
  EXPECT_EQ(why(other), "");
  place_.folder_is_named = false;
  place_.by_folder = true;
  EXPECT_EQ(why(other), "");
}

TEST_F(RememberedDatabase, WhatCantBeReadIsForWhoUsesItNextToSay) {
  auto other = here_;
  other.deployment = "00000000000000aa";
  other.heads.clear();
  ASSERT_NE(why(other), "");
  ledger::Connection away("host=/nowhere dbname=none");
  EXPECT_EQ(deploy::why_of_another(place_, away), "");
}

}  // namespace
}  // namespace tests
