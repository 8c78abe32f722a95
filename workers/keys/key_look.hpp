// workers/keys/key_look.hpp: asking a key's venue what it may do there.
#pragma once

#include "ledger/secrets/secret.hpp"
#include "machines/key/decide.hpp"
#include "workers/venues/venue_files.hpp"

namespace workers::keys {

// The venue's word; a key that it refuses is an observation too. The secret makes a proof and does not travel. Errors:
// unavailable, when the venue can't be asked: nothing is known then.
ledger::secrets::Secretly<machines::key::Observation> ask_about_key(const venues::VenueFiles& venue_files,
                                                                    const ledger::secrets::Secret& credential,
                                                                    const std::string& account);

}  // namespace workers::keys
