// tests/machines/core/table_test.cpp: the engine's checks find what is wrong with a table.
#include "machines/core/table.hpp"

#include <gmock/gmock.h>

namespace {

enum class State { shut, ajar, open, lost };
enum class Event { push, pull };
enum class Command { none, ring };
using machines::table;

constexpr auto door = table<State, Event, Command>({
    // from        on           to           then
    {State::shut, Event::push, State::ajar, Command::ring},
    {State::ajar, Event::push, State::open, Command::none},
    {State::open, Event::pull, State::lost, Command::none},
});
static_assert(door.one_row_per_state_and_event());
static_assert(door.reaches_every_state_from(State::shut));
static_assert(door.rests_only_in({State::lost}));

TEST(Table, FindsARowOrSaysThereIsNone) {
  const auto row = door.find(State::shut, Event::push);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->to, State::ajar);
  EXPECT_EQ(row->then, Command::ring);
  EXPECT_FALSE(door.find(State::shut, Event::pull).has_value());
  EXPECT_FALSE(door.find(State::lost, Event::push).has_value());
}

TEST(Table, TwoRowsForOnePairAreSeen) {
  constexpr auto twice = table<State, Event, Command>({
      {State::shut, Event::push, State::ajar, Command::ring},
      {State::shut, Event::push, State::open, Command::none},
  });
  EXPECT_FALSE(twice.one_row_per_state_and_event());
}

TEST(Table, AStateThatNothingReachesIsSeen) {
  EXPECT_FALSE(door.reaches_every_state_from(State::ajar));
  constexpr auto backwards = table<State, Event, Command>({
      {State::open, Event::pull, State::lost, Command::none},
      {State::ajar, Event::push, State::open, Command::none},
      {State::shut, Event::push, State::ajar, Command::none},
  });
  EXPECT_TRUE(backwards.reaches_every_state_from(State::shut)) << "whatever the order of the rows";
}

TEST(Table, AFinalStateTooManyOrTooFewIsSeen) {
  EXPECT_FALSE(door.rests_only_in({}));
  EXPECT_FALSE(door.rests_only_in({State::open, State::lost}));
  EXPECT_TRUE(door.is_final(State::lost));
  EXPECT_FALSE(door.is_final(State::open));
}

}  // namespace
