#include "deploy/operations/error.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "ledger/store/dsn.hpp"
#include "machines/core/check.hpp"

namespace deploy::operations {
namespace {

using enum ErrorCode;

constexpr auto rows = std::to_array<ErrorRow>({
    {usage, "usage", "the words can't be meant", "see `--help` of the command"},
    {config, "config", "the configuration or the data folder can't be used", "mend what the message names"},
    {not_found, "not_found", "there is nothing of that name or number", "list what there is"},
    {exists, "exists", "there is one already", "look at it, or choose another name"},
    {not_confirmed, "not_confirmed", "it would change more than one thing, or money", "look, then add `--yes`"},
    {refused, "refused", "a rule of the house or of the venue says no", "mend what the message names"},
    {changed, "changed", "it has changed since it was looked at", "look again, then order it again"},
    {not_running, "not_running", "the house that would do it is not running", "`bursar up` starts it"},
    {unavailable, "unavailable", "PostgreSQL or the venue does not answer", "try again"},
    {in_doubt, "in_doubt", "the connection broke: done or not is unknown", "look before you order it again"},
    {conflict, "conflict", "others wrote at the same time; nothing was done", "try again"},
    {forbidden, "forbidden", "this login has no right to it", "ask the owner of the ledger"},
    {no_ledger, "no_ledger", "the database holds no ledger that this program knows", "check `--dsn`"},
    {unsound, "unsound", "it was done, and what it found is not as it must be", "read the result below the error"},
    {failed, "failed", "anything else", "read the message"},
});

constexpr bool are_in_order() {
  for (std::size_t at = 0; at < rows.size(); ++at)
    if (static_cast<std::size_t>(rows[at].code) != at) return false;
  return rows.size() == static_cast<std::size_t>(failed) + 1;
}
static_assert(are_in_order());

ErrorCode code_of(ledger::StoreFailure failure) {
  switch (failure) {
    case ledger::StoreFailure::unavailable:
      return unavailable;
    case ledger::StoreFailure::doubt:
      return in_doubt;
    case ledger::StoreFailure::conflict:
      return conflict;
    case ledger::StoreFailure::refused:
      break;
  }
  return failed;
}

}  // namespace

std::span<const ErrorRow> error_rows() { return rows; }

const ErrorRow& row_of(ErrorCode code) {
  const auto at = static_cast<std::size_t>(code);
  CHECK(at < rows.size());
  return rows[at];
}

Error store_error(const LedgerPlace& place, const ledger::StoreError& error) {
  if (error.cause == ledger::StoreCause::not_ours)
    return {no_ledger, error.text,
            "this database holds no ledger of Bursar: check --dsn, or let `bursar up` make one in it"};
  if (error.cause == ledger::StoreCause::no_permission)
    return {
        forbidden, error.text,
        fmt::format("`GRANT {} TO {}` gives a login what people order and look at; what remains is the owner's alone",
                    operator_role, ledger::login_of(place.dsn))};
  if (error.failure != ledger::StoreFailure::unavailable) return {code_of(error.failure), error.text};
  return {unavailable, error.text,
          place.by_folder ? "`bursar up` on this data folder starts it, if it is not just starting" : "check --dsn"};
}

machines::Failure<Error> store_failure(const LedgerPlace& place, const ledger::StoreError& error) {
  return machines::fail(store_error(place, error));
}

machines::Failure<Error> refuse(ErrorCode code, std::string text, std::string advice) {
  return machines::fail(Error{code, std::move(text), std::move(advice)});
}

machines::Failure<Error> no_reason_given() {
  return refuse(ErrorCode::usage, "--why is missing: whoever reads the history wants to know");
}

}  // namespace deploy::operations
