// deploy/operations/error.hpp: Error, why an operation was not done, with a code that programs may hold on to: the
// words below never change, the sentences beside them may. No I/O; nothing here prints or throws.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "deploy/house/ledger_place.hpp"
#include "ledger/store/error.hpp"
#include "machines/core/result.hpp"

namespace deploy::operations {

// Append-only. Each has one row in error_rows(), and one in README.md.
enum class ErrorCode {
  usage,
  config,
  not_found,
  exists,
  not_confirmed,
  refused,
  changed,
  not_running,
  unavailable,
  in_doubt,
  conflict,
  forbidden,
  no_ledger,
  unsound,
  failed,
};

// What a code is called, what it means, and what to do where an error itself does not say better.
struct ErrorRow {
  ErrorCode code;
  std::string_view word, meaning, advice;
};
// One a code, in the order of the enumerators.
std::span<const ErrorRow> error_rows();
const ErrorRow& row_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::failed;
  std::string text;         // one sentence without a full stop: what is wrong
  std::string advice = {};  // what to do about it; empty: what the code's row says
};

// What an operation comes to: its value, or why there is none.
template <class T>
using Outcome = machines::Result<T, Error>;

// Why the ledger could not be read or written, and what that place should do about it.
Error store_error(const LedgerPlace& place, const ledger::StoreError& error);
// ... as an outcome: `return store_failure(place, rows.error())`.
machines::Failure<Error> store_failure(const LedgerPlace& place, const ledger::StoreError& error);
// A refusal as an outcome: `return refuse(ErrorCode::not_found, "there is no owner `x`")`.
machines::Failure<Error> refuse(ErrorCode code, std::string text, std::string advice = {});
// What changes something is told why: the history keeps it.
machines::Failure<Error> no_reason_given();

}  // namespace deploy::operations
