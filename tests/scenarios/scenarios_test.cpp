// tests/scenarios/scenarios_test.cpp: every scenario of this folder happens as it is written, and together they take
// every row of every machine's table.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "machines/catalog/catalog.hpp"
#include "tests/scenarios/runner.hpp"

namespace {

namespace catalog = machines::catalog;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::scenarios::Report;
using tests::scenarios::Row;
using tests::scenarios::rows_not_taken;
using tests::scenarios::run;

const std::string folder = "tests/scenarios/";

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(BURSAR_SOURCE_DIR) + "/" + folder))
    if (entry.path().extension() == ".txt" && entry.path().stem() != "CMakeLists")
      found.push_back(entry.path().stem().string());
  std::sort(found.begin(), found.end());
  return found;
}

Report run_file(const std::string& name) {
  const std::string path = folder + name + ".txt";
  std::ostringstream text;
  text << std::ifstream(std::string(BURSAR_SOURCE_DIR) + "/" + path).rdbuf();
  return run(path, text.str());
}

class Scenarios : public testing::TestWithParam<std::string> {};

TEST_P(Scenarios, HappensAsItIsWritten) {
  for (const std::string& failure : run_file(GetParam()).failures) ADD_FAILURE() << failure;
}

INSTANTIATE_TEST_SUITE_P(Each, Scenarios, testing::ValuesIn(names()), [](const auto& test) { return test.param; });

// A kind that no scenario plays at all is named here, or it fails.
TEST(Coverage, EveryRowOfEveryTableIsTakenByAScenario) {
  std::set<Row> taken;
  for (const std::string& name : names()) taken.merge(run_file(name).rows);
  std::vector<std::string_view> played_nowhere;
  for (const catalog::Kind& kind : catalog::kinds()) {
    const auto missing = rows_not_taken(kind, taken);
    if (missing.size() == kind.versions.back().rows.size()) {
      played_nowhere.push_back(kind.word);
    } else {
      EXPECT_THAT(missing, IsEmpty()) << kind.word;
    }
  }
  EXPECT_THAT(played_nowhere, ElementsAre("vault", "sleeve", "control", "intervention", "resolution", "key", "firing"));
}

TEST(Coverage, ARowThatNothingTakesIsNamed) {
  const std::set<Row> taken{{"allocation", "requested", "settle"}};
  EXPECT_THAT(rows_not_taken(*catalog::find(catalog::kinds(), "allocation"), taken),
              ElementsAre("allocation: requested on refuse"));
  const catalog::Kind& order = *catalog::find(catalog::kinds(), "order");
  EXPECT_EQ(rows_not_taken(order, taken).size(), order.versions.back().rows.size());
}

TEST(Runner, SaysWhereAndWhatWasExpectedAndGot) {
  const auto report =
      run("x.txt", "sleeve flash 1000 empty\n\nfund 100 reserve 0\n  single 99 outside>tradeable fund\n");
  EXPECT_THAT(report.failures, ElementsAre(AllOf(HasSubstr("x.txt:4: after \"fund 100 reserve 0\""),
                                                 HasSubstr("expected single 99 outside>tradeable fund"),
                                                 HasSubstr("got      allocation requested settle settled none"))));
}

TEST(Runner, WhatWasNotExpectedFailsAtItsCause) {
  const auto report = run("x.txt", "sleeve flash 1000 empty\nfund 100 reserve 0\n");
  EXPECT_THAT(report.failures,
              ElementsAre(HasSubstr("x.txt:2: after \"fund 100 reserve 0\"\n  expected nothing more")));
}

TEST(Runner, WhatCannotBeReadFails) {
  for (const char* text :
       {"", "close 0 100", "sleeve flash", "sleeve loud 5", "sleeve flash 5\nclose 0", "sleeve flash 5\nclose 0 -1",
        "sleeve flash 5\norder send", "sleeve flash 5\nbalance gold 5", "sleeve flash 5\nbalance quote 6",
        "sleeve flash 5\nfund 5", "sleeve flash 5\nentries maybe", "sleeve flash 5\ndance"})
    EXPECT_EQ(run("x.txt", text).failures.size(), 1U) << text;
}

}  // namespace
