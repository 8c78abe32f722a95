// tests/deploy/house/ledger_access_test.cpp: how a command that only looks reaches a ledger, and what keeps it out.
#include "deploy/house/ledger_access.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "deploy/cluster/process.hpp"
#include "ledger/store/connection.hpp"
#include "tests/deploy/bursar/finished.hpp"
#include "tests/ground.hpp"
#include "tests/support/captured.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

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

// PostgreSQL alone is started for as long as somebody looks; who comes meanwhile goes to the same server.
TEST_F(LedgerAccess, AFolderThatIsDownIsOpenForAsLongAsItIsLookedAt) {
  const deploy::Layout layout{finished_house().data_dir};
  std::string place;
  {
    const auto way = deploy::LedgerAccess::open(layout, "");
    ASSERT_TRUE(way) << way.error().text;
    EXPECT_FALSE(way->house_may_run());
    place = way->dsn();
    EXPECT_TRUE(ledger::Connection(place).connect());
    const auto beside = deploy::LedgerAccess::open(layout, "");
    ASSERT_TRUE(beside) << beside.error().text;
    EXPECT_TRUE(beside->house_may_run()) << "somebody has the folder, and may be a house";
    EXPECT_TRUE(ledger::Connection(beside->dsn()).connect());
  }
  EXPECT_FALSE(ledger::Connection(place).connect());
}

TEST(LedgerPlaces, AFolderWithoutALedgerIsRefusedAndNothingIsMade) {
  const TempFolder folder;
  const auto refusal = [](const std::filesystem::path& path) {
    const auto way = deploy::LedgerAccess::open({path}, "");
    EXPECT_FALSE(way);
    return way ? "" : std::to_string(way.error().exit_code) + ": " + way.error().text;
  };
  const auto data = folder.path() / "data";
  EXPECT_EQ(refusal(data),
            "2: " + data.string() + " is not there; `bursar up` makes a data folder, --data-dir names another");
  EXPECT_FALSE(std::filesystem::exists(data));
  std::filesystem::create_directory(data);
  EXPECT_THAT(refusal(data), HasSubstr("is not a data folder of Bursar"));
  write_text(data / "bursar-data", "");
  EXPECT_THAT(refusal(data), HasSubstr("holds no ledger of its own; name the database that it was used with: --dsn"));
  EXPECT_EQ(left_in(data), "bursar-data\n");
}

TEST(LedgerPlaces, TrafficInPlainTextOverANetworkIsRefusedOrSaid) {
  const auto check = [](const std::string& dsn, bool allow) {
    return captured([&] { return deploy::check_plain(dsn, allow); });
  };
  for (const char* near : {"", "host=/run/postgresql dbname=x", "host=localhost dbname=x",
                           "host=192.0.2.1 dbname=x sslmode=verify-full"}) {
    const Captured said = check(near, false);
    EXPECT_EQ(said.code, 0) << near;
    EXPECT_THAT(said.err, IsEmpty()) << near;
  }
  const Captured refused = check("host=192.0.2.1 dbname=x", false), allowed = check("host=192.0.2.1 dbname=x", true);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("bursar: 192.0.2.1 is reached over a network"),
                                 HasSubstr("add sslmode=verify-full"), HasSubstr("allow_plain_postgres = true")));
  EXPECT_EQ(allowed.code, 0);
  EXPECT_THAT(allowed.err, HasSubstr("is not encrypted (allow_plain_postgres): 192.0.2.1"));
}

}  // namespace
}  // namespace tests
