#include "machines/strategy/momentum/momentum.hpp"

namespace machines::strategy {
namespace {

// now / then - 1 >= rate, exactly.
bool risen_by(Price now, Price then, Rate rate) {
  return static_cast<Int128>(now.e8) * ppm_of_one >= static_cast<Int128>(then.e8) * (ppm_of_one + rate.ppm);
}

bool fallen_by(Price now, Price high, Rate rate) {
  return static_cast<Int128>(now.e8) * ppm_of_one <= static_cast<Int128>(high.e8) * (ppm_of_one - rate.ppm);
}

}  // namespace

std::string Momentum::validate() const {
  const auto within = [](Rate rate, std::int64_t most) { return rate.ppm >= 0 && rate.ppm <= most; };
  if (!within(buy_momentum, ppm_of_one)) return "buy_momentum must be between 0 and 100 %";
  if (!within(trend, ppm_of_one)) return "trend must be between 0 and 100 %";
  if (!within(stop_loss, ppm_of_one) || stop_loss.ppm == 0) return "stop_loss must be above 0 and at most 100 %";
  if (!within(arm, ppm_of_one)) return "arm must be between 0 and 100 %";
  if (!within(trail, ppm_of_one - 1)) return "trail must be at least 0 and below 100 %";
  if (!within(hold_uptrend, ppm_of_one)) return "hold_uptrend must be between 0 and 100 %";
  return {};
}

bool wants_entry(const Momentum& rules, const Window& window) {
  if (!window.now || !window.hour_ago || !window.four_hours_ago) return false;
  return risen_by(*window.now, *window.hour_ago, rules.buy_momentum) &&
         risen_by(*window.now, *window.four_hours_ago, rules.trend);
}

AmountResult net_gain(const Position& position, Price price, Rate taker_fee, const Asset& base, const Asset& quote) {
  const auto value = value_at(position.base, price, base, quote, Rounding::down);
  if (!value) return value;
  const auto fee = share_of(*value, taker_fee, Rounding::up);
  if (!fee) return fee;
  const auto proceeds = minus(*value, *fee);
  if (!proceeds) return proceeds;
  return minus(*proceeds, position.cost);
}

Result<Exit, AmountError> wants_exit(const Momentum& rules, const Window& window, const Position& position,
                                     Rate taker_fee, const Asset& base, const Asset& quote) {
  if (!window.now) return Exit::none;
  const auto gain = net_gain(position, *window.now, taker_fee, base, quote);
  const auto most_loss = share_of(position.cost, rules.stop_loss, Rounding::up);
  if (!gain || !most_loss) return fail(AmountError::overflow);
  if (gain->minor() <= -most_loss->minor()) return Exit::stop_loss;
  if (window.hour_ago && risen_by(*window.now, *window.hour_ago, rules.hold_uptrend)) return Exit::none;
  const auto best = net_gain(position, position.high, taker_fee, base, quote);
  const auto enough = share_of(position.cost, rules.arm, Rounding::up);
  if (!best || !enough) return fail(AmountError::overflow);
  const bool armed = best->minor() >= enough->minor();
  return armed && fallen_by(*window.now, position.high, rules.trail) ? Exit::trail : Exit::none;
}

}  // namespace machines::strategy
