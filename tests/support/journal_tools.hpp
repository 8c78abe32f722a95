// tests/support/journal_tools.hpp: hledger and beancount, the tools that are not ours, as a test asks them.
#pragma once

#include <filesystem>
#include <string>

namespace tests {

// Which of them is not installed; empty when both are. A test that finds one missing says GTEST_SKIP() with it.
std::string no_journal_tools_because();

struct Answer {
  int code = 0;
  std::string text;  // both outputs
};

// Every check that hledger has for a journal of ours: strict, and its days in order.
Answer hledger_check(const std::filesystem::path& journal);
Answer bean_check(const std::filesystem::path& journal);
// "account","amount commodity" (hledger) and account,amount,commodity (beancount), one a line; accounts that nothing
// moved may be missing.
Answer hledger_balances(const std::filesystem::path& journal);
Answer beancount_balances(const std::filesystem::path& journal);

}  // namespace tests
