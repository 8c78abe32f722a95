// tests/deploy/cli/books/report_test.cpp: `bursar report` as a user meets it: a real run's books add up on every day
// and say what the run itself said, to the last unit; a row that somebody changed is found and named.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "machines/core/amount.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using machines::Int128;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Int128 units_of(const nlohmann::json& amount) {
  const auto parsed = machines::parse_decimal(amount.get<std::string>(), 8);
  EXPECT_TRUE(parsed) << amount;
  return parsed ? *parsed : Int128{0};
}

// The numbers that a page draws.
nlohmann::json drawn_on(const fs::path& file) {
  const std::string page = read_text(file), open = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

class Report : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
  }
  static Said report(Words words) {
    words.insert(words.begin(), "report");
    words.insert(words.end(), {"--data-dir", finished_house().data_dir});
    return bursar(words);
  }
  static void expect_refused(const Words& words, int code, const std::string& what) {
    const Said said = report(words);
    EXPECT_EQ(said.code, code) << what;
    EXPECT_THAT(complaints(said), ElementsAre(HasSubstr(what)));
    const bool is_for_programs = std::find(words.begin(), words.end(), "--json") != words.end();
    EXPECT_EQ(said.out.find("{\"error\":{\"code\":"), is_for_programs ? 0 : std::string::npos) << said.out;
    EXPECT_EQ(said.out.empty(), !is_for_programs);
  }
};

// The run's own figures come from the machines' variables and from balances; the report's from postings and entries.
void expect_as_the_run_said(const nlohmann::json& books) {
  const nlohmann::json run = finished_house().said.last_line();
  ASSERT_EQ(books["sleeves"].size(), run["sleeves"].size());
  Int128 returned = 0;
  for (std::size_t i = 0; i < books["sleeves"].size(); ++i) {
    const auto& total = books["sleeves"][i]["total"];
    const auto& said = run["sleeves"][i];
    EXPECT_EQ(books["sleeves"][i]["name"], said["name"]);
    EXPECT_EQ(total["realised_after_fees"], said["realized_pnl"]);
    EXPECT_EQ(total["result"], said["result"]);
    EXPECT_EQ(total["fees"], said["fees"]);
    EXPECT_EQ(total["fees_paid"]["USDT"], said["fees"]);
    EXPECT_EQ(total["cash"], said["cash"]);
    EXPECT_EQ(total["balance"], said["balance"]);
    EXPECT_EQ(total["held_at_cost"], said["held_at_cost"]);
    EXPECT_EQ(total["held_at_market"], said["held_at_market"]);
    EXPECT_GT(total["fills"], 2);
    returned += units_of(total["returned_so_far"]);
  }
  EXPECT_EQ(machines::format({{}, returned}, 8), run["vault"]["returned_from_flash"]);
  const auto& last = books["vaults"][0]["days"].back();
  EXPECT_EQ(last["total"], run["vault"]["total"]);
  for (const char* name : {"tradeable", "cash", "held_at_cost", "open_fees", "held_at_market"})
    EXPECT_EQ(last[name], run["vault"][name]) << name;
}

TEST_F(Report, EveryDayAddsUpAndTheWholeIsWhatTheRunSaidToTheLastUnit) {
  const TempFolder folder;
  const std::string fifo = config_file(folder, 200, "[report]\ncost_basis = \"fifo\"\n");
  for (const Words& words : {Words{"--json"}, Words{"--json", "--config", fifo}}) {
    const Said said = report(words);
    ASSERT_EQ(said.code, 0) << said.err;
    const nlohmann::json books = said.last_line();
    EXPECT_EQ(books["cost_basis"], words.size() == 1 ? "average" : "fifo");
    EXPECT_EQ(books["adds_up"], true);
    EXPECT_THAT(books["breaks"], IsEmpty());
    expect_as_the_run_said(books);
    for (const auto& sleeve : books["sleeves"]) {
      Int128 closing = 0;
      EXPECT_GT(sleeve["days"].size(), 8U);
      for (const auto& day : sleeve["days"]) {
        EXPECT_TRUE(units_of(day["opening"]) == closing) << day;
        closing += units_of(day["realised"]) - units_of(day["fees"]) + units_of(day["allocated"]) -
                   units_of(day["reclaimed"]) - units_of(day["returned"]);
        EXPECT_TRUE(units_of(day["closing"]) == closing) << day;
        EXPECT_TRUE(units_of(day["cash"]) + units_of(day["held_at_cost"]) == closing) << day;
      }
    }
  }
}

