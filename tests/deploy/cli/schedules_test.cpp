// tests/deploy/cli/schedules_test.cpp: schedules as a user meets them: declared in a file, fired by the clock
// and by a person in a house that stays open, killed on the way, and looked at.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const char* const schedules = R"(
[vault]
reserve = "fixed"
reserve_least_percent = 5
idle_to = "quiet"
[[schedule]]
name = "books"
does = "checkpoint"
cron = "* * * * *"
[[schedule]]
name = "compare"
does = "reconcile"
cron = "0 3 * * *"
zone = "Europe/Berlin"
[[schedule]]
name = "vaults"
does = "review"
cron = "0 4 * * sun"
[[schedule]]
name = "keys"
does = "test_keys"
cron = "0 5 1 * *"
[[schedule]]
name = "stray"
does = "review"
cron = "0 4 * * *"
owner = "nobody"
)";

class ScheduleHouse : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    config_ = config_file(folder_, 60, schedules);
    start();
  }
  void start() {
    house_ = start_bursar({"up", "--config", config_, "--data-dir", data()});
    ASSERT_TRUE(house_->wait_for_output("stays open")) << house_->output();
  }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", data()});
    return bursar(words);
  }
  json ask(Words words) {
    words.push_back("--json");
    const Said said = say(std::move(words));
    EXPECT_EQ(said.code, 0) << said.err;
    return said.last_line();
  }
  std::string run(const std::string& name) { return ask({"schedule", "run", name, "--why", "a drill"})["state"]; }

  TempFolder folder_;
  std::string config_;
  std::unique_ptr<Child> house_;
};

TEST_F(ScheduleHouse, EachKindIsDoneOnceAndIsHistory) {
  ASSERT_TRUE(wait_until([&] { return ask({"schedule", "list"}).size() == 4; }));
  EXPECT_THAT(house_->output(), HasSubstr("schedules of nobody can't fire"));
  const json balances = ask({"ledger", "balances"});
  const json reviews = ask({"job", "list", "--command", "review"});
  ASSERT_THAT(reviews, SizeIs(1)) << "the vault's own daily timer";
  for (const char* name : {"books", "compare", "keys"}) EXPECT_EQ(run(name), "done") << name;
  EXPECT_EQ(ask({"ledger", "balances"}), balances) << "none of these moves a coin";
  EXPECT_EQ(run("vaults"), "done");
  EXPECT_THAT(ask({"job", "list", "--command", "review"}), SizeIs(1)) << "and no second one";
  const json shown = ask({"schedule", "show", "compare"});
  EXPECT_THAT(shown["next"], SizeIs(5));
  EXPECT_THAT(shown["next"][0]["local"].get<std::string>(), HasSubstr("03:00:00 CE"));
  EXPECT_EQ(shown["last"]["why"], "a drill");
  EXPECT_THAT(shown["last"]["outcome"].get<std::string>(), HasSubstr("reconciled"));
  EXPECT_EQ(ask({"schedule", "show", "vaults"})["last"]["outcome"], "1 vault(s) reviewed");
  const json history = ask({"machine", "history", std::to_string(shown["last"]["id"].get<std::int64_t>())});
  ASSERT_THAT(history, SizeIs(3));
  EXPECT_EQ(history[2]["event"], "finish");
  EXPECT_THAT(ask({"status"})["overdue_schedules"], IsEmpty());
  EXPECT_EQ(say({"schedule", "run", "teapot", "--why", "x"}).code, 2);
  EXPECT_EQ(say({"schedule", "run", "compare"}).code, 2) << "--why is missing";
  // A review that has something to do does it, once, and leaves no second timer either.
  const json before = ask({"vault", "show", "USDT"});
  EXPECT_EQ(say({"vault", "set-tradeable", "USDT", "16000", "--why", "more to risk"}).code, 0);
  EXPECT_EQ(run("vaults"), "done");
  const auto allocation = [](const json& vault) {
    return std::stod(vault["sleeves"][0]["allocation"].get<std::string>());
  };
  EXPECT_TRUE(wait_until([&] { return allocation(ask({"vault", "show", "USDT"})) > allocation(before); }));
  EXPECT_THAT(ask({"job", "list", "--command", "review"}), SizeIs(1));
  EXPECT_EQ(ask({"status"})["stranded"], 0);
  // The one that comes each minute has come by itself.
  EXPECT_TRUE(wait_until(
      [&] {
        const json books = ask({"schedule", "show", "books"});
        for (const json& one : books["firings"])
          if (one["who"] == "the clock" && one["state"] == "done") return true;
        return false;
      },
      std::chrono::seconds(75)));
}

TEST_F(ScheduleHouse, AHouseKilledOverAFiringDoesItOnceMoreAndItStaysOne) {
  ASSERT_TRUE(wait_until([&] { return ask({"schedule", "list"}).size() == 4; }));
  const auto asked = start_bursar({"schedule", "run", "compare", "--why", "killed", "--data-dir", data()});
  ASSERT_TRUE(wait_until([&] { return !ask({"schedule", "show", "compare"})["firings"].empty(); }));
  house_->send(SIGKILL);
  (void)house_->wait();
  (void)asked->wait();
  const Said refused = say({"schedule", "run", "compare", "--why", "too late"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("the house is not running"));
  start();
  json firings;
  EXPECT_TRUE(wait_until([&] {
    firings = ask({"schedule", "show", "compare"})["firings"];
    return firings.size() == 1 && firings[0]["state"] == "done";
  })) << firings;
  EXPECT_EQ(ask({"ledger", "verify", "--full"})["verified"], true);
}

}  // namespace
}  // namespace tests
