#include "tests/simulation/feed.hpp"

#include <algorithm>

#include "machines/core/names.hpp"

namespace tests::simulation {

using machines::Instant;

constexpr std::int64_t ask_again_us = 1'000'000, fresh_link_us = 4'000'000;

namespace {

// The bars behind whose close people act.
std::set<std::size_t> stops_of(const Market& market) {
  std::set<std::size_t> stops;
  for (const auto bar : market.cancels) stops.insert(bar);
  if (market.paused_from != market.paused_to) stops.insert({market.paused_from, market.paused_to});
  return stops;
}

}  // namespace

Feed::Feed(Ground ground) : ground_(ground), plan_(ground.market.bars, Instant{0}, stops_of(ground.market)) {}

void Feed::start() {
  connect();
  heard_us_ = ground_.world.now_us();
  keep_asking();
}

std::string Feed::where() const {
  return std::string(machines::name_of(plan_.phase())) + " of bar " + std::to_string(plan_.bar()) + " of " +
         std::to_string(plan_.bars().size());
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

void Feed::ask() {
  asked_us_ = ground_.world.now_us();
  if (!look_up()) return;
  if (plan_.phase() == Phase::open_venue) return ask_venue();
  if (plan_.phase() == Phase::cancel) {
    const auto& [owner, order] = resting_.back();
    ground_.network.to_broker(link_, schemas::encode(schemas::Submit{owner, order, "cancel", plan_.goal()}));
  } else {
    ground_.network.to_broker(link_, schemas::encode(schemas::Release{plan_.goal(), plan_.ahead()}));
  }
}

// What the plan wants looked up, or done by people; false: the run is over.
bool Feed::look_up() {
  while (true) {
    if (plan_.phase() == Phase::act) {
      if (plan_.is_last())
        find_resting();
      else
        let_people_act();
      plan_.acted();
    } else if (plan_.phase() == Phase::look_again) {
      find_resting();
      plan_.found(!resting_.empty());
    } else if (plan_.phase() == Phase::cancel && resting_.empty()) {
      plan_.all_cancelled();
    } else if (plan_.is_done()) {
      ground_.world.finish();
      return false;
    } else {
      return true;
    }
  }
}

void Feed::ask_venue() {
  const std::size_t bar = plan_.bar();
  ground_.venue.ask(schemas::OpenBar{ground_.market.pair.symbol, plan_.goal(), plan_.bars()[bar].open},
                    [weak = weak_from_this(), bar](const schemas::VenueMessage& answer) {
                      const auto self = weak.lock();
                      if (!self || self->plan_.phase() != Phase::open_venue || self->plan_.bar() != bar) return;
                      if (!std::holds_alternative<schemas::BarTaken>(answer)) return;
                      self->plan_.venue_took_open();
                      self->ask();
                    });
}

void Feed::take(const schemas::Message& message) {
  heard_us_ = ground_.world.now_us();
  if (const auto* answer = std::get_if<schemas::Released>(&message)) return released(*answer);
  const auto* submitted = std::get_if<schemas::Submitted>(&message);
  if (submitted == nullptr || plan_.phase() != Phase::cancel || resting_.empty() ||
      submitted->instance != resting_.back().second)
    return;
  if (submitted->answer != schemas::SubmitAnswer::not_taken) resting_.pop_back();
  ask();
}

void Feed::released(const schemas::Released& released) {
  if (!plan_.releases() || released.world_at < plan_.goal()) return;
  if (released.stalled)
    return ground_.world.violate("a job is parked: " + released.reason + " (instance " +
                                 std::to_string(released.parked.instance.value) + ")");
  ground_.world.say("feed", [&] { return "world time has passed " + std::to_string(released.world_at.us); });
  if (plan_.released(released.world_at, released.next_due)) ask();
}

void Feed::find_resting() {
  for (const VaultBooks& vault : ground_.books.vaults)
    for (const machines::InstanceId order : ground_.books.live_orders(vault.owner))
      resting_.emplace_back(vault.owner, order);
}

// At rest between two bars: the same state in every run of the seed.
void Feed::let_people_act() {
  const Market& market = ground_.market;
  const std::size_t bar = plan_.bar() - 1;
  const machines::OwnerId owner = ground_.books.vaults.front().owner;
  const bool pauses = market.paused_from != market.paused_to;
  if (pauses && bar == market.paused_from) ground_.books.pause(owner);
  if (pauses && bar == market.paused_to) ground_.books.lift(owner, plan_.goal());
  if (market.cancels.contains(bar)) find_resting();
  ground_.world.say("people", [&] { return "act after bar " + std::to_string(bar); });
}

}  // namespace tests::simulation
