// tests/deploy/cli/machines_test.cpp: `bursar machine list|show|history|diagram` of a house with a finished replay.
#include "deploy/cli/machines.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/deploy/bursar/finished.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

using Machines = OnFinishedHouse;

TEST_F(Machines, AMachineTellsItsHistoryWithPostingsAndBothTimes) {
  const json list = look({"machine", "list", "--all", "--limit", "1000", "--json"}).last_line();
  const auto order = std::find_if(list.begin(), list.end(), [](const json& one) { return one["kind"] == "order"; });
  ASSERT_NE(order, list.end());
  const std::string id = std::to_string((*order)["id"].get<std::int64_t>());
  const json history = look({"machine", "history", id, "--json"}).last_line();
  ASSERT_EQ(history.size(), (*order)["version"].get<std::size_t>());
  std::size_t postings = 0;
  for (const json& step : history) {
    expect_keys(step, {"version", "from", "to", "event", "command", "jobs", "world_at", "wall_at", "postings"});
    for (const char* time : {"world_at", "wall_at"})
      EXPECT_THAT(step[time].get<std::string>(), MatchesRegex("20[0-9-]+T[0-9:.]+Z"));
    EXPECT_THAT(step["jobs"].get<std::string>(), Not(HasSubstr("@")));
    postings += step["postings"].size();
  }
  EXPECT_GT(postings, 0U);
  EXPECT_EQ(history.back()["to"], (*order)["state"]);
  const Said text = look({"machine", "history", id});
  for (const char* word :
       {"(born) -> drafted", "drafted -> sent", "world 2024-01", "wall 20", "USDT", "\n      jobs  "})
    EXPECT_THAT(text.out, HasSubstr(word));
  EXPECT_THAT(look({"machine", "show", id}).out, HasSubstr(id));
  EXPECT_EQ(look({"machine", "show", id, "--json"}).last_line()["id"], (*order)["id"]);
}

TEST_F(Machines, AnUnknownMachineIsRefusedWithTheWayToFindOne) {
  for (const char* command : {"show", "history"}) {
    const Said said = look({"machine", command, "987654321"});
    EXPECT_EQ(said.code, 1);
    EXPECT_THAT(complaints(said),
                testing::ElementsAre(HasSubstr("no machine has the id 987654321; `bursar machine list")));
    EXPECT_THAT(said.out, IsEmpty());
  }
}

TEST_F(Machines, DiagramsComeFromTheTables) {
  for (const char* kind : {"order", "sleeve_cycle", "allocation"}) {
    const Said said = bursar({"machine", "diagram", kind});
    EXPECT_EQ(said.code, 0);
    EXPECT_THAT(said.out, StartsWith("stateDiagram-v2\n"));
  }
  EXPECT_THAT(bursar({"machine", "diagram", "sleeve_cycle"}).out,
              HasSubstr("holding --> holding: reduce_outside (the timer that stands goes on looking)\n"));
}

}  // namespace
}  // namespace tests
