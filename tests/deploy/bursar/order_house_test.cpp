// tests/deploy/bursar/order_house_test.cpp: a real house whose venue has taken an order and falls silent for good: a
// person says what became of the order; the venue comes back with another word.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class OrderHouse : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    // The first order's answer is lost, and so is the first question about it: seconds of doubt.
    config_ =
        config_file(folder_, 240, "[venue.paper]\nfaults = [\"place:1:lose_answer\", \"query:first:time_out\"]\n");
    house_ = start_bursar({"up", "--config", config_, "--data-dir", data()});
  }
  void TearDown() override {
    if (venue_ != 0) ::kill(venue_, SIGCONT);
  }
  [[nodiscard]] std::string data() const { return (folder_.path() / "data").string(); }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", data()});
    return bursar(words);
  }
  std::vector<std::int64_t> in_doubt() {
    std::vector<std::int64_t> ids;
    const json said = say({"order", "list", "--in-doubt", "--json"}).last_line();
    if (said.is_object() && said.contains("orders"))
      for (const json& one : said["orders"])
        if (one["state"] == "in_doubt") ids.push_back(one["id"].get<std::int64_t>());
    return ids;
  }
  // The venue's process of this very house.
  [[nodiscard]] pid_t venue() const {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline");
      std::string words((std::istreambuf_iterator<char>(file)), {});
      std::replace(words.begin(), words.end(), '\0', ' ');
      if (words.find(data()) != std::string::npos && words.find("node venue") != std::string::npos)
        return static_cast<pid_t>(std::stoi(entry.path().filename().string()));
    }
    return 0;
  }

  TempFolder folder_;
  std::string config_;
  std::unique_ptr<Child> house_;
  pid_t venue_ = 0;
};

TEST_F(OrderHouse, APersonsWordIsOverruledByTheVenueThatComesBackAndNothingIsBookedTwice) {
  ASSERT_TRUE(wait_until([&] { return !in_doubt().empty(); })) << house_->output();
  venue_ = venue();
  ASSERT_NE(venue_, 0);
  ::kill(venue_, SIGSTOP);
  const auto ids = in_doubt();
  ASSERT_FALSE(ids.empty()) << "the venue answered before it was stopped";
  const std::string id = std::to_string(ids.front());
  Said said;
  ASSERT_TRUE(wait_until([&] {
    said = say({"order", "resolve", id, "--as", "not_placed", "--evidence", "its page shows none", "--yes"});
    return said.code == 0;
  })) << said.err;
  EXPECT_THAT(said.out, HasSubstr("in_doubt -> not_placed"));
  EXPECT_EQ(say({"ledger", "verify", "--full"}).code, 0);
  EXPECT_THAT(say({"order", "list"}).out, HasSubstr("waits for the venue's own word"));

  ::kill(venue_, SIGCONT);
  ASSERT_TRUE(house_->wait_for_output("stays open")) << house_->output();
  EXPECT_EQ(say({"reconcile"}).code, 0);
  const json breaks = say({"reconcile", "list", "--json"}).last_line();
  ASSERT_EQ(breaks.size(), 2U) << breaks;
  for (const json& one : breaks)
    EXPECT_THAT(one["why"].get<std::string>(), HasSubstr("order " + id + ", not_placed by"));
  EXPECT_THAT(say({"machine", "list", "--all", "--limit", "5000"}).out, HasSubstr("overruled"));
  EXPECT_EQ(say({"ledger", "verify", "--full"}).code, 0);
}

}  // namespace
}  // namespace tests
