#include "workers/reconciliation/ask_order.hpp"

#include <thread>

#include "brokers/wire/keys.hpp"
#include "ledger/store/connection.hpp"
#include "workers/harness/venue_calls.hpp"

namespace workers::reconciliation {
namespace {

using Answer = machines::Result<schemas::OrderReport, std::string>;
using workers::harness::Ended;
using workers::harness::VenueCalls;

Answer answer_of(const Ended& ended) {
  if (const auto* given_up = std::get_if<workers::handlers::GiveUp>(&ended.came_to))
    return machines::fail(given_up->reason);
  const auto& answer = std::get<workers::handlers::Answer>(ended.came_to);
  if (const auto* error = std::get_if<machines::CallError>(&answer))
    return machines::fail("no answer: " + std::string(machines::name_of(*error)));
  return std::get<schemas::OrderReport>(answer);
}

Answer ask_once(VenueCalls& outside, const schemas::VenueMessage& request, std::chrono::milliseconds timeout) {
  const auto now = std::chrono::steady_clock::now;
  const auto until = now() + 2 * timeout;  // a key that was refused may cost a second attempt
  machines::LeasedJob job;                 // nobody's: the call is known by its token
  job.token = ledger::fresh_token();
  outside.call(job, request, now());
  while (now() < until) {
    for (const Ended& ended : outside.take_ended(now()))
      if (ended.job.token == job.token) return answer_of(ended);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return machines::fail(std::string("no answer in time"));
}

}  // namespace

AskOrder ask_venue_for_order(const venues::VenueFiles& venue_files, const std::string& dsn,
                             const ledger::secrets::KeyPlace& master_key, std::chrono::milliseconds timeout) {
  return [venue_files, dsn, master_key, timeout](const std::string& client_id, bool cancel) -> Answer {
    const auto keys = brokers::wire::read_keys(venue_files.key.string());
    const auto venue = brokers::wire::read_public_key(venue_files.public_key.string());
    if (!keys || !venue) return machines::fail(std::string("the keys in the data folder can't be read"));
    workers::harness::WorkerConfig config;
    config.keys = *keys;
    config.venue.endpoint = venue_files.endpoint;
    config.venue.server_public_key = *venue;
    config.venue.timeout_ms = timeout.count();
    config.venue.master_key = master_key;
    brokers::wire::Context context;
    ledger::Connection connection(dsn);
    VenueCalls outside(context, connection, config);
    if (const auto closed = outside.closed(std::chrono::steady_clock::now())) return machines::fail(closed->reason);
    if (cancel) return ask_once(outside, schemas::CancelOrder{client_id}, timeout);
    return ask_once(outside, schemas::QueryOrder{client_id, true}, timeout);
  };
}

}  // namespace workers::reconciliation
