// deploy/replay/progress.hpp: the live line while a replay runs: a bar on a terminal, a line now and then elsewhere.
// Writes to standard error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "deploy/house/house.hpp"

namespace deploy {

class Progress {
 public:
  // `played`: the bars that an earlier run had played; the rate counts from here.
  Progress(std::size_t bars, std::size_t played);
  // Writes the line where it is due: five times a second on a terminal, every five seconds elsewhere.
  void show(std::size_t played, const House& house);
  // Takes the line off the terminal again; harmless when there is none.
  void end();

 private:
  std::size_t bars_, first_;
  bool terminal_;
  std::int64_t began_ms_, shown_ms_;
  std::size_t shown_ = 0;  // characters of the line that stands on the terminal
};

}  // namespace deploy
