// tests/machines/catalog/diagram_test.cpp: a machine's picture says what its table says, no more and no less.
#include "machines/catalog/diagram.hpp"

#include <gmock/gmock.h>

#include <set>
#include <sstream>
#include <string>

namespace {

namespace catalog = machines::catalog;

TEST(Diagram, ShowsTheBirthsEveryRowWithItsReasonAndTheEnds) {
  catalog::Version door;
  door.start = "shut";
  door.finals = {"lost"};
  door.births = {{"build", "shut"}, {"find", "lost"}};
  door.rows = {{"shut", "push", "ajar", "ring", "it sticks"},
               {"ajar", "push", "open", "none", ""},
               {"open", "pull", "lost", "none", "off its hinges"}};
  EXPECT_EQ(catalog::mermaid(door),
            "stateDiagram-v2\n"
            "  [*] --> shut\n"
            "  [*] --> lost: find\n"
            "  shut --> ajar: push / ring (it sticks)\n"
            "  ajar --> open: push\n"
            "  open --> lost: pull (off its hinges)\n"
            "  lost --> [*]\n");
}

// The rows read back from a picture, "from on to then", and where it begins and ends.
struct Picture {
  std::multiset<std::string> rows;
  std::set<std::string> starts, ends;
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
    if (to.ends_with(':')) to.pop_back();
    if (from == "[*]") {
      picture.starts.insert(to);
    } else if (to == "[*]") {
      picture.ends.insert(from);
    } else {
      picture.rows.insert(from + ' ' + on + ' ' + to + ' ' + (slash == "/" ? then : "none"));
    }
  }
  return picture;
}

TEST(Diagram, OfEveryMachineIsItsTable) {
  for (const catalog::Kind& kind : catalog::kinds())
    for (const catalog::Version& version : kind.versions) {
      const Picture picture = read(catalog::mermaid(version));
      std::multiset<std::string> rows;
      for (const catalog::Row& row : version.rows)
        rows.insert(std::string(row.from) + ' ' + std::string(row.on) + ' ' + std::string(row.to) + ' ' +
                    std::string(row.then));
      EXPECT_EQ(picture.rows, rows) << kind.word;
      std::set<std::string> starts{std::string(version.start)};
      for (const catalog::Birth& birth : version.births) starts.emplace(birth.to);
      EXPECT_EQ(picture.starts, starts) << kind.word;
      EXPECT_EQ(picture.ends, std::set<std::string>(version.finals.begin(), version.finals.end())) << kind.word;
    }
}

// Mermaid reads a label up to one of these.
TEST(Diagram, NoReasonHasALetterThatEndsALabel) {
  for (const catalog::Kind& kind : catalog::kinds())
    for (const catalog::Version& version : kind.versions)
      for (const catalog::Row& row : version.rows)
        EXPECT_EQ(row.why.find_first_of(":;\n"), std::string_view::npos) << kind.word << ": " << row.why;
}

}  // namespace
