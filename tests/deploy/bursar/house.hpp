// tests/deploy/bursar/house.hpp: the real executable as a user meets it: a command line goes in, both outputs and the
// exit code come out. Each finished house is made once per test program.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child.hpp"
#include "tests/support/folder.hpp"

namespace tests {

using Words = std::vector<std::string>;

struct Said {
  int code = 0;
  std::string out, err;
  [[nodiscard]] nlohmann::json last_line() const;  // of `out`; discarded where it is no JSON
};

// Runs `bursar WORDS...` to its end, in an empty folder, with nothing of the caller's BURSAR_* settings.
Said bursar(const Words& words, Words environment = {});
// The same without waiting; both outputs in Child::output().
std::unique_ptr<Child> start_bursar(const Words& words);

// A configuration file of the test's own: a sample of so many bars, and further lines of TOML.
std::string config_file(const TempFolder& folder, int bars, const std::string& more = "");

// A house with a finished replay of 200 sample bars, stopped; and what its run said.
struct Finished {
  TempFolder folder;
  std::string config;
  std::string data_dir;
  Said said;
};
const Finished& finished_house();

// Lines that begin with "bursar: ": what a user must read when something went wrong.
std::vector<std::string> complaints(const Said& said);

}  // namespace tests
