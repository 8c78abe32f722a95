#include "deploy/house/house.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "brokers/wire/socket.hpp"
#include "deploy/cluster/confine.hpp"
#include "deploy/cluster/logins.hpp"
#include "deploy/terminal/print.hpp"
#include "deploy/terminal/secret_arguments.hpp"
#include "ledger/audit/auditor.hpp"
#include "ledger/env/times.hpp"
#include "ledger/store/dsn.hpp"
#include "ledger/store/migrations.hpp"

namespace deploy {

using ledger::audit::Auditor;
using ledger::audit::keep;
using ledger::audit::look_at;
using ledger::audit::make_checkpoint_key;

namespace {

std::int64_t steady_ms() { return ledger::env::steady_us() / 1000; }

Clustered<machines::Nothing> no(std::string text, int exit_code) {
  return machines::fail(ClusterError{std::move(text), exit_code});
}

ClusterError from(const ledger::StoreError& error, const std::string& what) {
  return {fmt::format("{}: {}", what, error.text), 1};
}

// The same database under a login that has put its rights aside for those of `role`; nothing where it may not. The
// server is asked: a session that fails says nothing of why.
ledger::Stored<std::optional<std::string>> acting_as(ledger::Connection& connection, const std::string& dsn,
                                                     const char* role) {
  const auto may = connection.call({"may_act_as", "SELECT pg_has_role(session_user, $1, 'MEMBER')", false},
                                   ledger::Parameters().add(std::string(role)));
  if (!may) return machines::fail(may.error());
  if (!may->flag(0, 0)) return std::optional<std::string>();
  return std::optional(ledger::with_options(dsn, fmt::format("-c role={}", role)));
}

// Why this login is none for brokers and workers; empty when it is one: a member of the service's role in the same
// database that can't become the owner, whatever it asks for.
ledger::Stored<std::string> objection_to_service(ledger::Connection& owner, const std::string& service_dsn) {
  ledger::Connection service(service_dsn);
  const auto told = service.run(fmt::format(
      "SELECT session_user, current_database(), (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = "
      "session_user), pg_has_role(session_user, (SELECT nspowner FROM pg_namespace WHERE nspname = 'ledger'), "
      "'MEMBER'), "
      "pg_has_role(session_user, '{}', 'MEMBER'), (SELECT encode(name, 'hex') FROM ledger.deployment)",
      service_role));
  if (!told) {
    if (told.error().failure == ledger::StoreFailure::unavailable) return machines::fail(told.error());
    return fmt::format("it can't be used: {}; `GRANT {} TO` its login makes it one", told.error().text, service_role);
  }
  const auto here = owner.run("SELECT current_database(), encode(name, 'hex') FROM ledger.deployment");
  if (!here) return machines::fail(here.error());
  if (told->text(0, 1) != here->text(0, 0) || told->text(0, 5) != here->text(0, 1))
    return std::string("it names another database than --dsn");
  if (told->flag(0, 2) || told->flag(0, 3))
    return fmt::format(
        "the login {} is a superuser, makes roles, or can act as the owner; use one that is only a member "
        "of {}",
        told->text(0, 0), service_role);
  if (!told->flag(0, 4)) return fmt::format("the login {} is no member of {}", told->text(0, 0), service_role);
  return std::string();
}

// Only the house's roles may connect: a login without any grant could otherwise take the advisory locks that commits
// wait for. Whoever is to connect beside them is granted it by name.
ledger::Stored<ledger::Rows> shut_out_strangers(ledger::Connection& owner) {
  return owner.run(
      "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); EXECUTE format('GRANT "
      "CONNECT ON DATABASE %I TO bursar_service, bursar_operator, bursar_keeper, bursar_mover', current_database()); "
      "END $$");
}

}  // namespace

Clustered<std::unique_ptr<House>> House::open(const HouseOptions& options) {
  // Before a folder is made: one whose sockets have no room is of no use.
  const int last_broker = std::max(static_cast<int>(options.config.broker.count), 1);  // the longest path
  for (const std::string& endpoint : {options.layout.broker_endpoint(last_broker), options.layout.venue_endpoint()})
    if (const auto fits = brokers::wire::check_endpoint(endpoint); !fits)
      return machines::fail(ClusterError{fits.error().text, 2});
  if (const auto fits = check_socket_path(ClusterPaths::below(options.layout.folder)); !fits)
    return machines::fail(fits.error());
  const auto folder = open_folder(options.layout.folder);
  if (!folder) return machines::fail(folder.error());
  Layout layout = options.layout;
  layout.folder = *folder;
  auto lock = FolderLock::take(layout.folder);
  if (!lock) return machines::fail(lock.error());
  std::error_code error;
  for (const auto& path : {layout.run(), layout.venue_store().parent_path()}) {
    std::filesystem::create_directories(path, error);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    if (error) return machines::fail(ClusterError{fmt::format("{}: {}", path.string(), error.message()), 2});
  }
  std::unique_ptr<House> house(new House(options, std::move(layout), std::move(*lock)));
  house->gives_up_ = options.gives_up;
  if (const auto keys = house->make_keys(); !keys) return machines::fail(keys.error());
  if (const auto database = house->open_database(); !database) return machines::fail(database.error());
  house->is_open_ = true;
  return house;
}

House::~House() { stop(); }

Clustered<machines::Nothing> House::make_keys() {
  for (const char* name : key_names) {
    const auto path = layout_.key(name);
    if (std::filesystem::exists(path)) {
      if (const auto keys = brokers::wire::read_keys(path.string()); !keys) return no(keys.error().text, 2);
      continue;
    }
    const auto written = brokers::wire::write_keys(path.string(), brokers::wire::make_keys());
    if (!written) return no(written.error().text, 1);
  }
  if (const auto made = make_checkpoint_key(layout_.audit_files()); !made) return no(made.error().text, 2);
  return machines::Nothing{};
}

Clustered<machines::Nothing> House::open_database() {
  if (options_.dsn.empty()) {
    ClusterOptions cluster_options;
    cluster_options.log = logs_of(options_.config);
    cluster_options.gives_up = gives_up_;
    auto cluster = Cluster::open(layout_.folder, cluster_options);
    if (!cluster) return machines::fail(cluster.error());
    cluster_.emplace(std::move(*cluster));
    if (auto made = make_database(); !made) return made;
    owner_dsn_ = cluster_->dsn(database_name, owner_role);
    service_dsn_ = cluster_->dsn(database_name, service_role);
    keeper_dsn_ = cluster_->dsn(database_name, keeper_role);
    if (!can_confine())
      print_text(stderr,
                 "This kernel has no Landlock: a broker or worker that is taken over could read the owner's password, "
                 "{}. Give it a PostgreSQL of another user: --dsn and --service-dsn.\n",
                 password_file(layout_.folder).string());
  } else {
    owner_dsn_ = options_.dsn;
    server_guard_.emplace(layout_.seen());
    pulse_.emplace(ledger::brisk(owner_dsn_));
  }
  ledger::Connection owner(owner_dsn_);
  if (const auto connected = ask([&] { return owner.connect(); }); !connected) {
    if (const std::string objected = server_guard_ ? server_guard_->objection_that_stood({}) : ""; !objected.empty())
      return no(fmt::format("the PostgreSQL of --dsn is refused: {}", objected), 1);
    if (!cluster_)
      return no(fmt::format("the PostgreSQL of --dsn can't be used: {}; check --dsn, and that it runs",
                            connected.error().text),
                1);
    return machines::fail(from(connected.error(), "the private PostgreSQL"));
  }
  if (!cluster_) {
    database_lock_.emplace(ledger::brisk(owner_dsn_));
    auto held = database_lock_->hold();
    // One that was just killed is gone as soon as PostgreSQL has noticed.
    for (int again = 0; !held && again < 20; ++again, held = database_lock_->hold())
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!held) return held;
  }
  if (const auto migrated = ask([&] { return ledger::migrate(owner); }); !migrated)
    return machines::fail(from(migrated.error(), "migrations"));
  if (const auto shut = ask([&] { return shut_out_strangers(owner); }); !shut)
    return machines::fail(from(shut.error(), "who may connect"));
  const auto refused = ask([&] { return Auditor(layout_.audit_files()).refusal(owner); });
  if (!refused) return machines::fail(from(refused.error(), "the checkpoints"));
  if (*refused) return no(**refused, 1);
  if (!service_dsn_.empty()) return machines::Nothing{};
  if (auto opened = open_service(owner); !opened) return opened;
  return open_keeper(owner);
}

