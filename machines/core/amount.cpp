#include "machines/core/amount.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

namespace machines {
namespace {

using Wide = boost::multiprecision::int256_t;

Wide widen(Int128 value) {
  const bool negative = value < 0;
  const UInt128 magnitude = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  Wide wide = static_cast<std::uint64_t>(magnitude >> 64);
  wide <<= 64;
  wide += static_cast<std::uint64_t>(magnitude);
  return negative ? Wide(-wide) : wide;
}

Result<Int128, AmountError> narrow(const Wide& wide) {
  static const Wide limit = widen(power_of_ten(38));
  if (wide >= limit || wide <= -limit) return fail(AmountError::overflow);
  const Wide magnitude = wide < 0 ? Wide(-wide) : wide;
  const auto high = static_cast<std::uint64_t>(magnitude >> 64);
  const auto low = static_cast<std::uint64_t>(magnitude & 0xFFFF'FFFF'FFFF'FFFFULL);
  const Int128 value = static_cast<Int128>((static_cast<UInt128>(high) << 64) | low);
  return wide < 0 ? -value : value;
}

// Whether the quotient moves one away from zero. REQUIRES: remainder != 0.
bool rounds_away(const Wide& quotient, const Wide& remainder, const Wide& divisor, bool negative, Rounding rounding) {
  switch (rounding) {
    case Rounding::down:
      return false;
    case Rounding::up:
      return true;
    case Rounding::floor:
      return negative;
    case Rounding::ceiling:
      return !negative;
    case Rounding::half_even:
      break;
  }
  const Wide twice = abs(remainder) * 2;
  const Wide size = abs(divisor);
  return twice > size || (twice == size && (quotient & 1) != 0);
}

Result<Int128, AmountError> divide(const Wide& numerator, const Wide& divisor, Rounding rounding) {
  if (divisor == 0) return fail(AmountError::division_by_zero);
  const bool negative = (numerator < 0) != (divisor < 0);
  Wide quotient = abs(numerator) / abs(divisor);
  const Wide remainder = abs(numerator) % abs(divisor);
  if (remainder != 0 && rounds_away(quotient, remainder, divisor, negative, rounding)) ++quotient;
  return narrow(negative ? Wide(-quotient) : quotient);
}

AmountResult in_asset(AssetId asset, const Result<Int128, AmountError>& minor) {
  if (!minor) return fail(minor.error());
  return Amount(asset, *minor);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

AmountResult plus(Amount a, Amount b) {
  if (a.asset() != b.asset()) return fail(AmountError::asset_mismatch);
  return in_asset(a.asset(), narrow(widen(a.minor()) + widen(b.minor())));
}

AmountResult minus(Amount a, Amount b) {
  if (a.asset() != b.asset()) return fail(AmountError::asset_mismatch);
  return in_asset(a.asset(), narrow(widen(a.minor()) - widen(b.minor())));
}

Result<int, AmountError> compare(Amount a, Amount b) {
  if (a.asset() != b.asset()) return fail(AmountError::asset_mismatch);
  if (a.minor() == b.minor()) return 0;
  return a.minor() < b.minor() ? -1 : 1;
}

AmountResult least(Amount a, Amount b) {
  const auto order = compare(a, b);
  if (!order) return fail(order.error());
  return *order <= 0 ? a : b;
}

Result<Int128, AmountError> multiply_divide(Int128 a, Int128 b, Int128 c, Rounding rounding) {
  return divide(widen(a) * widen(b), widen(c), rounding);
}

AmountResult share_of(Amount amount, Rate rate, Rounding rounding) {
  return in_asset(amount.asset(), multiply_divide(amount.minor(), rate.ppm, ppm_of_one, rounding));
}

AmountResult value_at(Amount base, Price price, const Asset& base_asset, const Asset& quote_asset, Rounding rounding) {
  if (base.asset() != base_asset.id) return fail(AmountError::asset_mismatch);
  // Common powers of ten are cancelled first: 10^38 * 2^63 * 10^16 < 2^243 fits.
  const int shift = quote_asset.scale - 8 - base_asset.scale;
  const Wide product = widen(base.minor()) * widen(price.e8) * widen(power_of_ten(std::max(shift, 0)));
  return in_asset(quote_asset.id, divide(product, widen(power_of_ten(std::max(-shift, 0))), rounding));
}

AmountResult bought_with(Amount quote, Price price, const Asset& base_asset, const Asset& quote_asset,
                         Rounding rounding) {
  if (quote.asset() != quote_asset.id) return fail(AmountError::asset_mismatch);
  const Wide product = widen(quote.minor()) * widen(power_of_ten(8)) * widen(power_of_ten(base_asset.scale));
  return in_asset(base_asset.id, divide(product, widen(price.e8) * widen(power_of_ten(quote_asset.scale)), rounding));
}

Result<Price, AmountError> adjusted(Price price, Rate rate, Rounding rounding) {
  const auto moved = multiply_divide(price.e8, ppm_of_one + rate.ppm, ppm_of_one, rounding);
  if (!moved) return fail(moved.error());
  if (*moved > INT64_MAX || *moved < INT64_MIN) return fail(AmountError::overflow);
  return Price{static_cast<std::int64_t>(*moved)};
}

Amount rounded_to_lot(Amount amount, Amount lot) {
  CHECK(lot.is_positive() && lot.asset() == amount.asset() && !amount.is_negative());
  return {amount.asset(), amount.minor() / lot.minor() * lot.minor()};
}

std::string to_text(Int128 value) {
  const bool negative = value < 0;
  UInt128 rest = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Result<Int128, AmountError> parse_whole(std::string_view text) { return parse_decimal(text, 0); }

Result<Int128, AmountError> parse_decimal(std::string_view text, int scale) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && part.empty())) return fail(AmountError::not_a_number);
  if (!std::all_of(whole.begin(), whole.end(), is_digit) || !std::all_of(part.begin(), part.end(), is_digit))
    return fail(AmountError::not_a_number);
  while (part.size() > static_cast<std::size_t>(scale) && part.back() == '0') part.remove_suffix(1);
  if (part.size() > static_cast<std::size_t>(scale)) return fail(AmountError::over_precise);
  std::string digits(whole);
  digits += part;
  digits.append(static_cast<std::size_t>(scale) - part.size(), '0');
  Int128 value = 0;
  for (const char c : digits) {
    if (value > (power_of_ten(38) - 1) / 10) return fail(AmountError::overflow);
    value = value * 10 + (c - '0');
  }
  if (!Amount::in_range(value)) return fail(AmountError::overflow);
  return negative ? -value : value;
}

std::string format(Amount amount, int scale) {
  std::string digits = to_text(amount.minor() < 0 ? -amount.minor() : amount.minor());
  const auto decimals = static_cast<std::size_t>(scale);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - decimals, 1, '.');
  return (amount.is_negative() ? "-" : "") + digits;
}

AmountResult parse_amount(std::string_view text, const Asset& asset) {
  return in_asset(asset.id, parse_decimal(text, asset.scale));
}

}  // namespace machines
