// tests/ledger/catalog_test.cpp: what PostgreSQL knows of machines is what the catalog says, both ways: what lets
// something leave, what functions in SQL write by themselves, what may stand, and what verification takes.
#include "machines/catalog/catalog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "ledger/audit/machines.hpp"
#include "ledger/store/connection.hpp"
#include "tests/ledger/suite.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

namespace catalog = machines::catalog;
using testing::HasSubstr;

using Words = std::set<std::string>;

// ---- what a commit holds back

class Leaving : public LedgerTest {};

TEST_P(Leaving, UnderAFreezeOfEverythingWhatLetsLeaveIsRefusedAndNothingElse) {
  std::vector<std::tuple<std::string_view, std::string_view, InstanceId>> moves;
  for (const catalog::Kind& kind : catalog::kinds()) {
    if (kind.stands) {  // it is born with rows of its own, and lets nothing leave
      EXPECT_THAT(kind.versions.back().leaving, testing::IsEmpty()) << kind.word;
      continue;
    }
    std::set<std::string_view> events;
    for (const catalog::Row& row : kind.versions.back().rows) events.insert(row.on);
    for (const std::string_view event : events) {
      Step born = birth(owner);
      born.moves[0].kind = kind.word;
      moves.emplace_back(kind.word, event, commit(born).born.at(0));
    }
  }
  ledger->freeze(owner, true);
  for (const auto& [kind, event, instance] : moves) {
    Step step = next(owner, instance, 1);
    step.moves[0].kind = kind;
    step.moves[0].event = event;
    step.control_epoch = 1;
    EXPECT_EQ(commit(step), catalog::lets_leave(kind, event) ? refused(Refusal::frozen) : committed)
        << kind << " " << event;
  }
  ledger->freeze(owner, false);
}

INSTANTIATE_TEST_SUITE_P(Each, Leaving, testing::Values("model", "postgres"), name_of_backend);

// ---- a database as migrations make it

class CatalogInSql : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database = fresh_database();
    must_run(database, "SELECT ledger.open_owner('default', 3)");
  }
  [[nodiscard]] Words words(const std::string& sql) const {
    Words all;
    const auto rows = must_run(database, sql);
    for (int row = 0; row < rows.size(); ++row) all.emplace(rows.text(row, 0));
    return all;
  }
  std::string database;
};

TEST_F(CatalogInSql, TheTableOfWhatLetsLeaveIsTheCatalogs) {
  Words wanted;
  for (const catalog::Kind& kind : catalog::kinds())
    for (const catalog::Version& version : kind.versions)
      for (const std::string_view event : version.leaving) wanted.insert(fmt::format("{} {}", kind.word, event));
  EXPECT_EQ(words("SELECT kind || ' ' || event FROM ledger.leaving"), wanted);
}

// Born without a job, a child or a secret, by the word of nobody: only what stands may be so.
TEST_F(CatalogInSql, WhatMayStandIsWhatTheCatalogSays) {
  must_run(database, "ALTER TABLE ledger.transition DISABLE TRIGGER break_settled");
  Words wanted;
  for (const catalog::Kind& kind : catalog::kinds()) {
    must_run(database, fmt::format("SELECT ledger.record_move(1, '{}', 0, 0, '', '{}', '{}', 0, false, '{{}}', 1000)",
                                   kind.word, kind.versions.back().start, kind.versions.back().births.at(0).on));
    if (!kind.stands) wanted.emplace(kind.word);
  }
  EXPECT_EQ(words("SELECT kind FROM ledger.stranded()"), wanted);
}

// ---- what functions in SQL write

// The arguments of the call whose bracket opens at `at`.
std::vector<std::string> arguments_at(const std::string& text, std::size_t at) {
  std::vector<std::string> all(1);
  int depth = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == '\'') quoted = !quoted;
    if (!quoted && letter == '(' && ++depth == 1) continue;
    if (!quoted && letter == ')' && --depth == 0) return all;
    if (!quoted && letter == ',' && depth == 1)
      all.emplace_back();
    else
      all.back() += letter;
  }
  return {};
}

