// tests/deploy/cli/status_test.cpp: `bursar status` of a house that is down, and of one that runs.
#include "deploy/cli/status.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include "ledger/jobs/seats.hpp"
#include "tests/deploy/bursar/finished.hpp"
#include "tests/support/captured.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

using Status = OnFinishedHouse;

TEST_F(Status, AStoppedHouseCanBeLookedAt) {
  const Said status = look({"status"});
  EXPECT_EQ(status.code, 0) << status.err;
  for (const char* word : {"sleeve_cycle  closed", "order         filled", "leased 0", "parked 0", "stranded   0",
                           "the house is not running"})
    EXPECT_THAT(status.out, HasSubstr(word));
  const json told = look({"status", "--json"}).last_line();
  expect_keys(told, {"instances", "jobs", "brokers", "workers", "stranded"});
  EXPECT_EQ(told["stranded"], 0);
  EXPECT_EQ(look({"ledger", "verify"}).out.substr(0, 4), "ok: ");
  const json verdict = look({"ledger", "verify", "--full", "--json"}).last_line();
  EXPECT_EQ(verdict["verified"], true);
  EXPECT_EQ(verdict["transitions"], finished_house().said.last_line()["transitions"].get<int>() + 2)
      << "that its checkpoint was signed";
}

TEST_F(Status, ARunningHouseIsSeenAndItsFolderIsItsOwn) {
  const auto& house = finished_house();
  const auto run = start_bursar({"up", "--data-dir", house.data_dir});
  ASSERT_TRUE(run->wait_for_output("The house stays open")) << run->output();
  EXPECT_THAT(run->output(), HasSubstr(digest()));
  const Said second = up(house.data_dir, {});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(complaints(second), testing::ElementsAre(testing::AllOf(
                                      HasSubstr(house.data_dir + " is in use by process " + std::to_string(run->pid())),
                                      HasSubstr("stop that run"))));
  json told;
  EXPECT_TRUE(wait_until([&] {
    told = look({"status", "--json"}).last_line();
    return told.is_object() && told["workers"].size() == 2;
  })) << told;
  ASSERT_EQ(told["brokers"].size(), 1U) << told;
  EXPECT_EQ(told["brokers"][0]["refused_peers"], 0);
  EXPECT_THAT(look({"status"}).out,
              testing::AllOf(HasSubstr("worker     worker-1"), Not(HasSubstr("brokers and workers log in"))));
  EXPECT_EQ(look({"ledger", "verify"}).code, 0);
  run->send(SIGTERM);
  EXPECT_EQ(run->wait().code, 0) << run->output();
}

// What the rows alone say, in this process; nobody serves them.
class StatusOfRows : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    must_run(database_, "SELECT ledger.open_owner('default', 3)");
    must_run(database_,
             "SELECT ledger.record_move(1, 'till', 0, 0, '', 'open', 'start', 0, false, '{}', 1000, 'count', 1000)");
    where_.dsn = dsn(database_);
    where_.layout.folder = folder_.path();
  }
  [[nodiscard]] Captured show() const {
    return captured([&] { return deploy::show_status(where_, 30); });
  }
  [[nodiscard]] json told() {
    where_.json = true;
    const Captured said = show();
    where_.json = false;
    const std::string lines = said.out.substr(0, said.out.find_last_not_of('\n') + 1);
    return json::parse(lines.substr(lines.rfind('\n') + 1), nullptr, false);  // an error has a line before it
  }

  TempFolder folder_;
  std::string database_;
  deploy::CommandContext where_;
};

TEST_F(StatusOfRows, AnInstanceThatNothingWillMoveIsNamedAndIsAFailure) {
  const Captured sound = show();
  EXPECT_EQ(sound.code, 0) << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("till          open               1\n"));
  EXPECT_THAT(sound.out, HasSubstr("stranded   0\n"));
  must_run(database_, "DELETE FROM ledger.job");
  const Captured stranded = show();
  EXPECT_EQ(stranded.code, 1);
  EXPECT_THAT(stranded.out, HasSubstr("stranded   1\n  till 1 is open: no job, timer or child will move it\n"));
  EXPECT_EQ(told()["stranded"], 1);
}

TEST_F(StatusOfRows, WorkThatNobodyTakesIsNamedWithItsReason) {
  must_run(database_,
           "SELECT ledger.submit_event(1, (SELECT id FROM ledger.instance), 'audit', 1000); "
           "UPDATE ledger.job SET run_at = clock_timestamp() - interval '40 seconds' WHERE is_event");
  EXPECT_THAT(show().out,
              HasSubstr("stuck      1 job of till (audit) is ready, and nobody has taken the oldest for 4"));
  const json stuck = told()["stuck"];
  ASSERT_EQ(stuck.size(), 1U);
  EXPECT_EQ(stuck[0]["command"], "audit");
  EXPECT_EQ(stuck[0]["reason"], "no broker answers");
}

TEST_F(StatusOfRows, ABrokerThatSitsAndIsSilentIsToldFromNone) {
  EXPECT_THAT(show().out, HasSubstr("brokers    none answers\n"));
  where_.house_may_run = false;
  EXPECT_THAT(show().out, HasSubstr("brokers    none: the house is not running; `bursar up` starts it\n"));
  where_.house_may_run = true;
  ledger::Connection connection(where_.dsn);
  ASSERT_TRUE(ledger::jobs::Seats(connection).take("b", "ipc:///nowhere", std::string(40, 'x'), 60'000));
  EXPECT_THAT(show().out, HasSubstr("broker     b at ipc:///nowhere sits, and does not answer\n"));
}

}  // namespace
}  // namespace tests
