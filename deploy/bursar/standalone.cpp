#include "deploy/bursar/standalone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "brokers/service/rules_from_config.hpp"
#include "deploy/bursar/nodes.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/house/ledger_access.hpp"
#include "deploy/house/server_watch.hpp"
#include "deploy/replay/market_fit.hpp"
#include "deploy/replay/treasury_plan.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/store/dsn.hpp"
#include "machines/catalog/catalog.hpp"
#include "schemas/config/node_files.hpp"
#include "workers/market/reader.hpp"

namespace deploy {
namespace {

namespace catalog = machines::catalog;
namespace fs = std::filesystem;
namespace config = schemas::config;
namespace wire = brokers::wire;

// The kinds whose jobs go to workers, and their commands as KIND.COMMAND.
const std::vector<std::string_view>& known_kinds() {
  static const std::vector<std::string_view> all = catalog::words(catalog::MovedBy::workers);
  return all;
}

const std::set<std::string>& known_commands() {
  static const std::set<std::string> all = [] {
    std::set<std::string> made;
    for (const catalog::Kind& kind : catalog::kinds()) {
      if (kind.moved_by != catalog::MovedBy::workers) continue;
      for (const catalog::Version& version : kind.versions)
        for (const std::string_view command : version.commands) made.insert(fmt::format("{}.{}", kind.word, command));
    }
    return made;
  }();
  return all;
}

int say(const config::ConfigError& error) {
  for (const auto& problem : error.problems) print_text(stderr, "bursar: {}\n", problem.text());
  return 2;
}

// What a file names, seen from its own folder.
class RelativePaths {
 public:
  explicit RelativePaths(const std::string& file) : file_(file), folder_(fs::absolute(file).parent_path()) {}

  [[nodiscard]] std::string path(const std::string& named) const {
    return named.empty() ? "" : (folder_ / named).lexically_normal().string();
  }
  // A public key that is written out, or in a file.
  [[nodiscard]] wire::Wired<std::string> public_key(const std::string& key, const std::string& file) const {
    if (const auto what = key.empty() ? "" : wire::what_is_wrong_with_key(key); !what.empty())
      return machines::fail(wire::WireError{fmt::format("{}: public_key \"{}\" {}", file_, key, what)});
    if (!key.empty()) return key;
    return wire::read_public_key(path(file));
  }
  // `ipc://relative` stays beside the file as well.
  [[nodiscard]] std::string endpoint(const std::string& named) const {
    constexpr std::string_view ipc = "ipc://";
    return named.starts_with(ipc) ? std::string(ipc) + path(named.substr(ipc.size())) : named;
  }
  [[nodiscard]] wire::Wired<std::map<std::string, wire::Peer>> peers(
      const std::vector<config::PeerConfig>& written) const {
    using wire::Role;
    static const std::map<std::string, Role> roles{{"worker", Role::worker},
                                                   {"client", Role::client},
                                                   {"approver", Role::approver},
                                                   {"operator", Role::operator_}};
    std::map<std::string, wire::Peer> peers;
    for (const auto& peer : written) {
      const auto key = public_key(peer.public_key, peer.key_file);
      if (!key) return machines::fail(key.error());
      const auto [stands, fresh] = peers.try_emplace(*key, wire::Peer{roles.at(peer.role), peer.name});
      if (!fresh)
        return machines::fail(
            wire::WireError{fmt::format("{}: peers {} and {} have the same public key: each needs its own", file_,
                                        stands->second.name, peer.name)});
    }
    return peers;
  }

