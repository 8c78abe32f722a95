#include "workers/venues/paper/faults.hpp"

#include <gmock/gmock.h>

#include "machines/core/names.hpp"

namespace workers::venues::paper {
namespace {

TEST(ParseFault, ReadsBackWhatItWrites) {
  for (const auto on : {Request::place, Request::query, Request::cancel})
    for (const std::int64_t nth : {0, 1, 3, 1'000'000})
      for (std::size_t i = 0; i < machines::count_of<Misdeed>; ++i) {
        const FaultRule rule{on, nth, static_cast<Misdeed>(i)};
        const auto parsed = parse_fault(to_text(rule));
        ASSERT_TRUE(parsed) << to_text(rule);
        EXPECT_EQ(*parsed, rule);
      }
  EXPECT_EQ(to_text({Request::place, 3, Misdeed::lose_answer}), "place:3:lose_answer");
  EXPECT_EQ(to_text({Request::query, 0, Misdeed::time_out}), "query:first:time_out");
}

TEST(ParseFault, SaysWhatIsWrongAndWhatIsExpected) {
  const auto error = [](std::string_view text) {
    const auto parsed = parse_fault(text);
    return parsed ? std::string("accepted") : parsed.error().text;
  };
  using testing::HasSubstr;
  EXPECT_THAT(error(""), HasSubstr("three parts"));
  EXPECT_THAT(error("place:3"), HasSubstr("three parts"));
  EXPECT_THAT(error("plaice:3:reject"), HasSubstr("place, query, cancel"));
  EXPECT_THAT(error("place:0:reject"), HasSubstr("number from 1"));
  EXPECT_THAT(error("place:-1:reject"), HasSubstr("number from 1"));
  EXPECT_THAT(error("place:3x:reject"), HasSubstr("number from 1"));
  EXPECT_THAT(error("place:99999999999999999999:reject"), HasSubstr("number from 1"));
  EXPECT_THAT(error("place:3:explode"), HasSubstr("crash_after"));
  EXPECT_THAT(error("place:3:reject:"), HasSubstr("fault `place:3:reject:`"));
}

TEST(MisdeedOf, TheFirstRuleThatIsMetSpeaks) {
  const std::vector<FaultRule> rules{{Request::place, 3, Misdeed::lose_answer},
                                     {Request::place, 0, Misdeed::time_out},
                                     {Request::query, 2, Misdeed::reject}};
  EXPECT_EQ(misdeed_of(rules, Request::place, {1, 1}), Misdeed::time_out);
  EXPECT_EQ(misdeed_of(rules, Request::place, {2, 2}), std::nullopt);
  EXPECT_EQ(misdeed_of(rules, Request::place, {3, 1}), Misdeed::lose_answer);
  EXPECT_EQ(misdeed_of(rules, Request::query, {2, 7}), Misdeed::reject);
  EXPECT_EQ(misdeed_of(rules, Request::cancel, {2, 1}), std::nullopt);
}

}  // namespace
}  // namespace workers::venues::paper
