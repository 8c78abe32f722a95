// tests/ledger/store/watch_test.cpp: who waits for an answer that never comes is told, in time and not before.
#include "ledger/store/watch.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace ledger {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class WatchOnASocket : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  void TearDown() override {
    for (const int end : ends_) close(end);
  }
  // Whether there is something to read within the time, the end of the stream included.
  [[nodiscard]] bool ends_within(milliseconds within) const {
    pollfd one{ends_[0], POLLIN, 0};
    return poll(&one, 1, static_cast<int>(within.count())) == 1;
  }

  std::array<int, 2> ends_{};
};

TEST_F(WatchOnASocket, EndsAWaitThatTakesTooLongAndNotBefore) {
  const auto began = steady_clock::now();
  const Watch watch(ends_[0], milliseconds(300));
  ASSERT_TRUE(ends_within(milliseconds(30'000)));
  EXPECT_GE(steady_clock::now() - began, milliseconds(300));
  char byte = 0;
  EXPECT_EQ(read(ends_[0], &byte, 1), 0) << "the stream has not ended";
}

TEST_F(WatchOnASocket, LeavesAloneWhatWasAnsweredInTime) {
  { const Watch watch(ends_[0], milliseconds(1)); }
  { const Watch none(ends_[0], milliseconds(0)); }
  const Watch beside(ends_[0], milliseconds(60'000));
  EXPECT_FALSE(ends_within(milliseconds(1'200))) << "cut without need";
}

}  // namespace
}  // namespace ledger
