// tests/deploy/cli/line.hpp: line(), one command line of chosen nouns, read and run in this very process.
#pragma once

#include <string>
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

}  // namespace tests
