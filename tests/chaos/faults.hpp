// tests/chaos/faults.hpp: what is done to a site, and when: drawn from a seed, the same for the same seed. Every fault
// has an end, after which all is whole again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/site.hpp"

namespace tests::chaos {

enum class Kind {
  kill,           // SIGKILL of a part; started again after a while
  stop,           // SIGSTOP for longer than any lease, then SIGCONT: a sender that wakes up
  cable,          // pulled, and plugged in again
  loss,           // of so many per cent of its host's packets, both ways
  delay,          // the relay hands on so many milliseconds late, both ways
  stall,          // the relay hands on nothing
  postgres_fast,  // PostgreSQL stopped in this way; started again after a while
  postgres_immediate,
  postgres_kill,
  promote,  // PostgreSQL lost for good; after a while its standby is promoted
  twin,     // a second worker of the same name
  pause,    // of all buys, ordered by a person; resumed after a while
  freeze,   // of everything; lifted after a while
};

struct Fault {
  std::int64_t after = 0;  // once the ledger holds so many transitions
  Kind kind = Kind::kill;
  std::string target;
  std::int64_t lasts_ms = 0;
  std::int64_t strength = 0;  // per cent or milliseconds
};

inline constexpr int faults_each = 5;  // in one round

// Of one round: some of them at the same moment, all of them below three fifths of `transitions`. Seeds one after the
// other take every kind and target in turn. REQUIRES: count is at most faults_each.
std::vector<Fault> draw_faults(std::uint64_t seed, int count, std::int64_t transitions);
std::string to_text(const Fault& fault);
// Whether a replay with this fault may come to another end than without it: what was not placed may not be later.
bool changes_the_end(const Fault& fault);

// What became of a fault.
struct Course {
  Fault fault;
  std::int64_t began_ms = -1, ended_ms = -1;  // since the start; -1: it did not come to that
  std::int64_t at_transition = 0;
  std::int64_t lost = 0;  // packets
};
std::string to_text(const Course& course);

struct Ground {
  Network& network;
  Postgres& postgres;
  Relay& relay;
};

// Plays the site's replay to its end with these faults on the way; whatever happens, everything is healed afterwards.
// Returns when the replay is finished, or nothing has moved for long after the last fault (Site::finished() tells).
std::vector<Course> play(const std::vector<Fault>& faults, Ground ground, Site& site);

}  // namespace tests::chaos