Clustered<machines::Nothing> House::open_service(ledger::Connection& owner) {
  if (!options_.service_dsn.empty()) {
    const auto objected = ask([&] { return objection_to_service(owner, options_.service_dsn); });
    if (!objected)
      return no(fmt::format("--service-dsn: {}; check it, and that its login was given the role: GRANT {} TO ...",
                            objected.error().text, service_role),
                1);
    if (!objected->empty()) return no(fmt::format("--service-dsn: {}", *objected), 2);
    service_dsn_ = ledger::with_options(options_.service_dsn, fmt::format("-c role={}", service_role));
    return machines::Nothing{};
  }
  print_text(
      stderr,
      "Brokers and workers log in as the user of --dsn and only put its rights aside: whoever takes one over has "
      "them all. Give them a login of their own: --service-dsn or $BURSAR_SERVICE_DSN.\n");
  auto service = ask([&] { return acting_as(owner, owner_dsn_, service_role); });
  if (!service) return machines::fail(from(service.error(), "the service's role"));
  if (!*service)
    print_text(stderr, "The user of --dsn can't act as {}: broker and workers keep all of its rights.\n", service_role);
  service_dsn_ = service->value_or(owner_dsn_);
  return machines::Nothing{};
}

// What looks after keys opens secrets, which no worker may: the service's login where that is a member of the keepers'
// role, else the owner's.
Clustered<machines::Nothing> House::open_keeper(ledger::Connection& owner) {
  if (!options_.service_dsn.empty()) {
    ledger::Connection service(options_.service_dsn);
    auto own = ask([&] { return acting_as(service, options_.service_dsn, keeper_role); });
    if (!own) return machines::fail(from(own.error(), "the keepers' role"));
    if (*own) {
      keeper_dsn_ = **own;
      return machines::Nothing{};
    }
    print_text(stderr,
               "What looks after API keys logs in as the user of --dsn; `GRANT {} TO` the login of --service-dsn "
               "makes that its own.\n",
               keeper_role);
  }
  auto keeper = ask([&] { return acting_as(owner, owner_dsn_, keeper_role); });
  if (!keeper) return machines::fail(from(keeper.error(), "the keepers' role"));
  keeper_dsn_ = keeper->value_or(owner_dsn_);
  return machines::Nothing{};
}

