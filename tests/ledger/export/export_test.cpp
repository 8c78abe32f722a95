// tests/ledger/export/export_test.cpp: a small ledger with everything odd in it, as journals that are on record and
// that the real tools accept, exactly as long as no digit is changed.
#include "ledger/export/export.hpp"

#include <gmock/gmock.h>

#include "ledger/journal/journal.hpp"
#include "tests/ledger/suite.hpp"
#include "tests/machines/golden.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/journal_tools.hpp"

namespace tests {
namespace {

using ledger::exports::Cause;
using ledger::exports::Format;
using ledger::exports::Written;
using testing::HasSubstr;

constexpr Instant day(int n) { return {n * machines::hours(24).us + 1}; }
constexpr machines::AssetId odd_asset{9};

// Two owners; an account above others; codes and paths that no tool would take as they are.
constexpr const char* rows =
    "UPDATE ledger.deployment SET name = '\\x0011223344556677'; "
    "INSERT INTO ledger.asset VALUES (1, 'USDT', 8), (9, 'st\"ETH;', 24), (10, 'TRUE', 0); "
    "INSERT INTO ledger.owner VALUES (1, 'one', 7), (2, 'Two & sons', 7); "
    "INSERT INTO ledger.control (owner) VALUES (1), (2); "
    "INSERT INTO ledger.account (owner, id, asset, path, limited) VALUES (1, 1, 1, 'outside', false), "
    "(1, 2, 1, 'cash', true), (1, 3, 1, 'cash/shop', false), (1, 4, 9, 'a: b  c', false), (1, 5, 9, 'cash-', true), "
    "(1, 6, 1, 'never', true), (2, 7, 10, 'cash', false), (2, 8, 10, '', true)";

Posting pay_in(machines::AssetId asset, std::int64_t from, std::int64_t to, Int128 minor, std::string_view code) {
  return {PostingKind::single, {from}, {to}, Amount(asset, minor), code, {}};
}

class Export : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because() + no_journal_tools_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    must_run(database_, rows);
  }
  void TearDown() override {
    if (!database_.empty()) drop_database(database_);
  }

  InstanceId commit(const Step& step) {
    ledger::Connection connection(dsn(database_, "bursar_service"));
    const auto results = ledger::journal::Journal(connection).commit(ledger_shard, 0, {&step, 1});
    CHECK(results.has_value());
    EXPECT_EQ(results->at(0).outcome, Outcome::committed) << name_of(results->at(0).refusal);
    return results->at(0).born.empty() ? InstanceId{0} : results->at(0).born[0];
  }

