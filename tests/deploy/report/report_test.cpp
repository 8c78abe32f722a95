#include "deploy/report/report.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/deploy/report/sample.hpp"

namespace deploy::report {
namespace {

using testing::HasSubstr;
using testing::Not;

nlohmann::json data_of(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(Summary, HoldsTheFieldsInOrderWithAmountsAsDecimals) {
  EXPECT_EQ(
      summary(tests::small_run()).dump(),
      R"({"import":{"rows":7,"hours":5,"duplicates":2,"gaps":1,"missing":3,"rejected":1,)"
      R"("level_changes":0,"differing_duplicates":0,"out_of_order":0,"newest_first":false,)"
      R"("outside_range":0,"rounded":0,)"
      R"("in_seconds":7,"in_milliseconds":0,"in_microseconds":0,"iso_dates":0,"twelve_hour_dates":0,)"
      R"("other_dates":0,"first":"2024-01-01T00:00Z","last":"2024-01-01T07:00Z","rejections":[)"
      R"({"at":"2024-01-01T00:00Z","field":"open","value":"652.74000000","reference":"300.79000000"}],"levels":[]},)"
      R"("bars":5,"sleeves":[)"
      R"({"name":"quiet","kind":"quiet","trades":12,"wins":4,"fees":"120.50000000",)"
      R"("realized_pnl":"-1000.00000000","balance":"9000.00000000","cash":"9000.00000000",)"
      R"("held_at_cost":"0.00000000","open_fees":"0.00000000","held_at_market":"0.00000000",)"
      R"("started_with":"10000.00000000",)"
      R"("moved_in":"0.00000000","result":"-1000.00000000","draw":"0.00000000","refused":0,"remarks":[]},)"
      R"({"name":"flash","kind":"flash","trades":3,"wins":2,"fees":"9.50000000",)"
      R"("realized_pnl":"-50.00000000","balance":"4800.00000000","cash":"4800.00000000",)"
      R"("held_at_cost":"0.00000000","open_fees":"0.00000000","held_at_market":"0.00000000",)"
      R"("started_with":"5000.00000000",)"
      R"("moved_in":"0.00000000","result":"-50.00000000","draw":"0.00000000","refused":0,"remarks":[]}],)"
      R"("vault":{"total":"19001.00000000","tradeable":"14001.00000000","cash":"18950.00000000",)"
      R"("held_at_cost":"50.00000000","open_fees":"1.00000000","held_at_market":"60.00000000",)"
      R"("returned_from_flash":"150.00000000"},)"
      R"("baseline":{"buy_and_hold":"30000.00000000","cash":"15000.00000000"},"transitions":1234,"postings":567,)"
      R"("verified":true,"elapsed_s":2.5,"digest":"00ff","suspense":"0.00000000"})");
}

TEST(Table, SaysTheVerdictAndAlignsItsColumns) {
  const std::string text = table(tests::small_run());
  EXPECT_THAT(text, HasSubstr("Lost 7.0 % after fees"));
  EXPECT_THAT(text, HasSubstr("1,234 transitions, 567 postings, verified, suspense 0.00"));
  std::istringstream lines(text);
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 101U) << line;
    for (const char* name : {"quiet ", "flash ", "all sleeves", "buy and hold", "cash "})
      if (line.starts_with(name)) {
        EXPECT_EQ(line.size(), 100U) << line;
        ++rows;
      }
  }
  EXPECT_EQ(rows, 5U);
}

TEST(Table, WhatWasMovedWhatWasDrawnAndWhatCantTradeAreSaid) {
  ReportData data = tests::small_run();
  EXPECT_THAT(table(data), Not(HasSubstr("moved in")));
  data.sleeves[0].moved = {{tests::hour(1), tests::usdt(500)}, {tests::hour(2), tests::usdt(300)}};
  data.sleeves[0].draw = tests::usdt(-25);
  data.sleeves[1].draw = tests::usdt(5);
  data.sleeves[1].remarks = {"flash can't trade"};
  EXPECT_THAT(table(data), HasSubstr("\nquiet: moved in +300.00 (500.00 given, 200.00 taken back); no gain or loss\n"));
  EXPECT_THAT(table(data), HasSubstr("\nquiet: draw -25.00; at the mean fill the same decisions make -1,275.00\n"));
  EXPECT_THAT(table(data), HasSubstr("\nNOTE: flash can't trade\n"));
  EXPECT_THAT(html(data), HasSubstr("<p class=\"notice\">flash can't trade</p>"));
  EXPECT_THAT(html(data), HasSubstr("<td class=\"n\">+300.00</td>"));
  EXPECT_THAT(html(data), HasSubstr("<td class=\"n\">-25.00</td>"));
  EXPECT_EQ(summary(data)["sleeves"][0]["draw"], "-25.00000000");
  EXPECT_EQ(summary(data)["sleeves"][0]["moved_in"], "300.00000000");
  EXPECT_EQ(summary(data)["sleeves"][1]["remarks"], nlohmann::ordered_json({"flash can't trade"}));
}

TEST(Table, TotalCashAndHeldAtCostStandApart) {
  const ReportData data = tests::small_run();
  EXPECT_THAT(table(data),
              HasSubstr("vault    total 19,001.00 USDT: cash 18,950.00, held at cost 50.00, open fees 1.00\n"
                        "         tradeable 14,001.00, held at market 60.00, returned from flash 150.00"));
  const std::string page = html(data);
  for (const char* row : {"Total</td><td class=\"n\">19,001.00", "Cash</td><td class=\"n\">18,950.00",
                          "Held at cost</td><td class=\"n\">50.00", "Open fees</td><td class=\"n\">1.00",
                          "Held at market</td><td class=\"n\">60.00", "Tradeable</td><td class=\"n\">14,001.00"})
    EXPECT_THAT(page, HasSubstr(row));
}

TEST(Table, SaysWhenTheLedgerIsNotVerifiedAndPricesAreOurs) {
  ReportData data = tests::small_run();
  data.verified = false;
  data.sample = true;
  EXPECT_THAT(table(data), HasSubstr("NOT VERIFIED"));
  EXPECT_THAT(table(data), HasSubstr("say nothing about a market"));
}

TEST(Html, NeedsNoNetworkAndEscapesWhatItShows) {
  const std::string page = html(tests::small_run());
  EXPECT_THAT(page, HasSubstr("<h1>ETH/USDT: &lt;two&gt; sleeves &amp; a vault</h1>"));
  EXPECT_THAT(page, HasSubstr("Chart.js v"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* fetch : {"<link", "src=", "@import", "url(", "{{"})
    EXPECT_THAT(page.substr(0, page.find("<script>")), Not(HasSubstr(fetch)));
}

TEST(Html, EveryAbsurdNumberIsNamedWhereThereAreSeveral) {
  ReportData data = tests::small_run();
  EXPECT_THAT(html(data), Not(HasSubstr("Absurd:")));
  data.import.rejections.push_back({tests::hour(3), "close", tests::price(1), tests::price(300)});
  data.import.rejected = 2;
  EXPECT_THAT(html(data),
              HasSubstr("Absurd: open 652.74 at 2024-01-01 00:00, beside 300.79; close 1.00 at 2024-01-01"));
  data.import.rejected = 3;
  EXPECT_THAT(html(data), HasSubstr("Absurd, the first of them: open 652.74"));
}

TEST(Html, DrawsEveryChartFromTheNumbersGiven) {
  const nlohmann::json data = data_of(html(tests::small_run()));
  ASSERT_EQ(data["equity"]["series"].size(), 4U);
  EXPECT_EQ(data["equity"]["x"].size(), 5U);
  EXPECT_EQ(data["equity"]["series"][1]["y"], nlohmann::json({5000, 5150, 5150, 4950, 4950}));
  EXPECT_EQ(data["equity"]["series"][2]["y"][4], 30000);
  EXPECT_EQ(data["drawdown"]["series"][0]["y"][2], -20);
  EXPECT_EQ(data["fees"]["series"][0]["y"], nlohmann::json({0, 0.5, 0.75, 0.75, 0.75}));
  ASSERT_EQ(data["returned"]["series"].size(), 1U);
  EXPECT_EQ(data["returned"]["series"][0]["y"], nlohmann::json({0, 0, 150, 150, 150}));
  EXPECT_EQ(data["price"]["step"], nlohmann::json({0, 1, 1, 1, 1}));
  EXPECT_EQ(data["fills"][0]["buy"], nlohmann::json({true, false}));
}

TEST(Html, ANameCannotEndItsScriptElement) {
  ReportData data = tests::small_run();
  data.sleeves[0].name = "</script><b>\xff";
  const nlohmann::json read = data_of(html(data));
  EXPECT_THAT(read["equity"]["series"][0]["name"].get<std::string>(), HasSubstr("</script><b>"));
}

TEST(Html, ALongRunStaysBelowThreeMegabytesAndKeepsItsExtremes) {
  ReportData data = tests::small_run();
  data.prices.clear();
  for (Sleeve& sleeve : data.sleeves) {
    sleeve.equity.clear();
    sleeve.fills.clear();
  }
  for (int i = 0; i < 50'000; ++i) {
    data.prices.push_back({tests::hour(i), tests::price(1000 + i % 997)});
    for (Sleeve& sleeve : data.sleeves) {
      sleeve.equity.push_back({tests::hour(i), tests::usdt(i == 31'234 ? 77'777 : 5'000 + i % 100)});
      if (i % 3 == 0)
        sleeve.fills.push_back({tests::hour(i), i % 2 == 0, tests::price(1000), 1, tests::usdt(5'000), tests::usdt(5)});
    }
  }
  const std::string page = html(data);
  EXPECT_LT(page.size(), 3'000'000U);
  const nlohmann::json read = data_of(page);
  EXPECT_LE(read["equity"]["x"].size(), 2'000U);
  EXPECT_EQ(read["price"]["y"].size(), 50'000U);
  EXPECT_EQ(read["fills"][0]["t"].size(), 10'000U);
  const auto equity = read["equity"]["series"][0]["y"].get<std::vector<double>>();
  EXPECT_EQ(*std::max_element(equity.begin(), equity.end()), 77'777);
}

TEST(Html, ARunWithoutABarIsStillAPage) {
  ReportData data;
  data.title = "nothing";
  data.quote = {machines::AssetId{2}, "USDT", 8};
  EXPECT_THAT(html(data), HasSubstr("no bar was played"));
  EXPECT_FALSE(table(data).empty());
  EXPECT_EQ(summary(data)["baseline"]["cash"], "0.00000000");
}

}  // namespace
}  // namespace deploy::report
