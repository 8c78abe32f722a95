// tests/simulation/venue.hpp: the paper venue's own store and matching (workers/venues/paper), in memory, behind a
// network that loses, doubles and delays; it may be away for a while. What it has taken it never forgets.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "tests/simulation/books.hpp"
#include "tests/simulation/world.hpp"
#include "workers/venues/paper/store.hpp"

namespace tests::simulation {

class Venue {
 public:
  // Its account holds what the owners brought.
  Venue(World& world, const Market& market, machines::Int128 funded);

  using Answer = std::function<void(const schemas::VenueMessage&)>;
  // The answer comes once, twice or never.
  void ask(const schemas::VenueMessage& request, const Answer& answer);
  void crash(std::int64_t for_us);

  // ---- for those who look afterwards
  [[nodiscard]] const std::set<std::string>& placed() const { return placed_; }
  schemas::OrderReport report(const std::string& client_id);
  machines::Int128 total(const std::string& asset);

 private:
  // `said`: an answer, which a fault may spoil. `counts_once`: whatever carries it, the other side takes it once.
  void carry(std::function<void()> arrive, schemas::VenueMessage* said = nullptr, bool counts_once = false);
  schemas::VenueMessage handle(const schemas::VenueMessage& request);

  World& world_;
  workers::venues::VenueProperties properties_;
  std::unique_ptr<workers::venues::paper::Store> store_;
  std::set<std::string> placed_;  // client ids of all orders that reached it
  std::set<std::string> taken_;   // of all orders that it has made
  std::int64_t away_until_us_ = 0;
};

}  // namespace tests::simulation
