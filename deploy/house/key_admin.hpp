// deploy/house/key_admin.hpp: what every change of keys begins with: the keyring and the right master key, a look at
// the venue, and what that means for a key, decided and recorded. Used by the commands and by `up`'s own watch.
#pragma once

#include <memory>
#include <string>

#include "deploy/house/ledger_place.hpp"
#include "ledger/secrets/keyring.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

// "2024-01-31 12:00" in UTC; "-" for none.
std::string day_text(machines::Instant at);

// A failure with this sentence: business says no; this machine, a file or an argument is not fit.
machines::Failure<ledger::secrets::SecretError> refused(std::string text);
machines::Failure<ledger::secrets::SecretError> unusable(std::string text);

// Which keys are meant: those of this ledger, its folder, its configuration.
struct KeyAdmin {
  LedgerPlace place;
  schemas::config::Config config;
};

// No dumps from here on, the keys, and the master key of this house. REQUIRES: the connection outlives the keyring.
struct OpenKeys {
  std::unique_ptr<ledger::Connection> connection;
  ledger::secrets::Keyring keyring;
  ledger::secrets::MasterKey master;
};
ledger::secrets::Secretly<OpenKeys> open_keys(const KeyAdmin& admin);
// Only where none was ever used here a missing file is made.
ledger::secrets::Secretly<ledger::secrets::MasterKey> master_key_of(const KeyAdmin& admin,
                                                                    ledger::secrets::Keyring& keyring);

// What a look shows, as a message to the key's machine.
machines::key::Message look_message(const ledger::secrets::KeyView& view, const machines::key::Observation& seen);
// Why the machine refused, in words that end a sentence.
const char* reason_of(machines::key::Refusal refusal);
// One move of one key, decided and committed; the key as it is then.
ledger::secrets::Secretly<ledger::secrets::KeyView> move_key(ledger::secrets::Keyring& keyring,
                                                             const ledger::secrets::KeyView& view,
                                                             const machines::key::Message& message);

}  // namespace deploy