// The words that an argument may be: 'x', or CASE WHEN ... THEN 'x' ELSE 'y' END.
std::vector<std::string> values_of(const std::string& argument) {
  const bool chooses = argument.find("CASE") != std::string::npos;
  const std::regex word(chooses ? R"((?:THEN|ELSE)\s+'(\w*)')" : R"(^\s*'(\w*)'\s*$)");
  std::vector<std::string> all;
  for (std::sregex_iterator at(argument.begin(), argument.end(), word), end; at != end; ++at) all.push_back((*at)[1]);
  return all;
}

struct Written {
  std::string kind, from, to, event, command;
  bool is_final = false;
};

// Each record_move that stands in the text of a function; a failure where one can't be read.
std::vector<Written> written_in(const std::string& text) {
  std::vector<Written> all;
  const std::string call = "record_move(";
  for (auto at = text.find(call); at != std::string::npos; at = text.find(call, at + 1)) {
    auto arguments = arguments_at(text, at + call.size() - 1);
    if (arguments.size() == 11) arguments.emplace_back("'none'");
    EXPECT_GE(arguments.size(), 12U) << text.substr(at, 200);
    if (arguments.size() < 12) continue;
    const auto kind = values_of(arguments[1]), from = values_of(arguments[4]), to = values_of(arguments[5]),
               event = values_of(arguments[6]), command = values_of(arguments[11]);
    EXPECT_TRUE(kind.size() == 1 && from.size() == 1 && !to.empty() && to.size() == event.size() && !command.empty())
        << text.substr(at, 200);
    for (std::size_t way = 0; way < std::min(to.size(), event.size()); ++way)
      all.push_back(
          {kind.at(0), from.at(0), to[way], event[way], command.at(0), arguments[8].find("true") != std::string::npos});
  }
  return all;
}

Words moves_of(const catalog::Kind& kind) {
  Words all;
  for (const catalog::Version& version : kind.versions) {
    for (const catalog::Birth& birth : version.births)
      all.insert(fmt::format("{}:  on {} becomes {}", kind.word, birth.on, birth.to));
    for (const catalog::Row& row : version.rows)
      all.insert(fmt::format("{}: {} on {} becomes {}", kind.word, row.from, row.on, row.to));
  }
  return all;
}

TEST_F(CatalogInSql, WhatFunctionsWriteByThemselvesAreTheCatalogsRowsAllOfThem) {
  const auto texts = must_run(database,
                              "SELECT prosrc FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace AND proname <> "
                              "'record_move' AND prosrc LIKE '%record_move(%'");
  Words written, wanted;
  for (int row = 0; row < texts.size(); ++row)
    for (const Written& one : written_in(std::string(texts.text(row, 0)))) {
      const catalog::Kind* kind = catalog::find(catalog::kinds(), one.kind);
      ASSERT_NE(kind, nullptr) << one.kind;
      const catalog::Version& version = kind->versions.back();
      EXPECT_TRUE(version.allows(one.from, one.event, one.to, one.command))
          << one.kind << ": " << one.from << " on " << one.event << " becomes " << one.to << ", then " << one.command;
      EXPECT_EQ(version.is_final(one.to), one.is_final) << one.kind << " " << one.to;
      if (kind->moved_by == catalog::MovedBy::functions)
        written.insert(fmt::format("{}: {} on {} becomes {}", one.kind, one.from, one.event, one.to));
    }
  for (const catalog::Kind& kind : catalog::kinds())
    if (kind.moved_by == catalog::MovedBy::functions) wanted.merge(moves_of(kind));
  EXPECT_EQ(written, wanted);
}

// ---- what verification takes

