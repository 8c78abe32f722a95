#include "schemas/codec/data.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "machines/core/names.hpp"

namespace schemas {
namespace {

using machines::Amount;
using nlohmann::json;

// "ASSET:MINOR", for instance "1:500000000".
std::string text_of(Amount amount) {
  return std::to_string(amount.asset().value) + ":" + machines::to_text(amount.minor());
}

Amount amount_of(const json& value) {
  const std::string text = value.get<std::string>();
  const auto colon = text.find(':');
  if (colon == std::string::npos) throw std::invalid_argument("amount");
  std::int32_t asset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + colon, asset);
  const auto minor = machines::parse_whole(text.substr(colon + 1));
  if (error != std::errc() || end != text.data() + colon || !minor) throw std::invalid_argument("amount");
  return {machines::AssetId{asset}, *minor};
}

// The library would take 1.5 for 1 and wrap what is too large.
template <class Number>
Number whole_of(const json& value) {
  const bool fits = value.is_number_unsigned()
                        ? std::in_range<Number>(value.get<std::uint64_t>())
                        : value.is_number_integer() && std::in_range<Number>(value.get<std::int64_t>());
  if (!fits) throw std::invalid_argument("whole number");
  return value.get<Number>();
}

// A reason that is not text is written with a mark where it isn't, not thrown at the caller.
std::string written(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::int64_t number_of(const json& from, const char* key) { return whole_of<std::int64_t>(from.at(key)); }
std::string string_of(const json& from, const char* key) { return from.at(key).get<std::string>(); }

// nlohmann::json throws on what does not fit: caught here, where the library is used.
template <class F>
auto guarded(std::string_view text, const F& read) -> std::optional<decltype(read(json{}))> {
  try {
    return read(json::parse(text));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string write_order(const machines::order::Data& data) {
  json made = {{"symbol", data.symbol},
               {"side", data.is_buy ? "buy" : "sell"},
               {"size", text_of(data.size)},
               {"hold", {data.hold.instance.value, data.hold.version, data.hold.leg}},
               {"held", text_of(data.held)},
               {"base", text_of(data.base)},
               {"quote", text_of(data.quote)},
               {"fees", text_of(data.fees)},
               {"fills", data.fills},
               {"placed_at", data.placed_at.us},
               {"first_fill", data.first_fill.us},
               {"reason", data.reason}};
  // Only where the venue took them.
  if (!data.fees_base.is_zero()) made["fees_base"] = text_of(data.fees_base);
  if (!data.fees_other.is_zero()) made["fees_other"] = text_of(data.fees_other);
  // Only where a request of it has such a moment.
  if (data.good_until_us != 0) made["good_until"] = data.good_until_us;
  return written(made);
}

std::optional<machines::order::Data> parse_order(std::string_view text) {
  return guarded(text, [](const json& from) {
    machines::order::Data data;
    data.symbol = string_of(from, "symbol");
    const std::string side = string_of(from, "side");
    if (side != "buy" && side != "sell") throw std::invalid_argument("side");
    data.is_buy = side == "buy";
    data.size = amount_of(from.at("size"));
    const json& hold = from.at("hold");
    data.hold = {
        {whole_of<std::int64_t>(hold.at(0))}, whole_of<std::int64_t>(hold.at(1)), whole_of<std::int32_t>(hold.at(2))};
    data.held = amount_of(from.at("held"));
    data.base = amount_of(from.at("base"));
    data.quote = amount_of(from.at("quote"));
    data.fees = amount_of(from.at("fees"));
    data.fees_base = from.contains("fees_base") ? amount_of(from.at("fees_base")) : Amount::zero(data.base.asset());
    if (from.contains("fees_other")) data.fees_other = amount_of(from.at("fees_other"));
    data.fills = whole_of<int>(from.at("fills"));
    data.placed_at = {number_of(from, "placed_at")};
    data.first_fill = {number_of(from, "first_fill")};
    data.reason = string_of(from, "reason");
    if (from.contains("good_until")) data.good_until_us = number_of(from, "good_until");
    return data;
  });
}

std::string write_cycle(const machines::sleeve_cycle::Data& data) {
  return written({{"number", data.number},
                  {"entered_at", data.entered_at.us},
                  {"cost", text_of(data.cost)},
                  {"base", text_of(data.base)},
                  {"entry_price", data.entry_price.e8},
                  {"proceeds", text_of(data.proceeds)},
                  {"fees", text_of(data.fees)},
                  {"exit_reason", data.exit_reason},
                  {"realized", text_of(data.realized)}});
}

std::optional<machines::sleeve_cycle::Data> parse_cycle(std::string_view text) {
  return guarded(text, [](const json& from) {
    machines::sleeve_cycle::Data data;
    data.number = number_of(from, "number");
    data.entered_at = {number_of(from, "entered_at")};
    data.cost = amount_of(from.at("cost"));
    data.base = amount_of(from.at("base"));
    data.entry_price = {number_of(from, "entry_price")};
    data.proceeds = amount_of(from.at("proceeds"));
    data.fees = amount_of(from.at("fees"));
    data.exit_reason = string_of(from, "exit_reason");
    data.realized = amount_of(from.at("realized"));
    return data;
  });
}

std::string write_allocation(const machines::allocation::Data& data) {
  return written({{"movement", machines::name_of(data.movement)},
                  {"amount", text_of(data.amount)},
                  {"reserve", text_of(data.reserve)},
                  {"who", data.who},
                  {"why", data.why},
                  {"reason", data.reason},
                  {"vault", {data.external.value, data.vault_reserve.value, data.tradeable.value}}});
}

std::optional<machines::allocation::Data> parse_allocation(std::string_view text) {
  return guarded(text, [](const json& from) {
    machines::allocation::Data data;
    const auto movement = machines::from_name<machines::allocation::Movement>(string_of(from, "movement"));
    if (!movement) throw std::invalid_argument("movement");
    data.movement = *movement;
    data.amount = amount_of(from.at("amount"));
    data.reserve = amount_of(from.at("reserve"));
    data.who = string_of(from, "who");
    data.why = string_of(from, "why");
    data.reason = string_of(from, "reason");
    const json& vault = from.at("vault");
    data.external = {whole_of<std::int64_t>(vault.at(0))};
    data.vault_reserve = {whole_of<std::int64_t>(vault.at(1))};
    data.tradeable = {whole_of<std::int64_t>(vault.at(2))};
    return data;
  });
}

std::string write_break(const machines::reconciliation::Data& data) {
  json corrects = json::array();
  for (const auto& one : data.corrects) corrects.push_back({one.instance.value, one.version, one.leg});
  json done = json::array();
  for (const auto& one : data.done)
    done.push_back({{"as", one.as},
                    {"sleeve", one.sleeve},
                    {"place", one.place.value},
                    {"part", text_of(one.part)},
                    {"with", one.with.value},
                    {"cycle", one.cycle.value}});
  return written({{"venue", data.venue},
                  {"account", data.account},
                  {"statement", data.statement},
                  {"amount", text_of(data.amount)},
                  {"rest", text_of(data.rest)},
                  {"statement_total", text_of(data.statement_total)},
                  {"ledger_total", text_of(data.ledger_total)},
                  {"external", data.external.value},
                  {"quarantine", data.quarantine.value},
                  {"person", data.person},
                  {"who", data.who},
                  {"why", data.why},
                  {"explained_as", data.explained_as},
                  {"sleeve", data.sleeve},
                  {"fills", data.fills},
                  {"corrects", corrects},
                  {"done", done}});
}

std::optional<machines::reconciliation::Data> parse_break(std::string_view text) {
  return guarded(text, [](const json& from) {
    machines::reconciliation::Data data;
    data.venue = string_of(from, "venue");
    data.account = string_of(from, "account");
    data.statement = number_of(from, "statement");
    data.amount = amount_of(from.at("amount"));
    data.rest = amount_of(from.at("rest"));
    data.statement_total = amount_of(from.at("statement_total"));
    data.ledger_total = amount_of(from.at("ledger_total"));
    data.external = {number_of(from, "external")};
    data.quarantine = {number_of(from, "quarantine")};
    data.person = string_of(from, "person");
    data.who = string_of(from, "who");
    data.why = string_of(from, "why");
    data.explained_as = string_of(from, "explained_as");
    data.sleeve = string_of(from, "sleeve");
    data.fills = from.at("fills").get<std::vector<std::string>>();
    for (const json& one : from.at("corrects"))
      data.corrects.push_back(
          {{whole_of<std::int64_t>(one.at(0))}, whole_of<std::int64_t>(one.at(1)), whole_of<std::int32_t>(one.at(2))});
    for (const json& one : from.value("done", json::array()))
      data.done.push_back({string_of(one, "as"),
                           string_of(one, "sleeve"),
                           {number_of(one, "place")},
                           amount_of(one.at("part")),
                           {number_of(one, "with")},
                           {number_of(one, "cycle")}});
    return data;
  });
}

std::string write_sleeve(const machines::sleeve::Data& data) {
  return written({{"allocation", text_of(data.allocation)}});
}

std::optional<machines::sleeve::Data> parse_sleeve(std::string_view text) {
  return guarded(text, [](const json& from) { return machines::sleeve::Data{amount_of(from.at("allocation"))}; });
}

namespace {

json reserve_json(const machines::policy::Reserve& reserve) {
  return {{"rule", machines::name_of(reserve.rule)},
          {"least_ppm", reserve.least.ppm},
          {"most_ppm", reserve.most.ppm},
          {"volatility_ppm", reserve.volatility.ppm},
          {"flexed", text_of(reserve.flexed)}};
}

}  // namespace

std::string write_vault(const machines::vault::Data& data) {
  const machines::policy::Reallocation& rules = data.reallocation;
  return written({{"reserve", reserve_json(data.reserve)},
                  {"reallocation",
                   {{"idle_to", rules.idle_to.value},
                    {"most_per_day_ppm", rules.most_per_day.ppm},
                    {"reclaim_after_loss_ppm", rules.reclaim_after_loss.ppm}}}});
}

std::optional<machines::vault::Data> parse_vault(std::string_view text) {
  return guarded(text, [](const json& from) {
    const json& reserve = from.at("reserve");
    const auto rule = machines::from_name<machines::policy::Rule>(string_of(reserve, "rule"));
    if (!rule) throw std::invalid_argument("rule");
    machines::vault::Data data;
    data.reserve.rule = *rule;
    if (!reserve.contains("least_ppm")) return data;  // opened before vaults were machines
    data.reserve.least = {number_of(reserve, "least_ppm")};
    data.reserve.most = {number_of(reserve, "most_ppm")};
    data.reserve.volatility = {number_of(reserve, "volatility_ppm")};
    data.reserve.flexed = amount_of(reserve.at("flexed"));
    const json& rules = from.at("reallocation");
    data.reallocation = {{number_of(rules, "idle_to")},
                         {number_of(rules, "most_per_day_ppm")},
                         {number_of(rules, "reclaim_after_loss_ppm")}};
    return data;
  });
}

std::optional<std::vector<machines::policy::SleeveState>> parse_sleeve_states(std::string_view text,
                                                                              machines::AssetId asset) {
  return guarded(text, [asset](const json& from) {
    std::vector<machines::policy::SleeveState> states;
    for (const json& one : from) {
      const auto available = machines::parse_whole(one.at(1).get<std::string>());
      if (!available) throw std::invalid_argument("available");
      states.push_back({{whole_of<std::int64_t>(one.at(0))},
                        Amount(asset, *available),
                        amount_of(one.at(2)),
                        one.at(3).get<bool>()});
    }
    return states;
  });
}

std::optional<std::array<machines::AccountId, 3>> parse_vault_accounts(std::string_view text) {
  return guarded(text, [](const json& from) {
    std::array<machines::AccountId, 3> accounts{};
    for (std::size_t at = 0; at < accounts.size(); ++at) accounts[at] = {whole_of<std::int64_t>(from.at(at))};
    return accounts;
  });
}

std::string write_momentum(const machines::strategy::Momentum& rules) {
  return written({{"buy_momentum_ppm", rules.buy_momentum.ppm},
                  {"trend_ppm", rules.trend.ppm},
                  {"stop_loss_ppm", rules.stop_loss.ppm},
                  {"arm_ppm", rules.arm.ppm},
                  {"trail_ppm", rules.trail.ppm},
                  {"hold_uptrend_ppm", rules.hold_uptrend.ppm}});
}

std::optional<machines::strategy::Momentum> parse_momentum(std::string_view text) {
  return guarded(text, [](const json& from) {
    const auto rate = [&](const char* key) { return machines::Rate{number_of(from, key)}; };
    return machines::strategy::Momentum{rate("buy_momentum_ppm"), rate("trend_ppm"), rate("stop_loss_ppm"),
                                        rate("arm_ppm"),          rate("trail_ppm"), rate("hold_uptrend_ppm")};
  });
}

}  // namespace schemas
