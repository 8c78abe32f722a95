#include "deploy/report/page_data.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "deploy/report/chart.hpp"
#include "deploy/report/thin.hpp"

namespace deploy::report {
namespace {

constexpr std::size_t most_prices = 60'000;
constexpr std::size_t most_fills = 20'000;

Column baseline(const Outcome& outcome, const char* style, const std::vector<double>& values) {
  return {outcome.name, style, outcome.base, values, false};
}

std::vector<Column> equity_columns(const Figures& figures) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < figures.sleeves.size(); ++i) {
    const Outcome& outcome = figures.sleeve_outcomes[i];
    columns.push_back({outcome.name, style_of_sleeve(i), outcome.base, figures.sleeves[i], false});
  }
  columns.push_back(baseline(figures.held, "held", figures.buy_and_hold));
  columns.push_back(baseline(figures.idle, "cash", figures.cash));
  return columns;
}

std::vector<Column> drawdown_columns(const Figures& figures) {
  std::vector<Column> columns = equity_columns(figures);
  columns.pop_back();  // cash never falls
  for (Column& column : columns) column.values = drawdown_percent(column.values);
  return columns;
}

std::vector<Column> fee_columns(const ReportData& data, const Figures& figures) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < data.sleeves.size(); ++i) {
    Series paid;
    machines::Int128 sum = 0;
    for (const Fill& fill : data.sleeves[i].fills) paid.push_back({fill.at, sum += fill.fee});
    columns.push_back(
        {data.sleeves[i].name, style_of_sleeve(i), 0, carried(paid, figures.times, 0, data.quote.scale), false});
  }
  return columns;
}

std::vector<Column> returned_columns(const ReportData& data, const Figures& figures) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < data.sleeves.size(); ++i) {
    const Sleeve& sleeve = data.sleeves[i];
    if (sleeve.returned.empty()) continue;
    columns.push_back(
        {sleeve.name, style_of_sleeve(i), 0, carried(sleeve.returned, figures.times, 0, data.quote.scale), false});
  }
  return columns;
}

// Hours since the bar before, and the closes.
std::string price_series(const ReportData& data) {
  std::vector<double> closes;
  for (const PricePoint& price : data.prices) closes.push_back(units(price.close));
  const std::vector<std::size_t> rows = thin({&closes}, most_prices);
  std::string steps;
  machines::Instant before = data.prices.empty() ? machines::Instant{} : data.prices.front().at;
  const std::int64_t first = second_of(before);
  for (const std::size_t row : rows) {
    const machines::Instant at = data.prices[row].at;
    steps += fmt::format("{}{}", steps.empty() ? "" : ",", (at - before).us / machines::hours(1).us);
    before = at;
  }
  return fmt::format("{{\"first\":{},\"step\":[{}],\"y\":{}}}", first, steps, numbers(closes, rows));
}

std::string fills_of(const ReportData& data, std::size_t index, std::size_t from) {
  const Sleeve& sleeve = data.sleeves[index];
  std::string at, is_buy, price, quote, fee;
  for (std::size_t i = from; i < sleeve.fills.size(); ++i) {
    const Fill& fill = sleeve.fills[i];
    const char* comma = i > from ? "," : "";
    at += fmt::format("{}{}", comma, second_of(fill.at));
    is_buy += fmt::format("{}{}", comma, fill.is_buy);
    price += fmt::format("{}{:.8g}", comma, units(fill.price));
    quote += fmt::format("{}{:.8g}", comma, units(fill.quote, data.quote.scale));
    fee += fmt::format("{}{:.6g}", comma, units(fill.fee, data.quote.scale));
  }
  return fmt::format(
      "{{\"name\":{},\"style\":\"{}\",\"t\":[{}],\"buy\":[{}],\"price\":[{}],\"quote\":[{}],\"fee\":[{}]}}",
      quoted(sleeve.name), style_of_sleeve(index), at, is_buy, price, quote, fee);
}

}  // namespace

std::string page_data(const ReportData& data, const Figures& figures) {
  const std::size_t most_each = data.sleeves.empty() ? 0 : most_fills / data.sleeves.size();
  std::string fills;
  bool left_out = false;
  for (std::size_t i = 0; i < data.sleeves.size(); ++i) {
    const std::size_t count = data.sleeves[i].fills.size();
    left_out = left_out || count > most_each;
    fills += (i > 0 ? "," : "") + fills_of(data, i, count > most_each ? count - most_each : 0);
  }
  const std::string note = left_out ? fmt::format(" Only the last {} of each sleeve are marked.", most_each) : "";
  return fmt::format(
      "{{\"quote\":{},\"base\":{},\"equity\":{},\"drawdown\":{},\"fees\":{},\"returned\":{},\"price\":{},\"fills\":[{}]"
      ","
      "\"fills_note\":{}}}",
      quoted(data.quote.code), quoted(data.base.code), chart(figures.times, equity_columns(figures)),
      chart(figures.times, drawdown_columns(figures)), chart(figures.times, fee_columns(data, figures)),
      chart(figures.times, returned_columns(data, figures)), price_series(data), fills, quoted(note));
}

}  // namespace deploy::report
