// What it means to cancel a job, over every machine that has jobs: an event that its table takes, or a named refusal.
#include "workers/handlers/cancellation.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "machines/catalog/catalog.hpp"
#include "machines/core/names.hpp"
#include "tests/machines/golden.hpp"

namespace tests {
namespace {

namespace catalog = machines::catalog;
using machines::count_of;
using machines::name_of;
using workers::handlers::advice;
using workers::handlers::cancelled;
using workers::handlers::NotCancelled;

TEST(Cancellation, EveryKindCommandAndStateHasItsAnswer) {
  std::string text;
  for (const std::string_view kind : catalog::words(catalog::MovedBy::workers)) {
    const catalog::Version& version = catalog::find(catalog::kinds(), kind)->versions.back();
    for (const std::string_view command : version.commands)
      for (const std::string_view state : version.states) {
        const auto event = cancelled(kind, command, false, state);
        text.append(kind).append(" ").append(command).append(" ").append(state).append(": ");
        text.append(event ? *event : name_of(event.error())).append("\n");
      }
  }
  expect_golden("tests/workers/handlers/golden_cancellation.txt", text);
}

TEST(Cancellation, WhatIsGrantedIsARowThatMayNotHaveLeft) {
  for (const catalog::Kind& kind : catalog::kinds())
    for (const catalog::Version& version : kind.versions)
      for (const catalog::Cancelling& one : version.cancellings) {
        if (!one.gets) continue;
        EXPECT_TRUE(std::any_of(version.rows.begin(), version.rows.end(),
                                [&](const catalog::Row& row) { return row.from == one.state && row.on == *one.gets; }))
            << kind.word << " " << one.state << " has no row for " << *one.gets;
        EXPECT_EQ(one.state, version.start) << "nothing that may have left";
      }
}

TEST(Cancellation, AnEventCantBeUnsaidAndAStrangerIsRefusedByName) {
  EXPECT_EQ(cancelled("order", "cancel", true, "resting").error(), NotCancelled::event_stands);
  EXPECT_EQ(cancelled("teapot", "boil", false, "cold").error(), NotCancelled::unlisted);
  for (std::size_t n = 0; n < count_of<NotCancelled>; ++n)
    EXPECT_FALSE(advice(static_cast<NotCancelled>(n)).empty()) << n;
}

}  // namespace
}  // namespace tests
