// tests/bench/node.cpp: the processes of the benchmarks. A private PostgreSQL with the settings of the product; the
// real broker service; the real worker harness with the drill, a two-state machine whose every step moves money between
// two accounts of its owner. "turn" travels through the broker each time; "spin" may be handed over eagerly; "ring" is
// a timer that is not wound up again.
#include <spdlog/spdlog.h>

#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <thread>

#include "brokers/service/service.hpp"
#include "deploy/cluster/cluster.hpp"
#include "ledger/store/migrations.hpp"
#include "workers/harness/harness.hpp"

namespace {

std::atomic<bool> stop = false;

constexpr std::int64_t accounts = 100'000;

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class Drill : public workers::handlers::Handler {
 public:
  explicit Drill(std::int64_t owners) : owners_(owners) {}
  [[nodiscard]] schemas::Capability capability() const override { return {"drill", 1, {}}; }
  [[nodiscard]] bool is_pure(std::string_view command) const override { return command == "spin"; }

  workers::handlers::Decision on_job(const machines::LeasedJob& job,
                                     const ledger::journal::Facts& facts) const override {
    const bool ticks = facts.state == "tick";
    auto step = workers::handlers::step_for(job, facts, machines::Fate::done);
    machines::Move move;
    move.instance = machines::Subject::of(job.key.instance);
    move.kind = "drill";
    move.version = facts.version;
    move.from = ticks ? "tick" : "tock";
    move.to = ticks ? "tock" : "tick";
    move.event = "swing";
    move.command = job.command == "spin" ? "spin" : job.command == "ring" ? "none" : "turn";
    move.data = facts.data;
    if (job.command != "ring") step.jobs.push_back({move.instance, move.command, false, job.world_at, {}});
    step.moves.push_back(std::move(move));
    const std::int64_t each = accounts / owners_;
    const std::int64_t first = (job.key.owner.value - 1) * each + 1;
    const auto drawn =
        mixed(static_cast<std::uint64_t>(job.key.instance.value) << 20 ^ static_cast<std::uint64_t>(facts.version));
    const auto debit = static_cast<std::int64_t>(drawn % static_cast<std::uint64_t>(each));
    const auto credit =
        (debit + 1 + static_cast<std::int64_t>((drawn >> 32) % static_cast<std::uint64_t>(each - 1))) % each;
    step.postings.push_back({machines::PostingKind::single,
                             {first + debit},
                             {first + credit},
                             machines::Amount({1}, static_cast<machines::Int128>(1 + drawn % 1'000'000)),
                             "drill",
                             {}});
    return workers::handlers::Commit{std::move(step), {}};
  }
  workers::handlers::Decision on_answer(const machines::LeasedJob&, const ledger::journal::Facts&,
                                        const workers::handlers::Answer&) const override {
    return workers::handlers::GiveUp{machines::CallError::rejected, 0, "a drill calls nobody", true};
  }

 private:
  std::int64_t owners_;
};

int usage() {
  std::cerr << "usage: bench_node cluster FOLDER | migrate DSN | keys FOLDER | broker FOLDER ENDPOINT DSN |\n"
               "                  worker FOLDER ENDPOINT DSN NAME OWNERS | clock FOLDER ENDPOINT STEP_US SECONDS\n";
  return 2;
}

int complain(const std::string& text, int exit_code = 1) {
  std::cerr << "bench_node: " << text << '\n';
  return exit_code;
}

// Makes and runs a private PostgreSQL in FOLDER until SIGTERM. Says where its programs and its socket are once it
// answers.
int cluster(const std::string& path) {
  const auto programs = deploy::find_postgres();
  if (!programs) return complain(programs.error().text, programs.error().exit_code);
  const auto folder = deploy::open_folder(path);
  if (!folder) return complain(folder.error().text, folder.error().exit_code);
  auto server = deploy::Cluster::open(*folder);
  if (!server) return complain(server.error().text, server.error().exit_code);
  std::cout << "programs " << programs->string() << "\nsocket " << deploy::ClusterPaths::below(*folder).sockets.string()
            << "\nready" << std::endl;
  while (!stop) {
    if (const auto health = server->watch(); !health || *health == deploy::Health::restarted)
      return complain("PostgreSQL died in the middle of a benchmark");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return 0;
}

int migrate(const std::string& dsn) {
  ledger::Connection connection(dsn);
  const auto applied = ledger::migrate(connection);
  return applied ? 0 : complain(applied.error().text);
}

int make_keys(const std::string& folder) {
  for (const char* name : {"/broker", "/worker", "/client"})
    if (!brokers::wire::write_keys(folder + name, brokers::wire::make_keys())) return 1;
  return 0;
}

int broker(const std::string& folder, const std::string& endpoint, const std::string& dsn) {
  brokers::service::BrokerConfig config;
  config.endpoint = endpoint;
  config.dsn = dsn;
  config.keys = brokers::wire::read_keys(folder + "/broker").value();
  config.peers[brokers::wire::read_public_key(folder + "/worker.pub").value()] = {brokers::wire::Role::worker,
                                                                                  "worker"};
  config.peers[brokers::wire::read_public_key(folder + "/client.pub").value()] = {brokers::wire::Role::client,
                                                                                  "client"};
  return brokers::service::run(config, stop);
}

int worker(const std::string& folder, const std::string& endpoint, const std::string& dsn, const std::string& name,
           std::int64_t owners) {
  workers::harness::WorkerConfig config;
  config.name = name;
  config.dsn = dsn;
  config.keys = brokers::wire::read_keys(folder + "/worker").value();
  config.brokers = {{endpoint, brokers::wire::read_public_key(folder + "/broker.pub").value()}};
  return workers::harness::run(
      config,
      [owners](ledger::Connection&) -> ledger::Stored<workers::harness::Handlers> {
        workers::harness::Handlers handlers;
        handlers.push_back(std::make_unique<Drill>(owners));
        return handlers;
      },
      stop);
}

std::int64_t us_of(auto time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

// Releases world time as wall time passes, one step after the other, and waits for none of them. World time 0 is when
// the first release was answered.
int clock(const std::string& folder, const std::string& endpoint, std::int64_t step_us, std::int64_t seconds) {
  brokers::wire::Context context;
  brokers::wire::DealerSocket socket(context, endpoint, brokers::wire::read_keys(folder + "/client").value(),
                                     brokers::wire::read_public_key(folder + "/broker.pub").value());
  brokers::wire::Poller poller;
  poller.add(socket);
  const auto given_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!stop && std::chrono::steady_clock::now() < given_up) {
    socket.send(schemas::encode(schemas::Release{{0}}));
    if (poller.wait(std::chrono::milliseconds(200)) && socket.receive()) break;
  }
  if (std::chrono::steady_clock::now() >= given_up) return complain("the broker does not answer");
  const auto began = std::chrono::steady_clock::now();
  std::cout << "began " << us_of(std::chrono::system_clock::now()) << std::endl;
  for (std::int64_t at = step_us; !stop && at <= seconds * 1'000'000; at += step_us) {
    std::this_thread::sleep_until(began + std::chrono::microseconds(at));
    socket.send(schemas::encode(schemas::Release{{at}}));
    while (socket.receive()) {
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::signal(SIGTERM, [](int) { stop = true; });
  std::signal(SIGINT, [](int) { stop = true; });
  spdlog::set_level(spdlog::level::warn);
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "cluster" && argc == 3) return cluster(argv[2]);
  if (what == "migrate" && argc == 3) return migrate(argv[2]);
  if (what == "keys" && argc == 3) return make_keys(argv[2]);
  if (what == "broker" && argc == 5) return broker(argv[2], argv[3], argv[4]);
  if (what == "worker" && argc == 7) return worker(argv[2], argv[3], argv[4], argv[5], std::stoll(argv[6]));
  if (what == "clock" && argc == 6) return clock(argv[2], argv[3], std::stoll(argv[4]), std::stoll(argv[5]));
  return usage();
}
