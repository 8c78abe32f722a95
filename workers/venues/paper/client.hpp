// workers/venues/paper/client.hpp: VenueClient, how a worker or the feed speaks to the venue without waiting for it.
// Each request ends exactly once: with its answer or with a CallError, at the latest at its deadline. Nothing blocks
// but ask() and take_bar(). One thread. No throw.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "brokers/wire/socket.hpp"
#include "machines/core/job.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::venues::paper {

using SteadyTime = std::chrono::steady_clock::time_point;

struct VenueClientConfig {
  std::string endpoint;
  brokers::wire::CurveKeys keys;
  std::string venue_public_key;
  std::chrono::milliseconds deadline{2000};  // wall time from start() to the answer
  // Nothing, or what is wrong.
  [[nodiscard]] std::string validate() const;
};

// What a request came to. The answer is of the kind that the request asks for: OrderReport, BarTaken, Statement,
// KeyInfo or VenueRules.
struct Finished {
  std::uint64_t correlation = 0;
  std::variant<schemas::VenueMessage, machines::CallError> outcome;
  std::string text;                 // why, where the outcome is an error
  bool refused = false;             // the venue said no: it took nothing, and the same may be asked again
  std::int64_t retry_after_ms = 0;  // where it said when
  std::int64_t rate_used_ppm = 0;   // of a signed request: of its key's limit
};

// Makes the signature of a request under the correlation that it gets.
using Sign = std::function<schemas::Signature(std::uint64_t correlation)>;

class VenueClient {
 public:
  // REQUIRES: validate() says nothing; `context` outlives the client.
  VenueClient(brokers::wire::Context& context, VenueClientConfig config);

  // Sends the request, or keeps it until the venue can be reached. One that has not left by `send_by` (by default its
  // deadline) never will: it ends as retry_later. REQUIRES: a request, not an answer.
  std::uint64_t start(const schemas::VenueMessage& request, SteadyTime now,
                      std::optional<SteadyTime> send_by = std::nullopt, const Sign& sign = nullptr);

  // What has finished by now, each once. Errors of requests that left: a place or cancel without a readable answer is
  // unknown_outcome, anything else retry_later. What the venue refuses is rejected, but for a query or cancel, which
  // is retry_later, and a place after its deadline, of which an earlier copy may have come: unknown_outcome; a key that
  // may not ask is fatal_auth, and one over its rate retry_later. After an expiry the next request takes a fresh
  // socket.
  std::vector<Finished> poll(SteadyTime now);

  // For the owner's poll loop: the sockets that may have answers (add anew after each poll()), and how long to wait at
  // most before the next poll().
  void add_to(brokers::wire::Poller& poller);
  [[nodiscard]] std::chrono::milliseconds wait_at_most(SteadyTime now) const;
  [[nodiscard]] std::size_t in_flight() const { return pending_.size(); }
  // Drops what is in flight; its answers, should they come, are thrown away.
  void forget_all();

 private:
  struct Pending {
    schemas::VenueMessage request;
    std::string bytes;  // empty once sent
    SteadyTime deadline, send_by;
    std::uint64_t line = 0;  // the socket that it left by
  };
  // A socket that no new request takes stays only while an answer may come by it.
  struct Line {
    std::uint64_t number = 0;
    brokers::wire::DealerSocket socket;
  };
  void send_waiting(SteadyTime now);
  void receive(std::vector<Finished>& finished);
  void take(const std::string& bytes, std::vector<Finished>& finished);
  void expire(SteadyTime now, std::vector<Finished>& finished);
  void freshen();
  void drop_idle_lines();

  brokers::wire::Context& context_;
  VenueClientConfig config_;
  std::vector<Line> lines_;  // the last one takes new requests
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_correlation_ = 0, last_line_ = 0;
};

// Why a blocking question got no answer: refused, stopped, or silence for the whole time.
struct AskError {
  machines::CallError error = machines::CallError::retry_later;
  std::string text;
};

// Asks until the venue answers, at most `timeout`, and stops early once `stop` is set. REQUIRES: the client has no
// other request in flight; the request may be repeated (OpenBar, QueryOrder, StatementRequest, HandTrade,
// HandTransfer, KeyInfoRequest, VenueRulesRequest).
machines::Result<schemas::VenueMessage, AskError> ask(VenueClient& client, const schemas::VenueMessage& request,
                                                      std::chrono::milliseconds timeout, const std::atomic<bool>& stop);

// The venue learns an open, however often it must be told; it counts once. Errors: as ask().
machines::Result<schemas::BarTaken, AskError> take_bar(VenueClient& client, const schemas::OpenBar& bar,
                                                       std::chrono::milliseconds timeout,
                                                       const std::atomic<bool>& stop);

}  // namespace workers::venues::paper
