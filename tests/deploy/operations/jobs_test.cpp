// tests/deploy/operations/jobs_test.cpp: the queue is looked at and ordered without a terminal, on a real PostgreSQL.
#include "deploy/operations/jobs.hpp"

#include <fmt/format.h>

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using deploy::operations::JobOrder;
using testing::SizeIs;

namespace operations = deploy::operations;

class Jobs : public OperationsTest {
 protected:
  // The id of a new order's job.
  [[nodiscard]] std::string order() const {
    ground_->one(
        "SELECT ledger.record_move(1, 'order', 0, 0, '', 'drafted', 'draft', 1, false, '{\"side\": \"buy\"}', 1000, "
        "'place_order', 1000)::text");
    return operations::text_of(operations::jobs(place(), of_orders())->jobs.back().key);
  }
  [[nodiscard]] static operations::JobArgs of_orders() {
    operations::JobArgs args;
    args.filter.kind = "order";
    args.why = "a look";
    return args;
  }
  [[nodiscard]] ErrorCode refused(const operations::JobArgs& args) const {
    const auto made = operations::preview(place(), args);
    return made ? ErrorCode::failed : made.error().code;
  }
};

TEST_F(Jobs, WhatAPreviewNamesIsParkedAndRetriedByWhoAsks) {
  const std::string id = order();
  const auto jobs = operations::preview(place(), of_orders());
  ASSERT_TRUE(jobs) << jobs.error().text;
  ASSERT_THAT(*jobs, SizeIs(1));
  EXPECT_EQ(operations::job(place(), id, {})->job.state, "ready") << "a preview changes nothing";
  const auto parked = operations::act(place(), {"ann"}, JobOrder::park, *jobs, "a look");
  ASSERT_TRUE(parked) << parked.error().text;
  EXPECT_EQ(parked->changed, 1);
  ASSERT_THAT(parked->machines, SizeIs(1));
  EXPECT_EQ(
      ground_->one(fmt::format("SELECT data::json->>'who' FROM ledger.instance WHERE id = {}", parked->machines[0])),
      "ann");
  const auto seen = operations::job(place(), id, {});
  ASSERT_TRUE(seen) << seen.error().text;
  EXPECT_EQ(seen->job.state, "parked");
  EXPECT_THAT(seen->next_try, testing::HasSubstr("job retry " + id));
  const auto again = operations::act(place(), {"ann"}, JobOrder::park, *jobs, "a look");
  EXPECT_EQ(again->changed, 0) << "it is so already";
  EXPECT_THAT(again->refused, SizeIs(1));
  EXPECT_EQ(operations::act(place(), {"bob"}, JobOrder::retry, *jobs, "looked")->changed, 1);
  EXPECT_EQ(operations::job(place(), id, {})->job.state, "ready");
}

TEST_F(Jobs, WhatCantBeMeantHasACode) {
  (void)order();
  auto args = of_orders();
  args.expect = 7;
  EXPECT_EQ(refused(args), ErrorCode::changed);
  args = of_orders();
  args.filter.kind = "teapot";
  EXPECT_EQ(refused(args), ErrorCode::not_found);
  args.why.clear();
  EXPECT_EQ(refused(args), ErrorCode::usage);
  EXPECT_EQ(refused({}), ErrorCode::usage) << "neither an id nor a filter";
  args = of_orders();
  args.older_than = "soon";
  EXPECT_EQ(operations::jobs(place(), args).error().code, ErrorCode::usage);
  EXPECT_EQ(operations::job(place(), "1/99999/1/0", {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(operations::job(place(), "x", {}).error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace tests