Clustered<machines::Nothing> House::make_database() {
  ledger::Connection admin(cluster_->dsn("postgres"));
  const auto made = ask([&] {
    auto exists = admin.run(fmt::format("SELECT 1 FROM pg_database WHERE datname = '{}'", database_name));
    if (!exists || !exists->empty()) return exists;
    return admin.call({"create_database", "CREATE DATABASE bursar"});
  });
  if (!made) return machines::fail(from(made.error(), "the private PostgreSQL"));
  return machines::Nothing{};
}

bool House::come_back() {
  if (!cluster_) return is_open_ && others_come_back();
  constexpr std::int64_t at_most_ms = 30'000;
  const std::int64_t until = steady_ms() + at_most_ms;
  while (cluster_ && steady_ms() < until) {
    const auto health = cluster_->watch();
    if (!health) return false;
    // Where only a backend died the server lives on, and yet takes nobody until it has recovered.
    if (*health == Health::ready && ledger::Connection(cluster_->dsn("postgres")).connect()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

bool House::others_come_back() {
  constexpr std::int64_t say_every_ms = 30'000;
  for (std::int64_t said_ms = steady_ms() - say_every_ms + 2'000; !gives_up_();) {
    const auto connected = pulse_->connect();
    if (connected) return true;
    if (const auto standing = watch_others(); !standing) return false;
    supervisor_.step(steady_ms());
    if (steady_ms() - said_ms >= say_every_ms) {
      said_ms = steady_ms();
      print_text(stderr, "bursar: waiting for the PostgreSQL of --dsn: {}\n", connected.error().text);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return false;
}

Clustered<machines::Nothing> House::watch_others() {
  constexpr std::chrono::seconds patience{5};  // the true primary may be on its way back
  if (const std::string objected = server_guard_->objection_that_stood(patience); !objected.empty())
    return no(fmt::format("the PostgreSQL of --dsn is refused: {}", objected), 1);
  if (auto held = database_lock_->hold(); !held) return held;
  remember();
  return machines::Nothing{};
}

void House::remember() {
  auto now = look_at(*pulse_);
  if (now && *now && *now != seen_ && keep(layout_.seen(), **now)) seen_ = std::move(*now);
}

void House::start_children(const std::string& symbol, const schemas::config::PaperConfig& paper) {
  const auto add = [&](const std::string& name, std::vector<std::string> arguments, const std::string& dsn) {
    ProcessSpec spec;
    spec.argv = {"/proc/self/exe"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.argv.insert(spec.argv.end(), {"--data-dir", layout_.folder.string()});
    if (cluster_) spec.argv.push_back(confined);
    if (!dsn.empty()) spec.argv.push_back(dsn_on_input);
    spec.input = dsn;
    if (!options_.config_file.empty())
      spec.argv.insert(spec.argv.end(), {"--config", std::filesystem::absolute(options_.config_file).string()});
    spec.log_file = layout_.log(name).string();
    spec.death_signal = SIGTERM;
    supervisor_.add(name, std::move(spec));
  };
  if (layout_.venue_elsewhere.empty())
    add("venue",
        {"node", "venue", "--symbol", symbol, "--market",
         fmt::format("{} {} {}", paper.lot.text(), paper.tick.text(), paper.min_notional.text())},
        "");
  if (options_.config.broker.count > 0) add("broker", {"node", "broker", "--name", "broker-1"}, service_dsn_);
  for (int broker = 2; broker <= options_.config.broker.count; ++broker)
    add(fmt::format("broker-{}", broker), {"node", "broker", "--name", fmt::format("broker-{}", broker)}, service_dsn_);
  for (int worker = 1; worker <= options_.config.workers.count; ++worker)
    add(fmt::format("worker-{}", worker), {"node", "worker", "--name", fmt::format("worker-{}", worker)}, service_dsn_);
  // It opens keys to test them, and records what it saw: what no worker may.
  const auto& schedules = options_.config.schedules;
  const bool tests = std::any_of(schedules.begin(), schedules.end(), [](auto& one) { return one.does == "test_keys"; });
  if (options_.config.keys.test_minutes > 0 || tests) add("keys", {"node", "keys"}, keeper_dsn_);
  supervisor_.step(steady_ms());
}

std::vector<BrokerAddress> House::brokers(const std::string& public_key) const {
  std::vector<BrokerAddress> addresses;
  for (int broker = 1; broker <= options_.config.broker.count; ++broker)
    addresses.push_back({layout_.broker_endpoint(broker), public_key});
  return addresses;
}

Clustered<machines::Nothing> House::watch() {
  const std::int64_t now = steady_ms();
  supervisor_.step(now);
  if (const auto hopeless = supervisor_.hopeless(); !hopeless.empty()) return no(hopeless, 1);
  if (now - watched_ms_ < (cluster_ ? 200 : 1'000)) return machines::Nothing{};
  watched_ms_ = now;
  if (database_lock_) return watch_others();
  const auto health = cluster_->watch();
  if (!health) return machines::fail(health.error());
  return machines::Nothing{};
}

void House::stop() {
  supervisor_.stop(5'000);
  if (pulse_) remember();  // a promotion in the last second counts too
  if (cluster_) cluster_->stop();
}

}  // namespace deploy
