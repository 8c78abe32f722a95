// tests/machines/golden.hpp: the full state x event matrix of a machine as text, and its comparison with a recorded
// one. BURSAR_GOLDEN=write records anew.
#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "machines/core/names.hpp"

namespace tests {

// One line per pair: "from  on  -> answer".
template <class State, class Event, class Answer>
std::string matrix(Answer answer) {
  std::ostringstream text;
  for (std::size_t s = 0; s < machines::count_of<State>; ++s)
    for (std::size_t e = 0; e < machines::count_of<Event>; ++e) {
      const auto from = static_cast<State>(s);
      const auto on = static_cast<Event>(e);
      std::string left(machines::name_of(from));
      left.resize(12, ' ');
      left += machines::name_of(on);
      left.resize(28, ' ');
      text << left << "-> " << answer(from, on) << '\n';
    }
  return text.str();
}

// `path` is below the repository's root.
inline void expect_golden(const std::string& path, const std::string& text) {
  const std::string file = std::string(BURSAR_SOURCE_DIR) + "/" + path;
  const char* mode = std::getenv("BURSAR_GOLDEN");
  if (mode != nullptr && std::string(mode) == "write") {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ostringstream recorded;
  recorded << std::ifstream(file, std::ios::binary).rdbuf();
  EXPECT_EQ(recorded.str(), text) << path << " records another machine: shipped rows are history";
}

}  // namespace tests
