// deploy/report/books.hpp: the books of sleeves and vaults for some days: a table for people, JSON and CSV for
// programs, a page with charts. Amounts are exact decimals everywhere but in the table and the page, which round to
// read well. Pure: no I/O, no clock, no throw.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "ledger/books/daily_books.hpp"

namespace deploy::report {

// The days of one report. `statement` holds no other days, but every break up to the last of them: what a day opens
// with is what those before it left.
struct Books {
  ledger::books::DailyBooks statement;
  machines::Day from = 0, to = 0;
};

// The days from..to, both included. REQUIRES: from <= to.
Books books_of(ledger::books::DailyBooks statement, machines::Day from, machines::Day to);

// What the days of one sleeve come to; balances are those of the last day.
ledger::books::SleeveDay total_of(const std::vector<ledger::books::SleeveDay>& days);

// Each day, or beyond two months each month.
struct Period {
  std::string name;  // 2024-01-05, or 2024-01
  std::vector<ledger::books::SleeveDay> days;
};
std::vector<Period> periods_of(const std::vector<ledger::books::SleeveDay>& days);

// "2024-01-05, sleeve flash: account sleeve/flash/USDT: ..."
std::string break_text(const ledger::books::Break& one);

// At most 110 columns wide. A line per day up to two months, per month beyond.
std::string books_table(const Books& books);
// {from, to, cost_basis, adds_up, breaks [{day, owner, sleeve, what}], sleeves [{owner, name, kind, symbol, quote,
// base, total {...}, days [{day, opening, realised, fees, ..., closing, ...}]}], vaults [{owner, name, asset,
// days [{day, total, tradeable, cash, held_at_cost, open_fees, held_at_market}]}]}: the README says what each is.
// Amounts are decimal strings with all decimals of their asset.
nlohmann::ordered_json books_json(const Books& books);
// A line per sleeve and day, under a line of names.
std::string books_csv(const Books& books);
// A page that needs nothing but itself; the same page, style and charts as a replay's.
std::string books_html(const Books& books);

}  // namespace deploy::report
