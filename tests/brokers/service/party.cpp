#include "tests/brokers/service/party.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include "brokers/service/service.hpp"
#include "workers/harness/harness.hpp"

namespace tests {
namespace {

namespace wire = brokers::wire;
using workers::handlers::Decision;

std::atomic<bool> told_to_stop = false;

class Drill : public workers::handlers::Handler {
 public:
  [[nodiscard]] schemas::Capability capability() const override { return {"drill", 1, {}}; }
  [[nodiscard]] bool is_pure(std::string_view command) const override { return command == "spin"; }

  Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const override {
    if (job.command == "wait") return workers::handlers::GiveUp{machines::CallError::retry_later, 20, "not yet", false};
    if (job.command == "abort") std::abort();
    auto step = workers::handlers::step_for(job, facts, machines::Fate::done);
    machines::Move move;
    move.instance = machines::Subject::of(job.key.instance);
    move.kind = "drill";
    move.version = facts.version;
    move.from = facts.state == "tick" ? "tick" : "tock";  // never a view of facts: they go before the commit
    move.to = facts.state == "tick" ? "tock" : "tick";
    move.event = "swing";
    move.command = "turn";
    move.data = job.command == "bad" ? "\xff" : facts.data;
    if (facts.version + 1 < last_version)
      step.jobs.push_back({move.instance, job.command == "spin" ? "spin" : "turn", false, job.world_at, {}});
    step.moves.push_back(std::move(move));
    step.postings.push_back({machines::PostingKind::single, {1}, {2}, machines::Amount({1}, 5), "drill", {}});
    return workers::handlers::Commit{std::move(step), {}};
  }
  Decision on_answer(const machines::LeasedJob&, const ledger::journal::Facts&,
                     const workers::handlers::Answer&) const override {
    return workers::handlers::GiveUp{machines::CallError::rejected, 0, "a drill calls nobody", true};
  }
};

wire::CurveKeys keys_of(const std::string& folder, const std::string& who) {
  const auto keys = wire::read_keys(folder + "/" + who);
  CHECK(keys.has_value());
  return *keys;
}

// Of the command "slow", that nothing but the test of limits uses.
brokers::dispatch::Limit few_slow_ones() {
  brokers::dispatch::Limit limit;
  limit.name = "slow-ones";
  limit.match = {"drill", "slow"};
  limit.per = brokers::dispatch::Per::all;
  limit.rate = 5;
  return limit;
}

std::string endpoint_of(const std::string& folder, int number) {
  return "ipc://" + folder + "/socket-" + std::to_string(number);
}

int broker_main(const std::string& folder, const std::string& dsn, int ttl_ms, int number) {
  brokers::service::BrokerConfig config;
  config.name = "broker-" + std::to_string(number);
  config.endpoint = endpoint_of(folder, number);
  config.seat_ttl_ms = 1'000;
  config.dsn = dsn;
  config.keys = keys_of(folder, "broker");
  config.peers[keys_of(folder, "worker").public_key] = {wire::Role::worker, "worker"};
  config.peers[keys_of(folder, "client").public_key] = {wire::Role::client, "client"};
  config.peers[keys_of(folder, "rival").public_key] = {wire::Role::worker, "rival"};
  config.peers[keys_of(folder, "approver").public_key] = {wire::Role::approver, "approver"};
  config.peers[keys_of(folder, "operator").public_key] = {wire::Role::operator_, "operator"};
  config.rules.heartbeat_us = 100'000;
  config.rules.ttl_us = 1'000 * std::int64_t{ttl_ms};
  config.rules.retry = brokers::dispatch::RetryRules({.first_ms = 5, .most_tries = 5});
  config.rules.limits.push_back(few_slow_ones());
  return brokers::service::run(config, told_to_stop);
}

int worker_main(const std::string& folder, const std::string& dsn, const std::string& name, int brokers) {
  workers::harness::WorkerConfig config;
  config.name = name;
  for (int number = 1; number <= brokers; ++number)
    config.brokers.push_back({endpoint_of(folder, number), keys_of(folder, "broker").public_key});
  config.dsn = dsn;
  config.keys = keys_of(folder, "worker");
  const auto make = [](ledger::Connection& connection) -> ledger::Stored<workers::harness::Handlers> {
    if (const auto there = connection.connect(); !there) return machines::fail(there.error());
    workers::harness::Handlers handlers;
    handlers.push_back(std::make_unique<Drill>());
    return handlers;
  };
  return workers::harness::run(config, make, told_to_stop);
}

}  // namespace

Party::Party(int brokers) : brokers_(brokers) {
  for (const char* who : {"broker", "worker", "rival", "client", "approver", "operator", "stranger"})
    CHECK(wire::write_keys(at(who), wire::make_keys()).has_value());
}

void Party::seed(int count, const std::string& command, std::int64_t world_us, int owner) {
  (void)ask(fmt::format(R"(
    SET search_path = ledger;
    INSERT INTO asset (id, code, scale) VALUES (1, 'USDT', 8) ON CONFLICT DO NOTHING;
    INSERT INTO owner (id, name, shard) VALUES ({0}, 'owner-{0}', {0} - 1) ON CONFLICT DO NOTHING;
    INSERT INTO control (owner) VALUES ({0}) ON CONFLICT DO NOTHING;
    INSERT INTO account (owner, id, asset, path, limited)
      SELECT {0}, a, 1, 'drill/' || a, false FROM generate_series(1, 2) a ON CONFLICT DO NOTHING;
    WITH fresh AS (
      INSERT INTO instance (owner, id, kind, machine_version, state, version, is_final, data)
      SELECT {0}, coalesce((SELECT max(id) FROM instance), 0) + i, 'drill', 1, 'tick', 1, false, '{{}}'
        FROM generate_series(1, {1}) i RETURNING owner, id)
    INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, world_at)
    SELECT owner, id, 1, 0, owner - 1, 'drill', '{2}', {3} FROM fresh;)",
                        owner, count, command, world_us));
}

