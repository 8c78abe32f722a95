// tests/machines/core/names_test.cpp: an enumerator's word is its own name, unique in its enum, and leads back to it.
#include "machines/core/names.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>

#include "machines/allocation/decide.hpp"
#include "machines/core/job.hpp"
#include "machines/core/step.hpp"
#include "machines/order/decide.hpp"
#include "machines/sleeve_cycle/decide.hpp"

namespace {

template <class E>
class Words : public testing::Test {};

using Vocabulary =
    testing::Types<machines::order::State, machines::order::Event, machines::order::Command, machines::order::Refusal,
                   machines::sleeve_cycle::State, machines::sleeve_cycle::Event, machines::sleeve_cycle::Command,
                   machines::sleeve_cycle::Refusal, machines::allocation::State, machines::allocation::Event,
                   machines::allocation::Command, machines::allocation::Movement, machines::allocation::Refusal,
                   machines::PostingKind, machines::Fate, machines::Outcome, machines::CallError, machines::AmountError,
                   machines::Rounding, machines::SleeveKind, machines::strategy::Exit>;
TYPED_TEST_SUITE(Words, Vocabulary);

TYPED_TEST(Words, AreUniqueSnakeCaseAndLeadBack) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < machines::count_of<TypeParam>; ++i) {
    const auto value = static_cast<TypeParam>(i);
    const std::string word(machines::name_of(value));
    EXPECT_TRUE(seen.insert(word).second) << word << " twice";
    EXPECT_THAT(word, testing::MatchesRegex("[a-z][a-z0-9_]*"));
    EXPECT_FALSE(word.ends_with('_'));
    EXPECT_EQ(machines::from_name<TypeParam>(word), value);
  }
  EXPECT_GE(seen.size(), 2U);
  EXPECT_EQ(machines::from_name<TypeParam>("no such word"), std::nullopt);
  EXPECT_EQ(machines::from_name<TypeParam>(""), std::nullopt);
}

TEST(Names, ATrailingUnderscoreIsNoPartOfTheWord) {
  EXPECT_EQ(machines::name_of(machines::PostingKind::void_), "void");
  EXPECT_EQ(machines::from_name<machines::PostingKind>("void"), machines::PostingKind::void_);
}

TEST(Names, EveryEnumeratorIsCounted) {
  EXPECT_EQ(machines::count_of<machines::order::State>, 10U);
  EXPECT_EQ(machines::count_of<machines::PostingKind>, 4U);
  EXPECT_EQ(machines::names_of<machines::Fate>[2], "rearmed");
}

}  // namespace
