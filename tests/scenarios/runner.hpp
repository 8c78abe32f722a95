// tests/scenarios/runner.hpp: scenarios as text tables, run over the pure machines. A line at the margin is what
// happens; the indented lines below it are everything that follows from it, in order: moves, then their postings.
//
//   sleeve flash|quiet AMOUNT [empty]            first line: funded, its first cycle watching; or without money and
//   cycle close HOUR|FIRST..LAST PRICE                 bars close; the cycle looks at each gap HOUR the hour passes
//   without a bar entries stopped|allowed order EVENT [FILL] [because REASON]          the venue's word, or ours, to
//   the order in flight; FILL is one of
//       [SHARE%] at PRICE                            so much of the order's size, in whole lots, fee included
//       BASE for QUOTE fee FEE                       exactly this
//   fund AMOUNT reserve AMOUNT | allocate AMOUNT | reclaim AMOUNT
//   differs usdt|eth AMOUNT                      the venue's statement has so much more (or less) than the ledger
//   explain usdt|eth AS AMOUNT | explain sale | assign usdt|eth PERSON | finish usdt|eth    what a person says of it
//   outside BASE for QUOTE fee FEE               a sale by hand that the venue tells of
//   balance|available ACCOUNT AMOUNT             asserts
#pragma once

#include <compare>
#include <set>
#include <string>
#include <vector>

#include "machines/catalog/catalog.hpp"

namespace tests::scenarios {

struct Row {
  std::string machine, from, event;
  auto operator<=>(const Row&) const = default;
};

struct Report {
  std::vector<std::string> failures;  // "NAME:LINE: expected ... got ..."
  std::set<Row> rows;                 // of the machines' tables, that were taken
};

// Never throws. The first failure of a scenario ends it.
Report run(const std::string& name, const std::string& text);

// The rows of a kind, in its newest version, that are not among those taken.
std::vector<std::string> rows_not_taken(const machines::catalog::Kind& kind, const std::set<Row>& taken);

}  // namespace tests::scenarios
