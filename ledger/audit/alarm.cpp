#include "ledger/audit/alarm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ledger/books/vaults.hpp"
#include "ledger/env/times.hpp"

namespace ledger::audit {

using ledger::env::utc;

namespace {

// The owner in "posting (owner 3, instance ...": all where there is no such owner, for a changed row may name anybody.
constexpr SqlStatement concerned_statement = {
    "alarm_owners",
    "SELECT o.id, o.name FROM ledger.owner o WHERE NOT EXISTS (SELECT FROM ledger.owner n WHERE n.id::text = $1) "
    "OR o.id::text = $1 ORDER BY o.id",
    false};
constexpr SqlStatement impose_statement = {"alarm_impose", "SELECT ledger.impose($1, 'freeze', '', '', 'all', $2, $3)"};

std::string owner_in(const std::string& problem) {
  constexpr std::string_view before = "(owner ";
  const auto at = problem.find(before);
  if (at == std::string::npos) return "";
  const auto from = at + before.size();
  return problem.substr(from, problem.find_first_not_of("0123456789", from) - from);
}

}  // namespace

Stored<std::vector<std::string>> freeze_for(Connection& connection, const Verdict& verdict, const std::string& who) {
  const auto owners = connection.call(concerned_statement, Parameters().add(owner_in(verdict.problem)));
  if (!owners) return machines::fail(owners.error());
  const auto why = fmt::format("the ledger does not verify: {}: {}", verdict.pass, verdict.problem);
  std::vector<std::string> frozen;
  for (int row = 0; row < owners->size(); ++row) {
    const auto done = connection.call(impose_statement, Parameters().add(owners->number(row, 0)).add(who).add(why));
    if (!done) return machines::fail(done.error());
    frozen.emplace_back(owners->text(row, 1));
  }
  return frozen;
}

Stored<std::vector<std::string>> frozen_now(Connection& connection) {
  const auto controls = ledger::books::Vaults(connection).controls();
  if (!controls) return machines::fail(controls.error());
  std::vector<std::string> told;
  for (const auto& one : *controls)
    if (one.measure == "freeze")
      told.push_back(
          fmt::format("{} is frozen ({}) since {}, by {}: {}; its jobs wait until `bursar unfreeze --owner {}`",
                      one.owner, one.level, utc(one.since), one.who, one.why, one.owner));
  return told;
}

std::string frozen_text(const std::vector<std::string>& owners) {
  return fmt::format("frozen: {}; nothing leaves until a person has looked and says `bursar unfreeze`",
                     fmt::join(owners, ", "));
}

}  // namespace ledger::audit