// Total, Tradeable and each balance are one quantity, wherever they stand.
TEST_F(Report, TheVaultPageHasTheSameSums) {
  const nlohmann::json run = finished_house().said.last_line();
  const nlohmann::json vault =
      bursar({"vault", "show", "USDT", "--json", "--data-dir", finished_house().data_dir}).last_line();
  EXPECT_NEAR(static_cast<double>(units_of(vault["total"])), static_cast<double>(units_of(run["vault"]["total"])), 2);
  EXPECT_NEAR(static_cast<double>(units_of(vault["tradeable"])),
              static_cast<double>(units_of(run["vault"]["tradeable"])), 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& there = vault["sleeves"][i];
    const auto& here = run["sleeves"][i];
    EXPECT_EQ(units_of(there["cash"]), units_of(here["cash"]));
    EXPECT_NEAR(static_cast<double>(units_of(there["balance"])), static_cast<double>(units_of(here["balance"])), 1);
  }
}

TEST_F(Report, ARangeOpensWithWhatTheDaysBeforeLeft) {
  const nlohmann::json whole = report({"--json"}).last_line();
  const auto& days = whole["sleeves"][0]["days"];
  const std::string from = days[3]["day"];
  const std::string to = days[5]["day"];
  const nlohmann::json part = report({"--json", "--from", from, "--to", to}).last_line();
  EXPECT_EQ(part["from"], from);
  EXPECT_EQ(part["to"], to);
  ASSERT_EQ(part["sleeves"][0]["days"].size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(part["sleeves"][0]["days"][i], days[3 + i]);
  EXPECT_EQ(part["sleeves"][0]["total"]["opening"], days[2]["closing"]);
  EXPECT_EQ(report({"--json", "--from", "1999-01-01", "--to", "2999-12-31"}).last_line(), whole);
}

TEST_F(Report, PeopleGetATableAndProgramsALinePerSleeveAndDay) {
  const Said table = report({});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("every day adds up"));
  const nlohmann::json books = report({"--json"}).last_line();
  std::size_t days = 0;
  for (const auto& sleeve : books["sleeves"]) days += sleeve["days"].size();
  const Said csv = report({"--csv"});
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.out.begin(), csv.out.end(), '\n')), days + 1);
  EXPECT_THAT(csv.out, testing::StartsWith("day,owner,sleeve,kind,symbol,quote,base,opening,realised,fees,"));
  EXPECT_THAT(csv.out, HasSubstr("\n" + books["sleeves"][0]["days"][2]["day"].get<std::string>() + ",default,quiet,"));
}

TEST_F(Report, ThePageHoldsTheDaysAndIsThereWholeOrNotAtAll) {
  const TempFolder folder;
  const fs::path file = folder.path() / "books.html";
  const Said said = report({"--html", file.string()});
  ASSERT_EQ(said.code, 0) << said.err;
  const std::string page = read_text(file);
  EXPECT_THAT(page, HasSubstr("Every day of every sleeve adds up to the last unit."));
  const auto data = drawn_on(file);
  const nlohmann::json books = report({"--json"}).last_line();
  ASSERT_THAT(data["plain"], SizeIs(5));
  EXPECT_EQ(data["plain"][0]["x"].size(), books["sleeves"][0]["days"].size());
  const auto& last = books["sleeves"][0]["days"].back();
  const double worth = std::stod(last["closing"].get<std::string>()) + std::stod(last["unrealised"].get<std::string>());
  EXPECT_NEAR(data["plain"][0]["series"][0]["y"].back(), worth, 1e-3);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing but the page";
}

