// tests/brokers/service/party.hpp: a broker and workers in processes of their own, which the test program becomes when
// it is started with --broker or --worker, on a real PostgreSQL; and the drill, a machine that counts to ten and moves
// money at each step.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "brokers/wire/socket.hpp"
#include "schemas/codec/messages.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {

inline constexpr int last_version = 10;

// Skips the test where no PostgreSQL can run.
#define NEEDS_POSTGRES() \
  if (const auto why = tests::no_cluster_because(); !why.empty()) GTEST_SKIP() << why

class Party {
 public:
  // Workers are told of so many brokers.
  explicit Party(int brokers = 1);

  // `count` drills of owner 1 on shard 0 (owner n on shard n - 1), each with one waiting job. Commands: turn (through
  // the broker each time), spin (handed over eagerly), wait (given up for ever), bad (PostgreSQL refuses the step),
  // abort (kills its worker), slow (the broker's one limit is of it: five a second).
  void seed(int count, const std::string& command, std::int64_t world_us = 0, int owner = 1);

  // `ttl_ms`: how long a worker may be silent. `number`: which of the brokers.
  std::unique_ptr<Child> broker(int ttl_ms = 1'000, int number = 1) const;
  // By another connection string than all others' where one is given.
  std::unique_ptr<Child> worker(const std::string& name, const std::string& dsn = "") const;
  [[nodiscard]] std::string service_dsn() const { return dsn(database_, "bursar_service"); }
  // worker, client, approver, operator, stranger; to one of the brokers
  [[nodiscard]] brokers::wire::DealerSocket socket(const std::string& who, int number = 1);

  [[nodiscard]] std::string socket_path() const { return at("socket-1"); }
  [[nodiscard]] std::string owner_dsn() const { return dsn(database_); }
  [[nodiscard]] ledger::Rows ask(const std::string& sql) const { return must_run(database_, sql); }
  [[nodiscard]] std::int64_t number(const std::string& sql) const { return ask(sql).number(0, 0); }
  // Waits until all drills have reached the last version.
  [[nodiscard]] bool all_arrive() const;
  // Gapless versions, one posting for each, sums of debits and credits equal, nothing leased or parked.
  void expect_sound(int drills) const;

 private:
  TempFolder folder_;
  int brokers_;
  std::string database_ = fresh_database();
  brokers::wire::Context context_;
  [[nodiscard]] std::string at(const std::string& name) const { return folder_.path() / name; }
};

// A client or a worker that the test plays itself.
void say(brokers::wire::DealerSocket& socket, const schemas::Message& message);
std::optional<schemas::Message> hear(brokers::wire::DealerSocket& socket,
                                     std::chrono::seconds within = std::chrono::seconds(30));
// Asks until an answer of this kind comes.
template <class Answer>
std::optional<Answer> ask(brokers::wire::DealerSocket& socket, const schemas::Message& question) {
  say(socket, question);
  while (const auto message = hear(socket))
    if (const auto* answer = std::get_if<Answer>(&*message)) return *answer;
  return std::nullopt;
}

// Stops PostgreSQL with SIGKILL and starts it again.
void restart_postgres();

}  // namespace tests
