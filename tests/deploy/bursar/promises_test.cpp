// tests/deploy/bursar/promises_test.cpp: what README.md promises in its table and bullets and no other test of the
// executable orders: each word once, in one house that has played its bars and stays open.
#include <gmock/gmock.h>

#include "tests/deploy/bursar/canaries.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const char* const rules = R"(
[[broker.limit]]
name = "moves"
kind = "allocation"
per = "owner"
rate = "20/min"
[[broker.weight]]
owner = "default"
weight = 2
[[broker.priority]]
kind = "order"
command = "place_order"
level = 3
[[broker.deadline]]
kind = "order"
after_s = 30
[[broker.retry]]
class = "retry_later"
first_ms = 50
most_tries = 7
)";

class Promises : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!no_cluster_because().empty()) return;
    folder_ = std::make_unique<TempFolder>();
    house_ = start_bursar({"up", "--config", config_file(*folder_, 60, rules), "--data-dir", data()});
    ASSERT_TRUE(house_->wait_for_output("The house stays open")) << house_->output();
  }
  static void TearDownTestSuite() {
    house_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  }
  static std::string data() { return (folder_->path() / "data").string(); }
  static Said say(Words words, const Words& environment = {}) {
    words.insert(words.end(), {"--data-dir", data()});
    return bursar(words, environment);
  }
  static std::string must(const Words& words) {
    const Said said = say(words);
    EXPECT_EQ(said.code, 0) << testing::PrintToString(words) << ": " << said.err;
    return said.out;
  }

  static std::unique_ptr<TempFolder> folder_;
  static std::unique_ptr<Child> house_;
};
std::unique_ptr<TempFolder> Promises::folder_;
std::unique_ptr<Child> Promises::house_;

TEST_F(Promises, APauseHasEveryScopeAndIsListedUntilItsResume) {
  const std::vector<Words> scopes = {{"vault", "USDT"}, {"venue", "paper"}, {"owner"}};
  for (Words scope : scopes) {
    const std::string name = scope[0] + (scope.size() > 1 ? " " + scope[1] : "") + " of default";
    scope.insert(scope.begin(), "pause");
    scope.insert(scope.end(), {"--why", "a look"});
    must(scope);
    EXPECT_THAT(must({"controls"}), HasSubstr("pause " + name));
    scope[0] = "resume";
    must(scope);
    EXPECT_THAT(must({"controls"}), Not(HasSubstr("pause " + name)));
  }
}

TEST_F(Promises, AVaultWithAFlexingReserveIsOpenedAndShown) {
  must({"vault", "create", "BTC", "--reserve", "flexing", "--why", "more"});
  EXPECT_THAT(must({"vault", "show", "BTC"}), HasSubstr("flexing from 5 % to 20 %, volatility not measured yet)"));
}

TEST_F(Promises, JobsAreParkedAndRetriedByAFilterWithAnAge) {
  must({"job", "park", "--kind", "sleeve_cycle", "--why", "a look", "--yes"});
  EXPECT_THAT(must({"job", "list", "--state", "parked"}), HasSubstr("a look"));
  const Said too_old = say({"job", "retry", "--kind", "sleeve_cycle", "--older-than", "1h", "--why", "on", "--yes"});
  EXPECT_EQ(too_old.code, 1);
  EXPECT_THAT(complaints(too_old), testing::ElementsAre(HasSubstr("no open job fits that")));
  must({"job", "retry", "--reason", "a look", "--older-than", "0s", "--why", "on", "--yes"});
  EXPECT_THAT(must({"job", "list", "--state", "parked"}), Not(HasSubstr("a look")));
}

TEST_F(Promises, ABreakGoesToAnotherPerson) {
  must({"paper", "deposit", "USDT", "5"});
  (void)say({"reconcile"});
  const auto breaks = say({"reconcile", "list", "--json"}).last_line();
  ASSERT_TRUE(breaks.is_array() && breaks.size() == 1) << breaks.dump();
  const std::string id = std::to_string(breaks[0]["id"].get<int>());
  must({"reconcile", "assign", id, "bob", "--why", "away"});
  EXPECT_THAT(must({"reconcile", "list"}), HasSubstr("bob"));
  must({"reconcile", "explain", id, "--as", "deposit", "--why", "sent"});
  must({"reconcile", "close", id, "--why", "clear"});
  EXPECT_THAT(must({"reconcile", "list"}), Not(HasSubstr("bob")));
}

TEST_F(Promises, MetricsAreWrittenForAMonitor) {
  const auto metrics = [] { return read_text(std::filesystem::path(data()) / "metrics.prom"); };
  ASSERT_TRUE(
      wait_until([&] { return metrics().find("bursar_stranded") != std::string::npos; }, std::chrono::seconds(90)));
  EXPECT_THAT(metrics(), AllOf(HasSubstr("# TYPE bursar_"), HasSubstr("bursar_stranded 0")));
}

// systemd hands a service its credentials in a folder: the master key may lie there, and then nothing is made here.
TEST_F(Promises, TheMasterKeyMayBeACredentialOfSystemd) {
  const auto credentials = folder_->path() / "credentials";
  std::filesystem::create_directory(credentials);
  write_text(credentials / "bursar-master-key", "0123456789abcdef0123456789ABCDEF");
  std::filesystem::permissions(credentials / "bursar-master-key", std::filesystem::perms::owner_read);
  write_text(folder_->path() / "secret", "api\nsecret-of-a-key\n");
  write_text(std::filesystem::path(data()) / "venue" / "keys", "spot api " + sha256_of("secret-of-a-key") + " read\n");
  std::filesystem::permissions(folder_->path() / "secret",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Said added = say({"key", "add", "--name", "k", "--account", "spot", "--purpose", "read", "--secret-file",
                          (folder_->path() / "secret").string()},
                         {"CREDENTIALS_DIRECTORY=" + credentials.string()});
  EXPECT_EQ(added.code, 0) << added.err;
  EXPECT_FALSE(std::filesystem::exists(data() + "/keys/master.key"));
  EXPECT_THAT(must({"key", "list"}), HasSubstr("spot"));
}

// A movement that has to wait for its rate is neither lost nor refused, and status says what it waits for.
TEST_F(Promises, WhatALimitHoldsBackIsSaid) {
  std::vector<std::unique_ptr<Child>> moves;
  for (const char* amount : {"15001", "15002"})
    moves.push_back(start_bursar({"vault", "set-tradeable", "USDT", amount, "--why", "a look", "--data-dir", data()}));
  std::string status;
  EXPECT_TRUE(wait_until([&] { return (status = must({"status"})).find("limited by moves") != std::string::npos; },
                         std::chrono::seconds(20)))
      << status;
  for (const auto& move : moves) EXPECT_EQ(move->wait().code, 0) << move->output();
}

}  // namespace
}  // namespace tests
