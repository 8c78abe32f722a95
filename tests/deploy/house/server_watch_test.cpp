// tests/deploy/house/server_watch_test.cpp: a process apart remembers the PostgreSQL that it worked on, and works on
// none that lacks what it saw.
#include "deploy/house/server_watch.hpp"

#include <gmock/gmock.h>

#include "ledger/store/admission.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

namespace audit = ledger::audit;
using testing::HasSubstr;

class ServerWatch : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    place_ = dsn(fresh_database());
    ledger::Connection connection(place_);
    const auto now = audit::look_at(connection);
    ASSERT_TRUE(now && *now);
    identity_ = **now;
  }
  // What guards this process goes on when its watch has ended.
  void TearDown() override {
    ledger::admit_by([](ledger::Connection&) { return std::optional<std::string>(); });
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "seen"; }

  TempFolder folder_;
  std::string place_;
  audit::ServerIdentity identity_;
};

TEST_F(ServerWatch, WritesDownWhatThereIsToSee) {
  const deploy::ServerWatch watch(place_, file());
  ASSERT_TRUE(wait_until([&] { return audit::last_seen(file()).has_value(); }));
  EXPECT_EQ(*audit::last_seen(file()), identity_);
}

TEST_F(ServerWatch, AServerOfAnEarlierTimelineIsNotWorkedOn) {
  ++identity_.timeline;
  ASSERT_TRUE(audit::keep(file(), identity_));
  const deploy::ServerWatch watch(place_, file());
  const auto refused = ledger::Connection(place_).connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, ledger::StoreFailure::unavailable)
      << "who waits for the right one goes on waiting";
}

// It looks every few seconds, and its end waits for none of that.
TEST_F(ServerWatch, ItsEndWaitsForNoLook) {
  const auto began = std::chrono::steady_clock::now();
  { const deploy::ServerWatch watch(place_, file()); }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace tests
