// tests/deploy/bursar/key_rotation_test.cpp: a house whose venue takes signed orders only, with two key sets, while
// keys come and go in the middle of its trading: no order is lost or doubled, and what it did is what a house without
// any of this does. Its secrets are in no log, and in no worker's memory that a core file would hold (INV36).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "tests/deploy/bursar/canaries.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int bars = 240;
constexpr std::chrono::seconds patience{300};

class KeyRotation : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    config_ = config_file(folder_, bars, "[keys]\ntest_minutes = 1\n");
    data_ = folder_.path() / "data";
    house_ = start_bursar({"up", "--config", config_, "--data-dir", data_.string(), "--exit-when-done", "--json"});
    // Before its first order.
    ASSERT_TRUE(wait_until([&] { return fs::exists(data_ / "venue"); })) << house_->output();
  }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", data_.string()});
    return bursar(words);
  }
  // The exchange's settings page, changed in one go.
  void venue_knows(const std::vector<std::string>& lines) const {
    std::string text;
    for (const std::string& line : lines) text += "main " + line + "\n";
    write_text(data_ / "venue" / "keys.new", text);
    fs::rename(data_ / "venue" / "keys.new", data_ / "venue" / "keys");
  }
  static std::string line(const std::string& api_key, const std::string& secret, const std::string& more) {
    return api_key + " " + sha256_of(secret) + " " + more;
  }
  void add(const std::string& name, const std::string& purpose, const std::string& secret, const Words& more = {}) {
    const fs::path file = folder_.path() / "credential";
    write_text(file, name + "\n" + secret + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    Words words = {"key",   "add",    "--account", "main",          "--purpose",
                   purpose, "--name", name,        "--secret-file", file.string()};
    words.insert(words.end(), more.begin(), more.end());
    const Said said = say(words);
    EXPECT_EQ(said.code, 0) << said.err;
    fs::remove(file);
  }
  std::string state_of(const std::string& name) {
    const nlohmann::json keys = say({"key", "list", "--json"}).last_line();
    if (!keys.is_array()) return "";
    for (const auto& one : keys)
      if (one["name"] == name) return one["state"];
    return "";
  }
  // What `bursar status` says that jobs wait for.
  std::string waits_for() {
    const auto json = say({"status", "--json"}).last_line();
    const bool waits = json.is_object() && json.contains("keys") && json["keys"]["waiting_jobs"] > 0;
    return waits ? json["keys"]["waiting_for"].get<std::string>() : "";
  }
  bool comes_to_wait_for(const std::string& what) {
    return wait_until([&] { return waits_for().find(what) != std::string::npos; }, patience);
  }
  [[nodiscard]] std::string log(const std::string& name) const { return read_text(data_ / "log" / (name + ".log")); }
  [[nodiscard]] std::string worker_logs() const { return log("worker-1") + log("worker-2"); }
  bool is_signed_with(const std::string& name) {
    return wait_until([&] { return worker_logs().find("signing with the API key " + name) != std::string::npos; },
                      patience);
  }
  [[nodiscard]] std::vector<pid_t> workers() const {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline");
      const std::string words((std::istreambuf_iterator<char>(file)), {});
      if (words.find(data_.string()) != std::string::npos && words.find("worker-") != std::string::npos)
        found.push_back(static_cast<pid_t>(std::stoi(entry.path().filename().string())));
    }
    return found;
  }
  void expect_no_secret_in_workers() const {
    if (geteuid() != 0) return;  // only root may look into a process that forbids it
    std::string locked;
    for (const pid_t pid : workers()) {
      const Memory memory = memory_of(pid);
      EXPECT_GT(memory.dumped.size(), std::size_t{1} << 20);
      EXPECT_EQ(leaks_in(memory.dumped), "");
      EXPECT_THAT(memory.left_out, Not(HasSubstr(canaries[2]))) << "a worker opened a move key";
      EXPECT_THAT(read_text(fmt::format("/proc/{}/limits", pid)), testing::ContainsRegex("Max core file size +0 +0 "));
      locked += memory.left_out;
    }
    EXPECT_THAT(locked, HasSubstr(canaries[0])) << "else this shows nothing";
  }

  TempFolder folder_;
  std::string config_;
  fs::path data_;
  std::unique_ptr<Child> house_;
};

// What must not depend on which key signed.
nlohmann::json outcome_of(nlohmann::json result) {
  result.erase("transitions");
  result.erase("elapsed_s");
  return result;
}

