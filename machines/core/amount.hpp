// machines/core/amount.hpp: Amount, whole minor units of one asset in checked signed 128 bits, and the arithmetic of
// money. No float, no implicit conversion, no operator+: every sum can be refused (overflow, two assets). Wide products
// go through 256 bits; every division names its rounding. The range |x| < 10^38 is the NUMERIC domain of the ledger.
// Pure, no throw.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "machines/core/ids.hpp"
#include "machines/core/result.hpp"

namespace machines {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

// overflow: |x| >= 10^38, the end of the ledger's domain. over_precise: more decimals than the asset has.
enum class AmountError { overflow, asset_mismatch, division_by_zero, not_a_number, over_precise };
enum class Rounding { down, up, floor, ceiling, half_even };  // down: toward zero; up: away from zero

// 10^n. REQUIRES: 0 <= n <= 38.
constexpr Int128 power_of_ten(int n) {
  Int128 power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}

// An asset: `scale` decimals, 0 to 24, immutable for ever (USDT 8, ETH 18).
struct Asset {
  AssetId id;
  std::string code;
  int scale = 0;
};

// A share in parts per million: fee, slippage, momentum (1.25 % is 12,500).
struct Rate {
  std::int64_t ppm = 0;
  constexpr auto operator<=>(const Rate&) const = default;
};
inline constexpr std::int64_t ppm_of_one = 1'000'000;

// Quote units per base unit, in 10^-8 of a quote unit (301.61 USDT per ETH is 30,161,000,000).
struct Price {
  std::int64_t e8 = 0;
  constexpr auto operator<=>(const Price&) const = default;
};

class Amount {
 public:
  constexpr Amount() = default;
  // REQUIRES: |minor| < 10^38. For constants and rows of the ledger, whose domain promises it; else use make().
  constexpr Amount(AssetId asset, Int128 minor) : asset_(asset), minor_(minor) { CHECK(in_range(minor)); }
  // Errors: overflow when |minor| >= 10^38.
  static constexpr Result<Amount, AmountError> make(AssetId asset, Int128 minor) {
    if (!in_range(minor)) return fail(AmountError::overflow);
    return Amount(asset, minor);
  }
  // No coins of this asset; never fails.
  static constexpr Amount zero(AssetId asset) { return {asset, 0}; }

  // Minor units are 10^-scale of one coin; the scale is the asset's (Asset), not kept here.
  [[nodiscard]] constexpr AssetId asset() const { return asset_; }
  [[nodiscard]] constexpr Int128 minor() const { return minor_; }
  [[nodiscard]] constexpr bool is_zero() const { return minor_ == 0; }
  [[nodiscard]] constexpr bool is_positive() const { return minor_ > 0; }
  [[nodiscard]] constexpr bool is_negative() const { return minor_ < 0; }
  constexpr bool operator==(const Amount&) const = default;

  // Whether |minor| < 10^38: what an Amount, and the ledger's NUMERIC, can hold.
  static constexpr bool in_range(Int128 minor) {
    constexpr Int128 limit = power_of_ten(38);
    return minor < limit && minor > -limit;
  }

 private:
  AssetId asset_{};
  Int128 minor_ = 0;
};

using AmountResult = Result<Amount, AmountError>;

// The exact sum, and a less b. Errors: asset_mismatch, overflow.
AmountResult plus(Amount a, Amount b);
AmountResult minus(Amount a, Amount b);
// -1 where a is the smaller, 0 where they are equal, 1 where a is the greater. Errors: asset_mismatch.
Result<int, AmountError> compare(Amount a, Amount b);
// The smaller of the two; a where they are equal. Errors: asset_mismatch.
AmountResult least(Amount a, Amount b);

// a * b / c, exact in 256 bits and then rounded once, as `rounding` says. Errors: division_by_zero, overflow (the
// quotient leaves |x| < 10^38).
Result<Int128, AmountError> multiply_divide(Int128 a, Int128 b, Int128 c, Rounding rounding);

// amount * rate / 10^6, rounded once, in the asset of `amount`: a fee, a reserve. Errors: overflow.
AmountResult share_of(Amount amount, Rate rate, Rounding rounding);
// The value of `base` (in base_asset) at `price`, in quote_asset: base * price * 10^(quote scale) / 10^(8 + base
// scale), rounded once. Errors: asset_mismatch (`base` is of another asset), overflow. REQUIRES: both scales 0 to 24.
AmountResult value_at(Amount base, Price price, const Asset& base_asset, const Asset& quote_asset, Rounding rounding);
// How much base `quote` buys at `price`: quote * 10^(8 + base scale) / (price * 10^(quote scale)), rounded once, with
// no fee. Errors: asset_mismatch, division_by_zero when price is 0, overflow. REQUIRES: both scales 0 to 24.
AmountResult bought_with(Amount quote, Price price, const Asset& base_asset, const Asset& quote_asset,
                         Rounding rounding);
// price * (1 + rate / 10^6), rounded once. Errors: overflow (the price leaves 64 bits). REQUIRES: 10^6 + rate fits 64
// bits.
Result<Price, AmountError> adjusted(Price price, Rate rate, Rounding rounding);
// The largest multiple of `lot` that is <= amount. REQUIRES: lot > 0, one asset, amount >= 0.
Amount rounded_to_lot(Amount amount, Amount lot);

// "15.00000000": `scale` decimals, "-" before a negative one, no exponent, no separators. parse_amount() of it gives
// the same amount. REQUIRES: scale >= 0.
std::string format(Amount amount, int scale);
// The amount that a decimal text means, in minor units of the asset: digits, at most one point with digits on both
// sides, a "-" in front or none. Errors: not_a_number, over_precise (more decimals than the scale, zeros at the end
// apart), overflow.
AmountResult parse_amount(std::string_view text, const Asset& asset);
// Decimal text to whole units of 10^-scale. Errors as parse_amount. REQUIRES: scale >= 0.
Result<Int128, AmountError> parse_decimal(std::string_view text, int scale);
// Whole number to text and back (the ledger's NUMERIC text). Errors: not_a_number, overflow.
std::string to_text(Int128 value);
Result<Int128, AmountError> parse_whole(std::string_view text);

}  // namespace machines
