// tests/deploy/cli/books/ledger_test.cpp: the words of `bursar ledger`: each reaches its act, by a database that can't
// be reached.
#include "deploy/cli/books/ledger.hpp"

#include <gmock/gmock.h>

#include "tests/deploy/cli/line.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using testing::HasSubstr;

class LedgerWords : public testing::Test {
 protected:
  Captured say(std::vector<std::string> words) const {
    words.insert(words.end(), {"--data-dir", (folder_.path() / "data").string()});
    return unreached(deploy::add_ledger_commands, "ledger", words);
  }
  void expect_said(const std::vector<std::string>& words, int code, const std::string& what) const {
    expect_complaint(say(words), code, what);
  }
  TempFolder folder_;
};

TEST_F(LedgerWords, EachActIsReachedByItsName) {
  expect_said({"balances"}, 1, "bursar: ledger balances: ");
  expect_said({"verify"}, 1, "bursar: ledger verify: incomplete: ");
  expect_said({"export", "--format", "hledger"}, 1, "bursar: ledger export: ");
  expect_said({"checkpoint"}, 1, "there is no key to sign with");
}

TEST_F(LedgerWords, WhatTheyAreToldReachesTheAct) {
  expect_said({"checkpoint", "--anew"}, 2, "say why the checkpoints on record count no longer, with --why");
  expect_said({"checkpoint", "--anew", "--why", "lost"}, 2, "checkpoint.key: can't be written");
  expect_said({"export", "--format", "beancount", "--output", folder_.path().string()}, 2, "is a folder; name a file");
  EXPECT_THAT(say({"export", "--format", "beancount", "--json"}).err,
              HasSubstr("--json tells about the file of --output; name one"));
  EXPECT_THAT(say({"verify", "--json", "--full", "--no-freeze"}).out, HasSubstr("\"verdict\":\"incomplete\""));
}

TEST_F(LedgerWords, WhatCantBeMeantIsRefused) {
  expect_said({}, 2, "`bursar ledger` needs a command: balances, verify, checkpoint, export");
  expect_said({"export"}, 2, "--format is required");
  expect_said({"export", "--format", "gnucash"}, 2, "gnucash");
  expect_said({"balances", "--full"}, 2, "--full");
}

}  // namespace
}  // namespace tests
