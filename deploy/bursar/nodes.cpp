#include "deploy/bursar/nodes.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <sstream>

#include "brokers/service/rules_from_config.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/cluster/confine.hpp"
#include "deploy/house/key_watch.hpp"
#include "deploy/replay/treasury_plan.hpp"
#include "deploy/report/vault_page.hpp"
#include "deploy/terminal/print.hpp"
#include "deploy/terminal/secret_arguments.hpp"
#include "ledger/audit/server_identity.hpp"
#include "ledger/secrets/process.hpp"
#include "ledger/store/dsn.hpp"
#include "workers/handlers/all.hpp"

namespace deploy {

using brokers::service::apply_rules;
using deploy::report::plain_amount;
using ledger::audit::ServerGuard;

namespace {

std::atomic<bool> stop = false;

// What a line of the log says, made visible: texts of venues and peers are in it.
class VisibleMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
    const std::string text = machines::visible({message.payload.data(), message.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<VisibleMessage>();
  }
};

// Signals, and a log in UTC: it is read beside the ledger's times.
void begin_node() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<VisibleMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %*");
  spdlog::set_formatter(std::move(formatter));
  struct sigaction action {};
  action.sa_handler = [](int) { stop = true; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

// The owner's password and PostgreSQL's own files lie in the same folder, and perhaps belong to the same user. A build
// that counts its lines writes them wherever it was built.
void confine([[maybe_unused]] const NodeOptions& options, [[maybe_unused]] Confines own) {
#ifndef BURSAR_COVERAGE
  if (!options.confined) return;
  for (auto& path : system_files()) own.readable.push_back(std::move(path));
  own.readable.push_back(options.layout.seen());
  if (!confine_to(own))
    spdlog::warn("not confined (no Landlock here): all files of its user stay open to this process");
#endif
}

// Where the master key lies, and a new one will: it is put in the other's place. The folder of the house is no
// such place.
std::filesystem::path place_of_master_key(const NodeOptions& options) {
  const auto file =
      ledger::secrets::find_master_key(options.config.keys.master_key_file, options.layout.key("master.key")).file;
  const auto folder = std::filesystem::weakly_canonical(file.parent_path());
  const auto house = std::filesystem::weakly_canonical(options.layout.folder);
  const auto met = std::mismatch(folder.begin(), folder.end(), house.begin(), house.end());
  return met.first == folder.end() ? file : folder;
}

struct Keys {
  brokers::wire::CurveKeys own;
  std::map<std::string, brokers::wire::Peer> peers;
};

// Its own pair, and who may speak to it. Says what is wrong and returns nothing where a file can't be used.
std::optional<Keys> read_keys(const Layout& layout, const std::string& own) {
  Keys keys;
  const auto pair = brokers::wire::read_keys(layout.key(own).string());
  const auto worker = brokers::wire::read_public_key(layout.key("worker").string() + ".pub");
  const auto client = brokers::wire::read_public_key(layout.key("client").string() + ".pub");
  for (const auto* error :
       {!pair ? &pair.error() : nullptr, !worker ? &worker.error() : nullptr, !client ? &client.error() : nullptr})
    if (error != nullptr) {
      print_text(stderr, "bursar: {}\n", error->text);
      return std::nullopt;
    }
  keys.own = *pair;
  keys.peers[*worker] = {brokers::wire::Role::worker, "worker"};
  keys.peers[*client] = {brokers::wire::Role::client, "client"};
  return keys;
}

std::pair<std::string, std::string> parts_of(const std::string& symbol) {
  const auto slash = symbol.find('/');
  return {symbol.substr(0, slash), slash == std::string::npos ? "" : symbol.substr(slash + 1)};
}

// The sleeves that a set of handlers looks at live as long as the handlers.
struct SleeveHandlers {
  ledger::books::Sleeves sleeves;
};

ledger::Stored<workers::harness::Handlers> make_handlers(ledger::Connection& connection,
                                                         const workers::venues::VenueProperties& venue,
                                                         std::shared_ptr<SleeveHandlers>& kept) {
  auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  auto deployment = ledger::books::read_deployment(connection);
  if (!deployment) return machines::fail(deployment.error());
  auto fresh = std::make_shared<SleeveHandlers>();
  fresh->sleeves = std::move(*sleeves);
  auto handlers = workers::handlers::all_handlers(fresh->sleeves, *deployment, venue);
  kept = std::move(fresh);
  return handlers;
}

}  // namespace

int serve(const brokers::service::BrokerConfig& config) {
  begin_node();
  return brokers::service::run(config, stop);
}

int serve(const workers::harness::WorkerConfig& config, const std::vector<std::string>& kinds) {
  begin_node();
  // Before it opens an API key.
  if (const auto safe = ledger::secrets::forbid_dumps(); !safe) {
    print_text(stderr, "bursar: {}\n", safe.error().text);
    return 2;
  }
  std::shared_ptr<SleeveHandlers> kept;
  const auto make = [&](ledger::Connection& connection) {
    auto handlers = make_handlers(connection, config.venue.properties, kept);
    const auto is_left_out = [&](const auto& handler) {
      return !kinds.empty() && std::find(kinds.begin(), kinds.end(), handler->capability().kind) == kinds.end();
    };
    if (handlers) std::erase_if(*handlers, is_left_out);
    return handlers;
  };
  return workers::harness::run(config, make, stop);
}

int serve(workers::venues::paper::VenueConfig config, const schemas::config::Config& house, const std::string& symbol) {
  begin_node();
  const auto [base, quote] = parts_of(symbol);
  const auto& paper = house.paper;
  config.book.rules = {paper.half_spread, paper.slippage, paper.partial_fill, paper.reject,
                       static_cast<std::uint64_t>(paper.seed)};
  config.book.properties = properties_of(paper.properties);
  workers::venues::paper::Market market{symbol, instrument_of(house, base, quote), {}};
  market.tick = {
      static_cast<std::int64_t>(paper.tick.units == 0 ? 1'000'000 : paper.tick.at_scale(8).value_or(1'000'000))};
  spdlog::info("{} in ticks of {}, lots of {}, orders from {}", symbol,
               plain_amount(machines::Amount({}, market.tick.e8), 8),
               plain_amount(market.instrument.lot, market.instrument.base.scale),
               plain_amount(market.instrument.min_notional, market.instrument.quote.scale));
  market.fees = fee_rule_of(paper);
  if (const machines::Asset& coin = market.fees.coin; paper.takes_coins())
    config.book.starting.push_back({coin, machines::Amount(coin.id, paper.fee_coins.at_scale(coin.scale).value_or(0))});
  const machines::Asset& asset = market.instrument.quote;
  config.book.starting.push_back(
      {asset, machines::Amount(asset.id, house.vault.total.at_scale(asset.scale).value_or(0))});
  config.book.markets.push_back(std::move(market));
  for (const std::string& text : paper.faults) {
    const auto fault = workers::venues::paper::parse_fault(text);
    if (!fault) {
      print_text(stderr, "bursar: paper.faults: {}\n", fault.error().text);
      return 2;
    }
    config.faults.push_back(*fault);
  }
  return workers::venues::paper::serve(config, stop);
}

int run_keys(const NodeOptions& options) {
  begin_node();
  confine(
      options,
      {{options.layout.key("client").parent_path(), place_of_master_key(options), options.layout.checkpoints()}, {}});
  const ServerGuard server_guard(options.layout.seen());
  return watch_keys({{options.layout, ledger::brisk(options.dsn)}, options.config}, stop);
}

int run_broker(const NodeOptions& options) {
  begin_node();
  const auto keys = read_keys(options.layout, "broker");
  if (!keys) return 2;
  confine(options, {{}, {options.layout.run()}});
  brokers::service::BrokerConfig config;
  const auto& from = options.config.broker;
  config.name = options.name;
  for (int broker = 1; broker <= from.count; ++broker)
    if (options.name == fmt::format("broker-{}", broker)) config.endpoint = options.layout.broker_endpoint(broker);
  const ServerGuard server_guard(options.layout.seen());
  config.dsn = ledger::brisk(options.dsn);
  config.keys = keys->own;
  config.peers = keys->peers;
  config.seat_ttl_ms = from.seat_ttl_ms;
  apply_rules(from, config);
  return serve(config);
}

int run_worker(const NodeOptions& options) {
  begin_node();
  const auto keys = read_keys(options.layout, "worker");
  const auto broker = brokers::wire::read_public_key(options.layout.key("broker").string() + ".pub");
  const auto venue = brokers::wire::read_public_key(options.layout.venue_public_key().string());
  if (!keys || !broker || !venue) return 2;
  confine(options, {{place_of_master_key(options)}, {}});
  workers::harness::WorkerConfig config;
  config.name = options.name;
  for (int number = 1; number <= options.config.broker.count; ++number)
    config.brokers.push_back({options.layout.broker_endpoint(number), *broker});
  config.keys = keys->own;
  const ServerGuard server_guard(options.layout.seen());
  config.dsn = ledger::brisk(options.dsn);
  config.venue.endpoint = options.layout.venue_endpoint();
  config.venue.server_public_key = *venue;
  config.venue.properties = properties_of(options.config.paper.properties);
  config.venue.master_key =
      ledger::secrets::find_master_key(options.config.keys.master_key_file, options.layout.key("master.key"));
  config.group_steps = static_cast<int>(options.config.workers.group_commit_steps);
  config.group_us = options.config.workers.group_commit_ms * 1000;
  config.most_looks = static_cast<int>(options.config.workers.look_ahead_bars);
  return serve(config, {});
}

int run_venue(const NodeOptions& options) {
  begin_node();
  const auto keys = read_keys(options.layout, "venue");
  if (!keys) return 2;
  const auto own_folder = options.layout.venue_store().parent_path();
  setenv("SQLITE_TMPDIR", own_folder.c_str(), 1);
  confine(options, {{}, {options.layout.run(), own_folder}});
  workers::venues::paper::VenueConfig config;
  config.endpoint = options.layout.venue_endpoint();
  config.store = options.layout.venue_store().string();
  config.key_file = options.layout.venue_keys().string();
  config.keys = keys->own;
  config.peers = keys->peers;
  // What its prices have said: the house knows them.
  schemas::config::Config house = options.config;
  std::istringstream market(options.market);
  for (schemas::config::Decimal* one : {&house.paper.lot, &house.paper.tick, &house.paper.min_notional}) {
    std::string word;
    if (!(market >> word) || one->units != 0) continue;
    if (const auto value = schemas::config::Decimal::parse(word)) *one = *value;
  }
  return serve(std::move(config), house, options.symbol);
}

namespace {

struct NodeArgs {
  std::string name, symbol, market;
  bool dsn_on_input = false, confined = false;
};

int run_node(const Commands& commands, const NodeArgs& args, int (*node)(const NodeOptions&)) {
  return commands.with_config([&](const schemas::config::Config& config) {
    const std::string dsn = args.dsn_on_input ? take_dsn_from_input() : commands.args().dsn;
    return node({commands.layout(config), dsn, args.name, args.symbol, config, args.confined, args.market});
  });
}

}  // namespace

void add_node_commands(Commands& commands) {
  CLI::App& noun = commands.noun("node", "one process of the house");
  noun.group("");
  auto args = std::make_shared<NodeArgs>();
  const std::pair<const char*, int (*)(const NodeOptions&)> kinds[] = {
      {"broker", run_broker}, {"worker", run_worker}, {"venue", run_venue}, {"keys", run_keys}};
  for (const auto& [name, node] : kinds) {
    CLI::App& command = commands.add_with_place(
        noun, name, "", [&commands, args, node = node] { return run_node(commands, *args, node); });
    command.add_option("--name", args->name);
    command.add_option("--symbol", args->symbol);
    command.add_option("--market", args->market);
    command.add_flag(dsn_on_input, args->dsn_on_input);
    command.add_flag(confined, args->confined);
  }
}

}  // namespace deploy
