// tests/deploy/operations/schedules_test.cpp: schedules as values, on a real PostgreSQL.
#include "deploy/operations/schedules.hpp"

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using testing::IsEmpty;

namespace operations = deploy::operations;

class SchedulesNow : public OperationsTest {};

TEST_F(SchedulesNow, WithoutAConfigurationThereAreNone) {
  const auto all = operations::schedules(place());
  ASSERT_TRUE(all) << all.error().text;
  EXPECT_THAT(*all, IsEmpty());
}

TEST_F(SchedulesNow, OneIsShownWithItsNextTimesAndIsNotFiredWhereNobodyWouldDoIt) {
  ledger::jobs::Schedule daily;
  daily.owner_name = "default";
  daily.name = "daily";
  daily.does = "review";
  daily.cron = "30 8 * * *";
  daily.zone = "UTC";
  daily.overlap = "skip";
  daily.catch_up = "none";
  const auto declared = ledger::jobs::Schedules(ground_->connection).declare({daily}, {0});
  ASSERT_TRUE(declared) << declared.error().text;
  operations::ScheduleArgs args;
  args.name = "daily";
  args.why = "a look";
  const auto shown = operations::schedule(place(), args);
  ASSERT_TRUE(shown) << shown.error().text;
  EXPECT_THAT(shown->next, testing::SizeIs(5));
  EXPECT_THAT(*operations::schedules(place()), testing::SizeIs(1));
  EXPECT_EQ(operations::run_schedule(place(), {"ann"}, args).error().code, ErrorCode::not_running);
}

TEST_F(SchedulesNow, WhatCantBeFiredHasACode) {
  operations::ScheduleArgs args;
  args.name = "teapot";
  EXPECT_EQ(operations::schedule(place(), args).error().code, ErrorCode::not_found);
  EXPECT_EQ(operations::run_schedule(place(), {"ann"}, args).error().code, ErrorCode::usage) << "nobody says why";
  args.why = "a look";
  EXPECT_EQ(operations::run_schedule(place(), {"ann"}, args).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace tests
