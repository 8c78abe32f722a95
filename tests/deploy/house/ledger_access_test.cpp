// tests/deploy/house/ledger_access_test.cpp: how a command that only looks reaches a ledger, and what keeps it out.
#include "deploy/house/ledger_access.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "deploy/cluster/process.hpp"
#include "tests/deploy/bursar/finished.hpp"

namespace tests {
namespace {

using testing::HasSubstr;

using LedgerAccess = OnFinishedHouse;

TEST_F(LedgerAccess, OnlyItsOwnerStartsWhatIsInAFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder to someone else";
  const auto nobody = deploy::find_user("nobody");
  ASSERT_TRUE(nobody);
  const std::string data = finished_house().data_dir;
  ASSERT_EQ(chown(data.c_str(), nobody->uid, nobody->gid), 0);
  const Said said = look({"status"});
  ASSERT_EQ(chown(data.c_str(), geteuid(), getegid()), 0);
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(complaints(said), testing::ElementsAre(HasSubstr(data + " belongs to nobody")));
  EXPECT_EQ(look({"status"}).code, 0);
}

}  // namespace
}  // namespace tests
