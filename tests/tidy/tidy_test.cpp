// tests/tidy/tidy_test.cpp: the repository keeps its own rules.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> folders(top_folders().begin(), top_folders().end());

bool is_ours(const fs::path& path) {
  static const std::set<std::string> endings{".hpp", ".cpp", ".sql",  ".proto", ".cmake",
                                             ".js",  ".css", ".html", ".sh",    ""};
  return path.filename() == "CMakeLists.txt" || endings.count(path.extension().string()) > 0;
}

// The fuzzer's corpus is bytes of any kind.
bool is_hostile(const fs::path& path) { return path.string().find("/tests/fuzz/corpus/") != std::string::npos; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<File> all_files() {
  const fs::path top(BURSAR_SOURCE_DIR);
  std::vector<File> files;
  for (const std::string& folder : folders) {
    if (!fs::exists(top / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top / folder))
      if (entry.is_regular_file() && is_ours(entry.path()) && !is_hostile(entry.path()))
        files.push_back({fs::relative(entry.path(), top).string(), read(entry.path())});
  }
  files.push_back({"CMakeLists.txt", read(top / "CMakeLists.txt")});
  return files;
}

TEST(Tidy, EveryFileKeepsTheRules) {
  const std::vector<File> files = all_files();
  ASSERT_GT(files.size(), 50U) << "the walk found too little: " << BURSAR_SOURCE_DIR;
  for (const File& file : files)
    for (const std::string& finding : all_rules(file)) ADD_FAILURE() << finding;
}

TEST(Tidy, NoRoomOfDeployIsAnAttic) {
  std::vector<std::string> paths;
  for (const File& file : all_files()) paths.push_back(file.path);
  EXPECT_EQ(crowding(paths), Findings{});
}

TEST(Tidy, PagesForPeopleAreShortAndTrue) {
  const fs::path top(BURSAR_SOURCE_DIR);
  std::set<std::string> paths{"ARCHITECTURE.md", "README.md"};
  for (const std::string& folder : folders) paths.insert(folder + "/README.md");
  for (const std::string& path : paths)
    EXPECT_EQ(pages({path, read(top / path)}, [&](const std::string& named) { return fs::exists(top / named); }),
              Findings{});
  const std::vector<File> files = all_files();
  for (const std::string& path : paths) EXPECT_EQ(suites({path, read(top / path)}, files), Findings{});
}

TEST(Tidy, EachSourceOfSomeRoomsHasItsTest) { EXPECT_EQ(untested(all_files()), Findings{}); }

// The table of shares is printed: `test_tidy --gtest_filter=*HeadersSay*` measures the rooms.
TEST(Tidy, HeadersSayTheirContracts) {
  const std::vector<File> files = all_files();
  for (const auto& [room, share] : comment_shares(files))
    fmt::print("{:28} {:4} of {:4} lines, {:3} %\n", room, share.with_comment, share.lines, share.percent());
  EXPECT_EQ(comments(files), Findings{});
}

TEST(Tidy, TheTopLevelIsTheHouseAndNothingElse) {
  std::set<std::string> known = folders;
  known.insert({"CMakeLists.txt", "CMakePresets.json", "README.md", "ARCHITECTURE.md", "LICENSE", "build"});
  for (const auto& entry : fs::directory_iterator(BURSAR_SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    if (name[0] == '.') continue;
    EXPECT_EQ(known.count(name), 1U) << name << " does not belong at the top";
  }
}

TEST(Tidy, TestsMirrorTheTree) {
  static const std::set<std::string> own{"scenarios", "simulation",  "chaos", "bench", "history", "tidy",
                                         "support",   "regressions", "kill",  "fuzz",  "failover"};
  for (const auto& entry : fs::directory_iterator(fs::path(BURSAR_SOURCE_DIR) / "tests")) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(own.count(name) > 0 || folders.count(name) > 0) << "tests/" << name << " mirrors nothing";
  }
}

}  // namespace
}  // namespace tests::tidy
