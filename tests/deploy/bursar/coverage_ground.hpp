// tests/deploy/bursar/coverage_ground.hpp: the database of a real house that has had a bit of everything, up without
// the house; what verification says after a change that is undone again; and what COVERAGE.md says that it covers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/step.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {

// Made by what a user types: bars, orders, a pause, a key, a schedule that fired, a sale by hand that became a break;
// and a step that business refused, by the journal.
class CoverageGround {
 public:
  // The one of this program. REQUIRES: no_cluster_because().empty().
  static CoverageGround& of_this_program();
  ~CoverageGround();

  // The first problem that a full verification finds; empty when there is none.
  std::string problem();
  // The same after these statements, one after the other, in a transaction that is undone. Behind every trigger's and
  // foreign key's back, unless `openly`. `refused`: PostgreSQL's words where it does not do it, `problem` is empty
  // then.
  struct Found {
    std::string problem, refused;
    bool changed = true;  // false: the last of the statements touched no row
  };
  Found after(const std::vector<std::string>& statements, bool openly = false);
  // The same after a step that the journal commits. `refused`: its outcome where that is another.
  Found after(const machines::Step& step);
  // One of the first owner's, at the epochs that hold: without moves yet.
  machines::Step step();
  ledger::Rows ask(const std::string& sql);

 private:
  CoverageGround();
  std::string verify();
  machines::Outcome commit(const machines::Step& step);
  void be_refused();

  TempFolder folder_;
  std::unique_ptr<deploy::Cluster> cluster_;
  std::unique_ptr<ledger::Connection> connection_;
  std::map<std::string, std::string> statements_;  // prepared, by their names
};

// The tables of COVERAGE.md, as it stands.
struct CoveragePage {
  std::map<std::string, std::string> columns;  // table.column that is not covered: why
  std::map<std::pair<std::string, std::string>, std::string>
      rows;                                  // (table, "put in" or "taken out") that is not named
  std::map<std::string, std::string> empty;  // tables that no house has a row of yet
};
CoveragePage read_coverage_page();

}  // namespace tests