TEST_F(Report, WhatCannotBeAskedIsRefusedInOneLine) {
  expect_refused({"--from", "2024-02-30"}, 2, "--from is 2024-02-30, which is no day; write it as 2024-01-31");
  expect_refused({"--to", "24-2-3"}, 2, "--to is 24-2-3, which is no day");
  expect_refused({"--from", "2024-01-05", "--to", "2024-01-04"}, 2, "--from is 2024-01-05, after --to");
  expect_refused({"--from", "2999-01-01"}, 1, "no day of the books lies there; they go from 2023-12-31 to 2024-01-09");
  expect_refused({"--html", "/nowhere/at/all"}, 2, "/nowhere/at is not a folder");
  expect_refused({"--html", "/proc/books"}, 1, "can't write /proc/books");
  expect_refused({"--csv", "--json"}, 2, "--json excludes --csv");
  const Said empty = bursar({"report", "--dsn", dsn(fresh_database())});
  EXPECT_EQ(empty.code, 1);
  EXPECT_THAT(complaints(empty), ElementsAre(HasSubstr("the books are empty")));
}

// Whatever the venue takes its fees in, they are all in what "after fees" says: the decisions are alike, and so is what
// they came to.
TEST_F(Report, FeesInCoinsOrInWhatWasReceivedAreInEveryFigureAfterFees) {
  Int128 in_quote = 0;
  std::vector<int> wins;
  for (const char* asset : {"fee_asset = \"quote\"\n", "fee_asset = \"received\"\n",
                            "fee_asset = \"BNB\"\nfee_price = 300\nfee_coins = 100\n"}) {
    SCOPED_TRACE(asset);
    const TempFolder folder;
    const std::string config = config_file(folder, 120, std::string("[venue.paper]\n") + asset);
    const std::string data = (folder.path() / "data").string();
    const Said run = bursar({"up", "--config", config, "--data-dir", data, "--exit-when-done", "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    const nlohmann::json books = bursar({"report", "--json", "--data-dir", data}).last_line();
    const nlohmann::json line = run.last_line();
    const nlohmann::json page = drawn_on(fs::path(data) / "report.html");
    Int128 fees = 0, in_coins = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& said = line["sleeves"][i];
      const auto& total = books["sleeves"][i]["total"];
      EXPECT_EQ(total["fees"], said["fees"]);
      EXPECT_EQ(total["result"], said["result"]);
      EXPECT_EQ(total["realised_after_fees"], said["realized_pnl"]);
      EXPECT_NEAR(page["fees"]["series"][i]["y"].back(), static_cast<double>(units_of(said["fees"])) / 1e8, 0.01);
      if (in_quote == 0) wins.push_back(said["wins"]);
      EXPECT_EQ(said["wins"], wins.at(i));
      fees += units_of(said["fees"]);
      if (total["fees_paid"].contains("BNB"))
        in_coins += 300 * *machines::parse_decimal(total["fees_paid"]["BNB"].get<std::string>(), 18) /
                    machines::power_of_ten(10);
    }
    if (in_quote == 0) in_quote = fees;
    EXPECT_GT(fees, in_quote * 99 / 100);
    EXPECT_LT(fees, in_quote * 101 / 100);
    if (in_coins > 0) {
      EXPECT_NEAR(static_cast<double>(fees), static_cast<double>(in_coins), 100);
    }
    EXPECT_EQ(in_coins > 0, std::string(asset).find("BNB") != std::string::npos);
  }
}

// Rising by 2 % an hour, then falling: both sleeves buy and sell. `wrong`: that hour's row is ten times too
// high, or left out. `level`: the first price.
std::string waves(int wrong, bool left_out, double level = 2'000, int hours = 60) {
  std::string text = "unix,symbol,open,high,low,close\n";
  double price = level;
  for (int i = 0; i < hours; ++i) {
    const double open = price;
    price *= i % 30 < 15 ? 1.02 : 0.985;
    const double factor = i == wrong ? 10 : 1;
    if (i == wrong && left_out) continue;
    const auto cents = [&](double value) { return fmt::format("{:.{}f}", value * factor, level < 1 ? 8 : 2); };
    text += std::to_string(1'704'067'200 + 3'600 * i) + ",ETH/USDT," + cents(open) + "," +
            cents(std::max(open, price)) + "," + cents(std::min(open, price)) + "," + cents(price) + "\n";
  }
  return text;
}

// What a run of these prices says, with this configuration.
Said run_of(const TempFolder& folder, const std::string& name, const std::string& prices, const std::string& config) {
  write_text(folder.path() / (name + ".csv"), prices);
  Words words{"up",
              "--replay",
              (folder.path() / (name + ".csv")).string(),
              "--data-dir",
              (folder.path() / name).string(),
              "--exit-when-done",
              "--json"};
  if (!config.empty()) {
    write_text(folder.path() / (name + ".toml"), config);
    words.insert(words.end(), {"--config", (folder.path() / (name + ".toml")).string()});
  }
  return bursar(words);
}

TEST_F(Report, ARowThatIsAllWrongChangesNothing) {
  const TempFolder folder;
  const Said wrong = run_of(folder, "wrong", waves(8, false), "");
  const Said without = run_of(folder, "without", waves(8, true), "");
  ASSERT_EQ(wrong.code, 0) << wrong.err;
  ASSERT_EQ(without.code, 0) << without.err;
  EXPECT_THAT(wrong.err, HasSubstr("1 absurd bar: open 2"));
  EXPECT_EQ(wrong.last_line()["digest"], without.last_line()["digest"]);
  EXPECT_GT(wrong.last_line()["sleeves"][0]["trades"], 0);
  EXPECT_EQ(wrong.last_line()["import"]["rejected"], 1);
}

// Without a draw there is no luck: what is left is the rounding of prices to the tick.
TEST_F(Report, TheReportSaysHowMuchIsTheDraw) {
  const TempFolder folder;
  const Said certain =
      run_of(folder, "certain", waves(-1, false), "[venue.paper]\nslippage_percent = 0\npartial_fill_percent = 0\n");
  const Said drawn = run_of(folder, "drawn", waves(-1, false), "[venue.paper]\npartial_fill_percent = 100\n");
  ASSERT_EQ(certain.code, 0) << certain.err;
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  const auto draw_of = [](const Said& said) {
    return static_cast<double>(units_of(said.last_line()["sleeves"][0]["draw"])) / 1e8;
  };
  EXPECT_NEAR(draw_of(certain), 0, 1);
  EXPECT_GT(std::abs(draw_of(drawn)), 10) << "a part of each order fills an hour later";
  EXPECT_THAT(drawn.err, HasSubstr("at the mean fill the same decisions make"));
}

TEST_F(Report, ASleeveThatCantTradeSaysSoBeforeAndAfter) {
  const TempFolder folder;
  const Said said =
      run_of(folder, "tiny", waves(-1, false), "[[sleeves]]\nname = \"tiny\"\nkind = \"quiet\"\nallocation = 9\n");
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("bursar: sleeve tiny can't trade: it has 9 USDT, and the smallest order"));
  EXPECT_THAT(said.err,
              HasSubstr("NOTE: tiny can't trade: it has 9 USDT, and the smallest order of ETH/USDT is 10 USDT"));
  EXPECT_THAT(said.err, HasSubstr("ETH/USDT: momentum, 1 sleeve\n"));
  EXPECT_THAT(read_text(folder.path() / "tiny" / "report.html"), HasSubstr("tiny can't trade"));
  EXPECT_EQ(said.last_line()["sleeves"][0]["remarks"].size(), 1U);
  EXPECT_THAT(bursar({"vault", "show", "USDT", "--data-dir", (folder.path() / "tiny").string()}).out,
              HasSubstr("can't trade: the smallest order is 10"));
  EXPECT_THAT(bursar({"status", "--data-dir", (folder.path() / "tiny").string()}).out,
              HasSubstr("sleeve tiny of default can't trade: it has 9 USDT"));
  EXPECT_THAT(run_of(folder, "coarse", waves(-1, false), "[venue.paper]\ntick = 5\n").err,
              HasSubstr("venue.paper.tick is 5 USDT, which is 0.2"));
}

