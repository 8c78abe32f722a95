// tests/workers/venues/paper/process.hpp: a paper venue in a process of its own, which the test program becomes when it
// is started with --venue, and the clients that speak to it.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "tests/workers/venues/paper/support.hpp"
#include "workers/venues/paper/client.hpp"
#include "workers/venues/paper/service.hpp"

namespace tests {

// 20,000 USDT and 10 ETH; every second order fills in two parts.
workers::venues::paper::Book venue_book();

// Keys and endpoint of one venue in `folder`. With a file named `as_real_ones` there, ids are unique among open orders
// only, there are no tombstones, and deadlines are enforced.
struct Party {
  std::string folder;
  brokers::wire::CurveKeys venue, worker, feed;
  static Party make(const Folder& folder);
  static Party read(const std::string& folder);  // in the venue's process
  [[nodiscard]] std::string endpoint() const { return "ipc://" + folder + "/venue.sock"; }
  [[nodiscard]] workers::venues::paper::VenueConfig config(const std::vector<std::string>& faults = {}) const;
  [[nodiscard]] workers::venues::paper::VenueClientConfig client(const brokers::wire::CurveKeys& own) const;
};

// Killed when it goes out of scope.
class VenueProcess {
 public:
  explicit VenueProcess(const Party& party, std::vector<std::string> faults = {});
  VenueProcess(const VenueProcess&) = delete;
  VenueProcess& operator=(const VenueProcess&) = delete;
  ~VenueProcess() { kill(); }
  void start();
  // SIGKILL, and waits until it is gone.
  void kill();
  // SIGTERM. The exit code, or 128 + the signal that ended it.
  int stop();
  // Waits until it ends by itself.
  int wait();
  // Whether it has ended by itself; then its exit code is in last_exit().
  bool has_ended();
  [[nodiscard]] int last_exit() const { return last_exit_; }

 private:
  const Party& party_;
  std::vector<std::string> faults_;
  int pid_ = 0;
  int last_exit_ = 0;
};

// main() of the test program when it is started as a venue: --venue FOLDER [FAULT...].
int venue_main(int count, char** words);

}  // namespace tests
