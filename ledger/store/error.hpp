// ledger/store/error.hpp: StoreError, how PostgreSQL let us down, as a value that answers "may I retry, and with the
// same connection?", and why by a code. Nothing hangs on its text, which is for people.
#pragma once

#include <string>
#include <string_view>

#include "machines/core/result.hpp"

namespace ledger {

enum class StoreFailure {
  unavailable,  // no connection: nothing was done; reconnect with back-off and retry
  doubt,        // the connection broke during a write: look the row up by its key before anything else
  refused,      // PostgreSQL refused the statement: a bug or a wrong schema; retrying does not help
  conflict      // serialization or deadlock: nothing was done; retry with the same connection
};

// What PostgreSQL said, where the caller's answer depends on it.
enum class StoreCause {
  other,
  epoch_moved,       // BU001: the shard is at another epoch than the call named
  does_not_fit,      // BU002: a step of an unchecked call does not fit; a checked call says which
  step_epoch,        // BU003: of such a call, a step's epochs are no longer in force
  crossing,          // BU011: a sleeve would pay another one
  moved_on,          // BU013: what the call was decided from has changed
  duplicate,         // 23505: the row is there already
  constraint,        // 23xxx: another constraint
  transaction_over,  // 25P02: an earlier statement has ended the transaction
  no_permission,     // 42501, or the login may not use the database
  not_ours,          // 42P01, 3F000, 42883: no such table, schema or function
  wrong_password,
};
// The cause of a five-letter SQLSTATE.
StoreCause cause_of(std::string_view sqlstate);

struct StoreError {
  StoreFailure failure = StoreFailure::unavailable;
  std::string text;  // one line, without secrets
  StoreCause cause = StoreCause::other;
};

template <class T>
using Stored = machines::Result<T, StoreError>;

}  // namespace ledger
