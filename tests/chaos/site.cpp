#include "tests/chaos/site.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "machines/core/check.hpp"
#include "tests/support/child.hpp"

namespace tests::chaos {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

namespace {

constexpr int broker_port = 7401, venue_port = 7402, postgres_port = 5432;
// The relay's own ports.
constexpr int to_broker_a = 8001, to_broker_b = 8002, to_venue = 8003, to_postgres = relayed_postgres_port,
              to_standby = 8005;

constexpr std::chrono::milliseconds start_again{300};  // as an init system waits a moment

bool goes_by_the_relay(const std::string& worker) { return worker == "worker-3"; }

deploy::Finished run(const std::vector<std::string>& words) {
  deploy::ProcessSpec spec;
  spec.argv = {BURSAR_EXECUTABLE};
  spec.argv.insert(spec.argv.end(), words.begin(), words.end());
  auto done = deploy::run_to_end(spec);
  CHECK(done.has_value());
  return std::move(done).value();
}

std::string endpoint(const std::string& address, int port) { return fmt::format("tcp://{}:{}", address, port); }

}  // namespace

std::vector<Route> routes(const Network& network) {
  return {
      {to_broker_a, network.address("broker-a"), broker_port},
      {to_broker_b, network.address("broker-b"), broker_port},
      {to_venue, network.address("venue"), venue_port},
      {to_postgres, network.address("postgres"), postgres_port},
      {to_standby, network.address("standby"), postgres_port},
  };
}

Site::Site(const Network& network, Postgres& postgres, fs::path folder, fs::path logs, kill::Rules rules)
    : network_(network),
      postgres_(postgres),
      folder_(std::move(folder)),
      logs_(std::move(logs)),
      rules_(rules),
      database_(postgres.fresh_database()),
      connection_(postgres.own_dsn(database_)) {
  fs::remove_all(logs_);
  fs::create_directories(logs_);
  fs::create_directories(folder_);
  write_files();
}

Site::~Site() {
  if (person_ != 0) {
    ::kill(person_, SIGKILL);
    waitpid(person_, nullptr, 0);
  }
  for (auto& [name, part] : parts_) {
    if (part.pid == 0) continue;
    ::kill(part.pid, SIGKILL);
    waitpid(part.pid, nullptr, 0);
  }
}

// The house makes its client's key at its start.
std::string Site::peers() const {
  std::string text;
  for (const char* worker : {"worker-1", "worker-2", "worker-3"})
    text += fmt::format("[[peer]]\nname = \"{0}\"\nrole = \"worker\"\nkey_file = \"keys/{0}.pub\"\n", worker);
  return text + "[[peer]]\nname = \"house\"\nrole = \"client\"\nkey_file = \"data/keys/client.pub\"\n";
}

std::string Site::way_to_postgres(bool relayed) const {
  if (!relayed) return postgres_.dsn(database_, "bursar_service");
  return postgres_.dsn(database_, "bursar_service", network_.address("relay"),
                       fmt::format("{},{}", to_postgres, to_standby));
}

std::string Site::broker_file(const std::string& name) const {
  const bool relayed = name == "broker-b";
  return fmt::format(
      "name = \"{0}\"\nlisten = \"{1}\"\nkey_file = \"keys/{0}\"\n[postgres]\ndsn = \"{2}\"\n"
      "[broker]\nseat_ttl_ms = {3}\nheartbeat_ms = {4}\nttl_ms = {3}\nbackoff_ms = 20\nlongest_backoff_ms = 500\n{5}",
      name, endpoint(network_.address(name), broker_port), way_to_postgres(relayed), lease_ms, lease_ms / 5, peers());
}

std::string Site::worker_file(const std::string& name) const {
  const bool relayed = goes_by_the_relay(name);
  const auto way = [&](const std::string& host, int port, int relay_port) {
    return relayed ? endpoint(network_.address("relay"), relay_port) : endpoint(network_.address(host), port);
  };
  return fmt::format(
      "name = \"{0}\"\nkey_file = \"keys/{0}\"\n[postgres]\ndsn = \"{1}\"\n"
      "[venue]\nendpoint = \"{2}\"\nkey_file = \"keys/venue.pub\"\n{5}"
      "[[broker]]\nendpoint = \"{3}\"\nkey_file = \"keys/broker-a.pub\"\n"
      "[[broker]]\nendpoint = \"{4}\"\nkey_file = \"keys/broker-b.pub\"\n",
      name, way_to_postgres(relayed), way("venue", venue_port, to_venue), way("broker-a", broker_port, to_broker_a),
      way("broker-b", broker_port, to_broker_b), kill::rules_text(rules_));
}

void Site::write_files() {
  for (const char* name : {"broker-a", "broker-b", "worker-1", "worker-2", "worker-3", "venue"})
    CHECK(run({"keys", "generate", name, "--dir", at("keys")}).exit.code == 0);
  // The same replay as tests/kill's undisturbed one.
  const std::string venue = endpoint(network_.address("venue"), venue_port);
  write_text(folder_ / "house.toml",
             fmt::format("{}[workers]\ncount = 0\n[elsewhere]\nvenue = \"{}\"\nvenue_key_file = \"{}\"\n",
                         kill::config_text({}, 0, bars, rules_), venue, at("keys/venue.pub")));
  write_text(folder_ / "venue.toml", fmt::format("listen = \"{}\"\nkey_file = \"keys/venue\"\nsymbol = \"ETH/USDT\"\n"
                                                 "store = \"data/venue/paper.db\"\n"
                                                 "configuration = \"house.toml\"\n{}",
                                                 venue, peers()));
  add("house", "house",
      {"up", "--config", at("house.toml"), "--data-dir", at("data"), "--dsn", postgres_.dsn(database_, "bursar_owner"),
       "--exit-when-done", "--json"});
  add("venue", "venue", {"venue", "--config", at("venue.toml")});
  for (const char* name : {"broker-a", "broker-b"}) {
    write_text(folder_ / (std::string(name) + ".toml"), broker_file(name));
    add(name, name, {"broker", "--config", at(std::string(name) + ".toml")});
  }
  for (const char* name : {"worker-1", "worker-2", "worker-3"}) {
    write_text(folder_ / (std::string(name) + ".toml"), worker_file(name));
    add(name, name, {"worker", "--config", at(std::string(name) + ".toml")});
  }
}

void Site::add(const std::string& name, const std::string& host, std::vector<std::string> arguments) {
  Part& part = parts_[name];
  part.host = host;
  part.argv = {BURSAR_EXECUTABLE};
  part.argv.insert(part.argv.end(), arguments.begin(), arguments.end());
  part.log = logs_ / (name + ".log");
}

void Site::start(const std::string& name) {
  Part& part = parts_.at(name);
  deploy::ProcessSpec spec;
  spec.argv = part.argv;
  spec.log_file = part.log.string();
  spec.work_dir = folder_.string();
  spec.death_signal = SIGKILL;
  network_.on(part.host, [&] {
    const auto started = deploy::spawn(spec);
    CHECK(started.has_value());
    part.pid = *started;
  });
  part.was_killed = false;
  ++part.starts;
}

void Site::start() {
  start("house");
  CHECK(wait_until([this] { return fs::exists(folder_ / "data" / "keys" / "client.pub"); }));
  for (const std::string& part : parts)
    if (part != "house") start(part);
}

// Where PostgreSQL is away it is said again. What was done although the answer was lost is refused until it is given
// up.
void Site::tend_orders() {
  int status = 0;
  if (person_ != 0 && waitpid(person_, &status, WNOHANG) == person_) {
    person_ = 0;
    ordered_again_ = steady_clock::now() + start_again;
    if (deploy::exit_of(status).code == 0 || steady_clock::now() >= given_up_) {
      orders_.pop_front();
      given_up_ = {};
    }
  }
  if (person_ != 0 || orders_.empty() || steady_clock::now() < ordered_again_) return;
  if (given_up_ == steady_clock::time_point{}) given_up_ = steady_clock::now() + std::chrono::seconds(40);
  deploy::ProcessSpec spec;
  spec.argv = {BURSAR_EXECUTABLE};
  spec.argv.insert(spec.argv.end(), orders_.front().begin(), orders_.front().end());
  spec.argv.insert(spec.argv.end(), {"--why", "chaos", "--config", at("house.toml"), "--data-dir", at("data"), "--dsn",
                                     postgres_.dsn(database_, "bursar_owner")});
  spec.log_file = (logs_ / "orders.log").string();
  spec.death_signal = SIGKILL;
  network_.on("house", [&] {
    const auto started = deploy::spawn(spec);
    CHECK(started.has_value());
    person_ = *started;
  });
}

void Site::tend() {
  tend_orders();
  for (auto& [name, part] : parts_) {
    int status = 0;
    if (part.pid != 0 && waitpid(part.pid, &status, WNOHANG) == part.pid) {
      part.pid = 0;
      ended(name, part, status);
    }
    const bool is_done = (name == "house" && finished_) || part.held_down;
    if (part.pid == 0 && !is_done && steady_clock::now() >= part.not_before) start(name);
  }
}

void Site::ended(const std::string& name, Part& part, int status) {
  part.not_before = steady_clock::now() + start_again;
  if (part.was_killed) return;
  const auto exit = deploy::exit_of(status);
  if (name == "house" && exit.code == 0) {
    finished_ = true;
    return;
  }
  const std::string log = read_text(part.log);
  const auto said = log.rfind("bursar: ");
  const std::string what = fmt::format("{} ended by itself with {}: {}", name, exit.text,
                                       said == std::string::npos ? "" : log.substr(said, log.find('\n', said) - said));
  if (name == "house" && exit.code < 128 && part.starts < 200)
    remarks_ += what + "\n";
  else
    problems_.push_back(what);
}

std::int64_t Site::transitions() {
  const auto rows = connection_.run("SELECT count(*) FROM ledger.transition");
  if (!rows) connection_.disconnect();
  return rows ? rows->number(0, 0) : -1;
}

void Site::kill_part(const std::string& name) {
  Part& part = parts_.at(name);
  part.held_down = true;
  if (part.pid == 0) return;
  part.was_killed = true;
  ::kill(part.pid, SIGKILL);
}

void Site::let_up(const std::string& name) { parts_.at(name).held_down = false; }

void Site::send(const std::string& name, int signal_number) {
  const Part& part = parts_.at(name);
  if (part.pid != 0) ::kill(part.pid, signal_number);
}

void Site::start_twin(const std::string& worker) {
  const std::string name = worker + "-twin";
  add(name, "spare", {"worker", "--config", at(worker + ".toml")});
  start(name);
}

void Site::end_twin(const std::string& worker) {
  const auto twin = parts_.extract(worker + "-twin");
  if (twin.empty() || twin.mapped().pid == 0) return;
  ::kill(twin.mapped().pid, SIGKILL);
  waitpid(twin.mapped().pid, nullptr, 0);
}

std::string Site::result() const {
  std::istringstream lines(read_text(parts_.at("house").log));
  std::string result;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("{\"")) result = line;
  return result;
}

