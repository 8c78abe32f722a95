// tests/kill/gate.hpp: Gate, which lets the house commit one call at a time: each commit waits inside PostgreSQL,
// before its first write, until the gate lets it pass. So a test knows what is about to be committed, and that it has
// been.
#pragma once

#include <string>

#include "tests/kill/house.hpp"

namespace tests::kill {

// Holds the lock that every commit shares and a freeze takes alone.
class Gate {
 public:
  // Closes it: waits for the commit under way. The house runs.
  explicit Gate(House& house);
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Lets commits pass one by one until one waits whose job j is `command` of a machine in `state` and meets the
  // condition (SQL); false when the house ended before.
  bool catch_commit(const std::string& command, const std::string& state, const std::string& condition = "true");
  // Lets the commit that waits pass, and returns when it is over.
  void let_pass();
  void open();

 private:
  bool close();
  bool wait_for_commit();

  House& house_;
  ledger::Connection connection_;
  bool closed_ = false;
};

}  // namespace tests::kill
