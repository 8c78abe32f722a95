// The command line under a login of PostgreSQL that is not the owner's: what people order needs the operator's role,
// and what is missing is said with the role that has it.
#include <gmock/gmock.h>

#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class OperatorLogin : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  }
  static const TempFolder& folder() {
    static const TempFolder one;
    return one;
  }
  static std::string data() { return (folder().path() / "data").string(); }
  // A database with a finished replay; its name.
  static const std::string& house() {
    static const std::string database = [] {
      std::string name = empty_database();
      const Said said = bursar(
          {"up", "--data-dir", data(), "--config", config_file(folder(), 50), "--exit-when-done", "--dsn", dsn(name)});
      EXPECT_EQ(said.code, 0) << said.err;
      return name;
    }();
    return database;
  }
  static Said as(const std::string& login, Words words) { return bursar(words, {"BURSAR_DSN=" + login}); }
};

TEST_F(OperatorLogin, DoesWhatPeopleOrderAndLooksAtEverything) {
  const std::string ann = new_login(house(), "ann", "bursar_operator");
  const Words orders[] = {
      {"freeze", "--level", "all", "--why", "a drill"},
      {"unfreeze", "--why", "over"},
      {"pause", "sleeve", "flash", "--why", "drill"},
      {"resume", "sleeve", "flash", "--why", "over"},
      {"pause", "kind", "order", "--why", "drill"},
      {"resume", "kind", "order", "--why", "over"},
      {"status"},
      {"controls"},
      {"order", "list"},
      {"job", "list"},
      {"machine", "list"},
      {"vault", "list"},
      {"schedule", "list"},
      {"report"},
      {"ledger", "balances"},
      {"ledger", "verify", "--full", "--data-dir", data()},
      {"ledger", "export", "--format", "hledger"},
      {"vault", "create", "BTC", "--why", "another"},
  };
  for (const Words& words : orders) {
    const Said said = as(ann, words);
    EXPECT_EQ(said.code, 0) << testing::PrintToString(words) << said.err;
    EXPECT_THAT(complaints(said), testing::IsEmpty()) << testing::PrintToString(words);
  }
  EXPECT_EQ(must_run(house(), "SELECT count(*) FROM ledger.transition WHERE kind = 'control'").number(0, 0), 6)
      << "three orders and their ends";
}

TEST_F(OperatorLogin, WhatIsMissingIsSaidWithTheRoleThatHasIt) {
  const std::string worker = new_login(house(), "worker", "bursar_service");
  const Words orders[] = {
      {"freeze", "--level", "all", "--why", "a drill"},
      {"pause", "kind", "order", "--why", "a drill"},
      {"status"},
      {"job", "list"},
  };
  for (const Words& words : orders) {
    const Said said = as(worker, words);
    EXPECT_EQ(said.code, 1) << testing::PrintToString(words);
    EXPECT_THAT(complaints(said),
                ElementsAre(AllOf(HasSubstr("permission denied for"), HasSubstr("`GRANT bursar_operator TO worker`"))));
  }
  EXPECT_EQ(must_run(house(), "SELECT count(*) FROM ledger.control WHERE frozen <> 'no'").number(0, 0), 0);
  const Said stranger = as(new_login(house(), "stranger"), {"status"});
  EXPECT_EQ(stranger.code, 1);
  EXPECT_THAT(complaints(stranger), ElementsAre(HasSubstr("`GRANT bursar_operator TO stranger`")));
}

}  // namespace
}  // namespace tests
