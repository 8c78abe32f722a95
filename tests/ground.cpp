#include "tests/ground.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "machines/core/check.hpp"

namespace tests {

namespace fs = std::filesystem;

namespace {

// Settings of the caller that would lead a test to something that is not its own.
std::vector<std::string> misleading() {
  std::vector<std::string> names = {"BURSAR_DSN", "CREDENTIALS_DIRECTORY"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.starts_with("PG") || text.starts_with("XDG_")) names.push_back(text.substr(0, text.find('=')));
  }
  return names;
}

// A folder as tests/support/folder.hpp makes them: with its lock, so that what a crash leaves is removed by the next.
class Ground {
 public:
  Ground() : maker_(getpid()) {
    const char* given = getenv("TMPDIR");
    std::string name = (fs::path(given != nullptr && *given != '\0' ? given : "/tmp") / "bt-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    lock_ = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(lock_ >= 0 && flock(lock_, LOCK_SH) == 0 && chmod(name.c_str(), 0711) == 0);
    home_ = folder_ / "home";
    CHECK(mkdir(home_.c_str(), 0755) == 0);
    for (const std::string& setting : misleading()) unsetenv(setting.c_str());
    setenv("HOME", home_.c_str(), 1);
    setenv("BURSAR_DATA_DIR", (home_ / "bursar").c_str(), 1);
  }
  ~Ground() {
    if (getpid() != maker_) return;  // a child that was forked ends without exec
    close(lock_);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  [[nodiscard]] const fs::path& home() const { return home_; }

 private:
  pid_t maker_;
  fs::path folder_, home_;
  int lock_ = -1;
};

class LeavesNothing : public testing::Environment {
 public:
  void TearDown() override {
    EXPECT_EQ(left_in(home()), "") << "a test left this in $HOME or in the default data folder";
  }
};

// A skipped case says its name and why (tests/summary reads it), also where the rest of the output is brief.
class NamesSkips : public testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Skipped()) return;
    std::string why = "no reason given";
    for (int at = 0; at < test.result()->total_part_count(); ++at)
      if (test.result()->GetTestPartResult(at).skipped()) why = test.result()->GetTestPartResult(at).message();
    if (why.starts_with("Skipped\n")) why.erase(0, 8);
    std::printf("[  SKIPPED ] %s.%s: %s\n", test.test_suite_name(), test.name(), why.substr(0, why.find('\n')).c_str());
    std::fflush(stdout);
  }
};

const bool names_skips = (testing::UnitTest::GetInstance()->listeners().Append(new NamesSkips), true);
const auto* const leaves_nothing = (home(), testing::AddGlobalTestEnvironment(new LeavesNothing));

}  // namespace

const fs::path& home() {
  static const Ground ground;
  return ground.home();
}

std::string left_in(const fs::path& folder) {
  std::string names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) names += entry.path().filename().string() + "\n";
  return names;
}

}  // namespace tests
