// tests/deploy/cli/line.hpp: line(), one command line of chosen nouns, read and run in this very process; and what it
// is to say.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "deploy/cli/commands.hpp"
#include "tests/support/captured.hpp"

namespace tests {

using Nouns = std::vector<void (*)(deploy::Commands&)>;

inline Captured line(const Nouns& nouns, std::vector<std::string> words) {
  words.insert(words.begin(), "bursar");
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  return captured([&] {
    deploy::Commands commands("the nouns of a test");
    for (const auto& add : nouns) add(commands);
    return commands.run(static_cast<int>(argv.size()), argv.data());
  });
}

// A line of one noun on a ledger that can't be reached: words that are wrong are refused before, others by their act.
inline Captured unreached(void (*noun)(deploy::Commands&), const std::string& name, std::vector<std::string> words) {
  words.insert(words.begin(), name);
  words.insert(words.end(), {"--dsn", "host=/nowhere"});
  return line({noun}, std::move(words));
}

// Nothing but one complaint that holds `what`.
inline void expect_complaint(const Captured& said, int code, const std::string& what) {
  EXPECT_EQ(said.code, code) << said.err;
  EXPECT_THAT(said.err, testing::AllOf(testing::StartsWith("bursar: "), testing::HasSubstr(what)));
  EXPECT_EQ(said.out, "");
}

}  // namespace tests
