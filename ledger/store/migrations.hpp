// ledger/store/migrations.hpp: brings a database to the schema of this program: the numbered files of schemas/sql, and
// the set of functions in schemas/sql/functions. Both are pinned by SHA-256: a changed file, a gap, a schema or set
// newer than this program, and a schema of before the sets are refused, each by name, and nothing is touched.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"

namespace ledger {

// The number of the newest migration this program knows.
int newest_migration();

// Applies what is missing, all in one transaction, under an advisory lock; no other code changes the schema. Returns
// how many files and sets it applied. REQUIRES: the owner's role. Errors: refused (with the file's name and what to
// do), unavailable, doubt (run again: it looks at what stands).
Stored<int> migrate(Connection& connection);

// Why this program can't work with the schema as it stands, and what to do: it is of before the sets, newer, or not yet
// brought up. Nothing where it can, or where the database holds no ledger. Numbers alone: whether a file is the one
// that was applied is judged by migrate(), and by verification. Reads only. Errors: the connection's, also where
// the login may not look.
Stored<std::optional<std::string>> schema_objection(Connection& connection);

// One set of functions: its number, from 1 on, and SHA-256 in hex over its files, one after the other.
struct FunctionSet {
  int number = 0;
  std::string sha256;
};

// Those of functions/sets.txt, oldest first. CHECKs that they count from 1.
std::vector<FunctionSet> known_function_sets();

// Today's files: what the last line of sets.txt must say.
std::string sha256_of_functions();

}  // namespace ledger