// What an operator sees of them: before, the table, the page, the JSON, and the status.
TEST_F(Report, OrdersThatTheVenueRefusedAreCountedAndExplainedEverywhere) {
  const TempFolder folder;
  const Said said = run_of(folder, "no", waves(-1, false), "[venue.paper]\nreject_percent = 100\n");
  ASSERT_EQ(said.code, 0) << said.err;
  std::int64_t refused = 0;
  const nlohmann::json run = said.last_line();
  for (const auto& sleeve : run["sleeves"]) {
    const auto count = sleeve["refused"].get<std::int64_t>();
    ASSERT_GT(count, 0);
    const std::string remark =
        sleeve["name"].get<std::string>() + ": the venue refused " + std::to_string(count) + " of its orders: ";
    ASSERT_EQ(sleeve["remarks"].size(), 1U);
    EXPECT_THAT(sleeve["remarks"][0].get<std::string>(), testing::StartsWith(remark));
    EXPECT_THAT(said.err, HasSubstr("NOTE: " + remark));
    EXPECT_THAT(read_text(folder.path() / "no" / "report.html"), HasSubstr("<p class=\"notice\">" + remark));
    refused += count;
  }
  const std::string there = (folder.path() / "no").string();
  const std::string line = std::to_string(refused) + " orders were refused by the venue";
  EXPECT_THAT(bursar({"status", "--data-dir", there}).out, HasSubstr("trading    " + line));
  EXPECT_THAT(bursar({"status", "--json", "--data-dir", there}).last_line()["cannot_trade"],
              ElementsAre(testing::ResultOf([](const auto& one) { return one.template get<std::string>(); },
                                            testing::StartsWith(line))));
}