 private:
  std::string file_;
  fs::path folder_;
};

// The connection string of the file, or of the environment; empty after it said what is wrong with it.
std::string dsn_of(const config::StoreConfig& store, const std::string& file) {
  const char* environment = std::getenv("BURSAR_DSN");
  const std::string dsn = !store.dsn.empty() ? store.dsn : environment != nullptr ? environment : "";
  if (dsn.empty()) {
    wrong(file + ": postgres.dsn is missing, and $BURSAR_DSN is not set; name the ledger's PostgreSQL");
    return "";
  }
  return check_plain(dsn, store.allow_plain_postgres) == 0 ? ledger::brisk(dsn) : "";
}

// A broker and a worker may have one name.
fs::path seen_file(const RelativePaths& beside, const config::StoreConfig& store, const std::string& what,
                   const std::string& name) {
  return beside.path(store.seen_file.empty() ? fmt::format("{}-{}.seen", what, name) : store.seen_file);
}

}  // namespace

int run_standalone_broker(const std::string& file) {
  const auto node = config::load_broker(file);
  if (!node) return say(node.error());
  const RelativePaths beside(file);
  const auto keys = wire::read_keys(beside.path(node->key_file));
  if (!keys) return wrong(keys.error().text);
  const auto peers = beside.peers(node->peers);
  if (!peers) return wrong(peers.error().text);
  brokers::service::BrokerConfig made;
  made.dsn = dsn_of(node->postgres, file);
  if (made.dsn.empty()) return 2;
  made.name = node->name;
  made.endpoint = beside.endpoint(node->listen);
  made.reached_at = beside.endpoint(node->reached_at);
  made.keys = *keys;
  made.peers = *peers;
  made.seat_ttl_ms = node->broker.seat_ttl_ms;
  apply_rules(node->broker, made);
  const ServerWatch watch(made.dsn, seen_file(beside, node->postgres, "broker", node->name));
  return serve(made);
}

int run_standalone_worker(const std::string& file) {
  const auto node = config::load_worker(file);
  if (!node) return say(node.error());
  const RelativePaths beside(file);
  const auto keys = wire::read_keys(beside.path(node->key_file));
  if (!keys) return wrong(keys.error().text);
  for (const std::string& kind : node->kinds)
    if (std::find(known_kinds().begin(), known_kinds().end(), kind) == known_kinds().end())
      return wrong(fmt::format("{}: kinds: \"{}\" is no machine of this program; there are {}", file, kind,
                               fmt::join(known_kinds(), ", ")));
  workers::harness::WorkerConfig made;
  for (const std::string& command : node->commands) {
    const auto dot = command.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == command.size())
      return wrong(fmt::format(
          "{}: commands: \"{}\" names no command: write KIND.COMMAND, for instance order.place_order", file, command));
    if (!known_commands().contains(command))
      return wrong(fmt::format("{}: commands: \"{}\" is no command of this program; there are {}", file, command,
                               fmt::join(known_commands(), ", ")));
    made.commands[command.substr(0, dot)].push_back(command.substr(dot + 1));
  }
  made.dsn = dsn_of(node->postgres, file);
  if (made.dsn.empty()) return 2;
  made.name = node->name;
  made.keys = *keys;
  for (const auto& broker : node->brokers) {
    const auto key = beside.public_key(broker.public_key, broker.key_file);
    if (!key) return wrong(key.error().text);
    made.brokers.push_back({beside.endpoint(broker.endpoint), *key});
  }
  made.pure_credit = static_cast<int>(node->pure_credit);
  made.outside_credit = node->outside ? static_cast<int>(node->outside_credit) : 0;
  if (node->outside) {
    const auto key = beside.public_key(node->venue.public_key, node->venue.key_file);
    if (!key) return wrong(key.error().text);
    made.venue.endpoint = beside.endpoint(node->venue.endpoint);
    made.venue.server_public_key = *key;
    made.venue.timeout_ms = node->venue_timeout_ms;
    made.venue.properties = properties_of(node->properties);
    if (!node->master_key_file.empty())
      made.venue.master_key = ledger::secrets::find_master_key(beside.path(node->master_key_file), {});
  }
  made.group_steps = static_cast<int>(node->work.group_commit_steps);
  made.group_us = node->work.group_commit_ms * 1000;
  made.most_looks = static_cast<int>(node->work.look_ahead_bars);
  const ServerWatch watch(made.dsn, seen_file(beside, node->postgres, "worker", node->name));
  return serve(made, node->kinds);
}