std::unique_ptr<Child> Party::broker(int ttl_ms, int number) const {
  return std::make_unique<Child>(std::vector<std::string>{"/proc/self/exe", "--broker", folder_.path().string(),
                                                          dsn(database_, "bursar_service"), std::to_string(ttl_ms),
                                                          std::to_string(number)});
}

std::unique_ptr<Child> Party::worker(const std::string& name, const std::string& dsn) const {
  return std::make_unique<Child>(std::vector<std::string>{"/proc/self/exe", "--worker", folder_.path().string(),
                                                          dsn.empty() ? service_dsn() : dsn, name,
                                                          std::to_string(brokers_)});
}

wire::DealerSocket Party::socket(const std::string& who, int number) {
  return {context_, endpoint_of(folder_.path().string(), number), keys_of(folder_.path(), who),
          keys_of(folder_.path(), "broker").public_key};
}

bool Party::all_arrive() const {
  return wait_until([&] {
    return number(fmt::format("SELECT count(*) FROM ledger.instance WHERE version < {}", last_version)) == 0;
  });
}

void Party::expect_sound(int drills) const {
  const std::int64_t steps = static_cast<std::int64_t>(drills) * (last_version - 1);
  EXPECT_EQ(number("SELECT count(*) FROM ledger.transition"), steps);
  EXPECT_EQ(number("SELECT count(DISTINCT (owner, instance, version)) FROM ledger.transition"), steps);
  EXPECT_EQ(number("SELECT sum(debits_posted)::bigint FROM ledger.account WHERE id = 1"), 5 * steps)
      << "each step paid once";
  EXPECT_EQ(number("SELECT sum(credits_posted)::bigint FROM ledger.account WHERE id = 2"), 5 * steps);
  EXPECT_TRUE(wait_until([&] { return number("SELECT count(*) FROM ledger.job") == 0; })) << "no job is left";
}

void say(wire::DealerSocket& socket, const schemas::Message& message) {
  EXPECT_TRUE(wait_until([&] { return socket.send(schemas::encode(message)) == wire::SendResult::sent; }));
}

std::optional<schemas::Message> hear(wire::DealerSocket& socket, std::chrono::seconds within) {
  wire::Poller poller;
  poller.add(socket);
  std::optional<std::string> bytes;
  (void)wait_until(
      [&] {
        poller.wait(std::chrono::milliseconds(20));
        return (bytes = socket.receive()).has_value();
      },
      within);
  if (!bytes) return std::nullopt;
  const auto message = schemas::decode(*bytes);
  EXPECT_TRUE(message) << message.error().reason;
  return message ? std::optional(*message) : std::nullopt;
}

void restart_postgres() {
  ASSERT_EQ(::kill(cluster().pid(), SIGKILL), 0);
  ASSERT_TRUE(wait_until([] {
    const auto health = cluster().watch();
    return health.has_value() && *health == deploy::Health::restarted;
  }));
  ASSERT_TRUE(wait_until([] {
    const auto health = cluster().watch();
    return health.has_value() && *health == deploy::Health::ready;
  }));
}

}  // namespace tests

int main(int count, char** words) {
  const std::string what = count >= 6 ? words[1] : "";
  if (what == "--broker" || what == "--worker") ::signal(SIGTERM, [](int) { tests::told_to_stop = true; });
  if (what == "--broker") return tests::broker_main(words[2], words[3], std::stoi(words[4]), std::stoi(words[5]));
  if (what == "--worker") return tests::worker_main(words[2], words[3], words[4], std::stoi(words[5]));
  testing::InitGoogleMock(&count, words);
  return RUN_ALL_TESTS();
}
