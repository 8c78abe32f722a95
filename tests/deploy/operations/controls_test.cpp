// tests/deploy/operations/controls_test.cpp: pauses and freezes as values, without a terminal, on a real PostgreSQL.
#include "deploy/operations/controls.hpp"

#include <gmock/gmock.h>

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using testing::HasSubstr;
using testing::SizeIs;

namespace operations = deploy::operations;

class Controls : public OperationsTest {};

operations::ControlArgs args(const std::string& scope, const std::string& name, const std::string& why = "a look") {
  operations::ControlArgs made;
  made.scope = scope;
  made.name = name;
  made.why = why;
  return made;
}

TEST_F(Controls, APauseNamesWhoAskedAndWhy) {
  const auto paused = operations::pause(place(), {"ann"}, args("sleeve", "quiet"));
  ASSERT_TRUE(paused) << paused.error().text;
  ASSERT_THAT(paused->done, SizeIs(1));
  EXPECT_FALSE(paused->cut_short);
  EXPECT_EQ(paused->done[0].what, "the sleeve quiet of default");
  EXPECT_TRUE(paused->done[0].changed);
  const auto again = operations::pause(place(), {"bob"}, args("sleeve", "quiet"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->done[0].changed);
  const auto standing = operations::controls(place());
  ASSERT_TRUE(standing);
  ASSERT_THAT(*standing, SizeIs(1));
  EXPECT_EQ((*standing)[0].who, "ann");
  EXPECT_EQ((*standing)[0].why, "a look");
  const auto resumed = operations::resume(place(), {"bob"}, args("sleeve", "quiet", "looked"));
  ASSERT_TRUE(resumed);
  EXPECT_TRUE(resumed->done[0].changed);
  EXPECT_THAT(*operations::controls(place()), SizeIs(0));
  EXPECT_EQ(ground_->one("SELECT data::json->>'who' FROM ledger.instance WHERE kind = 'control'"), "bob")
      << "who ended it";
}

TEST_F(Controls, AFreezeThatChangesNothingShowsTheOneInItsWay) {
  auto all = args("", "", "stop");
  all.level = "all";
  ASSERT_TRUE(operations::freeze(place(), {"ann"}, all));
  const auto again = operations::freeze(place(), {"bob"}, all);
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->done[0].standing);
  EXPECT_EQ(again->done[0].standing->who, "ann");
  EXPECT_TRUE(operations::unfreeze(place(), {"bob"}, all)->done[0].changed);
}

TEST_F(Controls, WhatCantBeMeantHasACode) {
  const auto code = [](const auto& outcome) { return outcome ? ErrorCode::failed : outcome.error().code; };
  const auto nobody = operations::pause(place(), {"ann"}, args("sleeve", "teapot"));
  EXPECT_EQ(code(nobody), ErrorCode::not_found);
  EXPECT_THAT(nobody.error().text, HasSubstr("there are: quiet, flash"));
  EXPECT_EQ(code(operations::pause(place(), {"ann"}, args("sleeve", "quiet", ""))), ErrorCode::usage);
  auto odd = args("", "");
  odd.level = "solid";
  EXPECT_EQ(code(operations::freeze(place(), {"ann"}, odd)), ErrorCode::usage);
  deploy::LedgerPlace nowhere = place();
  nowhere.dsn = "host=/nowhere";
  EXPECT_EQ(code(operations::controls(nowhere)), ErrorCode::unavailable);
  EXPECT_THAT(*operations::controls(place()), SizeIs(0));
}

}  // namespace
}  // namespace tests
