// tests/simulation/house.hpp: one run of a whole house in one thread: broker, workers, venue, feed and books over one
// clock, with these faults, until all bars are played or nothing moves any more.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/broker.hpp"
#include "tests/simulation/feed.hpp"
#include "tests/simulation/ground.hpp"
#include "tests/simulation/worker.hpp"

namespace tests::simulation {

// What a run came to.
struct Outcome {
  std::string violation;  // empty: every promise held
  std::string digest;
  Extent extent;                            // how much happened, by site
  std::map<std::string, std::int64_t> met;  // outcomes, events, faults: how often
  std::deque<std::string> trace;            // the last lines, where asked for
};

class House {
 public:
  // Market and workers are drawn from the seed.
  House(std::uint64_t seed, Plant plant, const std::vector<Fault>& faults, bool traces);
  Outcome run();

 private:
  void start_broker();
  void start_worker(const std::string& name);
  std::shared_ptr<Worker> make_worker(const std::string& name);
  void struck(Worker& worker, const Fault& fault);
  void crash_worker(Worker& worker, std::int64_t for_us);
  void lose_worker(Worker& worker);
  void strike(const Fault& fault);
  void stop_for(const Fault& fault);
  void crash_broker(std::int64_t for_us);
  void second_broker(std::int64_t for_us);
  void twin(const Fault& fault);
  [[nodiscard]] std::string standstill() const;

  Market market_;
  World world_;
  Books books_;
  Store store_;
  Network network_;
  Venue venue_;
  Ground ground_{world_, market_, books_, store_, network_, venue_};
  std::shared_ptr<Broker> broker_;
  std::shared_ptr<Feed> feed_;
  std::vector<std::shared_ptr<Worker>> workers_, twins_;
  int brokers_ = 0;
};

}  // namespace tests::simulation
