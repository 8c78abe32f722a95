// deploy/report/figures.hpp: the figures that the table and the page share, and how numbers are written for people.
// Pure: no I/O, no throw.
#pragma once

#include <string>
#include <vector>

#include "deploy/report/report.hpp"

namespace deploy::report {

// Minor units as a number to draw or to take a percentage of; never to reckon with.
double units(machines::Int128 minor, int scale);
double units(machines::Price price);

// The series at each of `times` (sorted): its last point at or before, and `before` where it has none yet. In units.
std::vector<double> carried(const Series& series, const std::vector<machines::Instant>& times, double before,
                            int scale);

// Equity together with what was returned to the vault, less fees that other coins paid: what the sleeve has and had.
// In units.
std::vector<double> value_of(const Sleeve& sleeve, const std::vector<machines::Instant>& times, int scale);

// What `start` would have become without a movement of money: each step's growth is (value + moved out) / (value
// before + moved in). `moved` is cumulative. Without movements these are the values themselves.
std::vector<double> time_weighted(double start, const std::vector<double>& values, const std::vector<double>& moved);

// The sleeve's gain in minor units, to the last one: what it has and had, less what it began with and was given.
machines::Int128 result_of(const Sleeve& sleeve);

// How far each value lies below the highest so far, in percent, 0 or negative.
std::vector<double> drawdown_percent(const std::vector<double>& values);

// One line of the comparison: a sleeve, all sleeves together, or a baseline.
struct Outcome {
  std::string name;
  double start = 0, end = 0;           // units
  double moved_in = 0, moved_out = 0;  // meanwhile
  double base = 0;                     // what growth is of: the start, or the first money where that was nothing
  double growth = 1;                   // time-weighted
  double deepest_percent = 0;          // the worst drawdown, time-weighted
  [[nodiscard]] double gain() const { return end - start - moved_in + moved_out; }
  [[nodiscard]] double gain_percent() const { return 100 * (growth - 1); }
};

struct Figures {
  std::vector<machines::Instant> times;      // of the bars played
  std::vector<std::vector<double>> sleeves;  // time-weighted, one per sleeve
  std::vector<double> together;              // of all sleeves; returned profit that is given again is no new money
  std::vector<double> buy_and_hold, cash;
  std::vector<Outcome> sleeve_outcomes;
  Outcome all, held, idle;
  double fees = 0;
  std::int64_t trades = 0, wins = 0;
};
// All figures of a run, from its series. A run without bars has empty columns.
Figures figures_of(const ReportData& data);

// "Lost 12.3 % after fees: 15,000.00 USDT became 13,155.00. Buying and holding would have gained 680.1 %, cash 0.0 %."
std::string verdict(const ReportData& data, const Figures& figures);

// What is odd about the price file, one flaw each: how many, and what was done about it. Only those that occur.
struct Flaw {
  std::int64_t count = 0;
  std::string what;
  std::string treatment;
};
std::vector<Flaw> flaws(const ReportData& data);

// "open 0.10 at 2017-08-17 04:00, beside 301.61"
std::string rejection(const workers::market::Rejection& one);

// "2,154.57 to 21,545.68 at 2024-01-01 05:00"
std::string level_text(const workers::market::LevelChange& one);

std::string grouped(std::int64_t count);                          // 33,413
std::string counted(std::int64_t count, const std::string& one);  // 1 sleeve, 1,234 sleeves
std::string money(double value);                                  // -1,234.57; small values keep more decimals
std::string signed_money(double value);                           // +12.00
std::string percent(double value);                                // 12.3 %
std::string signed_percent(double value);                         // -12.3 %
std::string date_time(machines::Instant at);                      // 2017-08-17 04:00
std::string date(machines::Instant at);                           // 2017-08-17

}  // namespace deploy::report
