// tests/deploy/replay/progress_test.cpp: the line that stands on a terminal while a replay runs, and the silence
// elsewhere.
#include "deploy/replay/progress.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

#include "tests/support/captured.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// Standard error is a terminal of so many columns for as long as this lives.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) {
    winsize size{24, columns, 0, 0};
    int screen = -1;
    CHECK(openpty(&keyboard_, &screen, nullptr, nullptr, &size) == 0);
    CHECK(fcntl(keyboard_, F_SETFL, O_NONBLOCK) == 0);
    before_ = dup(STDERR_FILENO);
    CHECK(before_ >= 0 && dup2(screen, STDERR_FILENO) == STDERR_FILENO);
    close(screen);
  }
  ~Terminal() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(keyboard_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  // What came since the last call.
  std::string shown() {
    std::string text;
    std::array<char, 512> part{};
    for (ssize_t got = 0; (got = read(keyboard_, part.data(), part.size())) > 0;)
      text.append(part.data(), static_cast<std::size_t>(got));
    return text;
  }

 private:
  int keyboard_ = -1, before_ = -1;
};

// A house without children, on the PostgreSQL of the tests.
class ProgressLine : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    options_.layout.folder = folder_.path() / "data";
    options_.dsn = dsn(empty_database());
    const Captured opened = captured([&] {
      auto house = deploy::House::open(options_);
      if (!house) return house.error().exit_code;
      house_ = std::move(*house);
      return 0;
    });
    ASSERT_TRUE(house_) << opened.code << opened.err;
  }
  // The line after so many bars; it comes a few times a second.
  std::string line(Terminal& terminal, deploy::Progress& progress, std::size_t played) {
    std::string said;
    EXPECT_TRUE(wait_until([&] {
      progress.show(played, *house_);
      said += terminal.shown();
      return !said.empty();
    }));
    return said;
  }

  TempFolder folder_;
  deploy::HouseOptions options_;
  std::unique_ptr<deploy::House> house_;
};

TEST_F(ProgressLine, StandsOnATerminalAndIsTakenOffAgain) {
  Terminal terminal(100);
  deploy::Progress progress(200, 0);
  const std::string half = line(terminal, progress, 100);
  EXPECT_THAT(half, AllOf(StartsWith("\r[###############...............]  50 %  bar 100 of 200, "),
                          HasSubstr(" a second, "), EndsWith(" s left, 0 processes")));
  EXPECT_THAT(line(terminal, progress, 200), StartsWith("\r[##############################] 100 %  bar 200 of 200"));
  progress.end();
  EXPECT_THAT(terminal.shown(), testing::MatchesRegex("\r +\r"));
  progress.end();
  EXPECT_THAT(terminal.shown(), IsEmpty()) << "there is none any more";
}

TEST_F(ProgressLine, IsNeverAsWideAsTheTerminal) {
  Terminal terminal(40);
  deploy::Progress progress(200, 0);
  EXPECT_THAT(line(terminal, progress, 100), SizeIs(1 + 39)) << "a wider one would scroll";
}

TEST_F(ProgressLine, ElsewhereNothingIsDrawnOver) {
  const Captured said = captured([&] {
    deploy::Progress progress(200, 0);
    progress.show(100, *house_);
    progress.end();
    return 0;
  });
  EXPECT_THAT(said.err, IsEmpty()) << "a line every few seconds, and the first when they have passed";
}

}  // namespace
}  // namespace tests
