// deploy/terminal/arguments.hpp: what is wrong with a command line, in one sentence that says what to do.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace deploy {

// The data folder where none is named: $BURSAR_DATA_DIR, root's own, or one below the user's home ($HOME, else that of
// the password file). Empty where this user has no home.
std::string default_folder();

// What CLI11 could not read.
std::string complaint(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words);
// The first of the words that is no UTF-8 text: neither the ledger nor JSON can hold it. Empty where all are.
std::string what_is_no_text(const std::vector<std::string>& words);
// The first argument of the chosen commands that was given an empty text, which would mean the default. Empty where
// none was.
std::string what_is_empty(const CLI::App& app);

}  // namespace deploy
