// tests/machines/core/result_test.cpp: a Result is a value or a named refusal, and asking for the wrong one is a bug.
#include "machines/core/result.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace {

enum class Refusal { late, broke };
using Text = machines::Result<std::string, Refusal>;

TEST(Result, HoldsAValue) {
  const Text result = std::string("gold");
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(*result, "gold");
  EXPECT_EQ(result->size(), 4U);
  EXPECT_EQ(result.value_or("lead"), "gold");
}

TEST(Result, HoldsARefusal) {
  const Text result = machines::fail(Refusal::broke);
  EXPECT_FALSE(result);
  EXPECT_EQ(result.error(), Refusal::broke);
  EXPECT_EQ(result.value_or("lead"), "lead");
}

TEST(Result, ARefusalOfTheSameTypeAsTheValueIsStillARefusal) {
  const machines::Result<int, int> result = machines::fail(5);
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), 5);
}

TEST(Result, GivesAwayWhatCanOnlyBeMoved) {
  machines::Result<std::unique_ptr<int>, Refusal> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, APartOfATemporaryOutlivesIt) {
  const auto drawn = [] { return machines::Result<std::vector<std::string>, Refusal>(std::vector<std::string>{"a"}); };
  static_assert(!std::is_reference_v<decltype(drawn().value())>);
  static_assert(!std::is_reference_v<decltype(*drawn())>);
  static_assert(!std::is_reference_v<decltype(drawn().error())>);
  std::string all;
  for (const std::string& one : drawn().value()) all += one;
  EXPECT_EQ(all, "a");
}

TEST(ResultDeathTest, TheWrongSideIsABug) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Text refused = machines::fail(Refusal::late);
  const Text given = std::string("gold");
  EXPECT_DEATH(static_cast<void>(refused.value()), "broken promise");
  EXPECT_DEATH(static_cast<void>(given.error()), "broken promise");
}

}  // namespace
