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

// Equity together with what was returned to the vault: what the sleeve made of its money. In units.
std::vector<double> made_of(const Sleeve& sleeve, const std::vector<machines::Instant>& times, int scale);

// How far each value lies below the highest so far, in percent, 0 or negative.
std::vector<double> drawdown_percent(const std::vector<double>& values);

// One line of the comparison: a sleeve, all sleeves together, or a baseline.
struct Outcome {
  std::string name;
  double start = 0, end = 0;   // units
  double deepest_percent = 0;  // the worst drawdown
  [[nodiscard]] double gain() const { return end - start; }
  [[nodiscard]] double gain_percent() const { return start > 0 ? 100 * gain() / start : 0; }
};

struct Figures {
  std::vector<machines::Instant> times;      // of the bars played
  std::vector<std::vector<double>> sleeves;  // made_of, one per sleeve
  std::vector<double> together;              // their sum
  std::vector<double> buy_and_hold, cash;
  std::vector<Outcome> sleeve_outcomes;
  Outcome all, held, idle;
  double fees = 0;
  std::int64_t trades = 0, wins = 0;
};
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

std::string grouped(std::int64_t count);      // 33,413
std::string money(double value);              // -1,234.57; small values keep more decimals
std::string signed_money(double value);       // +12.00
std::string percent(double value);            // 12.3 %
std::string signed_percent(double value);     // -12.3 %
std::string date_time(machines::Instant at);  // 2017-08-17 04:00
std::string date(machines::Instant at);       // 2017-08-17

}  // namespace deploy::report
