// tests/deploy/cli/books/ledger_export_test.cpp: `bursar ledger export` as a user meets it: a real run's books, taken
// over by tools that are not ours to the last unit; and files that are there whole or not at all.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <map>
#include <sstream>

#include "ledger/export/names.hpp"
#include "machines/core/amount.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/journal_tools.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using Balances = std::map<std::string, std::string>;  // path: amount as `bursar ledger balances` writes it

constexpr const char* no_folder = "/nowhere/at/all";

class Export : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because() + no_journal_tools_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
  }
  static Said ledger(Words words) {
    words.insert(words.begin(), "ledger");
    words.insert(words.end(), {"--data-dir", finished_house().data_dir});
    return bursar(words);
  }
  // The journal of the finished house, in a file.
  fs::path journal(const std::string& format) const {
    const fs::path file = folder_.path() / (format + ".journal");
    const Said said = ledger({"export", "--format", format, "--output", file.string()});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_THAT(said.out, MatchesRegex(".*[1-9][0-9]* transactions and [1-9][0-9]* balance assertions.*\n"));
    return file;
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
  }
  void expect_refused(const std::string& output, int code, const std::string& what) const {
    const Said said = ledger({"export", "--format", "hledger", "--output", output});
    EXPECT_EQ(said.code, code);
    EXPECT_THAT(complaints(said), ElementsAre(HasSubstr(what)));
    EXPECT_THAT(said.out, IsEmpty());
  }

  TempFolder folder_;
};

// What the tool says in CSV, by our paths. Every amount must be there in all decimals of its asset, or be a bare zero.
Balances read_csv(const std::string& text) {
  Balances balances;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::erase_if(line, [](char c) { return c == '"'; });
    std::istringstream parts(line);
    std::string account;
    std::string amount;
    std::getline(parts, account, ',');
    std::erase(account, ' ');  // beancount pads
    parts >> amount;
    if (const auto comma = amount.find(','); comma != std::string::npos) amount.resize(comma);
    const auto place = ledger::exports::place_of(account);
    if (place) balances[place->path] = amount;
  }
  return balances;
}

// Ours and theirs are the same whole minor units; an account that they don't know has never moved.
void expect_same(const nlohmann::json& ours, const Balances& theirs) {
  ASSERT_GT(ours.size(), 10U);
  std::size_t known = 0;
  for (const auto& one : ours) {
    const std::string path = one["account"];
    const int scale = one["asset"] == "USDT" ? 8 : 18;
    const auto expected = machines::parse_decimal(one["balance"].get<std::string>(), scale);
    ASSERT_TRUE(expected) << one;
    const auto found = theirs.find(path);
    if (found == theirs.end()) {
      EXPECT_TRUE(*expected == 0) << path;
      continue;
    }
    ++known;
    const bool is_zero =
        found->second.find_first_of("123456789") == std::string::npos || found->second.starts_with("0E-");
    const auto said = machines::parse_decimal(is_zero ? "0" : found->second, scale);
    ASSERT_TRUE(said) << path << " is " << found->second;
    EXPECT_TRUE(*said == *expected) << path << " is " << found->second << " there, " << one["balance"] << " here";
  }
  EXPECT_EQ(known, theirs.size()) << "they have accounts that we have not";
  EXPECT_GT(known, 8U);
}

TEST_F(Export, Inv30BothToolsPassItAndEqualOurBalancesToTheLastUnit) {
  const nlohmann::json ours = ledger({"balances", "--json"}).last_line();
  const fs::path for_hledger = journal("hledger");
  const fs::path for_beancount = journal("beancount");
  const Answer hledger = hledger_check(for_hledger);
  EXPECT_EQ(hledger.code, 0) << hledger.text;
  const Answer beancount = bean_check(for_beancount);
  EXPECT_EQ(beancount.code, 0) << beancount.text;
  expect_same(ours, read_csv(hledger_balances(for_hledger).text));
  expect_same(ours, read_csv(beancount_balances(for_beancount).text));
}

// Not one amount alone, which would not balance, but both sides of a posting: only our assertions can know.
TEST_F(Export, Inv30APostingWithAnotherAmountIsRefusedByBoth) {
  for (const std::string format : {"hledger", "beancount"}) {
    const fs::path file = journal(format);
    std::string text = read_text(file);
    const auto sides = text.find("\n  Assets:", text.find(" * ")) + 1;
    int changed = 0;
    auto end = sides;
    for (int side = 0; side < 2; ++side) {
      end = text.find(" USDT\n", end);
      ASSERT_NE(end, std::string::npos);
      char& digit = text[end - 1];
      digit = digit == '9' ? '8' : static_cast<char>(digit + 1);
      ++changed;
      end += 6;
    }
    ASSERT_EQ(changed, 2);
    ASSERT_EQ(std::count(text.begin() + static_cast<std::ptrdiff_t>(sides),
                         text.begin() + static_cast<std::ptrdiff_t>(end), '\n'),
              2)
        << "one transaction";
    write_text(file, text);
    const Answer answer = format == "hledger" ? hledger_check(file) : bean_check(file);
    EXPECT_NE(answer.code, 0) << format;
    EXPECT_THAT(answer.text, testing::ContainsRegex("[Bb]alance")) << format;
  }
}

