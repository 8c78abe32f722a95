#include "deploy/replay/barriers/barrier_plan.hpp"

#include <algorithm>
#include <utility>

#include "machines/core/check.hpp"

namespace deploy {
namespace {

constexpr std::size_t most_bars_ahead = 64;  // few enough for an answer well before asking again

}  // namespace

using machines::Instant;

BarrierPlan::BarrierPlan(const std::vector<workers::market::Bar>& bars, Instant played_to, std::set<std::size_t> stops)
    : bars_(bars), stops_(std::move(stops)) {
  CHECK(!bars_.empty());
  while (next_ < bars_.size() && bars_[next_].opens_at <= played_to) ++next_;
}

Instant BarrierPlan::close_of(std::size_t index) const { return machines::next_bar_close(bars_[index].opens_at); }

bool BarrierPlan::releases() const {
  switch (phase_) {
    case Phase::open_venue:
    case Phase::act:
    case Phase::cancel:
    case Phase::look_again:
    case Phase::done:
      return false;
    default:
      return true;
  }
}

Instant BarrierPlan::goal() const {
  switch (phase_) {
    case Phase::fund:
      return bars_.front().opens_at - machines::milliseconds(2);
    case Phase::allocate:
      return next_ == 0 ? bars_.front().opens_at - machines::milliseconds(1) : close_of(next_ - 1);
    case Phase::open_venue:
    case Phase::open_release:
      return bars_[next_].opens_at;
    case Phase::between:
      return between_;
    case Phase::close_release:
      return close_of(next_);
    case Phase::settle:  // a moment later each time: no late answer about the close can be taken for this one's
      return close_of(next_ - 1) + machines::Duration{static_cast<std::int64_t>(settled_) + 1};
    default:
      return close_of(next_ - 1);
  }
}

std::vector<schemas::Ahead> BarrierPlan::ahead() const {
  std::vector<schemas::Ahead> ahead;
  if (phase_ != Phase::close_release) return ahead;
  const std::size_t end = std::min(bars_.size(), next_ + most_bars_ahead);
  for (std::size_t at = next_ + 1; at < end && !stops_.contains(at - 1); ++at)
    ahead.push_back({close_of(at) - machines::Duration{1}, close_of(at)});
  return ahead;
}

bool BarrierPlan::released(Instant world_at, Instant next_due) {
  if (!releases() || world_at < goal()) return false;
  switch (phase_) {
    case Phase::fund:
      phase_ = Phase::allocate;
      break;
    case Phase::open_release:
    case Phase::between:
      to_close(next_due);
      break;
    case Phase::settle:
      ++settled_;
      if (is_last_)
        phase_ = Phase::look_again;
      else
        go_on(next_due);
      break;
    default:  // allocate, close_release
      if (phase_ == Phase::close_release) pass_closes(world_at);
      if (is_behind_stop())
        phase_ = Phase::act;
      else
        go_on(next_due);
  }
  return true;
}

bool BarrierPlan::is_behind_stop() const { return next_ > acted_ && next_ > 0 && stops_.contains(next_ - 1); }

void BarrierPlan::pass_closes(Instant world_at) {
  while (next_ < bars_.size() && close_of(next_) <= world_at) ++next_;
  settled_ = 0;
}

// To the next bar's open where somebody waits for it, else straight to its close; after the last bar, to the end.
void BarrierPlan::go_on(Instant next_due) {
  if (next_ == bars_.size()) {
    is_last_ = true;
    phase_ = Phase::act;
  } else if (next_due > bars_[next_].opens_at) {
    to_close(next_due);
  } else {
    phase_ = bars_[next_].open_sound ? Phase::open_venue : Phase::open_release;
  }
}

// To the close of the bar, with a barrier before it for each time within the bar at which something is due: what a
// vault's review moves is there, or is not, for every sleeve that looks at the close.
void BarrierPlan::to_close(Instant next_due) {
  const bool comes_first = next_due < close_of(next_);
  if (comes_first) between_ = next_due;
  phase_ = comes_first ? Phase::between : Phase::close_release;
}

void BarrierPlan::venue_took_open() {
  CHECK(phase_ == Phase::open_venue);
  phase_ = Phase::open_release;
}

void BarrierPlan::acted() {
  CHECK(phase_ == Phase::act);
  acted_ = next_;
  phase_ = Phase::cancel;
}

void BarrierPlan::all_cancelled() {
  CHECK(phase_ == Phase::cancel);
  phase_ = Phase::settle;
}

// Who was resumed after the last close may have placed an order meanwhile.
void BarrierPlan::found(bool anything_rests) {
  CHECK(phase_ == Phase::look_again);
  phase_ = anything_rests ? Phase::cancel : Phase::done;
}

}  // namespace deploy
