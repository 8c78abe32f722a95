#include "tests/history/history.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "schemas/codec/data.hpp"

namespace tests::history {
namespace {

namespace allocation = machines::allocation;
namespace cycle = machines::sleeve_cycle;
namespace order = machines::order;
using machines::Amount;
using machines::Price;
using nlohmann::json;

std::string written(Amount amount) {
  return std::to_string(amount.asset().value) + ':' + machines::to_text(amount.minor());
}

// This and every reader below throws on what it can't read; replay() catches.
Amount amount_of(const json& from) {
  const auto text = from.get<std::string>();
  const auto colon = text.find(':');
  const auto minor = machines::parse_whole(text.substr(colon + 1));
  if (colon == std::string::npos || !minor) throw std::invalid_argument("no amount: " + text);
  return {{std::stoi(text.substr(0, colon))}, *minor};
}

json written(const std::optional<Price>& price) { return price ? json(price->e8) : json(nullptr); }

std::optional<Price> price_of(const json& from) {
  return from.is_null() ? std::nullopt : std::optional(Price{from.get<std::int64_t>()});
}

template <class E>
E word_of(const json& from) {
  return machines::from_name<E>(from.get<std::string>()).value();
}

json written(const machines::SleeveAccounts& a) {
  return {a.quote.value,      a.base.value,           a.trading_quote.value, a.trading_base.value,
          a.fees_quote.value, a.suspense_quote.value, a.suspense_base.value, a.tradeable.value};
}

machines::SleeveAccounts accounts_of(const json& from) {
  const auto id = [&](std::size_t i) { return machines::AccountId{from.at(i).get<std::int64_t>()}; };
  return {id(0), id(1), id(2), id(3), id(4), id(5), id(6), id(7)};
}

json written(const machines::Instrument& i) {
  return {{"base", {i.base.id.value, i.base.code, i.base.scale}},
          {"quote", {i.quote.id.value, i.quote.code, i.quote.scale}},
          {"lot", written(i.lot)},
          {"min_notional", written(i.min_notional)},
          {"fees_ppm", {i.maker_fee.ppm, i.taker_fee.ppm}}};
}

machines::Instrument instrument_of(const json& from) {
  const auto asset = [&](const char* key) {
    const json& a = from.at(key);
    return machines::Asset{{a.at(0).get<std::int32_t>()}, a.at(1).get<std::string>(), a.at(2).get<int>()};
  };
  const json& fees = from.at("fees_ppm");
  return {asset("base"),
          asset("quote"),
          amount_of(from.at("lot")),
          amount_of(from.at("min_notional")),
          {fees.at(0).get<std::int64_t>()},
          {fees.at(1).get<std::int64_t>()}};
}

json written(const cycle::Facts& facts) {
  return {{"world_at", facts.world_at.us},
          {"data", json::parse(schemas::write_cycle(facts.data))},
          {"closes", {written(facts.window.now), written(facts.window.hour_ago), written(facts.window.four_hours_ago)}},
          {"high", written(facts.high_since)},
          {"quote", written(facts.quote_available)},
          {"base", written(facts.base_available)},
          {"entries_stopped", facts.frozen != machines::Frozen::nothing}};
}

cycle::Facts cycle_facts_of(const json& house, const json& from) {
  cycle::Facts facts;
  facts.kind = word_of<machines::SleeveKind>(house.at("kind"));
  facts.allocation = amount_of(house.at("allocation"));
  facts.accounts = accounts_of(house.at("accounts"));
  facts.instrument = instrument_of(house.at("instrument"));
  facts.rules = schemas::parse_momentum(house.at("rules").dump()).value();
  facts.world_at = {from.at("world_at").get<std::int64_t>()};
  facts.data = schemas::parse_cycle(from.at("data").dump()).value();
  const json& closes = from.at("closes");
  facts.window = {price_of(closes.at(0)), price_of(closes.at(1)), price_of(closes.at(2))};
  facts.high_since = price_of(from.at("high"));
  facts.quote_available = amount_of(from.at("quote"));
  facts.base_available = amount_of(from.at("base"));
  if (from.at("entries_stopped").get<bool>()) facts.frozen = machines::Frozen::entries;
  return facts;
}

json written(const machines::OrderSummary& summary) {
  return {written(summary.base), written(summary.quote), written(summary.fees), summary.first_fill.us};
}

json written(const order::Message& message) {
  const order::NewFills& f = message.fills;
  return {{"event", machines::name_of(message.event)},
          {"fills", {f.count, written(f.base), written(f.quote), written(f.fees), f.first.us, f.last.us}},
          {"reason", message.reason}};
}

order::Message message_of(const json& from) {
  const json& f = from.at("fills");
  return {word_of<order::Event>(from.at("event")),
          {f.at(0).get<int>(),
           amount_of(f.at(1)),
           amount_of(f.at(2)),
           amount_of(f.at(3)),
           {f.at(4).get<std::int64_t>()},
           {f.at(5).get<std::int64_t>()}},
          from.at("reason").get<std::string>()};
}

json written(const std::vector<machines::Posting>& postings) {
  json all = json::array();
  for (const machines::Posting& p : postings)
    all.push_back({machines::name_of(p.kind), p.debit.value, p.credit.value, written(p.amount), p.code,
                   p.hold.instance.value, p.hold.version, p.hold.leg});
  return all;
}

// What every machine's step has.
template <class Step>
json move_of(const Step& step) {
  return {{"event", machines::name_of(step.event)},
          {"to", machines::name_of(step.to)},
          {"then", machines::name_of(step.then)},
          {"postings", written(step.postings)}};
}

template <class Refusal>
json refused(Refusal refusal) {
  return {{"refused", machines::name_of(refusal)}};
}

json answer_of(const cycle::Step& step) {
  json answer = move_of(step);
  answer["data"] = json::parse(schemas::write_cycle(step.data));
  if (step.order) answer["order"] = {step.order->is_buy ? "buy" : "sell", written(step.order->size)};
  if (step.next_cycle) answer["next_cycle"] = json::parse(schemas::write_cycle(*step.next_cycle));
  return answer;
}
json answer_of(const Witness::CycleAnswer& step) {
  if (!step) return refused(step.error());
  return step->has_value() ? answer_of(**step) : json("nothing to do");
}
json answer_of(const Witness::OrderAnswer& step) {
  if (!step) return refused(step.error());
  json answer = move_of(*step);
  answer["data"] = json::parse(schemas::write_order(step->data));
  answer["resolved"] = written(step->resolved);
  return answer;
}
json answer_of(const Witness::Movement& step) {
  if (!step) return refused(step.error());
  json answer = move_of(*step);
  answer["data"] = json::parse(schemas::write_allocation(step->data));
  answer["starts_cycle"] = step->starts_cycle;
  return answer;
}

json ask_cycle(const json& house, const json& line) {
  const auto state = word_of<cycle::State>(line.at("state"));
  const cycle::Facts facts = cycle_facts_of(house, line.at("facts"));
  if (!line.contains("order_ended")) return answer_of(cycle::decide(state, facts, {cycle::Told::look}));
  const json& end = line.at("order_ended");
  return answer_of(cycle::decide(
      state, facts,
      {cycle::Told::order_ended,
       {amount_of(end.at(0)), amount_of(end.at(1)), amount_of(end.at(2)), {end.at(3).get<std::int64_t>()}}}));
}

json ask_order(const json& house, const json& line) {
  const json& from = line.at("facts");
  const order::Facts facts{{from.at("instance").get<std::int64_t>()},
                           from.at("version").get<std::int64_t>(),
                           schemas::parse_order(from.at("data").dump()).value(),
                           accounts_of(house.at("accounts")),
                           instrument_of(house.at("instrument"))};
  return answer_of(order::decide(word_of<order::State>(line.at("state")), facts, message_of(line.at("told"))));
}

json ask_allocation(const json& line) {
  const json& from = line.at("facts");
  allocation::Facts facts;
  facts.data = schemas::parse_allocation(from.at("data").dump()).value();
  facts.sleeve_quote = {from.at("sleeve_quote").get<std::int64_t>()};
  facts.tradeable_available = amount_of(from.at("tradeable"));
  facts.sleeve_available = amount_of(from.at("sleeve"));
  facts.sleeve_has_cycle = from.at("has_cycle").get<bool>();
  return answer_of(allocation::decide(word_of<allocation::State>(line.at("state")), facts));
}

json ask(const json& house, const json& line) {
  const auto machine = line.at("machine").get<std::string>();
  if (machine == "sleeve_cycle") return ask_cycle(house, line);
  if (machine == "order") return ask_order(house, line);
  if (machine == "allocation") return ask_allocation(line);
  throw std::invalid_argument("no machine is called " + machine);
}

json question(std::string_view machine, std::string_view state, json facts) {
  return {{"machine", machine}, {"state", state}, {"facts", std::move(facts)}};
}

}  // namespace

void Recorder::house_of(const cycle::Facts& facts) {
  const json house = {{"house",
                       {{"kind", machines::name_of(facts.kind)},
                        {"allocation", written(facts.allocation)},
                        {"accounts", written(facts.accounts)},
                        {"instrument", written(facts.instrument)},
                        {"rules", json::parse(schemas::write_momentum(facts.rules))}}}};
  if (house.dump() == house_) return;
  house_ = house.dump();
  text_ += house_ + '\n';
}

void Recorder::looked(cycle::State state, const cycle::Facts& facts, const CycleAnswer& step) {
  house_of(facts);
  json line = question("sleeve_cycle", machines::name_of(state), written(facts));
  line["answer"] = answer_of(step);
  text_ += line.dump() + '\n';
}

void Recorder::order_ended(cycle::State state, const cycle::Facts& facts, const machines::OrderSummary& summary,
                           const CycleAnswer& step) {
  house_of(facts);
  json line = question("sleeve_cycle", machines::name_of(state), written(facts));
  line["order_ended"] = written(summary);
  line["answer"] = answer_of(step);
  text_ += line.dump() + '\n';
}

void Recorder::order_told(order::State state, const order::Facts& facts, const order::Message& message,
                          const OrderAnswer& step) {
  json line = question("order", machines::name_of(state),
                       {{"instance", facts.instance.value},
                        {"version", facts.version},
                        {"data", json::parse(schemas::write_order(facts.data))}});
  line["told"] = written(message);
  line["answer"] = answer_of(step);
  text_ += line.dump() + '\n';
}

void Recorder::moved(allocation::State state, const allocation::Facts& facts, const Movement& step) {
  json line = question("allocation", machines::name_of(state),
                       {{"data", json::parse(schemas::write_allocation(facts.data))},
                        {"sleeve_quote", facts.sleeve_quote.value},
                        {"tradeable", written(facts.tradeable_available)},
                        {"sleeve", written(facts.sleeve_available)},
                        {"has_cycle", facts.sleeve_has_cycle}});
  line["answer"] = answer_of(step);
  text_ += line.dump() + '\n';
}

std::vector<std::string> replay(const std::string& name, const std::string& text) {
  std::vector<std::string> findings;
  std::istringstream in(text);
  json house;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string place = name + ':' + std::to_string(++number) + ": ";
    try {
      const json recorded = json::parse(line);
      if (recorded.contains("house")) {
        house = recorded.at("house");
        continue;
      }
      const json today = ask(house, recorded);
      if (today != recorded.at("answer"))
        findings.push_back(place + line + "\n  recorded " + recorded.at("answer").dump() + "\n  today    " +
                           today.dump() + "\n  differs  " + json::diff(recorded.at("answer"), today).dump());
    } catch (const std::exception& error) {
      findings.push_back(place + "can't be read: " + error.what());
    }
  }
  return findings;
}

}  // namespace tests::history