// Ways from birth to each state of a machine, as calls of record_move after one another; `i` is the instance.
class Walks {
 public:
  Walks(const catalog::Kind& kind, const catalog::Version& version) : kind_(kind), version_(version) {
    for (const catalog::Birth& birth : version.births)
      to_.try_emplace(birth.to, call({"", birth.on, birth.to, "none", "", false}, "0", 0));
    for (std::size_t round = 0; round < version.states.size(); ++round)
      for (const catalog::Row& row : version.rows)
        if (const auto from = to_.find(row.from); from != to_.end()) to_.try_emplace(row.to, with(from->second, row));
  }
  // To where the row begins, and along it.
  [[nodiscard]] std::string along(const catalog::Row& row) const { return with(to_.at(row.from), row); }
  [[nodiscard]] std::string born(const catalog::Birth& birth) const {
    return call({"", birth.on, birth.to, "none", "", false}, "0", 0);
  }

 private:
  [[nodiscard]] std::string with(const std::string& before, const catalog::Row& row) const {
    return before + call(row, "i", std::count(before.begin(), before.end(), ';'));
  }
  [[nodiscard]] std::string call(const catalog::Row& row, const std::string& instance, std::ptrdiff_t version) const {
    return fmt::format("i := ledger.record_move(1, '{}', {}, {}, '{}', '{}', '{}', 0, {}, '{{}}', 1000, '{}', 1000);",
                       kind_.word, instance, version, row.from, row.to, row.on, version_.is_final(row.to), row.then);
  }
  const catalog::Kind& kind_;
  const catalog::Version& version_;
  std::map<std::string_view, std::string> to_;
};

class Verified : public CatalogInSql {
 protected:
  void SetUp() override {
    CatalogInSql::SetUp();
    if (!database.empty()) must_run(database, "ALTER TABLE ledger.transition DISABLE TRIGGER break_settled");
  }
  void go(const std::string& calls) const { must_run(database, "DO $$ DECLARE i bigint; BEGIN " + calls + " END $$"); }
  // The first stored move that no machine has, as verification names it; "" where there is none.
  [[nodiscard]] std::string problem() const {
    ledger::Connection connection(dsn(database));
    const auto rows = connection.call(ledger::audit::all_machines_statement(), ledger::audit::machine_parameters());
    EXPECT_TRUE(rows) << rows.error().text;
    return rows && !rows->empty() ? std::string(rows->text(0, 0)) : "";
  }
};

TEST_F(Verified, EveryRowAndEveryBirthOfTheCatalogIsTaken) {
  for (const catalog::Kind& kind : catalog::kinds())
    for (const catalog::Version& version : kind.versions) {
      const Walks walks(kind, version);
      for (const catalog::Birth& birth : version.births) go(walks.born(birth));
      for (const catalog::Row& row : version.rows) go(walks.along(row));
    }
  EXPECT_EQ(problem(), "");
}

TEST_F(Verified, AMoveThatIsNoRowOfItsMachineIsNamedOfEachKind) {
  for (const catalog::Kind& kind : catalog::kinds()) {
    const catalog::Version& version = kind.versions.back();
    const auto live = std::find_if(version.births.begin(), version.births.end(),
                                   [&](const catalog::Birth& birth) { return !version.is_final(birth.to); });
    ASSERT_NE(live, version.births.end()) << kind.word;
    const Walks walks(kind, version);
    // By an event of a birth, which no row takes.
    const catalog::Row planted{live->to, live->on, version.states.back(), "none", "", false};
    go(walks.along(planted));
    EXPECT_THAT(problem(), HasSubstr(fmt::format("is no row of the machine {} 1: {}, on {}, becomes {}, then none",
                                                 kind.word, planted.from, planted.on, planted.to)));
    must_run(database,
             "SET session_replication_role = replica; DELETE FROM ledger.transition; DELETE FROM ledger.instance; SET "
             "session_replication_role = origin");
    EXPECT_EQ(problem(), "");
  }
}

}  // namespace
}  // namespace tests
