#include "deploy/replay/results.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "deploy/report/figures.hpp"
#include "deploy/report/vault_page.hpp"
#include "ledger/audit/verify.hpp"
#include "ledger/books/books.hpp"
#include "ledger/books/fee_prices.hpp"
#include "ledger/books/read_daily_books.hpp"
#include "ledger/books/treasury.hpp"
#include "schemas/codec/data.hpp"
#include "workers/market/baseline.hpp"

namespace deploy {

using deploy::report::plain_amount;

namespace {

using ledger::Connection;
using ledger::Parameters;
using ledger::Rows;
using ledger::SqlStatement;
using ledger::Stored;
using ledger::books::Sleeve;
using machines::Amount;
using machines::Instant;
using machines::Int128;

// Every change of an account's own money (posted), by world time.
constexpr SqlStatement changes_statement = {
    "report_changes",
    "SELECT p.world_at, e.credits_posted - e.debits_posted FROM ledger.entry e "
    "JOIN ledger.posting p ON p.owner = e.owner "
    "AND p.instance = e.instance AND p.version = e.step_version AND p.leg = e.leg "
    "WHERE e.owner = $1 AND e.account = $2 ORDER BY e.version",
    false};
constexpr SqlStatement fills_statement = {
    "report_fills",
    "SELECT p.world_at, bool_or(p.code = 'buy_base'), "
    "sum(p.amount) FILTER (WHERE p.code IN ('buy_base', 'sell_base') OR (p.code = 'suspense' AND p.credit = $3)), "
    "sum(p.amount) FILTER (WHERE p.code IN ('buy_cost', 'sell_proceeds') OR (p.code = 'suspense' AND p.credit = $4)), "
    "coalesce(sum(p.amount) FILTER (WHERE p.credit = $5), 0), coalesce(sum(p.amount) FILTER (WHERE p.credit = $6), 0), "
    "coalesce(sum(p.amount) FILTER (WHERE p.credit = $7), 0), p.instance "
    "FROM ledger.posting p JOIN ledger.instance i ON i.owner = p.owner AND i.id = p.instance AND i.kind = 'order' AND "
    "i.sleeve = $2 "
    "WHERE p.owner = $1 AND p.kind IN ('single', 'post') GROUP BY p.owner, p.instance, p.version, p.world_at "
    "HAVING bool_or(p.code IN ('buy_base', 'sell_base')) ORDER BY 1, p.instance, p.version",
    false};
constexpr SqlStatement sweeps_statement = {
    "report_sweeps",
    "SELECT world_at, amount FROM ledger.posting WHERE owner = $1 AND debit = $2 "
    "AND code = 'sweep' ORDER BY instance, version",
    false};
// What came to the sleeve or went by other ways than trades, fees and the return of profit; and what suspense spent for
// it. What an explanation of a difference made of it is a gain or a loss.
constexpr SqlStatement moved_statement = {
    "report_moved",
    "SELECT world_at, CASE WHEN debit = $2 THEN -amount ELSE amount END FROM ledger.posting WHERE owner = $1 AND kind "
    "IN ('single', 'post') AND (code = 'suspense' AND credit IN ($3, $4) OR (debit = $2 OR credit = $2) AND debit NOT "
    "IN ($3, $4) AND credit NOT IN ($3, $4) AND code <> 'sweep' AND code NOT LIKE 'correct%' AND code <> "
    "'marked_difference') ORDER BY world_at, instance, version, leg",
    false};
constexpr SqlStatement coin_fees_statement = {
    "report_coin_fees",
    "SELECT world_at, amount FROM ledger.posting WHERE owner = $1 AND credit = "
    "$2 AND kind IN ('single', 'post') ORDER BY world_at, instance, version",
    false};
// With what each paid of the third asset.
constexpr SqlStatement cycles_statement = {
    "report_cycles",
    "SELECT c.data, coalesce((SELECT sum(p.amount) FROM ledger.instance o JOIN ledger.posting p ON p.owner = o.owner "
    "AND p.instance = o.id AND p.credit = $3 AND p.kind IN ('single', 'post') WHERE o.owner = c.owner AND o.parent = "
    "c.id), 0) FROM ledger.instance c WHERE c.owner = $1 AND c.sleeve = $2 AND c.kind = 'sleeve_cycle' AND c.state = "
    "'closed'",
    false};

constexpr SqlStatement refused_statement = {
    "report_refused",
    "SELECT data FROM ledger.instance WHERE owner = $1 AND sleeve = $2 AND kind = 'order' AND state = 'rejected' ORDER "
    "BY id",
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

// What fees in the sleeve's third asset are worth in quote; 0 where no price of it is known.
class CoinValue {
 public:
  CoinValue(const Sleeve& sleeve, const ledger::books::FeePrices& prices) : sleeve_(sleeve) {
    if (const auto found = prices.find(sleeve.fee_asset.id); found != prices.end()) price_ = found->second;
  }
  Int128 of(Int128 coins) const {
    if (coins == 0 || price_.e8 == 0) return 0;
    const auto value = machines::value_at(Amount(sleeve_.fee_asset.id, coins), price_, sleeve_.fee_asset,
                                          sleeve_.instrument.quote, machines::Rounding::half_even);
    return value ? value->minor() : 0;
  }

 private:
  const Sleeve& sleeve_;
  machines::Price price_{0};
};

// Each point at its bar: the one that it falls into, or the last.
report::Series by_bar(report::Series series, const std::vector<workers::market::Bar>& bars) {
  std::size_t bar = 0;
  for (report::Point& point : series) {
    while (bar + 1 < bars.size() && machines::next_bar_close(bars[bar].opens_at) < point.at) ++bar;
    point.at = bars[bar].opens_at;
  }
  return series;
}

void sum_up(report::Series& series) {
  for (std::size_t at = 1; at < series.size(); ++at) series[at].minor += series[at - 1].minor;
}

// The part of a fill's quote that the fee in base was of its base.
Int128 in_quote(Int128 fee_base, Int128 base, Int128 quote) {
  if (fee_base == 0 || base == 0) return 0;
  return machines::multiply_divide(quote, fee_base, base, machines::Rounding::down).value_or(0);
}

// What the same decisions get at the mean fill: the whole order at the open that it first filled at, with half of the
// most slippage.
class MeanFill {
 public:
  MeanFill(const std::vector<workers::market::Bar>& bars, const schemas::config::PaperConfig& paper)
      : shift_{paper.half_spread.ppm + paper.slippage.ppm / 2} {
    for (const auto& bar : bars) opens_.emplace(bar.opens_at, bar.open);
  }
  // How much better (+) or worse (-) this fill was, in quote.
  Int128 draw_of(std::int64_t order, const report::Fill& fill, const machines::Instrument& pair) {
    const auto open = opens_.find(fill.at);
    if (open == opens_.end()) return 0;
    const machines::Price first = first_.emplace(order, open->second).first->second;
    const machines::Rate shift{fill.is_buy ? shift_.ppm : -shift_.ppm};
    const auto mean = machines::adjusted(first, shift, machines::Rounding::half_even);
    if (!mean) return 0;
    const auto value = machines::value_at(Amount(pair.base.id, fill.base), *mean, pair.base, pair.quote,
                                          machines::Rounding::half_even);
    if (!value) return 0;
    return fill.is_buy ? value->minor() - fill.quote : fill.quote - value->minor();
  }

 private:
  machines::Rate shift_;
  std::map<Instant, machines::Price> opens_;
  std::map<std::int64_t, machines::Price> first_;  // by order
};

Stored<bool> read_fills(Connection& connection, const Sleeve& sleeve, const CoinValue& coins, MeanFill& mean,
                        report::Sleeve& to) {
  const auto rows = connection.call(fills_statement, owner_and(sleeve, sleeve.id.value)
                                                         .add(sleeve.accounts.trading_base.value)
                                                         .add(sleeve.accounts.trading_quote.value)
                                                         .add(sleeve.accounts.fees_quote.value)
                                                         .add(sleeve.accounts.fees_base.value)
                                                         .add(sleeve.accounts.fees_other.value));
  if (!rows) return machines::fail(rows.error());
  for (int row = 0; row < rows->size(); ++row) {
    report::Fill fill{{rows->number(row, 0)}, rows->flag(row, 1),   {0},
                      rows->amount(row, 2),   rows->amount(row, 3), rows->amount(row, 4)};
    fill.fee += in_quote(rows->amount(row, 5), fill.base, fill.quote) + coins.of(rows->amount(row, 6));
    fill.price = price_of(sleeve, fill.base, fill.quote);
    to.fills.push_back(fill);
    to.draw += mean.draw_of(rows->number(row, 7), fill, sleeve.instrument);
  }
  return true;
}

Stored<bool> read_cycles(Connection& connection, const Sleeve& sleeve, const CoinValue& coins, report::Sleeve& to) {
  const auto rows =
      connection.call(cycles_statement, owner_and(sleeve, sleeve.id.value).add(sleeve.accounts.fees_other.value));
  if (!rows) return machines::fail(rows.error());
  for (int row = 0; row < rows->size(); ++row) {
    const auto data = schemas::parse_cycle(rows->text(row, 0));
    if (!data) continue;
    ++to.trades;
    to.wins += data->realized.minor() > coins.of(rows->amount(row, 1));
  }
  return true;
}

// Orders that the venue refused, and why; and a sleeve that has too little for any.
Stored<bool> read_refused(Connection& connection, const Sleeve& sleeve, report::Sleeve& to) {
  const auto rows = connection.call(refused_statement, owner_and(sleeve, sleeve.id.value));
  if (!rows) return machines::fail(rows.error());
  std::map<std::string, std::int64_t> reasons;
  for (int row = 0; row < rows->size(); ++row)
    if (const auto data = schemas::parse_order(rows->text(row, 0))) ++reasons[data->reason];
  for (const auto& [reason, count] : reasons) {
    to.refused += count;
    to.remarks.push_back(
        fmt::format("{}: the venue refused {} of its orders{}", to.name, count, reason.empty() ? "" : ": " + reason));
  }
  const auto& pair = sleeve.instrument;
  if (to.cash < pair.min_notional.minor() && to.held_at_cost == 0 && to.trades == 0)
    to.remarks.push_back(fmt::format("{} can't trade: it has {} {}, and the smallest order of {} is {} {}", to.name,
                                     plain_amount(Amount(pair.quote.id, to.cash), pair.quote.scale), pair.quote.code,
                                     sleeve.symbol, plain_amount(pair.min_notional, pair.quote.scale),
                                     pair.quote.code));
  return true;
}

// What was moved before the first bar is what the sleeve began with.
Stored<bool> read_moved(Connection& connection, const Sleeve& sleeve, const std::vector<workers::market::Bar>& bars,
                        report::Sleeve& to) {
  const auto rows = connection.call(moved_statement, owner_and(sleeve, sleeve.accounts.quote.value)
                                                         .add(sleeve.accounts.trading_quote.value)
                                                         .add(sleeve.accounts.fees_quote.value));
  if (!rows) return machines::fail(rows.error());
  for (const report::Point& point : series_of(*rows))
    if (point.at < bars.front().opens_at)
      to.started_with += point.minor;
    else
      to.moved.push_back(point);
  sum_up(to.moved);
  to.moved = by_bar(std::move(to.moved), bars);
  return true;
}

Stored<report::Sleeve> read_sleeve(Connection& connection, const Sleeve& sleeve,
                                   const std::vector<workers::market::Bar>& bars, const CoinValue& coins,
                                   MeanFill& mean) {
  report::Sleeve made;
  made.name = sleeve.name;
  made.kind = machines::name_of(sleeve.kind);
  const auto quote = connection.call(changes_statement, owner_and(sleeve, sleeve.accounts.quote.value));
  if (!quote) return machines::fail(quote.error());
  const auto base = connection.call(changes_statement, owner_and(sleeve, sleeve.accounts.base.value));
  if (!base) return machines::fail(base.error());
  const auto coin_fees = connection.call(coin_fees_statement, owner_and(sleeve, sleeve.accounts.fees_other.value));
  if (!coin_fees) return machines::fail(coin_fees.error());
  const auto sweeps = connection.call(sweeps_statement, owner_and(sleeve, sleeve.accounts.quote.value));
  if (!sweeps) return machines::fail(sweeps.error());
  const auto quote_series = series_of(*quote);
  made.cash = quote_series.empty() ? 0 : quote_series.back().minor;
  made.equity = equity_of(sleeve, quote_series, series_of(*base), bars);
  made.returned = series_of(*sweeps);
  sum_up(made.returned);
  made.returned = by_bar(std::move(made.returned), bars);
  made.coin_fees = series_of(*coin_fees);
  for (report::Point& point : made.coin_fees) point.minor = coins.of(point.minor);
  sum_up(made.coin_fees);
  made.coin_fees = by_bar(std::move(made.coin_fees), bars);
  if (const auto read = read_moved(connection, sleeve, bars, made); !read) return machines::fail(read.error());
  if (const auto read = read_fills(connection, sleeve, coins, mean, made); !read) return machines::fail(read.error());
  if (const auto read = read_cycles(connection, sleeve, coins, made); !read) return machines::fail(read.error());
  return made;
}

// What the books say, which know every movement: fees of whatever kind, and what was sold less all of its fees.
void add_books(const ledger::books::DailyBooks& statement, const Sleeve& sleeve, report::Sleeve& to) {
  for (const auto& books : statement.sleeves)
    if (books.sleeve.owner == sleeve.owner && books.sleeve.id == sleeve.id)
      for (const auto& day : books.days) {
        to.fees += day.fees;
        to.realized_pnl += day.realised - day.closed_fees;
        to.held_at_cost = day.cost;
        to.open_fees = day.open_fees;
        to.held_at_market = day.cost + day.unrealised.value_or(0);
      }
}

void read_suspense(const std::vector<ledger::books::Balance>& balances, report::ReportData& data) {
  for (const auto& balance : balances)
    if (balance.path.starts_with("suspense/")) data.suspense -= balance.posted;
}

void read_vaults(const ledger::books::DailyBooks& statement, report::ReportData& data) {
  for (const auto& books : statement.vaults) {
    if (books.vault.asset.id != data.quote.id || books.days.empty()) continue;
    const ledger::books::VaultDay& last = books.days.back();
    data.vault.cash += last.total;
    data.vault.total += last.total_coins();
    data.vault.tradeable += last.tradeable_coins();
    data.vault.open_fees += last.open_fees;
    data.vault.held_at_cost += last.held;
    data.vault.held_at_market += last.held_market.value_or(last.held);
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
  data.params.emplace_back("venue: lot", paper.lot.text() + " " + data.base.code);
  data.params.emplace_back("venue: tick", paper.tick.text() + " " + data.quote.code);
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
  data.title = fmt::format("{}: momentum, {}", first.symbol,
                           report::counted(static_cast<std::int64_t>(sleeves->size()), "sleeve"));
  data.file = std::filesystem::path(feed.file).filename().string();
  data.sha256 = feed.sha256;
  data.sample = is_sample(feed);
  data.base = first.instrument.base;
  data.quote = first.instrument.quote;
  data.import = feed.import;
  data.bars = static_cast<std::int64_t>(bars.size());
  const auto prices = ledger::books::read_fee_prices(connection);
  if (!prices) return machines::fail(prices.error());
  const auto statement = ledger::books::read_statement(connection, machines::costs::Basis::average);
  if (!statement) return machines::fail(statement.error());
  MeanFill mean(bars, paper);
  for (const auto& [key, sleeve] : *sleeves) {
    auto one = read_sleeve(connection, sleeve, bars, CoinValue(sleeve, *prices), mean);
    if (!one) return machines::fail(one.error());
    add_books(*statement, sleeve, *one);
    if (const auto read = read_refused(connection, sleeve, *one); !read) return machines::fail(read.error());
    if (!one->returned.empty()) data.vault.returned_from_flash += one->returned.back().minor;
    add_params(data, sleeve);
    data.sleeves.push_back(std::move(*one));
  }
  const auto balances = ledger::books::Books(connection).balances();
  if (!balances) return machines::fail(balances.error());
  read_suspense(*balances, data);
  read_vaults(*statement, data);
  add_costs(data, first, paper);
  add_baselines(data, first, bars, paper.half_spread);
  // The last bar stands in any case: what was moved last shows there.
  for (const auto& bar : bars)
    if (bar.close_sound || (&bar == &bars.back() && !data.prices.empty()))
      data.prices.push_back({bar.opens_at, bar.close_sound ? bar.close : data.prices.back().close});
  auto digest = ledger::audit::digest(connection);
  if (!digest) return machines::fail(digest.error());
  data.digest = std::move(*digest);
  return data;
}

}  // namespace deploy
