// tests/schemas/config/state_map_test.cpp: the map of states for a new machine version, and what it can't be.
#include "schemas/config/state_map.hpp"

#include <gmock/gmock.h>

namespace schemas::config {
namespace {

std::string refusal(std::string_view text) {
  const auto map = parse_state_map(text, "m.toml");
  return map ? "accepted" : map.error().text();
}

TEST(StateMap, NamesWhatEachStateBecomes) {
  const auto map = parse_state_map("[states]\nopen = \"ajar\"\nshut = \"shut\"\n", "m.toml");
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(*map, (StateMap{{"open", "ajar"}, {"shut", "shut"}}));
}

TEST(StateMap, ABadOneIsRefusedWithItsPlace) {
  EXPECT_EQ(refusal(""), "m.toml: states is missing; write [states], then old = \"new\"");
  EXPECT_EQ(refusal("[states]\nopen = 1\n"), "m.toml:2:8: states.open is no text; write the new state in \"quotes\"");
  EXPECT_EQ(refusal("[state]\n[states]\na = \"b\"\n"),
            "m.toml:1:2: state is not known; the file has one table, [states]");
  EXPECT_THAT(refusal("[states\n"), testing::HasSubstr("is no TOML"));
  EXPECT_FALSE(load_state_map("/nowhere/at/all.toml").has_value());
}

}  // namespace
}  // namespace schemas::config
