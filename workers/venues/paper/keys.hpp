// workers/venues/paper/keys.hpp: the API keys that the paper venue knows, from a file that stands for the exchange's
// own settings page: changing it changes a key's rights at once. The venue keeps no secret, only a hash of each. No
// throw.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/secrets/secret.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::venues::paper {

// A venue's credential as it is sealed: the first line is the API key, the public half; the second its secret; further
// lines (a passphrase) are the venue's business. Nothing, or what is wrong with it, without a byte of it.
std::string wrong_with_credential(const ledger::secrets::Secret& credential);

// The question about the key of a credential, with its proof: HMAC-SHA256, by the SHA-256 of the secret, over what is
// asked. REQUIRES: wrong_with_credential() says nothing.
schemas::KeyInfoRequest key_info_request(const ledger::secrets::Secret& credential, const std::string& account,
                                         std::int64_t asked_us);

// The venue's answer: KeyInfo, or a refusal that begins with "bad_key" whatever about the key or its proof is wrong.
// Lines of the file: ACCOUNT API_KEY SHA256-OF-THE-SECRET RIGHTS [bound] [expires=SECONDS-SINCE-1970] [rate=PPM], where
// RIGHTS are read, trade, withdraw joined by commas; # begins a comment; a line that can't be read gives no key.
schemas::VenueMessage answer_key_info(const std::string& key_file, const schemas::KeyInfoRequest& request,
                                      std::int64_t now_us);

// Whether a refusal is about the key and not about who asks.
bool is_bad_key(std::string_view reason);

}  // namespace workers::venues::paper