  // Moves on three days, a hold that is posted in part and one that is given back, and a step for an earlier day.
  void fill() {
    const InstanceId till = commit(with(birth({1}, day(0)), {pay({1}, {2}, 100'000'000'001, "fund")}));
    commit(with(next({1}, till, 1, day(0)), {hold({2}, {3}, 500), hold({2}, {3}, 7)}));
    commit(with(next({1}, till, 2, day(1)), {post({till, 2, 1}, {2}, {3}, 499)}));
    commit(with(next({1}, till, 3, day(2)), {release({till, 2, 2}, {2}, {3}), pay({2}, {3}, 3, "a; b:c, d")}));
    commit(with(next({1}, till, 4, day(1)), {pay({3}, {2}, 1, "late")}));
    const Int128 minor = machines::power_of_ten(27) * 9 + 1;
    commit(with(birth({1}, day(2)), {pay_in(odd_asset, 4, 5, minor, "")}));
    commit(with(birth({2}, day(2)), {pay_in({10}, 7, 8, 42, "pay")}));
  }

  std::string journal(Format format) {
    std::string text;
    ledger::Connection connection(acting_as(database_, "bursar_operator"));
    const auto written = ledger::exports::write_journal(connection, format, [&](std::string_view bytes) {
      text += bytes;
      return true;
    });
    CHECK(written.has_value());
    EXPECT_EQ(written->bytes, static_cast<std::int64_t>(text.size()));
    written_ = *written;
    return text;
  }

  Answer check(Format format, const std::string& text) {
    const auto file = folder_.path() / "journal.beancount";
    write_text(file, text);
    return format == Format::hledger ? hledger_check(file) : bean_check(file);
  }

  TempFolder folder_;
  std::string database_;
  Written written_;
};

TEST_F(Export, IsOnRecordAndTheToolsAcceptIt) {
  fill();
  const std::string for_hledger = journal(Format::hledger);
  const std::string for_beancount = journal(Format::beancount);
  expect_golden("tests/ledger/export/golden.hledger", for_hledger);
  expect_golden("tests/ledger/export/golden.beancount", for_beancount);
  EXPECT_EQ(written_.transactions, 6);
  EXPECT_EQ(written_.accounts, 8);
  const Answer hledger = check(Format::hledger, for_hledger);
  EXPECT_EQ(hledger.code, 0) << hledger.text;
  const Answer beancount = check(Format::beancount, for_beancount);
  EXPECT_EQ(beancount.code, 0) << beancount.text;
}

TEST_F(Export, NoDigitOfAnyAmountCanBeChanged) {
  fill();
  for (const Format format : {Format::hledger, Format::beancount}) {
    const std::string whole = journal(format);
    int spoilt = 0;
    // The smallest digit of every amount: the one before a commodity, or before the tolerance and a commodity.
    for (std::size_t end = 0; (end = whole.find_first_of("0123456789", end)) != std::string::npos; ++end) {
      const std::string_view rest = std::string_view(whole).substr(end + 1);
      const bool is_last = rest.starts_with(" USDT") || rest.starts_with(" \"STETH-X9\"") ||
                           rest.starts_with(" STETH-X9") || rest.starts_with(" ~ 0 ") ||
                           rest.starts_with(" TRUE-X10") || rest.starts_with(" \"TRUE-X10\"");
      const auto line = whole.rfind('\n', end) + 1;
      const bool is_tolerance = whole.compare(end - 2, 2, "~ ") == 0;
      if (!is_last || is_tolerance || whole.compare(line, 9, "commodity") == 0) continue;
      std::string text = whole;
      text[end] = text[end] == '9' ? '8' : static_cast<char>(text[end] + 1);
      const Answer answer = check(format, text);
      EXPECT_NE(answer.code, 0) << text.substr(line, end + 10 - line);
      ++spoilt;
    }
    EXPECT_GE(spoilt, 20);
  }
}

// The assertions are what entries say, not what postings sum up to: so where these two part, an outside tool finds it.
TEST_F(Export, AnEntryThatItsPostingsDoNotMakeIsFoundByBothTools) {
  fill();
  must_run(database_,
           "SET session_replication_role = replica; UPDATE ledger.entry SET credits_posted = credits_posted + 1 "
           "WHERE account = 2 AND version = (SELECT max(version) FROM ledger.entry WHERE account = 2)");
  for (const Format format : {Format::hledger, Format::beancount}) {
    const Answer answer = check(format, journal(format));
    EXPECT_NE(answer.code, 0);
    EXPECT_THAT(answer.text, HasSubstr("Assets:One:Cash:X-own"));
  }
}

TEST_F(Export, AnEmptyLedgerIsAJournalToo) {
  for (const Format format : {Format::hledger, Format::beancount}) {
    const Answer answer = check(format, journal(format));
    EXPECT_EQ(answer.code, 0) << answer.text;
    EXPECT_EQ(written_.transactions + written_.assertions, 0);
  }
}

TEST_F(Export, ChunksJoinWithoutSeam) {
  InstanceId till = commit(birth({1}, day(0)));
  for (int version = 1; version <= 5; ++version)
    commit(with(next({1}, till, version, day(version)), std::vector<Posting>(500, pay({1}, {2}, 1))));
  const std::string text = journal(Format::hledger);
  EXPECT_EQ(written_.transactions, 2'500);
  EXPECT_EQ(written_.assertions, 10);
  const Answer answer = check(Format::hledger, text);
  EXPECT_EQ(answer.code, 0) << answer.text;
}

TEST_F(Export, MoreDigitsThanBeancountHasAreRefused) {
  commit(with(birth({1}), {pay({1}, {2}, machines::power_of_ten(38) - 1)}));
  EXPECT_EQ(check(Format::hledger, journal(Format::hledger)).code, 0);
  ledger::Connection connection(acting_as(database_, "bursar_operator"));
  const auto refused =
      ledger::exports::write_journal(connection, Format::beancount, [](std::string_view) { return true; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::digits);
  EXPECT_THAT(refused.error().text, HasSubstr("38 digits, more than the 28"));
}

TEST_F(Export, ASinkThatIsFullEndsItAndTheConnectionServesOn) {
  fill();
  ledger::Connection connection(acting_as(database_, "bursar_operator"));
  const auto ended =
      ledger::exports::write_journal(connection, Format::hledger, [](std::string_view) { return false; });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().cause, Cause::sink);
  const auto rows_after = connection.run("SELECT 1");
  EXPECT_TRUE(rows_after.has_value());
}

}  // namespace
}  // namespace tests
