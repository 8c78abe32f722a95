// workers/harness/venue_calls.hpp: requests to a venue in flight, and their answers. Never blocks. A request that is
// not answered in time is unknown_outcome when it writes, retry_later when it only reads. A socket that let a request
// down is replaced by a fresh one.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "brokers/wire/socket.hpp"
#include "workers/handlers/handler.hpp"
#include "workers/harness/harness.hpp"

namespace workers::harness {

class VenueCalls {
 public:
  VenueCalls(brokers::wire::Context& context, const VenueLink& link, const brokers::wire::CurveKeys& keys);

  struct Finished {
    machines::LeasedJob job;
    handlers::Answer answer;
  };
  void start(const machines::LeasedJob& job, const schemas::VenueMessage& request, std::int64_t now_us);
  // What has been answered or given up since the last look.
  std::vector<Finished> finished(std::int64_t now_us);
  [[nodiscard]] bool empty() const { return calls_.empty() && failed_.empty(); }
  // The earliest deadline, or INT64_MAX.
  [[nodiscard]] std::int64_t next_deadline_us() const;
  [[nodiscard]] std::vector<machines::Token> held() const;
  brokers::wire::DealerSocket* socket() { return socket_ ? &*socket_ : nullptr; }
  void forget_all();

 private:
  struct Pending {
    machines::LeasedJob job;
    bool writes = false;
    std::int64_t deadline_us = 0;
    std::string unsent;  // the socket had no connection yet: sent as soon as it has
  };
  void connect();

  brokers::wire::Context& context_;
  VenueLink link_;
  brokers::wire::CurveKeys keys_;
  std::optional<brokers::wire::DealerSocket> socket_;
  std::map<std::uint64_t, Pending> calls_;
  std::vector<Finished> failed_;
  std::uint64_t next_ = 1;
};

}  // namespace workers::harness
