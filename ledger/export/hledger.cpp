// ledger/export/hledger.cpp: the journal as hledger reads it. Commodities are declared with all their decimals, since
// hledger balances a transaction at the shown precision; "==" asserts that an account holds this balance and nothing
// else. Assertions hold at their place in the file among those of a day, so they come last.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ledger/export/dialect.hpp"

namespace ledger::exports {
namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// A symbol with anything but letters is quoted; commodity_name() makes no quotes.
std::string symbol(const std::string& name) {
  return std::all_of(name.begin(), name.end(), is_letter) ? name : "\"" + name + "\"";
}

class Hledger final : public Dialect {
 public:
  [[nodiscard]] int digits() const override { return 0; }

  void preamble(std::string& out, const std::string& deployment) const override {
    fmt::format_to(std::back_inserter(out),
                   "; Bursar's ledger of deployment {}, for hledger.\n"
                   "; Amounts are exact; what was credited is positive; days are UTC.\n"
                   "decimal-mark .\n",
                   deployment);
  }

  void commodity(std::string& out, Day, const std::string& name, const std::string& code, int scale) const override {
    fmt::format_to(std::back_inserter(out), "\ncommodity 1000.{} {}\n  ; code:{}\n",
                   std::string(static_cast<std::size_t>(scale), '0'), symbol(name), plain(code));
  }

  void account(std::string& out, Day, const std::string& name, const std::string& path,
               const std::string&) const override {
    fmt::format_to(std::back_inserter(out), "\naccount {}\n  ; path:{}\n", name, plain(path));
  }

  void movement(std::string& out, const Movement& one) const override {
    const std::string unit = symbol(one.commodity);
    fmt::format_to(std::back_inserter(out),
                   "\n{} * {}\n  ; instance:{}, version:{}, leg:{}, at:{}\n  {}  {} {}\n  {}  {} {}\n",
                   date_text(day_of(one.at)), plain(one.code), one.instance, one.version, one.leg, time_text(one.at),
                   one.to, one.amount, unit, one.from, "-" + one.amount, unit);
  }

  void close(std::string& out, const Close& one) const override {
    const std::string unit = symbol(one.commodity);
    fmt::format_to(std::back_inserter(out), "\n{} * end of day\n  {}  0 {} == {} {}\n", date_text(one.day), one.account,
                   unit, one.balance, unit);
  }
};

}  // namespace

const Dialect& hledger_dialect() {
  static const Hledger dialect;
  return dialect;
}

}  // namespace ledger::exports
