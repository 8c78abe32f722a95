// tests/workers/handlers/handler_test.cpp: what a worker says that it can do of a kind; the step that answers a job.
#include "workers/handlers/handler.hpp"

#include <gmock/gmock.h>

namespace tests {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;
using workers::handlers::capability_of;

TEST(Capability, NamesTheCommandsThatAskOutside) {
  const schemas::Capability order = capability_of("order");
  EXPECT_EQ(order.kind, "order");
  EXPECT_EQ(order.version, 1);
  EXPECT_THAT(order.outside_commands, UnorderedElementsAre("place_order", "query_order", "cancel_order"));
  EXPECT_THAT(capability_of("sleeve_cycle").outside_commands, IsEmpty());
}

TEST(CapabilityDeathTest, OfAVersionThatNobodyKnowsIsABug) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(static_cast<void>(capability_of("order", 999)), "broken promise");
}

TEST(StepFor, CarriesTheJobsAddressAndTheEpochOfItsFacts) {
  machines::LeasedJob job;
  job.key = {{7}, {8}, 9, 10};
  job.token.bytes[0] = 11;
  job.world_at = {12};
  ledger::journal::Facts facts;
  facts.control_epoch = 13;
  const machines::Step step = workers::handlers::step_for(job, facts, machines::Fate::kept);
  EXPECT_EQ(step.owner, job.key.owner);
  EXPECT_EQ(step.job, job.key);
  EXPECT_EQ(step.token, job.token);
  EXPECT_EQ(step.fate, machines::Fate::kept);
  EXPECT_EQ(step.world_at, job.world_at);
  EXPECT_EQ(step.control_epoch, 13);
  EXPECT_THAT(step.postings, IsEmpty());
}

}  // namespace
}  // namespace tests