TEST_F(Report, ATradeWhoseGainItsCoinFeesEatUpIsNoWin) {
  const TempFolder folder;
  const Said said = run_of(folder, "dear", waves(-1, false),
                           "[venue.paper]\ntaker_fee_percent = 10\nfee_asset = \"BNB\"\nfee_price = 300\nfee_coins = "
                           "1000\n");
  ASSERT_EQ(said.code, 0) << said.err;
  const nlohmann::json run = said.last_line();
  for (const auto& sleeve : run["sleeves"]) {
    EXPECT_GT(sleeve["trades"], 0);
    EXPECT_LT(units_of(sleeve["result"]), 0);
    EXPECT_EQ(sleeve["wins"], 0);
  }
}

// Bought on the second day and held to the end: no total falls by it, and all who name one name the same.
TEST_F(Report, APurchaseMovesNoTotalWhereverItStands) {
  const TempFolder folder;
  const Said said = run_of(folder, "open", waves(-1, false, 2'000, 40), "");
  ASSERT_EQ(said.code, 0) << said.err;
  const std::string there = (folder.path() / "open").string();
  const nlohmann::json run = said.last_line()["vault"];
  const nlohmann::json vault = bursar({"vault", "show", "USDT", "--json", "--data-dir", there}).last_line();
  const nlohmann::json books = bursar({"report", "--json", "--data-dir", there}).last_line()["vaults"][0]["days"];
  const auto& last = books.back();
  const auto& before = books[books.size() - 2];
  ASSERT_GT(units_of(last["held_at_cost"]), units_of(run["total"]) / 2) << "a position is open";
  ASSERT_EQ(units_of(before["held_at_cost"]), 0) << "and was not the day before";
  for (const char* name : {"total", "tradeable"}) {
    EXPECT_EQ(last[name], before[name]) << name;
    EXPECT_EQ(last[name], run[name]) << name;
    EXPECT_NEAR(static_cast<double>(units_of(vault[name])), static_cast<double>(units_of(run[name])), 2) << name;
  }
  for (const char* name : {"cash", "held_at_cost", "open_fees", "held_at_market"})
    EXPECT_EQ(last[name], run[name]) << name;
  EXPECT_EQ(units_of(run["cash"]) + units_of(run["held_at_cost"]) + units_of(run["open_fees"]), units_of(run["total"]));
}

// Tick, lot and smallest order fit the prices by themselves, at the venue too, and stand among the page's parameters.
TEST_F(Report, TheSameMarketAtAnyLevelOfPricesComesToTheSame) {
  const TempFolder folder;
  const std::string certain = "[venue.paper]\nslippage_percent = 0\npartial_fill_percent = 0\n";
  const Said high = run_of(folder, "high", waves(-1, false), certain);
  const Said low = run_of(folder, "low", waves(-1, false, 0.08), certain);
  ASSERT_EQ(high.code, 0) << high.err;
  ASSERT_EQ(low.code, 0) << low.err;
  for (std::size_t i = 0; i < 2; ++i) {
    const nlohmann::json one = low.last_line()["sleeves"][i], other = high.last_line()["sleeves"][i];
    EXPECT_GT(one["trades"], 0);
    EXPECT_EQ(one["trades"], other["trades"]);
    EXPECT_NEAR(static_cast<double>(units_of(one["result"])) / 1e8,
                static_cast<double>(units_of(other["result"])) / 1e8, 10);
  }
  const auto parameter = [&](const std::string& run, const std::string& name, const std::string& value) {
    EXPECT_THAT(read_text(folder.path() / run / "report.html"),
                HasSubstr("<tr><td>venue: " + name + "</td><td class=\"n\">" + value + "</td></tr>"));
  };
  parameter("high", "tick", "0.01 USDT");
  parameter("high", "lot", "0.0001 ETH");
  parameter("high", "smallest order", "10 USDT");
  parameter("low", "tick", "0.00001 USDT");
  parameter("low", "lot", "1 ETH");
  parameter("low", "smallest order", "10 USDT");
}

// In a house of its own, since the books are bad afterwards: an owner with the triggers off changes one unit of one
// line in the middle of a day, so that every day's two ends still fit.
TEST_F(Report, ATamperedLineIsNamedWithItsDayAndSleeve) {
  const TempFolder folder;
  const std::string database = fresh_database();
  const Words place{"--data-dir", (folder.path() / "data").string(), "--dsn", dsn(database)};
  Words up{"up", "--config", config_file(folder, 120), "--exit-when-done", "--json"};
  up.insert(up.end(), place.begin(), place.end());
  const Said run = bursar(up);
  ASSERT_EQ(run.code, 0) << run.err;
  Words look{"report"};
  look.insert(look.end(), place.begin(), place.end());
  ASSERT_EQ(bursar(look).code, 0);
  const auto rows = must_run(
      database,
      "ALTER TABLE ledger.entry DISABLE TRIGGER ALL; UPDATE ledger.entry e SET credits_posted = e.credits_posted + 1 "
      "FROM ledger.account a, ledger.posting p WHERE a.path = 'sleeve/flash/USDT' AND e.owner = a.owner AND e.account "
      "= a.id AND e.version = 4 AND p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version AND "
      "p.leg = e.leg RETURNING to_char(to_timestamp(p.world_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')");
  ASSERT_EQ(rows.size(), 1);
  const std::string day(rows.text(0, 0));
  const Said said = bursar(look);
  EXPECT_EQ(said.code, 1);
  const auto all = complaints(said);
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0], HasSubstr("does not add up: " + day + ", sleeve flash of default: account sleeve/flash/USDT:"));
  EXPECT_THAT(said.out, HasSubstr("DOES NOT ADD UP:\n" + day + ", sleeve flash of default:"));
  look.insert(look.end(), {"--to", "2023-12-31"});
  EXPECT_EQ(bursar(look).code, 0) << "the days before it still add up";
}

}  // namespace
}  // namespace tests