TEST_F(KeyRotation, Inv36TheSecondKeySetTakesOverAndNothingIsLostOrDoubled) {
  // A request a second each: what follows happens in the middle of the trading.
  const std::string one = line("one", canaries[0], "read,trade rate=1");
  const std::string two = line("two", canaries[1], "read,trade rate=1");
  const std::string mover = line("mover", canaries[2], "read,withdraw bound");
  venue_knows({one, two, mover});
  ASSERT_TRUE(comes_to_wait_for("the venue takes signed requests only")) << house_->output();
  add("mover", "move", canaries[2], {"--allow-address", "192.0.2.1", "--allow-destination", "bc1q"});
  EXPECT_TRUE(comes_to_wait_for("the venue takes signed requests only")) << "a move key signs no order";
  add("one", "trade", canaries[0]);
  ASSERT_TRUE(is_signed_with("one")) << worker_logs();
  add("two", "trade", canaries[1]);
  expect_no_secret_in_workers();

  // The first one is revoked: the second takes over, and the first rests.
  venue_knows({two, mover});
  EXPECT_TRUE(is_signed_with("two")) << worker_logs();
  EXPECT_TRUE(wait_until([&] { return state_of("one") == "resting"; }, patience)) << worker_logs();
  EXPECT_THAT(worker_logs(), HasSubstr("the venue took nothing: bad_key: unknown"));

  // The second one too: jobs wait, and none is parked.
  venue_knows({line("nobody", "else", "read,trade"), mover});
  EXPECT_TRUE(comes_to_wait_for("none of the 2 trade keys of paper/main may be used")) << worker_logs();
  ASSERT_TRUE(house_->is_running()) << house_->output();
  EXPECT_THAT(say({"status"}).out, AllOf(HasSubstr("1 usable, 2 resting"), HasSubstr("waits for an API key")));

  // The first one comes back: the house's own look finds it, without a word from anybody.
  venue_knows({line("one", canaries[0], "read,trade"), mover});
  const auto end = house_->wait(patience);
  ASSERT_EQ(end.code, 0) << house_->output() << worker_logs();
  const std::string said = house_->output();
  const auto result = nlohmann::json::parse(said.substr(said.rfind("\n{") + 1), nullptr, false);
  EXPECT_THAT(said, HasSubstr("reconciled: the venue's statement is what the ledger says"));
  EXPECT_THAT(log("keys"), HasSubstr("resting -> degraded"));
  for (const char* name : {"broker", "venue", "keys", "worker-1", "worker-2"}) {
    EXPECT_EQ(leaks_in(log(name)), "") << name;
  }
  EXPECT_NE(log("broker"), "");
  EXPECT_NE(worker_logs(), "") << "one of them signed, and was refused";
  EXPECT_EQ(leaks_in(said), "");

  const std::string other = (folder_.path() / "undisturbed").string();
  const Said undisturbed = bursar({"up", "--config", config_, "--data-dir", other, "--exit-when-done", "--json"});
  ASSERT_EQ(undisturbed.code, 0) << undisturbed.err;
  EXPECT_EQ(outcome_of(result), outcome_of(undisturbed.last_line()));
}

// The venue would take unsigned orders again: it knows no key that may trade any more either.
TEST_F(KeyRotation, TheLastTradeKeyRetiredStopsSendingUntilThereIsANewOne) {
  venue_knows({line("one", canaries[0], "read,trade rate=2")});
  ASSERT_TRUE(comes_to_wait_for("the venue takes signed requests only")) << house_->output();
  add("one", "trade", canaries[0]);
  ASSERT_TRUE(is_signed_with("one")) << worker_logs();
  ASSERT_EQ(say({"key", "retire", "one"}).code, 0);
  venue_knows({line("nobody", "else", "read")});
  ASSERT_TRUE(comes_to_wait_for("the last trade key of paper/main is retired")) << worker_logs() << house_->output();
  const auto orders = [&] {
    std::string seen;
    const nlohmann::json status = say({"status", "--json"}).last_line();
    if (!status.contains("instances")) return std::string("sent ? ");  // asked again
    for (const auto& one : status["instances"])
      if (one["kind"] == "order") seen += one["state"].get<std::string>() + " " + one["count"].dump() + "; ";
    return seen;
  };
  // Those whose answer was on its way when the key went come into doubt first.
  std::string at_rest;
  ASSERT_TRUE(wait_until([&] { return (at_rest = orders()).find("sent ") == std::string::npos; })) << at_rest;
  EXPECT_NE(at_rest, "") << "else this test shows nothing";
  std::this_thread::sleep_for(std::chrono::seconds(3));  // several looks at the keys
  EXPECT_EQ(orders(), at_rest);
  EXPECT_THAT(say({"status"}).out, HasSubstr("no trade key of paper/main is left, and nothing is sent there"));
  ASSERT_TRUE(house_->is_running()) << house_->output();

  venue_knows({line("two", canaries[1], "read,trade")});
  add("two", "trade", canaries[1]);
  EXPECT_TRUE(is_signed_with("two")) << worker_logs();
  EXPECT_EQ(house_->wait(patience).code, 0) << house_->output() << worker_logs();
  EXPECT_THAT(house_->output(), HasSubstr("reconciled: the venue's statement is what the ledger says"));
}

}  // namespace
}  // namespace tests
