// deploy/replay/barriers/barrier.hpp: what several brokers have said about one world time. It has passed once their
// answers cover every shard that has an owner: a shard in which nothing up to then was open stays so, whoever serves it
// later. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "schemas/codec/messages.hpp"

namespace deploy {

class Barrier {
 public:
  // What all brokers together say, once it is known: the least world time that all shards have passed, and the earliest
  // job that any of them has. A stalled answer speaks for all. REQUIRES: answers for the same question.
  std::optional<schemas::Released> take(const std::string& broker, const schemas::Released& released);
  // All of so many have answered, and yet some shard is missing: it was changing hands. Ask again.
  [[nodiscard]] bool is_incomplete(std::size_t brokers) const { return answers_.size() == brokers && !whole(); }
  void clear() { answers_.clear(); }

 private:
  [[nodiscard]] std::optional<schemas::Released> whole() const;
  std::map<std::string, schemas::Released> answers_;
};

}  // namespace deploy
