#include "tests/failover/house.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "tests/kill/audit.hpp"
#include "tests/kill/undisturbed.hpp"

namespace tests::failover {

namespace fs = std::filesystem;

House::House(std::string dsn) : folder_(own_.path() / "d"), dsn_(std::move(dsn)), connection_(dsn_) {
  write_text(own_.path() / "config.toml", kill::config_text());
}

void House::start(const std::string& dsn) {
  up_ = std::make_unique<Child>(std::vector<std::string>{BURSAR_EXECUTABLE, "up", "--data-dir", folder_.string(),
                                                         "--config", (own_.path() / "config.toml").string(), "--dsn",
                                                         dsn.empty() ? dsn_ : dsn, "--exit-when-done", "--json"});
}

std::string House::logs() const {
  std::string text = "up:\n" + output();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "log", error)) {
    const std::string log = read_text(entry.path());
    text += fmt::format("{}:\n{}\n", entry.path().filename().string(),
                        log.substr(log.size() - std::min<std::size_t>(log.size(), 6000)));
  }
  return text;
}

std::int64_t House::transitions() {
  static constexpr ledger::SqlStatement count{"count_transitions", "SELECT count(*) FROM ledger.transition", false};
  const auto rows = connection_.call(count);
  return rows ? rows->number(0, 0) : -1;
}

bool House::reach(std::int64_t wanted) {
  bool reached = false;
  wait_until(
      [&] {
        const bool running = up_->is_running();  // looked at first: it may end in between
        reached = transitions() >= wanted;
        return reached || !running;
      },
      std::chrono::seconds(120));
  return reached;
}

std::string House::broker_log() const {
  std::error_code error;
  const fs::path file = folder_ / "log" / "broker.log";
  return fs::exists(file, error) ? read_text(file) : "";
}

std::size_t House::broker_log_size() const { return broker_log().size(); }

bool House::broker_says(const std::string& text, std::size_t from) {
  bool said = false;
  wait_until([&] {
    const bool running = up_->is_running();
    said = broker_log().find(text, from) != std::string::npos;
    return said || !running;
  });
  return said;
}

std::vector<pid_t> House::parts() const {
  std::vector<pid_t> found;
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", up_->pid()));
  for (pid_t pid = 0; children >> pid;) found.push_back(pid);
  return found;
}

void House::expect_as_undisturbed(const std::string& truth) {
  const auto end = wait();
  ASSERT_EQ(end.code, 0) << end.text << "\n" << logs();
  const std::string said = output();
  const auto at = said.rfind("\n{\"");
  ASSERT_NE(at, std::string::npos) << said;
  const auto result = nlohmann::json::parse(said.substr(at + 1, said.find('\n', at + 1) - at - 1), nullptr, false);
  ASSERT_TRUE(result.is_object()) << said;
  EXPECT_EQ(result.value("digest", ""), kill::undisturbed().result.value("digest", "none"));
  EXPECT_TRUE(result.value("verified", false));
  EXPECT_EQ(kill::venue_fills(folder_), kill::undisturbed().venue_fills);
  EXPECT_THAT(kill::audit(folder_, truth.empty() ? dsn_ : truth), testing::IsEmpty()) << logs();
}

}  // namespace tests::failover
