// tests/machines/core/diagram_test.cpp: a machine's picture says what its table says, no more and no less.
#include "machines/core/diagram.hpp"

#include <gmock/gmock.h>

#include <set>
#include <sstream>
#include <string>

#include "machines/allocation/allocation.hpp"
#include "machines/order/order.hpp"
#include "machines/sleeve_cycle/sleeve_cycle.hpp"

namespace {

enum class State { shut, ajar, open, lost };
enum class Event { push, pull };
enum class Command { none, ring };

constexpr auto door = machines::table<State, Event, Command>({
    // from        on           to           then
    {State::shut, Event::push, State::ajar, Command::ring},
    {State::ajar, Event::push, State::open, Command::none},
    {State::open, Event::pull, State::lost, Command::none},
});

TEST(Diagram, ShowsTheStartEveryRowAndTheEnds) {
  EXPECT_EQ(machines::mermaid(door, State::shut),
            "stateDiagram-v2\n"
            "  [*] --> shut\n"
            "  shut --> ajar: push / ring\n"
            "  ajar --> open: push\n"
            "  open --> lost: pull\n"
            "  lost --> [*]\n");
}

// The table read back from its picture: "from on to then" per row, and where it begins and ends.
struct Picture {
  std::multiset<std::string> rows;
  std::multiset<std::string> starts, ends;
};

Picture read(const std::string& text) {
  Picture picture;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "stateDiagram-v2");
  while (std::getline(lines, line)) {
    std::istringstream in(line);
    std::string from, arrow, to, on, slash, then = "none";
    in >> from >> arrow >> to >> on >> slash >> then;
    EXPECT_EQ(arrow, "-->") << line;
    if (from == "[*]") {
      picture.starts.insert(to);
    } else if (to == "[*]") {
      picture.ends.insert(from);
    } else {
      EXPECT_TRUE(to.ends_with(':')) << line;
      to.pop_back();
      picture.rows.insert(from + ' ' + on + ' ' + to + ' ' + (slash == "/" ? then : "none"));
    }
  }
  return picture;
}

template <class S, class E, class C, std::size_t N>
void expect_whole(const machines::Table<S, E, C, N>& table, S start) {
  const Picture picture = read(machines::mermaid(table, start));
  std::multiset<std::string> rows;
  for (const auto& row : table.rows)
    rows.insert(std::string(machines::name_of(row.from)) + ' ' + std::string(machines::name_of(row.on)) + ' ' +
                std::string(machines::name_of(row.to)) + ' ' + std::string(machines::name_of(row.then)));
  EXPECT_EQ(picture.rows, rows);
  EXPECT_THAT(picture.starts, testing::ElementsAre(std::string(machines::name_of(start))));
  std::multiset<std::string> ends;
  for (std::size_t i = 0; i < machines::count_of<S>; ++i)
    if (table.is_final(static_cast<S>(i))) ends.insert(std::string(machines::name_of(static_cast<S>(i))));
  EXPECT_EQ(picture.ends, ends);
}

TEST(Diagram, OfEveryMachineIsItsTable) {
  expect_whole(machines::order::transitions, machines::order::drafted);
  expect_whole(machines::sleeve_cycle::transitions, machines::sleeve_cycle::watching);
  expect_whole(machines::allocation::transitions, machines::allocation::requested);
}

}  // namespace
