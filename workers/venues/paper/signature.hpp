// workers/venues/paper/signature.hpp: requests that are signed by an API key: how one is signed, and the venue's Gate,
// which says who may. The secret never travels, and a signature is good for one request with one correlation. One
// thread. No throw.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "ledger/secrets/secret.hpp"
#include "schemas/codec/messages.hpp"
#include "workers/venues/paper/keys.hpp"

namespace workers::venues::paper {

// The credential's signature of a request under its correlation. REQUIRES: wrong_with_credential() says nothing; a
// message that a worker sends (place, query, cancel, statement).
schemas::Signature sign(const ledger::secrets::Secret& credential, const std::string& account,
                        std::uint64_t correlation, const schemas::VenueMessage& request, std::int64_t signed_us);

// What is wrong with a key, as the venue says it; `unsigned_request` where none was named.
enum class KeyTrouble { unsigned_request, unknown, wrong_proof, stale, expired, lacks_right };
// Of a refusal's reason; nothing where it is not about a key, or an older word.
std::optional<KeyTrouble> trouble_of(const std::string& reason);

class Gate {
 public:
  // The account whose orders this venue keeps; unsigned requests are of it.
  Gate(std::string key_file, std::string account) : key_file_(std::move(key_file)), account_(std::move(account)) {}

  struct Verdict {
    std::optional<schemas::VenueRefusal> refusal;  // nothing of the request was taken
    std::int64_t rate_used_ppm = 0;                // with this request, of the key's limit
  };
  // Whether this request may be served now. A signature is always looked at. Orders, cancels and queries need one as
  // soon as the key file names a key of the account that may trade: orders and cancels of a key that may, a query or a
  // statement of one that may read. Over a key's rate the refusal says for how long; such a request does not count.
  Verdict check(const schemas::VenueFrame& request, std::int64_t now_us);
  // KeyInfo, or a refusal that begins with "bad_key" whatever about the key or its proof is wrong. Does not count.
  schemas::VenueMessage key_info(const schemas::KeyInfoRequest& request, std::int64_t now_us);

 private:
  using Uses = std::deque<std::int64_t>;  // within the last second
  Uses& uses_of(const KnownKey& key, std::int64_t now_us);

  std::string key_file_, account_;
  std::map<std::pair<std::string, std::string>, Uses> uses_;  // by account and API key
};

}  // namespace workers::venues::paper
