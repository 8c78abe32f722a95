#include "tests/kill/undisturbed.hpp"

#include <gmock/gmock.h>

#include "tests/kill/audit.hpp"

namespace tests::kill {
namespace {

int failed_parts() {
  const auto& result = *testing::UnitTest::GetInstance()->current_test_info()->result();
  int failed = 0;
  for (int i = 0; i < result.total_part_count(); ++i) failed += result.GetTestPartResult(i).failed();
  return failed;
}

}  // namespace

// Transitions depend on it: doubt and its way back are told in the history.
nlohmann::json outcome_of(nlohmann::json result) {
  result.erase("transitions");
  result.erase("elapsed_s");
  return result;
}

const Undisturbed& undisturbed(int bars) {
  static const Undisturbed run = [bars] {
    House house(config_text({}, 1, bars));
    house.start();
    const auto end = house.wait();
    EXPECT_EQ(end.code, 0) << house.logs();
    Undisturbed made{nlohmann::json::parse(house.result(), nullptr, false), venue_fills(house), 0};
    EXPECT_TRUE(made.result.is_object()) << house.output();
    made.transitions = made.result.is_object() ? made.result.value("transitions", 0) : 0;
    EXPECT_THAT(audit(house), testing::IsEmpty());
    return made;
  }();
  return run;
}

nlohmann::json expect_sound(House& house) {
  const int failures_before = failed_parts();
  const auto end = house.wait();
  auto result = nlohmann::json::parse(house.result(), nullptr, false);
  EXPECT_EQ(end.code, 0) << end.text;
  EXPECT_TRUE(result.is_object()) << house.output();
  if (!result.is_object()) result = nlohmann::json::object();
  EXPECT_TRUE(result.value("verified", false));
  EXPECT_TRUE(wait_until([&] { return house.left_behind().empty(); })) << testing::PrintToString(house.left_behind());
  EXPECT_THAT(audit(house), testing::IsEmpty());
  if (failed_parts() > failures_before) ADD_FAILURE() << house.logs();
  return result;
}

void expect_as_undisturbed(House& house) {
  const int failures_before = failed_parts();
  const auto result = expect_sound(house);
  if (failed_parts() > failures_before) return;
  const std::int64_t lapsed = lapsed_orders(house);
  if (house.rules() == Rules::as_it_is) {
    EXPECT_EQ(result.value("digest", ""), undisturbed().result.value("digest", "none"));
    EXPECT_EQ(outcome_of(result), outcome_of(undisturbed().result));
    EXPECT_EQ(lapsed, 0) << "an id is one order for ever: it is sent again";
  }
  if (lapsed == 0) {
    EXPECT_EQ(venue_fills(house), undisturbed().venue_fills);
  }
  if (failed_parts() > failures_before) ADD_FAILURE() << house.logs();
}

}  // namespace tests::kill