namespace {

// Tick, lot and smallest order as the prices have it, where they are not set. Says why a venue can't trade so; empty
// when it can.
std::string fit_market(config::Config& house, const config::VenueNode& node, const RelativePaths& beside) {
  const auto slash = node.symbol.find('/');
  const std::string base = node.symbol.substr(0, slash), quote = node.symbol.substr(slash + 1);
  if (node.prices.empty()) {
    const std::string unset = unset_market(house, base, quote);
    if (unset.empty()) return "";
    return fmt::format(
        "symbol: what {} trades in is not known here ({}); name the file that the house plays as prices = \"FILE\", or "
        "set them as [venue.paper] in the file that configuration names",
        node.symbol, unset);
  }
  const std::string path = beside.path(node.prices);
  const auto prices = workers::market::read_prices(path);
  if (!prices) return "prices: " + prices.error().text();
  if (prices->symbol != node.symbol)
    return fmt::format("prices: {} has {}, and symbol is {}; name the same pair", path, prices->symbol, node.symbol);
  if (auto what = too_coarse(house, base, quote, prices->bars); !what.empty()) return "prices: " + path + ": " + what;
  house = fitted(std::move(house), base, quote, prices->bars);
  return "";
}

}  // namespace

int run_standalone_venue(const std::string& file) {
  const auto node = config::load_venue(file);
  if (!node) return say(node.error());
  const RelativePaths beside(file);
  const auto keys = wire::read_keys(beside.path(node->key_file));
  if (!keys) return wrong(keys.error().text);
  const auto peers = beside.peers(node->peers);
  if (!peers) return wrong(peers.error().text);
  config::Config house;
  if (!node->configuration.empty()) {
    auto read = config::load(beside.path(node->configuration));
    if (!read) return say(read.error());
    house = std::move(*read);
  }
  if (const auto what = fit_market(house, *node, beside); !what.empty()) return wrong(file + ": " + what);
  workers::venues::paper::VenueConfig made;
  made.endpoint = beside.endpoint(node->listen);
  made.store = beside.path(node->store);
  made.key_file = beside.path(node->api_keys);
  made.keys = *keys;
  made.peers = *peers;
  return serve(std::move(made), house, node->symbol);
}

int generate_keys(const std::string& name, const std::string& folder) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
  if (name.empty() || !std::all_of(name.begin(), name.end(), fits))
    return wrong(fmt::format("\"{}\" can't be the name of a key: use letters, digits, - and _", name));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return wrong(fmt::format("{}: {}", folder, error.message()));
  const auto path = fs::path(folder) / name;
  const auto keys = wire::make_keys();
  const auto written = wire::create_keys(path.string(), keys);
  if (!written) return wrong(written.error().text);
  print_text("{}      secret: leave it on the host of {} and nowhere else\n{}.pub  public: {}\n", path.string(), name,
             path.string(), keys.public_key);
  return 0;
}

void add_apart_commands(Commands& commands) {
  struct Kind {
    const char* name;
    const char* help;
    int (*run)(const std::string&);
  };
  constexpr Kind kinds[] = {
      {"broker", "one broker, on any host, by a file of its own", run_standalone_broker},
      {"worker", "one worker, on any host, by a file of its own", run_standalone_worker},
      {"venue", "the paper venue by itself, by a file of its own", run_standalone_venue},
  };
  for (const Kind& kind : kinds) {
    auto file = std::make_shared<std::string>();
    commands.add(commands.program(), kind.name, kind.help, [run = kind.run, file] { return run(*file); })
        .add_option("--config", *file, "TOML file, see deploy/examples")
        ->required();
  }
  CLI::App& keys = commands.noun("keys", "the keys that processes know each other by (API keys: `bursar key`)");
  auto name = std::make_shared<std::string>(), folder = std::make_shared<std::string>();
  CLI::App& generate = commands.add(keys, "generate", "a fresh pair: NAME (secret) and NAME.pub",
                                    [name, folder] { return generate_keys(*name, *folder); });
  generate.add_option("name", *name)->required();
  generate.add_option("--dir", *folder, "where to put it")->required();
}

}  // namespace deploy
