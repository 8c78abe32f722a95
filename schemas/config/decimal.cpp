#include "schemas/config/config.hpp"

namespace schemas::config {
namespace {
constexpr int most_decimals = 18;
}  // namespace

machines::Result<Decimal, machines::AmountError> Decimal::parse(std::string_view text) {
  const auto units = machines::parse_decimal(text, most_decimals);
  if (!units) return machines::fail(units.error());
  Decimal result{*units, most_decimals};
  while (result.scale > 0 && result.units % 10 == 0) {
    result.units /= 10;
    --result.scale;
  }
  return result;
}

std::optional<machines::Int128> Decimal::at_scale(int to_scale) const {
  if (to_scale >= scale) {
    const auto scaled =
        machines::multiply_divide(units, machines::power_of_ten(to_scale - scale), 1, machines::Rounding::down);
    return scaled ? std::optional(*scaled) : std::nullopt;
  }
  const machines::Int128 divisor = machines::power_of_ten(scale - to_scale);
  if (units % divisor != 0) return std::nullopt;
  return units / divisor;
}

std::string Decimal::text() const { return machines::format(machines::Amount(machines::AssetId{}, units), scale); }

int default_scale(std::string_view asset) {
  for (const std::string_view eight : {"USD", "USDT", "USDC", "BTC"})
    if (asset == eight) return 8;
  return 18;
}

}  // namespace schemas::config
