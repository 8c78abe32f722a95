// deploy/bursar/key_venue.hpp: asking a key's venue what it may do there.
#pragma once

#include "deploy/bursar/layout.hpp"
#include "ledger/secrets/secret.hpp"
#include "machines/key/decide.hpp"

namespace deploy {

// The venue's word; a key that it refuses is an observation too. The secret makes a proof and does not travel. Errors:
// unavailable, when the venue can't be asked: nothing is known then.
ledger::secrets::Secretly<machines::key::Observation> ask_about_key(const Layout& layout,
                                                                    const ledger::secrets::Secret& credential,
                                                                    const std::string& account);

}  // namespace deploy
