#include "schemas/codec/data.hpp"

#include <nlohmann/json.hpp>

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
  const auto minor = machines::parse_whole(text.substr(colon + 1));
  if (colon == std::string::npos || !minor) throw std::invalid_argument("amount");
  return {machines::AssetId{std::stoi(text.substr(0, colon))}, *minor};
}

std::int64_t number_of(const json& from, const char* key) { return from.at(key).get<std::int64_t>(); }
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
  return json{
      {"symbol",     data.symbol                                                 },
      {"side",       data.is_buy ? "buy" : "sell"                                },
      {"size",       text_of(data.size)                                          },
      {"hold",       {data.hold.instance.value, data.hold.version, data.hold.leg}},
      {"held",       text_of(data.held)                                          },
      {"base",       text_of(data.base)                                          },
      {"quote",      text_of(data.quote)                                         },
      {"fees",       text_of(data.fees)                                          },
      {"fills",      data.fills                                                  },
      {"placed_at",  data.placed_at.us                                           },
      {"first_fill", data.first_fill.us                                          },
      {"reason",     data.reason                                                 }
  }
      .dump();
}

std::optional<machines::order::Data> parse_order(std::string_view text) {
  return guarded(text, [](const json& from) {
    machines::order::Data data;
    data.symbol = string_of(from, "symbol");
    data.is_buy = string_of(from, "side") == "buy";
    data.size = amount_of(from.at("size"));
    const json& hold = from.at("hold");
    data.hold = {{hold.at(0).get<std::int64_t>()}, hold.at(1).get<std::int64_t>(), hold.at(2).get<std::int32_t>()};
    data.held = amount_of(from.at("held"));
    data.base = amount_of(from.at("base"));
    data.quote = amount_of(from.at("quote"));
    data.fees = amount_of(from.at("fees"));
    data.fills = static_cast<int>(number_of(from, "fills"));
    data.placed_at = {number_of(from, "placed_at")};
    data.first_fill = {number_of(from, "first_fill")};
    data.reason = string_of(from, "reason");
    return data;
  });
}

std::string write_cycle(const machines::sleeve_cycle::Data& data) {
  return json{
      {"number",      data.number           },
      {"entered_at",  data.entered_at.us    },
      {"cost",        text_of(data.cost)    },
      {"base",        text_of(data.base)    },
      {"entry_price", data.entry_price.e8   },
      {"proceeds",    text_of(data.proceeds)},
      {"fees",        text_of(data.fees)    },
      {"exit_reason", data.exit_reason      },
      {"realized",    text_of(data.realized)}
  }
      .dump();
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
  return json{
      {"movement", machines::name_of(data.movement)                                     },
      {"amount",   text_of(data.amount)                                                 },
      {"reserve",  text_of(data.reserve)                                                },
      {"who",      data.who                                                             },
      {"why",      data.why                                                             },
      {"reason",   data.reason                                                          },
      {"vault",    {data.external.value, data.vault_reserve.value, data.tradeable.value}}
  }
      .dump();
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
    data.external = {vault.at(0).get<std::int64_t>()};
    data.vault_reserve = {vault.at(1).get<std::int64_t>()};
    data.tradeable = {vault.at(2).get<std::int64_t>()};
    return data;
  });
}

std::string write_momentum(const machines::strategy::Momentum& rules) {
  return json{
      {"buy_momentum_ppm", rules.buy_momentum.ppm},
      {"trend_ppm",        rules.trend.ppm       },
      {"stop_loss_ppm",    rules.stop_loss.ppm   },
      {"arm_ppm",          rules.arm.ppm         },
      {"trail_ppm",        rules.trail.ppm       },
      {"hold_uptrend_ppm", rules.hold_uptrend.ppm}
  }
      .dump();
}

std::optional<machines::strategy::Momentum> parse_momentum(std::string_view text) {
  return guarded(text, [](const json& from) {
    const auto rate = [&](const char* key) { return machines::Rate{number_of(from, key)}; };
    return machines::strategy::Momentum{rate("buy_momentum_ppm"), rate("trend_ppm"), rate("stop_loss_ppm"),
                                        rate("arm_ppm"),          rate("trail_ppm"), rate("hold_uptrend_ppm")};
  });
}

}  // namespace schemas
