// tests/deploy/cli/json_errors_test.cpp: every command with --json that fails says so in one shape, with a code.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "deploy/cli/books/ledger.hpp"
#include "deploy/cli/books/report.hpp"
#include "deploy/cli/controls.hpp"
#include "deploy/cli/jobs/orders.hpp"
#include "deploy/cli/keys/key_commands.hpp"
#include "deploy/cli/machines.hpp"
#include "deploy/cli/paper.hpp"
#include "deploy/cli/reconciliation.hpp"
#include "deploy/cli/schedules.hpp"
#include "deploy/cli/status.hpp"
#include "deploy/cli/vaults.hpp"
#include "deploy/operations/error.hpp"
#include "tests/deploy/cli/line.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using Words = std::vector<std::string>;

const Nouns nouns = {deploy::add_control_commands,   deploy::add_job_commands,      deploy::add_order_commands,
                     deploy::add_key_commands,       deploy::add_machine_commands,  deploy::add_paper_commands,
                     deploy::add_reconcile_commands, deploy::add_schedule_commands, deploy::add_status_command,
                     deploy::add_vault_commands,     deploy::add_sleeve_commands,   deploy::add_ledger_commands,
                     deploy::add_report_command};

// A line of every command that takes --json, as it is meant: on a ledger that can't be reached it fails.
const std::map<std::string, Words> lines = {
    {"pause", {"all", "--why", "x"}},
    {"resume", {"all", "--why", "x"}},
    {"freeze", {"--why", "x"}},
    {"unfreeze", {"--why", "x"}},
    {"controls", {}},
    {"job list", {}},
    {"job show", {"1/2/3/0"}},
    {"job retry", {"1/2/3/0", "--why", "x"}},
    {"job park", {"1/2/3/0", "--why", "x"}},
    {"job cancel", {"1/2/3/0", "--why", "x"}},
    {"order list", {}},
    {"order resolve", {"7", "--as", "cancelled", "--evidence", "x"}},
    {"key add", {"--name", "a", "--account", "main", "--purpose", "trade"}},
    {"key list", {}},
    {"key test", {"a"}},
    {"key rotate", {"a"}},
    {"key retire", {"a"}},
    {"key rewrap", {"--new-master-key", "m.key"}},
    {"machine list", {}},
    {"machine show", {"7"}},
    {"machine history", {"7"}},
    {"machine migrate", {"order", "--from", "1", "--to", "2", "--map", "absent.toml", "--why", "x"}},
    {"paper trade", {"sell", "1"}},
    {"paper deposit", {"USDT", "1"}},
    {"paper withdraw", {"USDT", "1"}},
    {"paper statement", {}},
    {"reconcile", {}},
    {"reconcile list", {}},
    {"reconcile explain", {"7", "--as", "fee", "--why", "x"}},
    {"reconcile undo", {"7", "--why", "x"}},
    {"reconcile assign", {"7", "ann", "--why", "x"}},
    {"reconcile close", {"7", "--why", "x"}},
    {"schedule list", {}},
    {"schedule show", {"a"}},
    {"schedule run", {"a", "--why", "x"}},
    {"status", {}},
    {"vault list", {}},
    {"vault show", {"USDT"}},
    {"vault create", {"USDT", "--why", "x"}},
    {"vault set-tradeable", {"USDT", "1", "--why", "x"}},
    {"vault allocate", {"USDT", "flash", "1", "--why", "x"}},
    {"vault reclaim", {"USDT", "flash", "1", "--why", "x"}},
    {"sleeve create", {"USDT", "a", "--kind", "flash", "--pair", "ETH/USDT", "--why", "x"}},
    {"ledger balances", {}},
    {"ledger verify", {}},
    {"ledger checkpoint", {}},
    {"ledger export", {"--format", "hledger"}},
    {"report", {}},
};

void collect(const CLI::App& app, const std::string& name, std::set<std::string>& found) {
  if (!name.empty() && app.get_option_no_throw("--json") != nullptr) found.insert(name);
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
    collect(*below, name + (name.empty() ? "" : " ") + below->get_name(), found);
}

Captured say(const std::string& command, const Words& more) {
  Words words;
  std::istringstream in(command);
  for (std::string word; in >> word;) words.push_back(word);
  words.insert(words.end(), more.begin(), more.end());
  words.emplace_back("--json");
  return line(nouns, std::move(words));
}

// The code of the error that the first line on standard output is; and nothing else in it but a sentence and advice.
std::string code_of(const Captured& said) {
  const auto json = nlohmann::json::parse(said.out.substr(0, said.out.find('\n')), nullptr, false);
  if (!json.is_object() || json.size() != 1 || !json.contains("error")) return "no error: " + said.out;
  const auto& error = json["error"];
  if (error.size() != 3 || !error.value("message", "").size() || !error.value("do", "").size())
    return "incomplete: " + said.out;
  for (const auto& row : deploy::operations::error_rows())
    if (row.word == error.value("code", "")) return std::string(row.word);
  return "unknown: " + said.out;
}

TEST(JsonErrors, NoCommandIsLeftOut) {
  deploy::Commands commands("all nouns");
  for (const auto& add : nouns) add(commands);
  std::set<std::string> found, tried;
  collect(commands.program(), "", found);
  for (const auto& [name, more] : lines) tried.insert(name);
  EXPECT_EQ(found, tried);
}

TEST(JsonErrors, ALedgerThatCantBeReachedIsSaidInOneShape) {
  const TempFolder folder;
  for (const auto& [name, more] : lines) {
    Words words = more;
    words.insert(words.end(), {"--dsn", "host=/nowhere", "--data-dir", (folder.path() / "d").string()});
    const Captured said = say(name, words);
    EXPECT_THAT(said.code, testing::AnyOf(1, 2)) << name;
    EXPECT_THAT(code_of(said), testing::AnyOf("unavailable", "config", "not_found", "usage", "refused", "no_ledger"))
        << name;
    EXPECT_THAT(said.err, testing::StartsWith("bursar: ")) << name << ": people are told as ever";
  }
}

TEST(JsonErrors, WordsThatCantBeMeantAreSaidInOneShape) {
  for (const auto& [name, more] : lines) {
    Words words = more;
    words.insert(words.end(), {"--dsn", ""});
    const Captured empty = say(name, words);
    EXPECT_EQ(empty.code, 2) << name;
    EXPECT_EQ(code_of(empty), "usage") << name;
    words.back() = "host=/nowhere";
    words.emplace_back("--teapot");
    const Captured unknown = say(name, words);
    EXPECT_EQ(unknown.code, 2) << name;
    EXPECT_EQ(code_of(unknown), "usage") << name;
  }
}

TEST(JsonErrors, AFolderThatIsNoneIsAMatterOfConfiguration) {
  const TempFolder folder;
  const Captured said = say("status", {"--data-dir", (folder.path() / "absent").string()});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(code_of(said), "config");
  EXPECT_EQ(code_of(say("status", {"--config", (folder.path() / "absent").string()})), "config");
  EXPECT_EQ(code_of(say("status", {"--dsn", "host=192.0.2.1 dbname=x"})), "config") << "in plain text over a network";
}

TEST(JsonErrors, PeopleGetNoJson) {
  const Captured said = line(nouns, {"status", "--dsn", "host=/nowhere"});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out, "");
}

}  // namespace
}  // namespace tests
