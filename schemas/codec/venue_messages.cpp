#include <google/protobuf/stubs/logging.h>

#include "schemas/codec/convert.hpp"
#include "schemas/codec/messages.hpp"
#include "schemas/proto/wire.pb.h"

namespace schemas {
namespace {

namespace pb = bursar::wire;

void write(const OrderReport& report, pb::OrderReport& to) {
  to.set_client_id(report.client_id);
  to.set_status(static_cast<int>(report.status));
  to.set_reason(readable(report.reason));
  to.set_duplicate(report.duplicate);
  for (const Fill& fill : report.fills) {
    auto* one = to.add_fills();
    one->set_number(fill.number);
    one->set_at_us(fill.at.us);
    one->set_price_e8(fill.price.e8);
    one->set_base(machines::to_text(fill.base));
    one->set_quote(machines::to_text(fill.quote));
    one->set_fee(machines::to_text(fill.fee));
    one->set_is_maker(fill.is_maker);
    one->set_fee_asset(fill.fee_asset);
  }
  to.set_symbol(report.symbol);
  to.set_side(static_cast<int>(report.side));
  if (report.size != 0) to.set_size(machines::to_text(report.size));
  to.set_venue_us(report.venue_us);
}

OrderReport read(const pb::OrderReport& from, Reading& reading) {
  OrderReport report{reading.word(from.client_id()),
                     reading.enumerator<OrderStatus>(from.status()),
                     reading.sentence(from.reason()),
                     from.duplicate(),
                     {}};
  for (const auto& one : from.fills())
    report.fills.push_back({one.number(),
                            {one.at_us()},
                            {one.price_e8()},
                            reading.amount(one.base()),
                            reading.amount(one.quote()),
                            reading.amount(one.fee()),
                            one.is_maker(),
                            reading.word(one.fee_asset())});
  report.symbol = reading.word(from.symbol());
  report.side = reading.enumerator<Side>(from.side());
  if (!from.size().empty()) report.size = reading.amount(from.size());
  report.venue_us = from.venue_us();
  return report;
}

PlaceOrder read(const pb::PlaceOrder& from, Reading& reading) {
  return {reading.word(from.client_id()), reading.word(from.symbol()), reading.enumerator<Side>(from.side()),
          reading.amount(from.size()),    {from.placed_us()},          from.not_after_us()};
}

HandTrade read(const pb::HandTrade& from, Reading& reading) {
  return {reading.word(from.id()),
          reading.word(from.symbol()),
          reading.enumerator<Side>(from.side()),
          reading.amount(from.size()),
          {from.at_us()}};
}

HandTransfer read(const pb::HandTransfer& from, Reading& reading) {
  return {reading.word(from.id()), reading.word(from.asset()), reading.amount(from.amount()), {from.at_us()}};
}

Statement read(const pb::Statement& from, Reading& reading) {
  Statement statement;
  for (const auto& line : from.lines())
    statement.lines.push_back({reading.word(line.asset()), reading.amount(line.total())});
  for (const auto& fill : from.foreign())
    statement.foreign.push_back({reading.word(fill.id()),
                                 reading.word(fill.symbol()),
                                 {fill.at_us()},
                                 reading.enumerator<Side>(fill.side()),
                                 reading.amount(fill.base()),
                                 reading.amount(fill.quote()),
                                 reading.amount(fill.fee()),
                                 reading.word(fill.fee_asset())});
  return statement;
}

KeyInfo read(const pb::KeyInfo& from, Reading& reading) {
  return {reading.word(from.account()), from.read(), from.trade(), from.withdraw(), from.bound(), from.expires_us(),
          from.rate_used_ppm()};
}

VenueRules read(const pb::VenueRules& from) {
  return {from.ids_for_ever(), from.tombstones(), from.enforces_deadline(), from.request_life_ms(), from.settle_ms()};
}

VenueMessage read_body(const pb::VenueEnvelope& envelope, Reading& reading) {
  switch (envelope.body_case()) {
    case pb::VenueEnvelope::kPlace:
      return read(envelope.place(), reading);
    case pb::VenueEnvelope::kQuery:
      return QueryOrder{reading.word(envelope.query().client_id()), envelope.query().deep()};
    case pb::VenueEnvelope::kCancel:
      return CancelOrder{reading.word(envelope.cancel().client_id())};
    case pb::VenueEnvelope::kOpenBar: {
      const auto& from = envelope.open_bar();
      return OpenBar{reading.word(from.symbol()), {from.opens_us()}, {from.open_e8()}};
    }
    case pb::VenueEnvelope::kStatementRequest:
      return StatementRequest{};
    case pb::VenueEnvelope::kHandTrade:
      return read(envelope.hand_trade(), reading);
    case pb::VenueEnvelope::kHandTransfer:
      return read(envelope.hand_transfer(), reading);
    case pb::VenueEnvelope::kReport:
      return read(envelope.report(), reading);
    case pb::VenueEnvelope::kBarTaken:
      return BarTaken{{envelope.bar_taken().opens_us()}, envelope.bar_taken().filled()};
    case pb::VenueEnvelope::kStatement:
      return read(envelope.statement(), reading);
    case pb::VenueEnvelope::kRefusal:
      return VenueRefusal{reading.sentence(envelope.refusal().reason()), envelope.refusal().retry_after_ms()};
    case pb::VenueEnvelope::kKeyInfoRequest: {
      const auto& from = envelope.key_info_request();
      return KeyInfoRequest{reading.word(from.account()), reading.word(from.api_key()), from.asked_us(),
                            reading.word(from.proof())};
    }
    case pb::VenueEnvelope::kKeyInfo:
      return read(envelope.key_info(), reading);
    case pb::VenueEnvelope::kRulesRequest:
      return VenueRulesRequest{};
    case pb::VenueEnvelope::kRules:
      return read(envelope.rules());
    case pb::VenueEnvelope::BODY_NOT_SET:
      break;
  }
  reading.refuse("the venue message has no body that this version knows");
  return StatementRequest{};
}

void write(const KeyInfoRequest& request, pb::KeyInfoRequest& to) {
  to.set_account(request.account);
  to.set_api_key(request.api_key);
  to.set_asked_us(request.asked_us);
  to.set_proof(request.proof);
}

void write(const KeyInfo& info, pb::KeyInfo& to) {
  to.set_account(info.account);
  to.set_read(info.read);
  to.set_trade(info.trade);
  to.set_withdraw(info.withdraw);
  to.set_bound(info.bound);
  to.set_expires_us(info.expires_us);
  to.set_rate_used_ppm(info.rate_used_ppm);
}

void write(const VenueRules& rules, pb::VenueRules& to) {
  to.set_ids_for_ever(rules.ids_for_ever);
  to.set_tombstones(rules.tombstones);
  to.set_enforces_deadline(rules.enforces_deadline);
  to.set_request_life_ms(rules.request_life_ms);
  to.set_settle_ms(rules.settle_ms);
}

void write_place(const PlaceOrder& order, pb::PlaceOrder& to) {
  to.set_client_id(order.client_id);
  to.set_symbol(order.symbol);
  to.set_side(static_cast<int>(order.side));
  to.set_size(machines::to_text(order.size));
  to.set_placed_us(order.placed_at.us);
  to.set_not_after_us(order.not_after_us);
}

void write(const HandTrade& trade, pb::HandTrade& to) {
  to.set_id(trade.id);
  to.set_symbol(trade.symbol);
  to.set_side(static_cast<int>(trade.side));
  to.set_size(machines::to_text(trade.size));
  to.set_at_us(trade.at.us);
}

void write(const HandTransfer& transfer, pb::HandTransfer& to) {
  to.set_id(transfer.id);
  to.set_asset(transfer.asset);
  to.set_amount(machines::to_text(transfer.amount));
  to.set_at_us(transfer.at.us);
}

void write(const Statement& statement, pb::Statement& to) {
  for (const StatementLine& line : statement.lines) {
    auto* one = to.add_lines();
    one->set_asset(line.asset);
    one->set_total(machines::to_text(line.total));
  }
  for (const ForeignFill& fill : statement.foreign) {
    auto* one = to.add_foreign();
    one->set_id(fill.id);
    one->set_symbol(fill.symbol);
    one->set_at_us(fill.at.us);
    one->set_side(static_cast<int>(fill.side));
    one->set_base(machines::to_text(fill.base));
    one->set_quote(machines::to_text(fill.quote));
    one->set_fee(machines::to_text(fill.fee));
    one->set_fee_asset(fill.fee_asset);
  }
}

}  // namespace

std::string encode_venue(const VenueFrame& frame) {
  pb::VenueEnvelope envelope;
  envelope.set_correlation(frame.correlation);
  envelope.set_rate_used_ppm(frame.rate_used_ppm);
  if (frame.signature) {
    auto* signature = envelope.mutable_signature();
    signature->set_account(frame.signature->account);
    signature->set_api_key(frame.signature->api_key);
    signature->set_signed_us(frame.signature->signed_us);
    signature->set_proof(frame.signature->proof);
  }
  std::visit(Overloaded{
                 [&](const PlaceOrder& m) { write_place(m, *envelope.mutable_place()); },
                 [&](const QueryOrder& m) {
                   envelope.mutable_query()->set_client_id(m.client_id);
                   envelope.mutable_query()->set_deep(m.deep);
                 },
                 [&](const CancelOrder& m) { envelope.mutable_cancel()->set_client_id(m.client_id); },
                 [&](const OpenBar& m) {
                   envelope.mutable_open_bar()->set_symbol(m.symbol);
                   envelope.mutable_open_bar()->set_opens_us(m.opens_at.us);
                   envelope.mutable_open_bar()->set_open_e8(m.open.e8);
                 },
                 [&](const StatementRequest&) { envelope.mutable_statement_request(); },
                 [&](const OrderReport& m) { write(m, *envelope.mutable_report()); },
                 [&](const BarTaken& m) {
                   envelope.mutable_bar_taken()->set_opens_us(m.opens_at.us);
                   envelope.mutable_bar_taken()->set_filled(m.filled);
                 },
                 [&](const HandTrade& m) { write(m, *envelope.mutable_hand_trade()); },
                 [&](const HandTransfer& m) { write(m, *envelope.mutable_hand_transfer()); },
                 [&](const Statement& m) { write(m, *envelope.mutable_statement()); },
                 [&](const VenueRefusal& m) {
                   envelope.mutable_refusal()->set_reason(readable(m.reason));
                   envelope.mutable_refusal()->set_retry_after_ms(m.retry_after_ms);
                 },
                 [&](const KeyInfoRequest& m) { write(m, *envelope.mutable_key_info_request()); },
                 [&](const KeyInfo& m) { write(m, *envelope.mutable_key_info()); },
                 [&](const VenueRulesRequest&) { envelope.mutable_rules_request(); },
                 [&](const VenueRules& m) { write(m, *envelope.mutable_rules()); },
             },
             frame.message);
  return envelope.SerializeAsString();
}

machines::Result<VenueFrame, DecodeError> decode_venue(std::string_view bytes) {
  // Protobuf would write a line about each stranger's bytes: a flood of them would fill the disk.
  static const auto before = google::protobuf::SetLogHandler(nullptr);
  (void)before;
  if (bytes.size() > longest_message) return machines::fail(DecodeError{"the venue message is too long"});
  pb::VenueEnvelope envelope;
  if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return machines::fail(DecodeError{"not a venue message of this protocol"});
  Reading reading;
  VenueFrame frame{envelope.correlation(), read_body(envelope, reading)};
  frame.rate_used_ppm = envelope.rate_used_ppm();
  if (envelope.has_signature()) {
    const auto& from = envelope.signature();
    frame.signature = Signature{reading.word(from.account()), reading.word(from.api_key()), from.signed_us(),
                                reading.word(from.proof())};
  }
  if (!reading.ok()) return machines::fail(DecodeError{reading.reason(), envelope.correlation()});
  return frame;
}

}  // namespace schemas
