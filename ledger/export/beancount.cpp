// ledger/export/beancount.cpp: the journal as beancount reads it. Nothing is tolerated: the multiplier of inferred
// tolerances is 0 and every assertion says "~ 0". A `balance` holds at the start of its day, so the end of a day is
// asserted on the next. Its decimals round at 28 digits, hence digits().
#include <fmt/format.h>

#include <iterator>

#include "ledger/export/dialect.hpp"

namespace ledger::exports {
namespace {

class Beancount final : public Dialect {
 public:
  [[nodiscard]] int digits() const override { return 28; }

  void preamble(std::string& out, const std::string& deployment) const override {
    fmt::format_to(std::back_inserter(out),
                   "; Bursar's ledger of deployment {}, for beancount.\n"
                   "; Amounts are exact; what was credited is positive; days are UTC.\n"
                   "option \"title\" \"Bursar {}\"\n"
                   "option \"inferred_tolerance_multiplier\" \"0\"\n"
                   "plugin \"beancount.plugins.check_commodity\"\n"
                   "plugin \"beancount.plugins.leafonly\"\n",
                   deployment, deployment);
  }

  void commodity(std::string& out, Day first, const std::string& name, const std::string& code, int) const override {
    fmt::format_to(std::back_inserter(out), "\n{} commodity {}\n  code: \"{}\"\n", date_text(first), name, plain(code));
  }

  void account(std::string& out, Day first, const std::string& name, const std::string& path,
               const std::string& commodity) const override {
    fmt::format_to(std::back_inserter(out), "\n{} open {} {}\n  path: \"{}\"\n", date_text(first), name, commodity,
                   plain(path));
  }

  void movement(std::string& out, const Movement& one) const override {
    fmt::format_to(std::back_inserter(out),
                   "\n{} * \"{}\"\n  instance: {}\n  version: {}\n  leg: {}\n  at: \"{}\"\n  {}  {} {}\n  {}  -{} {}\n",
                   date_text(day_of(one.at)), plain(one.code), one.instance, one.version, one.leg, time_text(one.at),
                   one.to, one.amount, one.commodity, one.from, one.amount, one.commodity);
  }

  void close(std::string& out, const Close& one) const override {
    fmt::format_to(std::back_inserter(out), "\n{} balance {}  {} ~ 0 {}\n", date_text(one.day + 1), one.account,
                   one.balance, one.commodity);
  }
};

}  // namespace

const Dialect& beancount_dialect() {
  static const Beancount dialect;
  return dialect;
}

}  // namespace ledger::exports
