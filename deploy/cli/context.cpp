#include "deploy/cli/context.hpp"

#include <fmt/format.h>

#include "deploy/terminal/print.hpp"
#include "ledger/store/dsn.hpp"

namespace deploy {
namespace {

// What to do where the database can't be reached, or is none of ours.
std::string advice(const CommandContext& context, const ledger::StoreError& error) {
  if (error.cause == ledger::StoreCause::not_ours)
    return "; this database holds no ledger of Bursar: check --dsn, or let `bursar up` make one in it";
  if (error.cause == ledger::StoreCause::no_permission)
    return fmt::format(
        "; `GRANT {} TO {}` gives a login what people order and look at; what remains is the owner's alone",
        operator_role, ledger::login_of(context.dsn));
  if (error.failure != ledger::StoreFailure::unavailable) return "";
  return context.by_folder ? "; `bursar up` on this data folder starts it, if it is not just starting"
                           : "; check --dsn";
}

}  // namespace

int failed(const CommandContext& context, const std::string& what, const ledger::StoreError& error) {
  print_text(stderr, "bursar: {}: {}{}\n", what, error.text, advice(context, error));
  return 1;
}

int wrong(const std::string& text) {
  print_text(stderr, "bursar: {}\n", text);
  return 2;
}

}  // namespace deploy
