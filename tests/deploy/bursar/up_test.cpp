// tests/deploy/bursar/up_test.cpp: the whole of `bursar up` as a user meets it: a run, its report, a stop in between
// and going on.
#include <gmock/gmock.h>
#include <signal.h>

#include "ledger/store/connection.hpp"
#include "tests/deploy/bursar/finished.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

using Up = OnFinishedHouse;

TEST_F(Up, TheLastLineIsOneObjectWithEveryFigure) {
  const json line = finished_house().said.last_line();
  ASSERT_TRUE(line.is_object()) << finished_house().said.out;
  expect_keys(line, {"import", "bars", "sleeves", "vault", "baseline", "transitions", "postings", "verified",
                     "elapsed_s", "digest", "suspense"});
  expect_keys(line["import"], {"rows", "hours", "duplicates", "gaps", "missing", "rejected", "rejections"});
  expect_keys(line["vault"],
              {"total", "tradeable", "cash", "held_at_cost", "open_fees", "held_at_market", "returned_from_flash"});
  expect_keys(line["baseline"], {"buy_and_hold", "cash"});
  ASSERT_EQ(line["sleeves"].size(), 2U);
  for (const json& sleeve : line["sleeves"])
    expect_keys(sleeve,
                {"name", "kind", "trades", "wins", "fees", "realized_pnl", "balance", "cash", "held_at_cost",
                 "open_fees", "held_at_market", "started_with", "moved_in", "result", "draw", "refused", "remarks"});
  EXPECT_EQ(line["bars"], 200);
  EXPECT_EQ(line["verified"], true);
  EXPECT_EQ(line["suspense"], "0.00000000");
  EXPECT_GT(line["sleeves"][0]["trades"], 0);
  EXPECT_GT(line["transitions"], line["postings"]);
  EXPECT_THAT(line["digest"].get<std::string>(), MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(Up, AwayFromATerminalNothingIsDrawnOver) {
  const Said& said = finished_house().said;
  EXPECT_THAT(said.err, Not(HasSubstr("\r")));
  EXPECT_THAT(said.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(said.err, HasSubstr("our generator made"));
  EXPECT_THAT(said.err, HasSubstr("buy and hold"));
  EXPECT_THAT(said.out, StartsWith("{"));
}

TEST_F(Up, TheReportPageNeedsNothingButItself) {
  const std::string page = read_text(finished_house().data_dir + "/report.html");
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr(digest()));
  for (const char* fetch : {"src=\"http", "href=\"http", "src='http", "@import", "<link", "fetch(", "XMLHttpRequest"})
    EXPECT_THAT(page, Not(HasSubstr(fetch)));
}

TEST_F(Up, ASecondStartPrintsTheReportAgain) {
  const auto& house = finished_house();
  const Said again = up(house.data_dir, {"--config", house.config, "--json"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("is finished; its report again"));
  json first = house.said.last_line(), second = again.last_line();
  EXPECT_EQ(second["transitions"], first["transitions"].get<int>() + 2) << "that its checkpoint was signed";
  first.erase("transitions");
  second.erase("transitions");
  EXPECT_EQ(second, first);
  const Said plain = up(house.data_dir, {});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr(digest()));
}

TEST_F(Up, OtherPricesOrSettingsOnTheSameFolderAreRefused) {
  const auto& house = finished_house();
  const TempFolder folder;
  const auto refused = [&](const Words& words, const std::string& what) {
    const Said said = up(house.data_dir, words);
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_THAT(complaints(said), testing::ElementsAre(testing::AllOf(HasSubstr(what), HasSubstr("--data-dir"))));
  };
  const auto other = folder.path() / "eth_usdt.csv";
  write_text(other, "unix,open,high,low,close\n1502942400,301,302,300,301\n");
  refused({"--config", house.config, "--replay", other.string()}, other.string() + " is another file");
  refused({"--config", config_file(folder, 201)}, "a sample of 200 bars, and [sample] asks for another one");
  const std::string fee = config_file(folder, 200, "[venue.paper]\ntaker_fee_percent = 0.2\n");
  refused({"--config", fee}, "taker_fee_percent is 0.2 here and was 0.1");
  EXPECT_TRUE(verifies(house.data_dir));
}

// The third order is given no answer, so the replay waits for it while the signal arrives.
TEST_F(Up, StoppedInTheMiddleItGoesOnToTheSameDigest) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string slow = config_file(folder, 200, "[venue.paper]\nfaults = [\"place:3:time_out\"]\n");
  {
    const auto run = start_bursar({"up", "--data-dir", data, "--config", slow, "--exit-when-done"});
    ledger::Connection connection(house_dsn(data));
    ASSERT_TRUE(wait_until([&] {
      const auto rows = connection.run("SELECT count(*) FROM ledger.instance WHERE kind = 'order'");
      return rows && rows->number(0, 0) >= 3;
    })) << run->output();
    run->send(SIGINT);
    EXPECT_EQ(run->wait().code, 0) << run->output();
    EXPECT_THAT(run->output(),
                MatchesRegex("(.|\n)*Draining after bar [1-9][0-9]* of 200(.|\n)*goes on from there(.|\n)*"));
    EXPECT_THAT(run->output(), Not(HasSubstr("bursar: ")));
  }
  EXPECT_FALSE(std::filesystem::exists(data + "/report.html"));
  EXPECT_TRUE(verifies(data));
  const Said rest = up(data, {"--config", finished_house().config, "--json"});
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.err, HasSubstr("Going on with"));
  EXPECT_EQ(rest.last_line()["digest"], digest());
  EXPECT_EQ(rest.last_line()["suspense"], "0.00000000");
}

TEST_F(Up, AnExistingPostgresServesAsWell) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string database = dsn(empty_database());
  const Said said = up(data, {"--config", finished_house().config, "--dsn", database, "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.last_line()["digest"], digest());
  EXPECT_THAT(said.err, Not(HasSubstr("keep all of its rights")));
  EXPECT_THAT(said.err, HasSubstr("Give them a login of their own: --service-dsn")) << "said loudly";
  EXPECT_FALSE(std::filesystem::exists(data + "/postgres"));
  EXPECT_EQ(bursar({"ledger", "verify", "--dsn", database, "--data-dir", data}).code, 0);
  const Said elsewhere = bursar({"ledger", "verify", "--dsn", database});
  EXPECT_EQ(elsewhere.code, 1) << "a host that has none of its checkpoints";
  EXPECT_THAT(elsewhere.out,
              testing::AllOf(HasSubstr("REFUSED: "), HasSubstr("the checkpoints of this house are gone")));
  EXPECT_EQ(bursar({"ledger", "verify", "--dsn", database, "--without-checkpoints"}).code, 0);
  EXPECT_EQ(bursar({"status", "--data-dir", data}, {"BURSAR_DSN=" + database}).code, 0);
  const Said without = bursar({"status", "--data-dir", data});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(complaints(without), testing::ElementsAre(HasSubstr("holds no ledger of its own; name the database")));
}

}  // namespace
}  // namespace tests
