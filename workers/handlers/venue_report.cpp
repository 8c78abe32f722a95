#include "workers/handlers/venue_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace workers::handlers {
namespace {

namespace order = machines::order;
using ledger::books::Sleeve;
using machines::Amount;
using schemas::Fill;
using schemas::OrderReport;

machines::Failure<ReportTrouble> wrong(std::string reason) { return machines::fail(ReportTrouble{std::move(reason)}); }
machines::Failure<ReportTrouble> not_yet(std::string reason) {
  return machines::fail(ReportTrouble{std::move(reason), true});
}

// What of the report names another order; "" where nothing does. A venue that knows no order under the id names none.
std::string other_order(const order::Data& data, const std::string& client_id, const OrderReport& report) {
  if (report.client_id != client_id) return "the report is of the order " + report.client_id;
  if (report.symbol.empty()) return "";
  if (report.symbol != data.symbol) return fmt::format("the venue has it in {}, not in {}", report.symbol, data.symbol);
  if ((report.side == schemas::Side::buy) != data.is_buy) return "the venue has it on the other side";
  if (report.size != data.size.minor())
    return fmt::format("the venue has it with a size of {} minor units, not {}", machines::to_text(report.size),
                       machines::to_text(data.size.minor()));
  return "";
}

// The sum that a fee in this asset goes to ("" is the quote); nothing for an asset that the sleeve has no account for.
Amount* fees_in(order::NewFills& fills, const std::string& asset, const Sleeve& sleeve) {
  if (asset.empty() || asset == sleeve.instrument.quote.code) return &fills.fees;
  if (asset == sleeve.instrument.base.code) return &fills.fees_base;
  return asset == sleeve.fee_asset.code ? &fills.fees_other : nullptr;
}

bool add_to(Amount& sum, machines::Int128 minor) {
  const auto part = Amount::make(sum.asset(), minor);
  const auto total = part ? machines::plus(sum, *part) : machines::AmountResult(machines::fail(part.error()));
  if (total) sum = *total;
  return total.has_value();
}

order::NewFills nothing(const Sleeve& sleeve) {
  order::NewFills fills;
  fills.base = fills.fees_base = Amount::zero(sleeve.instrument.base.id);
  fills.quote = fills.fees = Amount::zero(sleeve.instrument.quote.id);
  fills.fees_other = Amount::zero(sleeve.fee_asset.id);
  return fills;
}

// Adds one fill. Returns what is wrong with it, or "".
std::string add(order::NewFills& sum, const Fill& fill, const Sleeve& sleeve) {
  if (fill.base <= 0 || fill.quote <= 0)
    return fmt::format("fill {} is of {} base and {} quote", fill.number, machines::to_text(fill.base),
                       machines::to_text(fill.quote));
  if (fill.fee < 0) return fmt::format("fill {} has a negative fee", fill.number);
  Amount* fees = fees_in(sum, fill.fee_asset, sleeve);
  if (fees == nullptr)
    return fmt::format("fill {} has a fee in {}, which the sleeve has no account for", fill.number, fill.fee_asset);
  if (!add_to(sum.base, fill.base) || !add_to(sum.quote, fill.quote) || !add_to(*fees, fill.fee))
    return fmt::format("fill {} is out of range", fill.number);
  if (sum.count++ == 0) sum.first = fill.at;
  sum.last = std::max(sum.last, fill.at);
  return "";
}

bool add_up_to(const order::NewFills& booked, const order::Data& data) {
  return booked.base.minor() == data.base.minor() && booked.quote.minor() == data.quote.minor() &&
         booked.fees.minor() == data.fees.minor() && booked.fees_base.minor() == data.fees_base.minor() &&
         booked.fees_other.minor() == data.fees_other.minor();
}

// Each number once, in their order.
machines::Result<std::map<int, Fill>, ReportTrouble> by_number(const std::vector<Fill>& fills) {
  std::map<int, Fill> numbered;
  for (const Fill& fill : fills) {
    if (fill.number < 1) return wrong(fmt::format("a fill has the number {}", fill.number));
    const auto [standing, is_new] = numbered.emplace(fill.number, fill);
    if (!is_new && standing->second != fill) return wrong(fmt::format("two fills have the number {}", fill.number));
  }
  return numbered;
}

}  // namespace

machines::Result<order::NewFills, ReportTrouble> new_fills(const order::Data& data, const std::string& client_id,
                                                           const OrderReport& report, const Sleeve& sleeve) {
  if (std::string other = other_order(data, client_id, report); !other.empty()) return wrong(std::move(other));
  const auto numbered = by_number(report.fills);
  if (!numbered) return machines::fail(numbered.error());
  order::NewFills booked = nothing(sleeve), fresh = booked;
  std::optional<int> missing;
  int expected = 0;
  for (const auto& [number, fill] : *numbered) {
    if (number != ++expected && !missing) missing = expected;
    if (auto what = add(number <= data.fills ? booked : fresh, fill, sleeve); !what.empty())
      return wrong(std::move(what));
  }
  if (missing) return not_yet(fmt::format("fill {} is missing from the venue's report", *missing));
  if (booked.count < data.fills)
    return not_yet(fmt::format("{} fills are booked, and the venue reports {}", data.fills, booked.count));
  if (!add_up_to(booked, data)) return wrong("the fills that are booked are no longer what the venue reports");
  if (report.status == schemas::OrderStatus::filled && fresh.count == 0)
    return wrong("the venue calls it filled and reports no fill that is not booked");
  return fresh;
}

}  // namespace workers::handlers
