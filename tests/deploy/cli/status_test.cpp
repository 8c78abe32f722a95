// tests/deploy/cli/status_test.cpp: `bursar status` of a house that is down, and of one that runs.
#include "deploy/cli/status.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include "tests/deploy/bursar/finished.hpp"

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

}  // namespace
}  // namespace tests
