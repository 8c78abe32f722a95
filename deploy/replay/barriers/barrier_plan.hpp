// deploy/replay/barriers/barrier_plan.hpp: BarrierPlan, the barriers by which bars are played (DESIGN 2). A bar has
// two: its open, where resting orders fill (left out while nobody waits for it), and its close, where timers fire.
// Between them lies one for each time at which something is due. The plan says what comes next and is told what came of
// it; asking, asking again and looking up orders are the driver's. Replay, simulation and backtest share it. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "machines/core/instant.hpp"
#include "schemas/codec/messages.hpp"
#include "workers/market/bars.hpp"

namespace deploy {

class BarrierPlan {
 public:
  // What the driver does in it:
  enum class Phase {
    fund,           // release goal(): the vault's coins
    allocate,       // release goal(): the sleeves' coins; after a restart, what was open at the last close
    open_venue,     // tell the venue the open of bar(); then venue_took_open()
    open_release,   // release goal(): orders fill
    between,        // release goal(): what is due within the bar
    close_release,  // release goal(), with ahead()
    act,            // all is at rest after a stop or the last bar: look up what rests, let people act; then acted()
    cancel,         // cancel what rests, each at goal(); then all_cancelled()
    settle,         // release goal(): what the cancels left
    look_again,     // after the last bar: look up what rests; then found()
    done
  };

  // `bars` in the order of their times, at least one; those that opened at `played_to` or before have been played.
  // `stops`: bars, by index, after whose close people act; after a restart behind a stop they are asked once more.
  BarrierPlan(const std::vector<workers::market::Bar>& bars, machines::Instant played_to,
              std::set<std::size_t> stops = {});

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] std::size_t bar() const { return next_; }  // the bar that is being played; all of them: behind the last
  [[nodiscard]] const std::vector<workers::market::Bar>& bars() const { return bars_; }
  // Whether what rests is cancelled for good: the last bar has been played, and nothing waits for people.
  [[nodiscard]] bool is_last() const { return is_last_; }
  [[nodiscard]] bool is_done() const { return phase_ == Phase::done; }
  // Whether released() is what the plan waits for.
  [[nodiscard]] bool releases() const;
  // The world time of this phase.
  [[nodiscard]] machines::Instant goal() const;
  // The closes that may follow this one by themselves, as long as nothing is due before them: never past a stop. The
  // plan moves on by all that have passed when released() says so.
  [[nodiscard]] std::vector<schemas::Ahead> ahead() const;

  // World time has passed `world_at`, and the earliest job of all is due at `next_due`. An answer to an earlier
  // question, or in a phase that asks none, changes nothing; returns whether the plan has moved on.
  bool released(machines::Instant world_at, machines::Instant next_due);
  // REQUIRES: the phase that each belongs to.
  void venue_took_open();
  void acted();
  void all_cancelled();
  void found(bool anything_rests);

 private:
  [[nodiscard]] machines::Instant close_of(std::size_t index) const;
  [[nodiscard]] bool is_behind_stop() const;
  void pass_closes(machines::Instant world_at);
  void go_on(machines::Instant next_due);
  void to_close(machines::Instant next_due);

  std::vector<workers::market::Bar> bars_;
  std::set<std::size_t> stops_;
  Phase phase_ = Phase::fund;
  std::size_t next_ = 0;
  std::size_t acted_ = 0;    // people have acted behind the bars before this one
  std::size_t settled_ = 0;  // how often since the last close
  bool is_last_ = false;     // what rests is cancelled for good
  machines::Instant between_{0};
};

}  // namespace deploy