// Asked as a person on the house's host would.
void Site::compare_with_venue() {
  deploy::Finished said;
  network_.on("house", [&] {
    said = run({"reconcile", "--json", "--config", at("house.toml"), "--data-dir", at("data"), "--dsn",
                postgres_.dsn(database_, "bursar_owner")});
  });
  const auto json = nlohmann::json::parse(said.output.substr(0, said.output.find('\n')), nullptr, false);
  const bool agrees = said.exit.code == 0 && json.is_object() && json.contains("still") && json["still"] == true &&
                      json["breaks"].empty() && json["booked"].empty() && json["unknown"].empty() &&
                      !json["lines"].empty();
  if (!agrees) problems_.push_back("the venue's statement is not the ledger: " + said.output);
  if (!json.is_object() || !json.contains("lines")) return;
  for (const auto& line : json["lines"])
    if (line["statement"] != line["ledger"] ||
        line["quarantined"].get<std::string>().find_first_of("123456789") != std::string::npos)
      problems_.push_back("the venue's statement is not the ledger: " + line.dump());
}

// Workers first: what they hand back is taken by a broker.
void Site::drain() {
  for (const char* kind : {"worker", "broker", "venue"}) {
    for (auto& [name, part] : parts_)
      if (name.starts_with(kind)) send(name, SIGTERM);
    for (auto& [name, part] : parts_) {
      if (!name.starts_with(kind) || part.pid == 0) continue;
      int status = 0;
      if (!wait_until([&, pid = part.pid] { return waitpid(pid, &status, WNOHANG) == pid; })) {
        problems_.push_back(name + " does not end within a minute of SIGTERM");
        continue;
      }
      part.pid = 0;
      if (const auto exit = deploy::exit_of(status); exit.code != 0)
        problems_.push_back(fmt::format("{}, drained, ended with {}", name, exit.text));
    }
  }
}

std::vector<std::string> Site::settle() {
  tend();
  if (!wait_until([this] {
        tend_orders();
        return orders_.empty();
      }))
    problems_.emplace_back("an order of a person was not carried out");
  compare_with_venue();
  drain();
  for (std::string& problem : kill::audit(data_dir(), postgres_.own_dsn(database_)))
    problems_.push_back(std::move(problem));
  return problems_;
}

}  // namespace tests::chaos
