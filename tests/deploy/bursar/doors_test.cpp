// tests/deploy/bursar/doors_test.cpp: what others on the machine can see of a house: its files, and its processes.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

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
  EXPECT_EQ(
      bursar({"up", "--config", finished_house().config, "--data-dir", data.string(), "--exit-when-done"}).code, 0);
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
  const std::string with_password = dsn(empty_database()) + " password=hunter2-of-doors";
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

}  // namespace
}  // namespace tests
