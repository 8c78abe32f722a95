#include "workers/market/bars.hpp"

#include <algorithm>
#include <optional>
#include <utility>

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

// Where the wrong rows that begin at `from` end: the bar that opens at the old level again. `from` itself where they
// are none: prices that moved there in steps, by a close or within a bar, are a market's.
std::size_t end_of_wrong_rows(const std::vector<Bar>& bars, std::size_t from, Price level) {
  if (!is_far(bars[from].open, level) || !is_far(bars[from].close, level)) return from;
  for (std::size_t at = from + 1; at < bars.size() && at <= from + most_wrong_rows; ++at) {
    if (!is_far(bars[at].open, level)) return is_far(bars[at].open, bars[at - 1].close) ? at : from;
    if (!is_far(bars[at].close, level)) return from;
  }
  return from;
}

class Judge {
 public:
  explicit Judge(std::vector<Bar>& bars) : bars_(bars) {}

  Judged run() {
    if (bars_.size() > 2 && is_alone(bars_)) level_ = bars_[1].open;
    for (std::size_t at = 0; at < bars_.size();) {
      if (jumped_ && is_far(bars_[at].open, *level_) && !is_far(bars_[at].open, *jumped_)) confirm();
      forget_jump();
      const std::size_t end = std::max(at + 1, level_ ? end_of_wrong_rows(bars_, at, *level_) : 0);
      for (; at < end; ++at) judge(bars_[at]);
    }
    forget_jump();
    return std::move(found_);
  }

 private:
  // The bar after a jump goes on from there: it was no mistake.
  void confirm() {
    found_.levels.push_back({of_jump_.front().opens_at, *level_, *jumped_});
    of_jump_.clear();
    level_ = jumped_;
  }
  void forget_jump() {
    found_.rejections.insert(found_.rejections.end(), of_jump_.begin(), of_jump_.end());
    of_jump_.clear();
    jumped_.reset();
  }
  void judge(Bar& bar) {
    const bool is_first = !level_;
    const Price beside = level_.value_or(bar.close);
    bar.open_sound = !is_far(bar.open, beside);
    bar.close_sound = is_first || !is_far(bar.close, beside);
    if (!bar.open_sound) of_jump_.push_back({bar.opens_at, "open", bar.open, beside});
    if (!bar.close_sound) of_jump_.push_back({bar.opens_at, "close", bar.close, beside});
    (bar.close_sound ? level_ : jumped_) = bar.close;
  }

  std::vector<Bar>& bars_;
  Judged found_;
  std::optional<Price> level_;      // the last sound close
  std::optional<Price> jumped_;     // a close far from it, until the next open
  std::vector<Rejection> of_jump_;  // what was named there
};

}  // namespace

Judged judge_bars(std::vector<Bar>& bars) { return Judge(bars).run(); }

}  // namespace workers::market
