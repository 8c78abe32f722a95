#include "workers/market/bars.hpp"

#include <optional>

namespace workers::market {
namespace {

using machines::Int128;
using machines::Price;

Int128 distance(Price a, Price b) { return a.e8 > b.e8 ? Int128{a.e8} - b.e8 : Int128{b.e8} - a.e8; }

bool is_far(Price value, Price reference) { return 2 * distance(value, reference) > reference.e8; }

// The first bar agrees with none of the two after it, and those agree. Nothing can be decided on it, so that looking
// ahead from it gives nothing away.
bool is_alone(const std::vector<Bar>& bars) {
  return is_far(bars[0].close, bars[1].open) && is_far(bars[0].close, bars[2].open) &&
         !is_far(bars[1].close, bars[1].open) && !is_far(bars[2].open, bars[1].close);
}

}  // namespace

Judged judge_bars(std::vector<Bar>& bars) {
  Judged found;
  std::optional<Price> level;      // the last sound close
  std::optional<Price> jumped;     // a close far from it, until the next open
  std::vector<Rejection> of_jump;  // what was named there
  if (bars.size() > 2 && is_alone(bars)) level = bars[1].open;
  for (Bar& bar : bars) {
    const bool is_first = !level;
    const Price reference = level.value_or(bar.close);
    const bool confirms = jumped && is_far(bar.open, reference) && !is_far(bar.open, *jumped);
    if (confirms) {  // the next bar goes on from there: it was no mistake
      found.levels.push_back({of_jump.front().opens_at, reference, *jumped});
      of_jump.clear();
      level = jumped;
    }
    found.rejections.insert(found.rejections.end(), of_jump.begin(), of_jump.end());
    of_jump.clear();
    jumped.reset();
    const Price beside = level.value_or(bar.close);
    bar.open_sound = !is_far(bar.open, beside);
    bar.close_sound = is_first || !is_far(bar.close, beside);
    if (!bar.open_sound) of_jump.push_back({bar.opens_at, "open", bar.open, beside});
    if (!bar.close_sound) of_jump.push_back({bar.opens_at, "close", bar.close, beside});
    if (bar.close_sound)
      level = bar.close;
    else
      jumped = bar.close;
  }
  found.rejections.insert(found.rejections.end(), of_jump.begin(), of_jump.end());
  return found;
}

}  // namespace workers::market
