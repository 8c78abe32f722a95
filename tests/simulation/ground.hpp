// tests/simulation/ground.hpp: what every process of a simulated house stands on. Borrowed from the house.
#pragma once

#include "tests/simulation/network.hpp"
#include "tests/simulation/store.hpp"
#include "tests/simulation/venue.hpp"

namespace tests::simulation {

struct Ground {
  World& world;
  const Market& market;
  Books& books;
  Store& store;
  Network& network;
  Venue& venue;
};

}  // namespace tests::simulation
