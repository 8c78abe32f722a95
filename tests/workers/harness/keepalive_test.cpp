// tests/workers/harness/keepalive_test.cpp: a worker that waits for PostgreSQL goes on beating, and only then.
#include "workers/harness/keepalive.hpp"

#include <gmock/gmock.h>

#include <atomic>

#include "tests/support/child.hpp"

namespace workers::harness {
namespace {

TEST(Keepalive, BeatsWithinALoanAndNeverOutside) {
  std::atomic<int> beats = 0;
  std::atomic<bool> is_lent = false, is_wrong = false;
  Keepalive keepalive([&] {
    ++beats;
    if (!is_lent) is_wrong = true;
  });
  is_lent = true;
  {
    const auto loan = keepalive.lend(1'000);
    EXPECT_TRUE(tests::wait_until([&] { return beats >= 3; }));
  }
  is_lent = false;
  const int before = beats;
  std::atomic<int> meanwhile = 0;  // how time passes for the first: another one beats
  Keepalive other([&] { ++meanwhile; });
  {
    const auto loan = other.lend(1'000);
    EXPECT_TRUE(tests::wait_until([&] { return meanwhile >= 4; }));
  }
  EXPECT_EQ(beats, before);
  is_lent = true;
  {
    const auto loan = keepalive.lend(1'000);
    EXPECT_TRUE(tests::wait_until([&] { return beats > before; })) << "a second loan does not beat";
  }
  EXPECT_FALSE(is_wrong) << "it beat outside a loan";
}

TEST(Keepalive, IsSilentWhereTheLoanIsShort) {
  std::atomic<int> beats = 0;
  Keepalive keepalive([&] { ++beats; });
  for (int call = 0; call < 1'000; ++call) const auto loan = keepalive.lend(60'000'000);
  EXPECT_EQ(beats, 0);
}

}  // namespace
}  // namespace workers::harness
