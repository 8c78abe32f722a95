#include "workers/market/bars.hpp"

#include <optional>

namespace workers::market {
namespace {

using machines::Int128;
using machines::Price;

Int128 distance(Price a, Price b) { return a.e8 > b.e8 ? Int128{a.e8} - b.e8 : Int128{b.e8} - a.e8; }

bool is_far(Price value, Price reference) { return 2 * distance(value, reference) > reference.e8; }

Price nearer(Price value, Price a, Price b) { return distance(value, a) <= distance(value, b) ? a : b; }

}  // namespace

std::vector<Rejection> judge_bars(std::vector<Bar>& bars) {
  std::vector<Rejection> found;
  std::optional<Price> before;  // the last sound close
  for (Bar& bar : bars) {
    const Price reference = before.value_or(bar.close);
    bar.open_sound = !is_far(bar.open, reference) || !is_far(bar.open, bar.close);
    bar.close_sound = !before || !is_far(bar.close, *before) || !is_far(bar.close, bar.open);
    if (!bar.open_sound) found.push_back({bar.opens_at, "open", bar.open, nearer(bar.open, reference, bar.close)});
    if (!bar.close_sound) found.push_back({bar.opens_at, "close", bar.close, nearer(bar.close, *before, bar.open)});
    if (bar.close_sound) before = bar.close;
  }
  return found;
}

}  // namespace workers::market
