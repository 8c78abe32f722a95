// tests/deploy/cli/broker_limits_test.cpp: what keeps a broker's jobs waiting, for people and for programs.
#include "deploy/cli/broker_limits.hpp"

#include <gmock/gmock.h>

#include "tests/support/captured.hpp"

namespace tests {
namespace {

using nlohmann::ordered_json;

schemas::BrokerView held_up() {
  schemas::BrokerView view;
  view.limits.push_back({"calls", "paper/main", 3, 2, 1'250, "10/s"});
  view.unable.push_back({"vault", "review", 4});
  view.overdue = 5;
  return view;
}

std::string printed(const schemas::BrokerView& view) {
  return captured([&] {
           deploy::print_limits(view);
           return 0;
         })
      .out;
}

TEST(BrokerLimits, AreALineEachForPeople) {
  EXPECT_EQ(printed(held_up()),
            "limited by calls (10/s of paper/main): 3 jobs wait, for 1.2 s now; 2 in flight\n"
            "unable     no worker here does vault review: 4 jobs wait for one\n"
            "overdue    5 jobs were taken from a worker at their deadline\n");
  EXPECT_EQ(printed({}), "") << "nothing waits";
}

TEST(BrokerLimits, OfEveryBrokerAreInTheSameTwoLists) {
  ordered_json json{{"limits", ordered_json::array()}, {"unable", ordered_json::array()}};
  deploy::add_limits(json, held_up());
  deploy::add_limits(json, {});
  deploy::add_limits(json, held_up());
  ASSERT_EQ(json["limits"].size(), 2U);
  EXPECT_EQ(json["limits"][1].dump(),
            R"({"name":"calls","key":"paper/main","cap":"10/s","waiting":3,"since_ms":1250,"in_flight":2})");
  ASSERT_EQ(json["unable"].size(), 2U);
  EXPECT_EQ(json["unable"][0].dump(), R"({"kind":"vault","command":"review","jobs":4})");
}

}  // namespace
}  // namespace tests
