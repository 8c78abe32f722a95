// workers/harness/broker_links.hpp: a worker's lines to the brokers it was told of: one dealer each, a fresh socket
// whenever a broker has been silent too long, READY on each. A lease belongs to the broker that assigned it: what
// became of it is said there and nowhere else. One thread; nothing blocks but leave().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "brokers/wire/socket.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::harness {

struct BrokerAddress {
  std::string endpoint;
  std::string public_key;
};

class BrokerLinks {
 public:
  // `ready` is what READY says, but for the leases held, which this knows. Each broker is granted an even share of its
  // credit: together never more than that.
  BrokerLinks(brokers::wire::Context& context, std::vector<BrokerAddress> brokers, brokers::wire::CurveKeys keys);

  // Opens all lines, fresh ones after leave(); `ready` says who we are and what we can do.
  void connect(schemas::Ready ready);
  // For the owner's poll loop; add anew after each liveness(), which may open fresh sockets.
  void add_to(brokers::wire::Poller& poller);
  // Says that we live, whatever else waits; how often that must be said.
  void beat();
  [[nodiscard]] std::int64_t heartbeat_us() const;
  // The shortest silence after which a broker passes our leases on.
  [[nodiscard]] std::int64_t ttl_us() const;
  // When liveness() must be called at the latest.
  [[nodiscard]] std::int64_t wait_until_us(std::int64_t now_us) const;
  // What the brokers have assigned since, and which leases they want back if their jobs have not begun; everything else
  // that they say is dealt with here.
  struct Received {
    std::vector<schemas::Assign> assigned;
    std::vector<machines::Token> revoked;
  };
  Received receive();
  // Registers, beats, and opens a fresh socket where a broker is silent.
  void liveness();

  // What became of leases, each said to the broker that it came by; one that a commit made for us belongs to the broker
  // of its shard and epoch.
  void say(const schemas::Done& done, std::vector<schemas::Failed> failures);

  // These were revoked and had not begun.
  void hand_back(const std::vector<machines::Token>& unstarted);
  // Hands these back, tells every broker that we leave, and waits for their answers, within bounds.
  void leave(const std::vector<machines::Token>& unstarted);

 private:
  struct Link {
    BrokerAddress address;
    std::optional<brokers::wire::DealerSocket> socket;
    bool welcomed = false, parted = false;
    std::int64_t heartbeat_us = 1'000'000, ttl_us = 3'000'000;
    std::int64_t registered_us = 0, heard_us = 0, beaten_us = 0;
    std::string refused;      // what it last said no with: logged once
    schemas::Done done = {};  // what is to be said
    std::vector<schemas::Failed> failures = {};
  };

  void open(Link& link);
  void register_with(std::size_t index);
  void take(Link& link, const schemas::Message& message);
  void disown(Link& link, const std::vector<machines::Token>& named);
  static void tell(Link& link, const schemas::Message& message);
  // The link that a lease came by; nullptr when it is no longer ours to speak of.
  Link* owner_of(const machines::Token& token);

  brokers::wire::Context& context_;
  brokers::wire::CurveKeys keys_;
  schemas::Ready ready_;
  std::vector<Link> links_;
  std::map<machines::Token, std::size_t> held_;  // each lease that is held, and the link that it came by
  std::map<int, std::size_t> serves_;            // each shard and the link that last assigned a job of it
};

}  // namespace workers::harness
