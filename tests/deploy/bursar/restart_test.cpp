// tests/deploy/bursar/restart_test.cpp: a house whose replay is over, of which each part is started again: what people
// and schedules order is done each time.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "deploy/cluster/cluster.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

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
    start();
  }
  void start() {
    house_ = start_bursar({"up", "--config", config_, "--data-dir", data()});
    ASSERT_TRUE(house_->wait_for_output("stays open")) << house_->output();
  }
  void end(int signal_number) {
    house_->send(signal_number);
    (void)house_->wait();
  }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", data(), "--json"});
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
      return status.is_object() && status["jobs"]["ready"] == 0 && status["jobs"]["leased"] == 0;
    })) << status;
    EXPECT_TRUE(status["stuck"].empty()) << status;
  }

  TempFolder folder_;
  std::string config_;
  std::unique_ptr<Child> house_;
};

TEST_F(Restart, OrdersAreDoneAfterEachPartOfAFinishedReplayHasStartedAgain) {
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

}  // namespace
}  // namespace tests
