// tests/deploy/bursar/restart_test.cpp: a house whose replay is over, of which each part is started again: what people
// and schedules order is done each time.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "deploy/cluster/cluster.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/server.hpp"

namespace tests {
namespace {

using nlohmann::json;

const char* const reviewed = R"(
[vault]
reserve = "fixed"
reserve_least_percent = 5
idle_to = "quiet"
[[schedule]]
name = "vaults"
does = "review"
cron = "0 4 * * sun"
)";

class Restart : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    config_ = config_file(folder_, 60, reviewed);
  }
  // `dsn`: on a PostgreSQL that is there; empty: on one of the house's own.
  void start(const std::string& dsn = "") {
    if (!dsn.empty()) database_ = {"--dsn", dsn};
    Words words = {"up", "--config", config_, "--data-dir", data()};
    words.insert(words.end(), database_.begin(), database_.end());
    house_ = start_bursar(words);
    ASSERT_TRUE(house_->wait_for_output("stays open")) << house_->output();
  }
  void end(int signal_number) {
    house_->send(signal_number);
    (void)house_->wait();
  }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", data(), "--json"});
    words.insert(words.end(), database_.begin(), database_.end());
    return bursar(words);
  }
  // The process of the house that is this part; 0: there is none now.
  [[nodiscard]] pid_t part(const std::string& kind, const std::string& name) const {
    std::ifstream children("/proc/" + std::to_string(house_->pid()) + "/task/" + std::to_string(house_->pid()) +
                           "/children");
    for (pid_t pid = 0; children >> pid;) {
      std::string words = read_text("/proc/" + std::to_string(pid) + "/cmdline");
      std::replace(words.begin(), words.end(), '\0', ' ');
      if (words.find(" node " + kind + " --name " + name + " ") != std::string::npos) return pid;
    }
    return 0;
  }
  [[nodiscard]] pid_t postgres() const {
    pid_t pid = 0;
    std::ifstream(deploy::ClusterPaths::below(data()).data / "postmaster.pid") >> pid;
    return pid;
  }
  // Ends one process of the house, which starts it again.
  void kill_one(pid_t pid) {
    ASSERT_GT(pid, 0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_TRUE(wait_until([&] { return ::kill(pid, 0) != 0; }));
  }
  // An order of a person's and a run of a schedule: both are done, and nothing stays behind.
  void expect_orders_are_done(const std::string& after) {
    SCOPED_TRACE(after);
    Said said;
    EXPECT_TRUE(wait_until([&] {  // PostgreSQL may be on its way
      said = say({"vault", "reclaim", "USDT", "flash", "1", "--why", "a drill"});
      return said.code == 0;
    })) << said.err;
    const json reclaimed = said.last_line();
    EXPECT_TRUE(wait_until([&] {
      const auto machine = std::to_string(reclaimed["machine"].get<std::int64_t>());
      const json history = say({"machine", "history", machine}).last_line();
      return !history.empty() && history.back()["to"] == "settled";
    })) << reclaimed;
    EXPECT_EQ(say({"schedule", "run", "vaults", "--why", "a drill"}).last_line()["state"], "done");
    json status;
    EXPECT_TRUE(wait_until([&] {
      status = say({"status"}).last_line();
      return status.contains("jobs") && status["jobs"]["ready"] == 0 && status["jobs"]["leased"] == 0;
    })) << status;
    EXPECT_TRUE(status["stuck"].empty()) << status;
  }

  TempFolder folder_;
  std::string config_;
  Words database_;
  std::unique_ptr<Child> house_;
};

TEST_F(Restart, OrdersAreDoneAfterEachPartOfAFinishedReplayHasStartedAgain) {
  start();
  expect_orders_are_done("the replay");
  end(SIGINT);
  start();
  expect_orders_are_done("a house that was ended and started again");
  kill_one(part("broker", "broker-1"));
  expect_orders_are_done("its broker was killed");
  kill_one(postgres());
  expect_orders_are_done("its PostgreSQL was killed");
  kill_one(part("worker", "worker-1"));
  expect_orders_are_done("a worker was killed");
  end(SIGKILL);
  start();
  expect_orders_are_done("all of it was killed");
  EXPECT_EQ(say({"ledger", "verify", "--full"}).last_line()["verified"], true);
}

TEST_F(Restart, OrdersAreDoneAfterAPostgresqlThatWasThereHasStartedAgain) {
  Server server;
  (void)server.must("CREATE DATABASE house");
  start(server.dsn("house"));
  expect_orders_are_done("the replay");
  end(SIGINT);
  start();
  expect_orders_are_done("a house that was ended and started again");
  kill_one(part("broker", "broker-1"));
  expect_orders_are_done("its broker was killed");
  server.stop(SIGKILL);
  ASSERT_TRUE(wait_until([&] {
    server.start();
    return server.ask("SELECT 1").has_value();
  }));
  expect_orders_are_done("PostgreSQL was killed");
}

// With no worker nobody takes what is ordered: it is in sight, with the reason, and gone from it once it is done.
TEST_F(Restart, WhatNobodyTakesIsInSightWithItsReason) {
  config_ = config_file(folder_, 60, std::string("[broker]\nstuck_after_s = 1\n[workers]\ncount = 1\n") + reviewed);
  start();
  const pid_t worker = part("worker", "worker-1");
  ASSERT_GT(worker, 0);
  ::kill(worker, SIGSTOP);
  EXPECT_EQ(say({"vault", "reclaim", "USDT", "flash", "1", "--why", "nobody is there"}).last_line()["state"],
            "waiting");
  json status;
  EXPECT_TRUE(wait_until([&] {
    status = say({"status"}).last_line();
    return status.contains("jobs") && !status["stuck"].empty() &&
           status["stuck"][0]["reason"] == "no worker is registered";
  })) << status;
  ASSERT_FALSE(status["stuck"].empty());
  EXPECT_EQ(status["stuck"][0]["kind"], "allocation");
  EXPECT_EQ(status["stuck"][0]["count"], 1);
  EXPECT_GE(status["stuck"][0]["oldest_s"], 1);
  EXPECT_TRUE(house_->wait_for_output("bursar: stuck: 1 job of allocation", std::chrono::seconds(75)));
  EXPECT_THAT(read_text(std::filesystem::path(data()) / "metrics.prom"),
              testing::HasSubstr("bursar_stuck_jobs{kind=\"allocation\""));
  ::kill(worker, SIGCONT);
  EXPECT_TRUE(wait_until([&] {
    status = say({"status"}).last_line();
    return status.contains("jobs") && status["stuck"].empty() && status["jobs"]["ready"] == 0;
  })) << status;
}

}  // namespace
}  // namespace tests