TEST_F(Export, TheSameLedgerGivesTheSameBytesIntoAFileAndToStandardOutput) {
  const std::string text = read_text(journal("beancount"));
  const Said said = ledger({"export", "--format", "beancount"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out, text);
  const Said counted = ledger(
      {"export", "--format", "beancount", "--json", "--output", (folder_.path() / "beancount.journal").string()});
  EXPECT_EQ(counted.last_line()["bytes"], text.size());
  EXPECT_EQ(files(), 1U) << "nothing but the journal";
}

TEST_F(Export, WhatCannotBeAFileIsRefusedInOneLine) {
  expect_refused(std::string(no_folder) + "/books", 2, "/nowhere/at/all is not a folder; make it");
  expect_refused(folder_.path().string(), 2, "is a folder; name a file in it");
  expect_refused("/dev/null", 2, "is not a plain file; without --output");
  expect_refused("/proc/books", 1, "can't write /proc/books");
  for (const Words& words :
       {Words{"export", "--format", "gnucash"}, Words{"export"}, Words{"export", "--format", "hledger", "--json"}}) {
    const Said said = ledger(words);
    EXPECT_EQ(said.code, 2);
    EXPECT_EQ(complaints(said).size(), 1U) << said.err;
    const bool is_for_programs = words.back() == "--json";
    EXPECT_EQ(said.out.find("{\"error\":{\"code\":\"usage\""), is_for_programs ? 0 : std::string::npos) << said.out;
    EXPECT_EQ(said.out.empty(), !is_for_programs);
  }
}

TEST_F(Export, AFullDeviceIsAFailureAndAClosedPipeIsNot) {
  const auto shell = [&](const std::string& command) {
    Child child(
        {"/bin/bash", "-c", "set -o pipefail; " + command, "bash", BURSAR_EXECUTABLE, finished_house().data_dir});
    const int code = child.wait().code;
    return std::pair{code, child.output()};
  };
  const std::string run = "\"$1\" ledger export --format hledger --data-dir \"$2\" ";
  EXPECT_EQ(
      shell(run + ">/dev/full"),
      (std::pair{1, std::string("bursar: ledger export: can't write to standard output: No space left on device\n")}));
  const auto [code, text] = shell(run + "| head -n 1");
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, MatchesRegex("; Bursar's ledger of deployment [0-9a-f]{16}, for hledger.\n"));
}

// The database of --dsn holds no ledger: the export fails after its file was begun.
TEST_F(Export, AFailedExportLeavesTheOldFileAndNoHalfOne) {
  const fs::path file = folder_.path() / "books";
  write_text(file, "the old one\n");
  const Said said =
      bursar({"ledger", "export", "--format", "hledger", "--output", file.string(), "--dsn", dsn(empty_database())});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(complaints(said), ElementsAre(HasSubstr("this database holds no ledger of Bursar")));
  EXPECT_EQ(read_text(file), "the old one\n");
  EXPECT_EQ(files(), 1U);
}

// A ledger that is locked keeps the export waiting with its file begun.
TEST_F(Export, AnInterruptedExportLeavesTheOldFileAndNoHalfOne) {
  const fs::path file = folder_.path() / "books";
  write_text(file, "the old one\n");
  const std::string database = dsn(fresh_database());
  ledger::Connection holder(database);
  ASSERT_TRUE(holder.call({"lock", "SELECT pg_advisory_lock(1)", true}).has_value());
  ASSERT_TRUE(
      holder.run("ALTER TABLE ledger.deployment RENAME TO held; CREATE VIEW ledger.deployment AS SELECT held.* "
                 "FROM ledger.held, LATERAL (SELECT pg_advisory_lock(1)) AS waits"));
  const auto run =
      start_bursar({"ledger", "export", "--format", "hledger", "--output", file.string(), "--dsn", database});
  ASSERT_TRUE(wait_until([&] { return files() == 2; })) << run->output();
  run->send(SIGTERM);
  EXPECT_NE(run->wait().code, 0);
  EXPECT_EQ(read_text(file), "the old one\n");
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace tests
