#include "workers/reconciliation/resolutions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machines/core/names.hpp"
#include "schemas/codec/data.hpp"
#include "schemas/codec/resolution_data.hpp"
#include "workers/handlers/order.hpp"
#include "workers/reconciliation/break_step.hpp"

namespace workers::reconciliation {
namespace {

namespace resolution = machines::resolution;
using ledger::SqlStatement;
using ledger::Stored;
using machines::Int128;
using schemas::OrderStatus;

constexpr SqlStatement open_statement = {
    "open_resolutions",
    "SELECT i.owner, i.id, i.version, i.data, n.data, i.sleeve, v.venue, v.account, extract(epoch FROM "
    "clock_timestamp() "
    "- t.wall_at)::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM ledger.instance i JOIN "
    "ledger.transition t ON t.owner = i.owner AND t.instance = i.id AND "
    "t.version = 1 JOIN ledger.instance n ON n.owner = i.owner AND n.id = i.parent "
    "JOIN ledger.sleeve s ON s.owner = i.owner AND s.id = i.sleeve JOIN ledger.vault v ON v.owner = s.owner AND v.id = "
    "s.vault WHERE i.kind = 'resolution' AND NOT i.is_final ORDER BY i.owner, i.id",
    false};

// What the venue has taken shows in its answers after this at the latest (VenueProperties::settle_ms).
constexpr std::int64_t longest_settle_us = 60'000'000;

// All that an order came to at the venue, by asset.
struct Came {
  Int128 base = 0, quote = 0, fees = 0, fees_base = 0, fees_other = 0;
  bool is_known = true;  // false: a fee in an asset that the sleeve has no account for
};

Came came_of(const schemas::OrderReport& report, const ledger::books::Sleeve& sleeve) {
  Came came;
  for (const schemas::Fill& fill : report.fills) {
    came.base += fill.base;
    came.quote += fill.quote;
    if (fill.fee_asset.empty() || fill.fee_asset == sleeve.instrument.quote.code)
      came.fees += fill.fee;
    else if (fill.fee_asset == sleeve.instrument.base.code)
      came.fees_base += fill.fee;
    else if (fill.fee_asset == sleeve.fee_asset.code)
      came.fees_other += fill.fee;
    else
      came.is_known = false;
  }
  return came;
}

std::string coins(Int128 minor, const machines::Asset& asset) {
  return machines::format(machines::Amount(asset.id, minor), asset.scale) + " " + asset.code;
}

std::string words_of(const schemas::OrderReport& report, const Came& came, const ledger::books::Sleeve& sleeve) {
  std::string text(machines::name_of(report.status));
  if (!report.fills.empty())
    text += fmt::format(", {} for {}, fee {}", coins(came.base, sleeve.instrument.base),
                        coins(came.quote, sleeve.instrument.quote), coins(came.fees, sleeve.instrument.quote));
  if (came.fees_base != 0) text += " and " + coins(came.fees_base, sleeve.instrument.base);
  if (came.fees_other != 0) text += " and " + coins(came.fees_other, sleeve.fee_asset);
  return text;
}

// For how long a request of it may still be taken there, or not show: what is not known may come yet. By the venue's
// own clock where it told the time; else by PostgreSQL's before it was asked.
std::int64_t open_for_us(const Resolution& of, const schemas::OrderReport& report) {
  if (report.status != OrderStatus::not_found || of.order.good_until_us == 0) return 0;
  const std::int64_t said_us = report.venue_us != 0 ? report.venue_us : of.wall_us;
  return std::max<std::int64_t>(of.order.good_until_us + longest_settle_us + 1 - said_us, 0);
}

// What rests may be filled yet, and what is not known may come yet: it is cancelled by its id, and asked about again.
machines::Result<schemas::OrderReport, std::string> final_word(const AskOrder& ask, const std::string& client_id) {
  auto report = ask(client_id, false);
  if (!report) return report;
  if (report->status != OrderStatus::resting && report->status != OrderStatus::not_found) return report;
  if (auto cancelled = ask(client_id, true); !cancelled) return cancelled;
  return ask(client_id, false);
}

}  // namespace

Stored<std::vector<Resolution>> open_resolutions(ledger::Connection& connection) {
  const auto rows = connection.call(open_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<Resolution> made;
  for (int row = 0; row < rows->size(); ++row) {
    auto data = schemas::parse_resolution(rows->text(row, 3));
    auto order = schemas::parse_order(rows->text(row, 4));
    if (!data || !order)
      return machines::fail(
          ledger::StoreError{ledger::StoreFailure::refused,
                             fmt::format("the data of machine {} is no resolution's", rows->number(row, 1))});
    made.push_back({{static_cast<std::int32_t>(rows->number(row, 0))},
                    {rows->number(row, 1)},
                    rows->number(row, 2),
                    std::move(*data),
                    std::move(*order),
                    {rows->number(row, 5)},
                    std::string(rows->text(row, 6)),
                    std::string(rows->text(row, 7)),
                    rows->number(row, 8),
                    rows->number(row, 9)});
  }
  return made;
}

Heard judge(Resolution of, const schemas::OrderReport& report, const ledger::books::Sleeve& sleeve) {
  const Came came = came_of(report, sleeve);
  const machines::order::Data& booked = of.order;
  const bool is_same = came.is_known && came.base == booked.base.minor() && came.quote == booked.quote.minor() &&
                       came.fees == booked.fees.minor() && came.fees_base == booked.fees_base.minor() &&
                       came.fees_other == booked.fees_other.minor();
  const std::int64_t open_us = open_for_us(of, report);
  Heard heard{std::move(of), Heard::Word::none, words_of(report, came, sleeve)};
  if (open_us > 0)
    heard.text +=
        fmt::format(": a request of it may still be taken, or show, for {} s", (open_us + 999'999) / 1'000'000);
  else if (report.status == OrderStatus::resting)
    heard.text += ": it has not ended there";
  else
    heard.word = is_same ? Heard::Word::same : Heard::Word::other;
  return heard;
}

Stored<std::vector<Heard>> hear(ledger::Connection& connection, const std::string& venue, const std::string& account,
                                const AskOrder& ask) {
  const auto waiting = open_resolutions(connection);
  if (!waiting) return machines::fail(waiting.error());
  std::vector<Heard> made;
  if (waiting->empty() || !ask) return made;
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  const auto deployment = ledger::books::read_deployment(connection);
  if (!deployment) return machines::fail(deployment.error());
  const workers::handlers::OrderHandler orders(*sleeves, *deployment, {});
  for (const Resolution& one : *waiting) {
    const auto sleeve = sleeves->find({one.owner, one.sleeve});
    if (one.venue != venue || one.account != account || sleeve == sleeves->end()) continue;
    const auto report = final_word(ask, orders.client_id(one.data.order));
    if (report)
      made.push_back(judge(one, *report, sleeve->second));
    else
      made.push_back({one, Heard::Word::none, report.error()});
  }
  return made;
}

std::string text_of(const Heard& heard) {
  const char* verb = heard.word == Heard::Word::none ? "the venue can't be asked yet" : "the venue says";
  return fmt::format("order {}, {} by {}: {}: {}", heard.of.data.order.value, heard.of.data.as, heard.of.data.who, verb,
                     heard.text);
}

Stored<bool> settle(ledger::Connection& connection, const Heard& heard) {
  if (heard.word == Heard::Word::none) return false;
  const auto event = heard.word == Heard::Word::same ? resolution::confirm : resolution::overrule;
  const auto row = resolution::transitions.find(resolution::unconfirmed, event);
  auto ground = ground_for(connection, heard.of.owner);
  if (!ground) return machines::fail(ground.error());
  machines::Move move;
  move.instance = machines::Subject::of(heard.of.id);
  move.kind = resolution_kind;
  move.version = heard.of.version;
  move.from = machines::name_of(row->from);
  move.to = machines::name_of(row->to);
  move.event = machines::name_of(event);
  move.command = machines::name_of(row->then);
  move.is_final = true;
  resolution::Data data = heard.of.data;
  data.venue_said = heard.text;
  move.data = schemas::write_resolution(data);
  ground->step.moves.push_back(std::move(move));
  const auto result = commit_alone(connection, *ground);
  if (!result) return machines::fail(result.error());
  return result->outcome == machines::Outcome::committed;
}

}  // namespace workers::reconciliation
