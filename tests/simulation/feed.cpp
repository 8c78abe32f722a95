#include "tests/simulation/feed.hpp"

#include <algorithm>

#include "machines/core/names.hpp"

namespace tests::simulation {

using machines::Instant;

constexpr std::int64_t ask_again_us = 1'000'000, fresh_link_us = 4'000'000;
constexpr std::size_t most_bars_ahead = 64;

void Feed::start() {
  connect();
  heard_us_ = ground_.world.now_us();
  keep_asking();
}

std::string Feed::where() const {
  return std::string(machines::name_of(phase_)) + " of bar " + std::to_string(next_) + " of " +
         std::to_string(bars().size());
}

void Feed::connect() {
  link_ = ground_.network.connect("feed", [weak = weak_from_this()](const std::string& bytes) {
    const auto message = schemas::decode(bytes);
    CHECK(message.has_value());
    if (const auto self = weak.lock()) self->take(*message);
  });
}

void Feed::keep_asking() {
  const std::int64_t now = ground_.world.now_us();
  if (now - asked_us_ >= ask_again_us) {
    if (now - heard_us_ > fresh_link_us) {
      connect();
      heard_us_ = now;
    }
    ask();
  }
  ground_.world.after(ask_again_us / 4, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->keep_asking();
  });
}

Instant Feed::close_of(std::size_t index) const { return machines::next_bar_close(bars()[index].opens_at); }

Instant Feed::goal() const {
  switch (phase_) {
    case Phase::fund:
      return bars().front().opens_at - machines::milliseconds(2);
    case Phase::allocate:
      return bars().front().opens_at - machines::milliseconds(1);
    case Phase::open_venue:
    case Phase::open_release:
      return bars()[next_].opens_at;
    case Phase::between:
      return between_;
    case Phase::close_release:
      return close_of(next_);
    case Phase::settle:  // a moment later each time: no doubled answer about the close can be taken for this one's
      return close_of(next_ - 1) + machines::Duration{is_last_ ? 2 : 1};
    case Phase::cancel:
      break;
  }
  return close_of(next_ - 1);
}

bool Feed::has_people(std::size_t bar) const {
  const Market& market = ground_.market;
  const bool pauses = market.paused_from != market.paused_to;
  return market.cancels.contains(bar) || (pauses && (bar == market.paused_from || bar == market.paused_to));
}

// The closes that may follow by themselves: not past a bar at which people act.
std::vector<schemas::Ahead> Feed::ahead() const {
  std::vector<schemas::Ahead> ahead;
  if (phase_ != Phase::close_release) return ahead;
  for (std::size_t at = next_ + 1; at < std::min(bars().size(), next_ + most_bars_ahead) && !has_people(at - 1); ++at)
    ahead.push_back({close_of(at) - machines::Duration{1}, close_of(at)});
  return ahead;
}

void Feed::begin(Phase phase) {
  phase_ = phase;
  ask();
}

void Feed::ask() {
  asked_us_ = ground_.world.now_us();
  if (phase_ == Phase::open_venue) {
    const std::size_t bar = next_;
    ground_.venue.ask(schemas::OpenBar{ground_.market.pair.symbol, bars()[bar].opens_at, bars()[bar].open},
                      [weak = weak_from_this(), bar](const schemas::VenueMessage& answer) {
                        const auto self = weak.lock();
                        if (!self || self->phase_ != Phase::open_venue || self->next_ != bar) return;
                        if (std::holds_alternative<schemas::BarTaken>(answer)) self->begin(Phase::open_release);
                      });
  } else if (phase_ == Phase::cancel) {
    if (resting_.empty()) return begin(Phase::settle);
    const auto& [owner, order] = resting_.back();
    ground_.network.to_broker(link_, schemas::encode(schemas::Submit{owner, order, "cancel", goal()}));
  } else {
    ground_.network.to_broker(link_, schemas::encode(schemas::Release{goal(), ahead()}));
  }
}

void Feed::take(const schemas::Message& message) {
  heard_us_ = ground_.world.now_us();
  if (const auto* answer = std::get_if<schemas::Released>(&message)) return released(*answer);
  const auto* submitted = std::get_if<schemas::Submitted>(&message);
  if (submitted == nullptr || phase_ != Phase::cancel || resting_.empty() ||
      submitted->instance != resting_.back().second)
    return;
  if (submitted->accepted || submitted->reason.starts_with("no such instance")) resting_.pop_back();
  ask();
}

void Feed::released(const schemas::Released& released) {
  if (phase_ == Phase::open_venue || phase_ == Phase::cancel || released.world_at < goal()) return;
  if (released.stalled)
    return ground_.world.violate("a job is parked: " + released.reason + " (instance " +
                                 std::to_string(released.parked.instance.value) + ")");
  ground_.world.say("feed", [&] { return "world time has passed " + std::to_string(released.world_at.us); });
  switch (phase_) {
    case Phase::fund:
      return begin(Phase::allocate);
    case Phase::open_release:
    case Phase::between:
      return to_close(released.next_due);
    case Phase::settle:
      if (is_last_) return end();
      return on_from(released.next_due);
    default:
      return close_passed(released);
  }
}

void Feed::close_passed(const schemas::Released& released) {
  if (phase_ == Phase::close_release)
    while (next_ < bars().size() && close_of(next_) <= released.world_at) ++next_;
  if (next_ > people_done_ && has_people(next_ - 1)) {
    people_done_ = next_;
    return let_people_act();
  }
  on_from(released.next_due);
}

// To the next bar's open where somebody waits for it, else straight to its close; after the last bar, to the end.
void Feed::on_from(Instant next_due) {
  if (next_ == bars().size()) {
    is_last_ = true;
    find_resting();
    return begin(Phase::cancel);
  }
  if (next_due > bars()[next_].opens_at) return to_close(next_due);
  begin(bars()[next_].open_sound ? Phase::open_venue : Phase::open_release);
}

void Feed::to_close(Instant next_due) {
  if (next_due < close_of(next_)) between_ = next_due;
  begin(next_due < close_of(next_) ? Phase::between : Phase::close_release);
}

// Who was woken after the last close may have placed an order meanwhile.
void Feed::end() {
  find_resting();
  if (resting_.empty()) return ground_.world.finish();
  begin(Phase::cancel);
}

void Feed::find_resting() {
  for (const VaultBooks& vault : ground_.books.vaults)
    for (const machines::InstanceId order : ground_.books.live_orders(vault.owner))
      resting_.emplace_back(vault.owner, order);
}

// At rest between two bars: the same state in every run of the seed.
void Feed::let_people_act() {
  const Market& market = ground_.market;
  const std::size_t bar = next_ - 1;
  const machines::OwnerId owner = ground_.books.vaults.front().owner;
  const bool pauses = market.paused_from != market.paused_to;
  if (pauses && bar == market.paused_from) ground_.books.pause(owner);
  if (pauses && bar == market.paused_to) ground_.books.lift(owner, close_of(bar));
  if (market.cancels.contains(bar)) find_resting();
  ground_.world.say("people", [&] { return "act after bar " + std::to_string(bar); });
  begin(Phase::cancel);
}

}  // namespace tests::simulation
