#include "schemas/codec/key_data.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "machines/core/names.hpp"

namespace schemas {
namespace {

using machines::key::Data;
using machines::key::Purpose;
using machines::key::Rights;
using nlohmann::json;

// The library would take 1.5 for 1 and wrap what is too large.
std::int64_t number_of(const json& from, const char* name) {
  const json& value = from.at(name);
  const bool is_whole = value.is_number_integer() &&
                        (!value.is_number_unsigned() ||
                         value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  if (!is_whole) throw std::invalid_argument("whole number");
  return value.get<std::int64_t>();
}
std::string string_of(const json& from, const char* name) { return from.at(name).get<std::string>(); }
bool flag_of(const json& from, const char* name) { return from.at(name).get<bool>(); }

Data read(const json& from) {
  Data data;
  data.key = number_of(from, "key");
  data.name = string_of(from, "name");
  data.key_version = number_of(from, "key_version");
  data.venue = string_of(from, "venue");
  data.account = string_of(from, "account");
  const auto purpose = machines::from_name<Purpose>(string_of(from, "purpose"));
  if (!purpose) throw std::invalid_argument("purpose");
  data.purpose = *purpose;
  data.fingerprint = string_of(from, "fingerprint");
  data.is_proved = flag_of(from, "is_proved");
  data.is_replaced = flag_of(from, "is_replaced");
  const std::int64_t errors = number_of(from, "auth_errors");
  if (errors < 0 || errors > std::numeric_limits<int>::max()) throw std::invalid_argument("auth_errors");
  data.auth_errors = static_cast<int>(errors);
  data.incident = string_of(from, "incident");
  const json& seen = from.at("seen");
  data.seen = Rights{flag_of(seen, "read"), flag_of(seen, "trade"), flag_of(seen, "withdraw")};
  data.expires_at = {number_of(from, "expires_at")};
  data.tested_at = {number_of(from, "tested_at")};
  return data;
}

}  // namespace

std::string write_key(const Data& data) {
  const json text = {
      {"key", data.key},
      {"name", data.name},
      {"key_version", data.key_version},
      {"venue", data.venue},
      {"account", data.account},
      {"purpose", machines::name_of(data.purpose)},
      {"fingerprint", data.fingerprint},
      {"is_proved", data.is_proved},
      {"is_replaced", data.is_replaced},
      {"auth_errors", data.auth_errors},
      {"incident", data.incident},
      {"seen", {{"read", data.seen.read}, {"trade", data.seen.trade}, {"withdraw", data.seen.withdraw}}},
      {"expires_at", data.expires_at.us},
      {"tested_at", data.tested_at.us},
  };
  return text.dump(-1, ' ', false, json::error_handler_t::replace);
}

// nlohmann::json throws on what does not fit: caught here, where the library is used.
std::optional<Data> parse_key(std::string_view text) {
  try {
    return read(json::parse(text));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace schemas
