#include "workers/keys/key_look.hpp"

#include <chrono>

#include "ledger/env/times.hpp"
#include "workers/venues/paper/client.hpp"
#include "workers/venues/paper/keys.hpp"

namespace workers::keys {
namespace {

namespace paper = workers::venues::paper;
using ledger::secrets::SecretError;
using ledger::secrets::SecretFailure;
using machines::key::Observation;

constexpr std::chrono::milliseconds patience{3'000};

std::int64_t wall_us() { return ledger::env::wall_now().us; }

Observation observed(const schemas::KeyInfo& info) {
  Observation seen;
  seen.rights = {info.read, info.trade, info.withdraw};
  seen.is_bound = info.bound;
  seen.expires_at = {info.expires_us};
  seen.rate_used_ppm = info.rate_used_ppm;
  return seen;
}

}  // namespace

ledger::secrets::Secretly<Observation> ask_about_key(const venues::VenueFiles& venue_files,
                                                     const ledger::secrets::Secret& credential,
                                                     const std::string& account) {
  const auto no = [](const std::string& why) {
    return machines::fail(SecretError{SecretFailure::unavailable, "the paper venue can't be asked: " + why});
  };
  const auto keys = brokers::wire::read_keys(venue_files.key.string());
  const auto server = brokers::wire::read_public_key(venue_files.public_key.string());
  if (!keys) return no(keys.error().text);
  if (!server) return no(server.error().text);
  brokers::wire::Context context;
  paper::VenueClient client(context, {venue_files.endpoint, *keys, *server, patience});
  const std::atomic<bool> stop = false;
  const auto asked = std::chrono::steady_clock::now();
  const auto answer = paper::ask(client, paper::key_info_request(credential, account, wall_us()), patience, stop);
  Observation seen;
  if (answer)
    seen = observed(std::get<schemas::KeyInfo>(*answer));
  else if (answer.error().error == machines::CallError::fatal_auth && paper::is_bad_key(answer.error().text))
    seen.is_authentic = false;
  else
    return no(answer.error().text);
  const auto took = std::chrono::steady_clock::now() - asked;
  seen.latency_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  seen.at = {wall_us()};
  return seen;
}

}  // namespace workers::keys
