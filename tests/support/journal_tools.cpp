#include "tests/support/journal_tools.hpp"

#include "tests/support/child.hpp"

namespace tests {
namespace {

constexpr const char* hledger = "/usr/bin/hledger";
constexpr const char* checker = "/usr/bin/bean-check";
constexpr const char* querier = "/usr/bin/bean-query";

Answer ask(const std::vector<std::string>& argv) {
  Child child(argv, {"LC_ALL=C.UTF-8"});
  const int code = child.wait().code;
  return {code, child.output()};
}

}  // namespace

std::string no_journal_tools_because() {
  for (const char* tool : {hledger, checker, querier})
    if (!std::filesystem::exists(tool)) return std::string(tool) + " is not installed";
  return "";
}

Answer hledger_check(const std::filesystem::path& journal) {
  return ask({hledger, "-f", journal.string(), "check", "--strict", "ordereddates"});
}

// Its cache of parsed files would lie beside the journal.
Answer bean_check(const std::filesystem::path& journal) { return ask({checker, "--no-cache", journal.string()}); }

Answer hledger_balances(const std::filesystem::path& journal) {
  return ask({hledger, "-f", journal.string(), "balance", "--flat", "--empty", "--no-total", "-O", "csv"});
}

Answer beancount_balances(const std::filesystem::path& journal) {
  return ask({querier, "-q", "-f", "csv", journal.string(),
              "SELECT account, sum(number), currency GROUP BY account, currency ORDER BY account"});
}

}  // namespace tests
