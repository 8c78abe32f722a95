#include "deploy/bursar/results.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "ledger/audit/verify.hpp"
#include "ledger/books/books.hpp"
#include "ledger/books/treasury.hpp"
#include "schemas/codec/data.hpp"
#include "workers/market/baseline.hpp"

namespace deploy {
namespace {

using ledger::Connection;
using ledger::Parameters;
using ledger::Rows;
using ledger::Statement;
using ledger::Stored;
using ledger::books::Sleeve;
using machines::Amount;
using machines::Instant;
using machines::Int128;

// Every change of an account's own money (posted), by world time.
constexpr Statement changes_statement = {"report_changes",
                                         "SELECT p.world_at, e.credits_posted - e.debits_posted FROM ledger.entry e "
                                         "JOIN ledger.posting p ON p.owner = e.owner "
                                         "AND p.instance = e.instance AND p.version = e.step_version AND p.leg = e.leg "
                                         "WHERE e.owner = $1 AND e.account = $2 ORDER BY e.version",
                                         false};
constexpr Statement fills_statement = {
    "report_fills",
    "SELECT p.world_at, bool_or(p.code = 'buy_base'), "
    "sum(p.amount) FILTER (WHERE p.code IN ('buy_base', 'sell_base') OR (p.code = 'suspense' AND p.credit = $3)), "
    "sum(p.amount) FILTER (WHERE p.code IN ('buy_cost', 'sell_proceeds') OR (p.code = 'suspense' AND p.credit = $4)), "
    "coalesce(sum(p.amount) FILTER (WHERE p.code = 'fee' OR (p.code = 'suspense' AND p.credit = $5)), 0) "
    "FROM ledger.posting p JOIN ledger.instance i ON i.owner = p.owner AND i.id = p.instance AND i.kind = 'order' AND "
    "i.sleeve = $2 "
    "WHERE p.owner = $1 AND p.kind IN ('single', 'post') GROUP BY p.owner, p.instance, p.version, p.world_at "
    "HAVING bool_or(p.code IN ('buy_base', 'sell_base')) ORDER BY 1, p.instance, p.version",
    false};
constexpr Statement sweeps_statement = {"report_sweeps",
                                        "SELECT world_at, amount FROM ledger.posting WHERE owner = $1 AND debit = $2 "
                                        "AND code = 'sweep' ORDER BY instance, version",
                                        false};
constexpr Statement first_allocation_statement = {"report_first_allocation",
                                                  "SELECT amount FROM ledger.posting WHERE owner = $1 AND credit = $2 "
                                                  "AND code = 'allocate' ORDER BY world_at, instance LIMIT 1",
                                                  false};
constexpr Statement cycles_statement = {
    "report_cycles",
    "SELECT data FROM ledger.instance WHERE owner = $1 AND sleeve = $2 AND kind = 'sleeve_cycle' AND state = 'closed'",
    false};

Parameters owner_and(const Sleeve& sleeve, std::int64_t value) {
  return Parameters().add(std::int64_t{sleeve.owner.value}).add(value);
}

report::Series series_of(const Rows& rows) {
  report::Series series;
  for (int row = 0; row < rows.size(); ++row) series.push_back({{rows.number(row, 0)}, rows.amount(row, 1)});
  return series;
}

// The last value at or before `at`; `next` walks along with rising times.
Int128 value_at_time(const report::Series& series, std::size_t& next, Int128& value, Instant at) {
  for (; next < series.size() && series[next].at <= at; ++next) value = series[next].minor;
  return value;
}

// Quote and base marked at each close; where a close is absurd, at the last sound one.
report::Series equity_of(const Sleeve& sleeve, const report::Series& quote, const report::Series& base,
                         const std::vector<workers::market::Bar>& bars) {
  report::Series equity;
  equity.reserve(bars.size());
  std::size_t quote_next = 0, base_next = 0;
  Int128 quote_value = 0, base_value = 0;
  machines::Price mark{0};
  for (const auto& bar : bars) {
    if (bar.close_sound) mark = bar.close;
    const Instant at = machines::next_bar_close(bar.opens_at);
    Int128 minor = value_at_time(quote, quote_next, quote_value, at);
    const Amount held(sleeve.instrument.base.id, value_at_time(base, base_next, base_value, at));
    const auto worth =
        machines::value_at(held, mark, sleeve.instrument.base, sleeve.instrument.quote, machines::Rounding::down);
    if (worth) minor += worth->minor();
    equity.push_back({bar.opens_at, minor});
  }
  return equity;
}

machines::Price price_of(const Sleeve& sleeve, Int128 base, Int128 quote) {
  const auto& i = sleeve.instrument;
  if (base == 0) return {0};
  const auto scaled = machines::multiply_divide(quote, machines::power_of_ten(8) * machines::power_of_ten(i.base.scale),
                                                base, machines::Rounding::half_even);
  return {scaled ? static_cast<std::int64_t>(*scaled / machines::power_of_ten(i.quote.scale)) : 0};
}

Stored<bool> read_fills(Connection& connection, const Sleeve& sleeve, report::Sleeve& to) {
  const auto rows = connection.call(fills_statement, owner_and(sleeve, sleeve.id.value)
                                                         .add(sleeve.accounts.trading_base.value)
                                                         .add(sleeve.accounts.trading_quote.value)
                                                         .add(sleeve.accounts.fees_quote.value));
  if (!rows) return machines::fail(rows.error());
  for (int row = 0; row < rows->size(); ++row) {
    report::Fill fill{{rows->number(row, 0)}, rows->flag(row, 1),   {0},
                      rows->amount(row, 2),   rows->amount(row, 3), rows->amount(row, 4)};
    fill.price = price_of(sleeve, fill.base, fill.quote);
    to.fills.push_back(fill);
  }
  return true;
}

Stored<bool> read_cycles(Connection& connection, const Sleeve& sleeve, report::Sleeve& to) {
  const auto rows = connection.call(cycles_statement, owner_and(sleeve, sleeve.id.value));
  if (!rows) return machines::fail(rows.error());
  for (int row = 0; row < rows->size(); ++row) {
    const auto data = schemas::parse_cycle(rows->text(row, 0));
    if (!data) continue;
    ++to.trades;
    to.wins += data->realized.is_positive();
    to.realized_pnl += data->realized.minor();
  }
  return true;
}

Stored<report::Sleeve> read_sleeve(Connection& connection, const Sleeve& sleeve,
                                   const std::vector<workers::market::Bar>& bars) {
  report::Sleeve made;
  made.name = sleeve.name;
  made.kind = machines::name_of(sleeve.kind);
  const auto first = connection.call(first_allocation_statement, owner_and(sleeve, sleeve.accounts.quote.value));
  if (!first) return machines::fail(first.error());
  made.started_with = first->empty() ? 0 : first->amount(0, 0);
  const auto quote = connection.call(changes_statement, owner_and(sleeve, sleeve.accounts.quote.value));
  if (!quote) return machines::fail(quote.error());
  const auto base = connection.call(changes_statement, owner_and(sleeve, sleeve.accounts.base.value));
  if (!base) return machines::fail(base.error());
  const auto fees = connection.call(changes_statement, owner_and(sleeve, sleeve.accounts.fees_quote.value));
  if (!fees) return machines::fail(fees.error());
  const auto sweeps = connection.call(sweeps_statement, owner_and(sleeve, sleeve.accounts.quote.value));
  if (!sweeps) return machines::fail(sweeps.error());
  const auto quote_series = series_of(*quote);
  made.balance = quote_series.empty() ? 0 : quote_series.back().minor;
  made.fees = fees->empty() ? 0 : fees->amount(fees->size() - 1, 1);
  made.equity = equity_of(sleeve, quote_series, series_of(*base), bars);
  made.returned = series_of(*sweeps);
  for (std::size_t at = 1; at < made.returned.size(); ++at) made.returned[at].minor += made.returned[at - 1].minor;
  if (const auto read = read_fills(connection, sleeve, made); !read) return machines::fail(read.error());
  if (const auto read = read_cycles(connection, sleeve, made); !read) return machines::fail(read.error());
  return made;
}

void read_balances(const std::vector<ledger::books::Balance>& balances, report::ReportData& data) {
  for (const auto& balance : balances) {
    if (balance.path.starts_with("suspense/")) data.suspense -= balance.posted;
    if (balance.asset != data.quote.code) continue;
    const bool in_vault = balance.path.starts_with("vault/");
    const bool in_sleeve =
        balance.limited && balance.path.starts_with("sleeve/") && balance.path.find("/fees/") == std::string::npos;
    if (in_vault || in_sleeve) data.vault.total += balance.posted;
    // Tradeable Coins: what the user elected to risk, allocated or not.
    if (in_sleeve || balance.path == "vault/" + data.quote.code + "/tradeable") data.vault.tradeable += balance.posted;
  }
}

void add_baselines(report::ReportData& data, const Sleeve& sleeve, const std::vector<workers::market::Bar>& bars,
                   machines::Rate spread) {
  Int128 money = 0;
  for (const auto& one : data.sleeves) money += one.started_with;
  const workers::market::BaselineParams params{
      sleeve.instrument.base, sleeve.instrument.quote,     Amount(sleeve.instrument.quote.id, money),
      sleeve.instrument.lot,  sleeve.instrument.taker_fee, spread,
      bars.front().opens_at};
  const auto fill = [&](const workers::market::Baseline& from, report::Series& to) {
    for (std::size_t at = 0; at < from.equity.size(); ++at) to.push_back({bars[at].opens_at, from.equity[at].minor()});
  };
  if (const auto held = workers::market::buy_and_hold(bars, params)) fill(*held, data.buy_and_hold);
  fill(workers::market::cash(bars, params), data.cash);
}

std::string percent(machines::Rate rate) { return fmt::format("{:.4g} %", static_cast<double>(rate.ppm) / 10'000.0); }

void add_params(report::ReportData& data, const Sleeve& sleeve) {
  const auto rules = schemas::parse_momentum(sleeve.strategy);
  if (!rules) return;
  const std::string of = sleeve.name + ": ";
  data.params.emplace_back(of + "buy when 1 h momentum >=", percent(rules->buy_momentum));
  data.params.emplace_back(of + "and the 4 h trend >=", percent(rules->trend));
  data.params.emplace_back(of + "stop-loss (net)", percent(rules->stop_loss));
  data.params.emplace_back(of + "trailing exit armed at (net)", percent(rules->arm));
  data.params.emplace_back(of + "trail", percent(rules->trail));
  data.params.emplace_back(of + "no sale but the stop while 1 h trend >=", percent(rules->hold_uptrend));
}

// What trading costs on the paper venue.
void add_costs(report::ReportData& data, const Sleeve& sleeve, const schemas::config::PaperConfig& paper) {
  data.params.emplace_back("venue: maker fee, taker fee",
                           percent(sleeve.instrument.maker_fee) + ", " + percent(sleeve.instrument.taker_fee));
  data.params.emplace_back("venue: half of the spread", percent(paper.half_spread));
  data.params.emplace_back("venue: slippage, at most", percent(paper.slippage));
  data.params.emplace_back("venue: chance of a fill in two parts", percent(paper.partial_fill));
  data.params.emplace_back("venue: smallest order", paper.min_notional.text() + " " + data.quote.code);
}

}  // namespace

Stored<report::ReportData> read_results(Connection& connection, const FeedState& feed,
                                        const std::vector<workers::market::Bar>& bars,
                                        const schemas::config::PaperConfig& paper) {
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  CHECK(!sleeves->empty() && !bars.empty());
  const Sleeve& first = sleeves->begin()->second;
  report::ReportData data;
  data.title = fmt::format("{}: momentum, {} sleeves", first.symbol, sleeves->size());
  data.file = std::filesystem::path(feed.file).filename().string();
  data.sha256 = feed.sha256;
  data.sample = is_sample(feed);
  data.base = first.instrument.base;
  data.quote = first.instrument.quote;
  data.import = feed.import;
  data.bars = static_cast<std::int64_t>(bars.size());
  for (const auto& [key, sleeve] : *sleeves) {
    auto one = read_sleeve(connection, sleeve, bars);
    if (!one) return machines::fail(one.error());
    if (!one->returned.empty()) data.vault.returned_from_flash += one->returned.back().minor;
    add_params(data, sleeve);
    data.sleeves.push_back(std::move(*one));
  }
  const auto balances = ledger::books::Books(connection).balances();
  if (!balances) return machines::fail(balances.error());
  read_balances(*balances, data);
  add_costs(data, first, paper);
  add_baselines(data, first, bars, paper.half_spread);
  for (const auto& bar : bars)
    if (bar.close_sound) data.prices.push_back({bar.opens_at, bar.close});
  auto digest = ledger::audit::digest(connection);
  if (!digest) return machines::fail(digest.error());
  data.digest = std::move(*digest);
  return data;
}

}  // namespace deploy
