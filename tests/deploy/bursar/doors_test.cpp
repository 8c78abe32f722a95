// tests/deploy/bursar/doors_test.cpp: what others on the machine can see of a house: its files, and its processes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "ledger/store/connection.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

// What group or others may do something with, below a data folder, as "NAME MODE".
std::vector<std::string> open_to_others(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    // Public keys: they are made to be copied to other hosts, and lie in a folder that is closed.
    if (name.starts_with("keys/") && name.ends_with(".pub")) continue;
    struct stat status {};
    if (lstat(entry.path().c_str(), &status) != 0 || S_ISLNK(status.st_mode)) continue;
    if ((status.st_mode & 077) != 0) found.push_back(name + " " + std::to_string(status.st_mode & 07777));
  }
  return found;
}

int mode_of(const fs::path& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
}

TEST(Doors, NothingInADataFolderIsForOthersToRead) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const fs::path data = finished_house().data_dir;
  ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
  EXPECT_THAT(open_to_others(data), IsEmpty());
  EXPECT_EQ(mode_of(data), geteuid() == 0 ? 0711 : 0700) << "postgres passes through, and sees no names";
  for (const char* name : {"report.html", "checkpoints", "sample_eth_usdt_1h.csv", "bursar-data"})
    EXPECT_EQ(mode_of(data / name), 0600) << name;
  const TempFolder folder;
  const auto page = folder.path() / "books.html";
  EXPECT_EQ(bursar({"report", "--html", page.string(), "--data-dir", data.string()}).code, 0);
  EXPECT_EQ(mode_of(page), 0600);
}

TEST(Doors, FilesThatAnEarlierVersionLeftOpenAreClosed) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const fs::path data = finished_house().data_dir;
  for (const char* name : {"report.html", "checkpoints", "bursar-data"})
    ASSERT_EQ(chmod((data / name).c_str(), 0644), 0) << name;
  EXPECT_EQ(bursar({"up", "--config", finished_house().config, "--data-dir", data.string(), "--exit-when-done"}).code,
            0);
  EXPECT_THAT(open_to_others(data), IsEmpty());
}

// The processes of this machine whose arguments or environment hold the text.
std::vector<std::string> who_shows(const std::string& text) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored))
    for (const char* what : {"cmdline", "environ"})
      if (read_text(entry.path() / what).find(text) != std::string::npos) found.push_back(entry.path() / what);
  return found;
}

TEST(Doors, APasswordOfTheConnectionStringIsShownByNoProcess) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string database = empty_database();
  must_run(database, "CREATE ROLE porter LOGIN SUPERUSER PASSWORD 'hunter2-of-doors'");
  const std::string with_password = dsn(database, "porter") + " password=hunter2-of-doors";
  const Words words = {BURSAR_EXECUTABLE, "up", "--config", finished_house().config, "--data-dir", data};
  for (const bool by_argument : {true, false}) {
    Words argv = words;
    if (by_argument) argv.insert(argv.end(), {"--dsn", with_password});
    Child up(argv, by_argument ? Words{} : Words{"BURSAR_DSN=" + with_password});
    ASSERT_TRUE(up.wait_for_output("stays open")) << up.output();
    EXPECT_THAT(read_text(fs::path("/proc") / std::to_string(up.pid()) / "cmdline"), HasSubstr(data));
    EXPECT_TRUE(wait_until([&] { return fs::exists(fs::path(data) / "metrics.prom"); }));
    EXPECT_THAT(open_to_others(data), IsEmpty()) << "while it runs";
    EXPECT_THAT(who_shows("hunter2-of-doors"), IsEmpty()) << (by_argument ? "argument" : "environment");
    up.send(SIGTERM);
    EXPECT_EQ(up.wait().code, 0) << up.output();
  }
}

// A text that clears the screen, forges a line and turns the reading order; and how it is to be shown.
const std::string trick =
    "\x1b[2Jx\nforged\xc2\x9b"
    "1m";
const std::string trick_shown = "\\x1b[2Jx\\nforged\\x9b1m";

void expect_tame(const Said& said, const Words& words, const std::string& shown = trick_shown) {
  const std::string all = said.out + said.err;
  EXPECT_THAT(all, HasSubstr(shown)) << testing::PrintToString(words);
  for (const char* wild : {"\x1b", "\nforged", "\xc2\x9b"}) EXPECT_THAT(all, Not(HasSubstr(wild))) << words[0];
}

// One command of each family that shows what people and venues wrote.
TEST(Doors, WhatPeopleAndVenuesWriteCannotSpeakToTheTerminal) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const auto house = start_bursar({"up", "--config", finished_house().config, "--data-dir", data});
  ASSERT_TRUE(house->wait_for_output("stays open")) << house->output();
  const auto say = [&](Words words) {
    words.insert(words.end(), {"--data-dir", data});
    return bursar(words);
  };
  ledger::Connection owner(house_dsn(data));
  ASSERT_TRUE(owner.connect().has_value());
  ASSERT_EQ(say({"paper", "deposit", "USDT", "5"}).code, 0);
  (void)say({"reconcile", "--assign", trick});
  const Said paused = say({"pause", "all", "--why", trick});
  EXPECT_EQ(paused.code, 0) << paused.err;
  expect_tame(say({"reconcile", "list"}), {"reconcile", "list"});
  expect_tame(say({"controls"}), {"controls"});
  const auto control = owner.run("SELECT max(id) FROM ledger.instance WHERE kind = 'control'");
  ASSERT_TRUE(control.has_value());
  expect_tame(say({"machine", "history", std::string(control->text(0, 0))}), {"machine", "history"}, "on impose");
  expect_tame(say({"vault", "show", trick}), {"vault", "show"});
  // What no command takes, as a database that somebody else wrote to would have it.
  const std::string hex = [] {
    std::string made;
    for (const unsigned char byte : trick) made += fmt::format("{:02x}", byte);
    return "convert_from('\\x" + made + "'::bytea, 'UTF8')";
  }();
  const auto written = owner.run("SET session_replication_role = replica; UPDATE ledger.vault SET name = " + hex +
                                 "; UPDATE ledger.job SET parked = " + hex);
  ASSERT_TRUE(written.has_value()) << written.error().text;
  expect_tame(say({"vault", "list"}), {"vault", "list"});
  const Said jobs = say({"job", "list"});
  expect_tame(jobs, {"job", "list"});
  const std::string first = jobs.out.substr(jobs.out.find('\n') + 1);
  expect_tame(say({"job", "show", first.substr(0, first.find(' '))}), {"job", "show"});
}

}  // namespace
}  // namespace tests
