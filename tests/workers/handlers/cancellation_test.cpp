// What it means to cancel a job, over every machine that has jobs: an event that its table takes, or a named refusal.
#include "workers/handlers/cancellation.hpp"

#include <gmock/gmock.h>

#include "machines/allocation/allocation.hpp"
#include "machines/order/order.hpp"
#include "machines/sleeve_cycle/sleeve_cycle.hpp"
#include "machines/vault/vault.hpp"
#include "tests/machines/golden.hpp"

namespace deploy {

using workers::handlers::advice;
using workers::handlers::cancelled;
using workers::handlers::NotCancelled;

namespace {

using machines::count_of;
using machines::from_name;
using machines::name_of;
using machines::names_of;
namespace allocation = machines::allocation;
namespace order = machines::order;
namespace sleeve_cycle = machines::sleeve_cycle;
namespace vault = machines::vault;

template <class State, class Command>
std::string matrix_of(std::string_view kind) {
  std::string text;
  for (const std::string_view command : names_of<Command>) {
    if (command == "none") continue;
    for (const std::string_view state : names_of<State>) {
      const auto event = cancelled(kind, command, false, state);
      text += std::string(kind) + " " + std::string(command) + " " + std::string(state) + ": " +
              std::string(event ? *event : name_of(event.error())) + "\n";
    }
  }
  return text;
}

TEST(Cancellation, EveryKindCommandAndStateHasItsAnswer) {
  tests::expect_golden("tests/workers/handlers/golden_cancellation.txt",
                       matrix_of<order::State, order::Command>("order") +
                           matrix_of<sleeve_cycle::State, sleeve_cycle::Command>("sleeve_cycle") +
                           matrix_of<allocation::State, allocation::Command>("allocation") +
                           matrix_of<vault::State, vault::Command>("vault"));
}

TEST(Cancellation, WhatIsGrantedIsARowOfTheTable) {
  for (const std::string_view state : names_of<order::State>) {
    const auto event = cancelled("order", "place_order", false, state);
    if (!event) continue;
    EXPECT_TRUE(order::transitions.find(*from_name<order::State>(state), *from_name<order::Event>(*event)).has_value());
    EXPECT_EQ(state, "drafted") << "nothing that may have left";
  }
}

TEST(Cancellation, AnEventCantBeUnsaidAndAStrangerIsRefusedByName) {
  EXPECT_EQ(cancelled("order", "cancel", true, "resting").error(), NotCancelled::event_stands);
  EXPECT_EQ(cancelled("teapot", "boil", false, "cold").error(), NotCancelled::unlisted);
  for (std::size_t n = 0; n < count_of<NotCancelled>; ++n)
    EXPECT_FALSE(advice(static_cast<NotCancelled>(n)).empty()) << n;
}

}  // namespace
}  // namespace deploy
