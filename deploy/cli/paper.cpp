#include "deploy/cli/paper.hpp"

#include <fmt/format.h>

#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "deploy/cli/commands.hpp"
#include "deploy/replay/opening.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/books/treasury.hpp"
#include "ledger/env/hex.hpp"
#include "ledger/env/random.hpp"
#include "ledger/env/times.hpp"
#include "machines/core/names.hpp"
#include "schemas/config/config.hpp"
#include "workers/venues/paper/client.hpp"

namespace deploy {

using ledger::env::utc;

namespace {

using machines::Int128;
using nlohmann::ordered_json;

constexpr std::chrono::seconds patience{5};
constexpr ledger::SqlStatement assets_statement = {"asset_scales", "SELECT code, scale FROM ledger.asset", false};

int misused(const CommandContext& context, const std::string& text, ErrorCode code = ErrorCode::usage) {
  return wrong(context, "paper: " + text, code);
}
int unanswered(const CommandContext& context, const std::string& text, ErrorCode code) {
  return refused(context, "paper: " + text, code);
}

// What the ledger knows that a request to the venue needs.
struct Known {
  std::map<std::string, int> scales;  // by asset code
  std::string symbol, base, quote;    // of the pair asked for, or the house's first
  machines::Instant now;              // world time
  [[nodiscard]] int scale_of(const std::string& asset) const {
    const auto found = scales.find(asset);
    return found == scales.end() ? schemas::config::default_scale(asset) : found->second;
  }
  [[nodiscard]] std::string text(Int128 amount, const std::string& asset) const {
    return machines::format({{}, amount}, scale_of(asset));
  }
};

ledger::Stored<Known> look_up(const CommandContext& context, const std::string& symbol) {
  ledger::Connection connection(context.dsn);
  const auto assets = connection.call(assets_statement);
  if (!assets) return machines::fail(assets.error());
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  const auto feeds = read_feed(connection);
  if (!feeds) return machines::fail(feeds.error());
  Known known;
  for (int row = 0; row < assets->size(); ++row)
    known.scales[std::string(assets->text(row, 0))] = static_cast<int>(assets->number(row, 1));
  for (const auto& [key, sleeve] : *sleeves) {
    if (!known.symbol.empty() || (!symbol.empty() && sleeve.symbol != symbol)) continue;
    known.symbol = sleeve.symbol;
    known.base = sleeve.instrument.base.code;
    known.quote = sleeve.instrument.quote.code;
  }
  if (!feeds->empty()) known.now = machines::next_bar_open(feeds->front().played_to) - machines::milliseconds(1);
  return known;
}

std::string fresh_id() {
  std::array<std::uint8_t, 16> bytes{};
  ledger::env::fill_random(bytes);
  return ledger::env::to_hex(bytes);
}

void print(const Known& known, const schemas::Statement& told, bool as_json) {
  ordered_json json{{"lines", ordered_json::array()}, {"foreign", ordered_json::array()}};
  for (const auto& line : told.lines) {
    const std::string total = known.text(line.total, line.asset);
    json["lines"].push_back({{"asset", line.asset}, {"total", total}});
    if (!as_json) print_text("{:<8} {:>36}\n", line.asset, total);
  }
  for (const auto& fill : told.foreign) {
    const auto slash = fill.symbol.find('/');
    const std::string base = fill.symbol.substr(0, slash), quote = fill.symbol.substr(slash + 1);
    const std::string fee_asset = fill.fee_asset.empty() ? quote : fill.fee_asset;
    const std::string at = utc(fill.at), side(machines::name_of(fill.side));
    const std::string got = known.text(fill.base, base), paid = known.text(fill.quote, quote);
    const std::string fee = known.text(fill.fee, fee_asset);
    json["foreign"].push_back({{"id", fill.id},
                               {"symbol", fill.symbol},
                               {"at", at},
                               {"side", side},
                               {"base", got},
                               {"quote", paid},
                               {"fee", fee},
                               {"fee_asset", fee_asset}});
    if (!as_json)
      print_text("{} {} {} {} for {} {}, fee {} {} (not ours: {})\n", at, side, got, base, paid, quote, fee, fee_asset,
                 fill.id);
  }
  if (as_json) std::cout << json.dump() << "\n";
}

int ask_venue(const CommandContext& context, const Known& known, const schemas::VenueMessage& request) {
  const auto keys = brokers::wire::read_keys(context.layout.key("client").string());
  const auto venue = brokers::wire::read_public_key(context.layout.venue_public_key().string());
  if (!keys || !venue)
    return misused(context, "the keys in " + context.layout.folder.string() + " can't be read", ErrorCode::config);
  const std::atomic<bool> never = false;
  brokers::wire::Context sockets;
  workers::venues::paper::VenueClient client(sockets, {context.layout.venue_endpoint(), *keys, *venue});
  const auto answer = workers::venues::paper::ask(client, request, patience, never);
  if (answer) {
    print(known, std::get<schemas::Statement>(*answer), context.json);
    return 0;
  }
  if (answer.error().error == machines::CallError::rejected)
    return unanswered(context, "the venue refused: " + answer.error().text, ErrorCode::refused);
  return unanswered(
      context,
      fmt::format(
          "the venue of {} does not answer; nothing is known of the request: repeat it with the same --id once `bursar "
          "up` runs",
          context.layout.folder.string()),
      ErrorCode::in_doubt);
}

// Runs with what the ledger knows where a house runs.
template <class Then>
int with_house(const CommandContext& context, const std::string& symbol, Then then) {
  if (!context.by_folder) return misused(context, "the venue is found by its data folder: leave --dsn out");
  if (!context.house_may_run)
    return unanswered(context,
                      fmt::format("no house runs on {}; start it with `bursar up` and leave it open, then ask again",
                                  context.layout.folder.string()),
                      ErrorCode::not_running);
  const auto known = look_up(context, symbol);
  if (!known) return failed(context, "paper", known.error());
  if (known->symbol.empty())
    return misused(context, symbol.empty() ? "no pair is traded here" : symbol + " is not traded here",
                   ErrorCode::not_found);
  return then(*known);
}

int transfer(const CommandContext& context, const PaperArgs& order, int sign) {
  return with_house(context, "", [&](const Known& known) {
    if (!known.scales.contains(order.asset))
      return misused(context, fmt::format("no asset is called `{}` here", order.asset), ErrorCode::not_found);
    const auto amount = machines::parse_decimal(order.amount, known.scale_of(order.asset));
    if (!amount || *amount <= 0)
      return misused(context, fmt::format("`{}` is no positive amount of {}, which has {} decimals", order.amount,
                                          order.asset, known.scale_of(order.asset)));
    return ask_venue(
        context, known,
        schemas::HandTransfer{order.id.empty() ? fresh_id() : order.id, order.asset, sign * *amount, known.now});
  });
}

}  // namespace

int trade_on_paper(const CommandContext& context, const PaperArgs& order) {
  const auto side = machines::from_name<schemas::Side>(order.side);
  if (!side) return misused(context, fmt::format("`{}` is no side; write buy or sell", order.side));
  return with_house(context, order.symbol, [&](const Known& known) {
    const std::string& spent = *side == schemas::Side::buy ? known.quote : known.base;
    const auto size = machines::parse_decimal(order.amount, known.scale_of(spent));
    if (!size || *size <= 0)
      return misused(context, fmt::format("`{}` is no positive amount of {}, which has {} decimals", order.amount,
                                          spent, known.scale_of(spent)));
    return ask_venue(
        context, known,
        schemas::HandTrade{order.id.empty() ? fresh_id() : order.id, known.symbol, *side, *size, known.now});
  });
}

int deposit_on_paper(const CommandContext& context, const PaperArgs& order) { return transfer(context, order, 1); }
int withdraw_on_paper(const CommandContext& context, const PaperArgs& order) { return transfer(context, order, -1); }

int show_paper_statement(const CommandContext& context) {
  return with_house(context, "",
                    [&](const Known& known) { return ask_venue(context, known, schemas::StatementRequest{}); });
}

void add_paper_commands(Commands& commands) {
  auto args = std::make_shared<PaperArgs>();
  CLI::App& paper = commands.noun("paper",
                                  "what a person would do on the exchange's own page, for trying reconciliation out; "
                                  "needs the running house (`bursar up` stays open after a replay)");
  const auto command = [&](const char* name, const char* help, int (*act)(const CommandContext&, const PaperArgs&)) {
    CLI::App& made =
        commands.look(paper, name, help, [args, act](const CommandContext& context) { return act(context, *args); });
    made.add_option("--id", args->id, "asked again under the same id, it happens once");
    return &made;
  };
  auto* trade = command("trade", "trade by hand, at the last open, past every sleeve", trade_on_paper);
  trade->add_option("side", args->side, "buy or sell")->required()->check(CLI::IsMember({"buy", "sell"}));
  trade->add_option("amount", args->amount, "buy: quote to spend, fee included; sell: base to sell")->required();
  trade->add_option("--symbol", args->symbol, "default: the pair that the house trades");
  for (auto* transfer : {command("deposit", "coins come from outside", deposit_on_paper),
                         command("withdraw", "coins go to outside", withdraw_on_paper)}) {
    transfer->add_option("asset", args->asset, "USDT, ETH, ...")->required();
    transfer->add_option("amount", args->amount)->required();
  }
  commands.look(paper, "statement", "what the venue says that the account holds, and the fills that are not ours",
                show_paper_statement);
}

}  // namespace deploy
