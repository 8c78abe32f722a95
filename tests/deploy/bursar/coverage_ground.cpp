#include "tests/deploy/bursar/coverage_ground.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <regex>
#include <sstream>

#include "ledger/audit/signer.hpp"
#include "ledger/audit/verify.hpp"
#include "ledger/env/sha256.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/transaction.hpp"
#include "machines/core/check.hpp"
#include "machines/core/names.hpp"

namespace tests {
namespace {

const char* const schedules = R"(
[[schedule]]
name = "books"
does = "checkpoint"
cron = "0 4 * * sun"
)";

// A house that has played its bars, and what its people did.
void live(const TempFolder& folder, const std::string& data) {
  const auto say = [&](Words words) {
    words.insert(words.end(), {"--data-dir", data});
    const Said said = bursar(words);
    EXPECT_EQ(said.code, 0) << words[0] << " " << words[1] << ": " << said.err << said.out;
    return said;
  };
  const auto house = start_bursar({"up", "--config", config_file(folder, 106, schedules), "--data-dir", data});
  ASSERT_TRUE(house->wait_for_output("stays open")) << house->output();
  const auto credential = folder.path() / "credential";
  write_text(credential, "an-api-key\nits-secret\n");
  write_text(std::filesystem::path(data) / "venue" / "keys",
             "spot an-api-key " + ledger::env::sha256_hex("its-secret") + " read\n");
  std::filesystem::permissions(credential, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  say({"key", "add", "--account", "spot", "--purpose", "read", "--name", "reader", "--secret-file",
       credential.string()});
  say({"pause", "sleeve", "quiet", "--why", "a look"});
  say({"paper", "trade", "sell", "0.01", "--id", "by-hand"});
  say({"reconcile"});
  ASSERT_TRUE(wait_until([&] { return say({"schedule", "list", "--json"}).last_line().size() == 1; }));
  say({"schedule", "run", "books", "--why", "a drill"});
  house->send(SIGTERM);
  EXPECT_EQ(house->wait().code, 0) << house->output();
}

}  // namespace

CoverageGround& CoverageGround::of_this_program() {
  static CoverageGround ground;
  return ground;
}

CoverageGround::CoverageGround() {
  const std::string data = (folder_.path() / "data").string();
  live(folder_, data);
  auto opened = deploy::Cluster::open(data);
  CHECK(opened.has_value());
  cluster_ = std::make_unique<deploy::Cluster>(std::move(*opened));
  connection_ = std::make_unique<ledger::Connection>(cluster_->dsn("bursar"));
  be_refused();
}

CoverageGround::~CoverageGround() = default;

machines::Step CoverageGround::step() {
  const auto row =
      ask("SELECT c.epoch + g.epoch FROM ledger.control c, ledger.control g WHERE c.owner = 1 AND g.owner = 0");
  machines::Step step;
  step.owner = {1};
  step.world_at = {1};
  step.control_epoch = row.number(0, 0);
  return step;
}

machines::Outcome CoverageGround::commit(const machines::Step& step) {
  constexpr ledger::SqlStatement shard{
      "ground_shard",
      "SELECT o.shard, h.epoch FROM ledger.owner o JOIN ledger.shard h ON h.id = o.shard WHERE o.id = 1", false};
  const auto row = connection_->call(shard);
  CHECK(row.has_value());
  const auto results =
      ledger::journal::Journal(*connection_).commit(static_cast<int>(row->number(0, 0)), row->number(0, 1), {&step, 1});
  CHECK(results.has_value());
  return results->at(0).outcome;
}

// Spends what a sleeve does not have.
void CoverageGround::be_refused() {
  const auto row =
      ask("SELECT i.id, i.version, i.state, s.quote, s.trading_quote, n.quote FROM ledger.instance i JOIN "
          "ledger.sleeve s ON "
          "s.owner = i.owner AND s.id = i.sleeve JOIN ledger.instrument n ON n.id = s.instrument WHERE i.kind = "
          "'sleeve_cycle' "
          "AND NOT i.is_final LIMIT 1");
  machines::Step refused = step();
  machines::Move move;
  move.instance = machines::Subject::of({row.number(0, 0)});
  move.kind = "sleeve_cycle";
  move.version = row.number(0, 1);
  move.from = move.to = row.text(0, 2);
  move.event = "signal";
  move.command = "none";
  move.data = "{}";
  refused.moves.push_back(move);
  refused.postings.push_back({machines::PostingKind::single,
                              {row.number(0, 3)},
                              {row.number(0, 4)},
                              machines::Amount({static_cast<std::int32_t>(row.number(0, 5))}, 1'000'000'000'000'000),
                              "spend",
                              {}});
  CHECK(commit(refused) == machines::Outcome::refused);
}

std::string CoverageGround::verify() {
  ledger::audit::VerifyOptions options;
  options.is_house = true;
  options.connections = 1;  // this one, in its transaction
  const auto verdict = ledger::audit::verify(*connection_, options);
  return verdict ? verdict->problem : "could not be verified: " + verdict.error().text;
}

std::string CoverageGround::problem() { return verify(); }

ledger::Rows CoverageGround::ask(const std::string& sql) {
  const auto rows = connection_->run(sql);
  CHECK(rows.has_value());
  return *rows;
}

CoverageGround::Found CoverageGround::after(const std::vector<std::string>& statements, bool openly) {
  Found found;
  auto transaction = ledger::Transaction::open(*connection_);
  CHECK(transaction.has_value());
  std::vector<std::string> all = statements;
  if (!openly) all.insert(all.begin(), "SET LOCAL session_replication_role = replica");
  bool returned = true;
  for (const std::string& sql : all) {
    const auto kept = statements_.try_emplace(sql, "change_" + std::to_string(statements_.size())).first;
    const auto done = connection_->call({kept->second.c_str(), kept->first.c_str(), false});
    if (!done) {
      found.refused = done.error().text;
      return found;
    }
    returned = !done->empty();
  }
  found.changed = returned || statements.back().find("RETURNING") == std::string::npos;
  found.problem = verify();
  return found;
}

CoverageGround::Found CoverageGround::after(const machines::Step& step) {
  Found found;
  auto transaction = ledger::Transaction::open(*connection_);
  CHECK(transaction.has_value());
  if (const auto outcome = commit(step); outcome != machines::Outcome::committed)
    found.refused = machines::name_of(outcome);
  else
    found.problem = verify();
  return found;
}

CoveragePage read_coverage_page() {
  CoveragePage page;
  std::istringstream lines(read_text(std::string(BURSAR_SOURCE_DIR) + "/ledger/audit/COVERAGE.md"));
  std::string section;
  const std::regex word("`([a-z_.]+)`");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) section = line.substr(3);
    if (!line.starts_with("| `")) continue;
    const auto end = line.find('|', 1);
    const std::string names = line.substr(1, end - 1), why = line.substr(end + 1);
    for (auto at = std::sregex_iterator(names.begin(), names.end(), word); at != std::sregex_iterator(); ++at) {
      const std::string name = (*at)[1];
      if (section == "Columns that are not covered") page.columns[name] = why;
      if (section == "Rows put in that are not named") page.rows[{name, "put in"}] = why;
      if (section == "Rows taken out that are not named") page.rows[{name, "taken out"}] = why;
      if (section == "Tables that no house has a row of yet") page.empty[name] = why;
    }
  }
  return page;
}

}  // namespace tests
