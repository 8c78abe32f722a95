// ledger/store/error.hpp: StoreError, how PostgreSQL let us down, as a value that answers "may I retry, and with the
// same connection?".
#pragma once

#include <string>

#include "machines/core/result.hpp"

namespace ledger {

enum class StoreFailure {
  unavailable,  // no connection: nothing was done; reconnect with back-off and retry
  doubt,        // the connection broke during a write: look the row up by its key before anything else
  refused,      // PostgreSQL refused the statement: a bug or a wrong schema; retrying does not help
  conflict      // serialization or deadlock: nothing was done; retry with the same connection
};

struct StoreError {
  StoreFailure failure = StoreFailure::unavailable;
  std::string text;  // one line, without secrets
};

template <class T>
using Stored = machines::Result<T, StoreError>;

}  // namespace ledger
