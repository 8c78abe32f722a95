#include <algorithm>

#include "machines/core/amount.hpp"
#include "schemas/config/config.hpp"
#include "tests/fuzz/targets.hpp"
#include "workers/market/csv.hpp"

namespace tests::fuzz {
namespace {

using machines::Amount;
using machines::Int128;

// Text and back keeps every value, at each scale that takes the text.
void must_keep(Bytes text, int scale) {
  const machines::Asset asset{{1}, "ANY", scale};
  const auto amount = machines::parse_amount(text, asset);
  const auto units = machines::parse_decimal(text, scale);
  CHECK(amount.has_value() == units.has_value());
  if (!amount) return;
  CHECK(amount->minor() == *units);
  CHECK(Amount::in_range(*units));
  const auto back = machines::parse_amount(machines::format(*amount, scale), asset);
  CHECK(back.has_value() && *back == *amount);
  // More decimals hold the same value, or it is too large for them.
  if (scale < 24) {
    const auto finer = machines::parse_decimal(text, scale + 1);
    CHECK(finer ? *finer == *units * 10 : finer.error() == machines::AmountError::overflow);
  }
}

}  // namespace

void amounts(Bytes bytes) {
  for (const int scale : {0, 1, 6, 8, 18, 24}) must_keep(bytes, scale);
  if (const auto whole = machines::parse_whole(bytes)) {
    CHECK(Amount::in_range(*whole));
    CHECK(machines::parse_whole(machines::to_text(*whole)).value() == *whole);
  }
  const auto decimal = schemas::config::Decimal::parse(bytes);
  if (!decimal) return;
  CHECK(decimal->scale >= 0 && decimal->scale <= 18);
  CHECK(decimal->scale == 0 || decimal->units % 10 != 0);
  CHECK(schemas::config::Decimal::parse(decimal->text()).value() == *decimal);
  for (int scale = 0; scale <= 24; ++scale)
    if (const auto units = decimal->at_scale(scale))
      CHECK(scale >= decimal->scale ? *units == decimal->units * machines::power_of_ten(scale - decimal->scale)
                                    : *units * machines::power_of_ten(decimal->scale - scale) == decimal->units);
}

void price_fields(Bytes bytes) {
  namespace csv = workers::market::csv;
  std::vector<std::string_view> fields;
  for (const char separator : {',', ';', '\t'}) {
    (void)csv::split(bytes, separator, fields);
    CHECK(!fields.empty());
    CHECK(fields.size() <= static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), separator)) + 1);
    for (const auto& field : fields) {
      CHECK(field.empty() || (field.data() >= bytes.data() && field.end() <= bytes.end()));
      if (const auto price = csv::parse_price(field)) {
        CHECK(price->price.e8 > 0);
        const auto exact = machines::parse_decimal(field, 8);
        if (exact) CHECK(!price->rounded && *exact == price->price.e8);
      }
      if (const auto time = csv::parse_time(field)) {
        CHECK(time->at.us >= 978'307'200'000'000 && time->at.us < 4'102'444'800'000'000);
      }
    }
  }
}

}  // namespace tests::fuzz
