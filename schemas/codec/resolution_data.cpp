#include "schemas/codec/resolution_data.hpp"

#include <nlohmann/json.hpp>

namespace schemas {

using machines::resolution::Data;
using nlohmann::json;

std::string write_resolution(const Data& data) {
  return json({{"order", data.order.value},
               {"as", data.as},
               {"who", data.who},
               {"evidence", data.evidence},
               {"venue_said", data.venue_said}})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Data> parse_resolution(std::string_view text) {
  const json from = json::parse(text, nullptr, false);
  if (!from.is_object()) return std::nullopt;
  Data data;
  for (const auto& [name, word] : {std::pair{"as", &data.as}, std::pair{"who", &data.who},
                                   std::pair{"evidence", &data.evidence}, std::pair{"venue_said", &data.venue_said}}) {
    const auto found = from.find(name);
    if (found == from.end() || !found->is_string()) return std::nullopt;
    *word = found->get<std::string>();
  }
  const auto order = from.find("order");
  if (order == from.end() || !order->is_number_integer()) return std::nullopt;
  data.order = {order->get<std::int64_t>()};
  return data;
}

}  // namespace schemas
