// workers/venues/paper/keys.hpp: the API keys that the paper venue knows, from a file that stands for the exchange's
// own settings page: changing it changes a key's rights at once. The venue keeps no secret, only a hash of each. Also
// how a credential proves itself, here and at who asks. No throw.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/secrets/secret.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::venues::paper {

using Hash = std::array<std::uint8_t, 32>;

struct KnownKey {
  std::string api_key;
  Hash verifier{};        // SHA-256 of the secret
  schemas::KeyInfo info;  // but for the share of its limit that is used
  std::int64_t rate = 0;  // signed requests a second; 0: no limit
};

// Lines of the file: ACCOUNT API_KEY SHA256-OF-THE-SECRET RIGHTS [bound] [expires=SECONDS-SINCE-1970] [rate=REQUESTS a
// second], where RIGHTS are read, trade, withdraw joined by commas; # begins a comment; a line that can't be read gives
// no key, and is named in the log. Of two lines of one key the first counts. No file, no keys.
std::vector<KnownKey> read_key_file(const std::string& file);

// A venue's credential as it is sealed: the first line is the API key, the public half; the second its secret; further
// lines (a passphrase) are the venue's business. Nothing, or what is wrong with it, without a byte of it.
std::string wrong_with_credential(const ledger::secrets::Secret& credential);

// Makes proofs with a credential: HMAC-SHA256, by the SHA-256 of the secret, in hex. REQUIRES: wrong_with_credential()
// says nothing.
std::string api_key_of(const ledger::secrets::Secret& credential);
std::string proof_by(const ledger::secrets::Secret& credential, std::string_view text);
// Whether this proof of this text was made by who knows the secret; in a time that does not depend on where it differs.
bool is_proved(const KnownKey& key, std::string_view text, std::string_view proof);

// The question about the key of a credential, with its proof over what is asked. REQUIRES: wrong_with_credential() says
// nothing.
schemas::KeyInfoRequest key_info_request(const ledger::secrets::Secret& credential, const std::string& account,
                                         std::int64_t asked_us);

// Whether it was proved within a minute of `now_us`, and what is proved by a KeyInfoRequest.
bool is_of_this_minute(std::int64_t signed_us, std::int64_t now_us);
std::string text_to_prove(const schemas::KeyInfoRequest& request);

// Whether a refusal is about the key and not about who asks.
bool is_bad_key(std::string_view reason);

}  // namespace workers::venues::paper
