// ledger/secrets/keyring.hpp: Keyring, the API keys of a deployment as rows and instances: enrolling, opening, testing,
// rewrapping, retiring. A key's secret and its first transition are stored in one transaction; each change of its state
// is a transition of the machine `key` in the audit chain. Borrows its connection. No throw.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/secrets/envelope.hpp"
#include "ledger/secrets/master_key.hpp"
#include "ledger/secrets/secret.hpp"
#include "ledger/store/connection.hpp"
#include "machines/core/step.hpp"
#include "machines/key/decide.hpp"

namespace ledger::secrets {

// One version of a key. `data` names it, and says where and what for it is.
struct KeyView {
  machines::OwnerId owner;
  machines::InstanceId instance;
  std::int64_t instance_version = 0;
  machines::key::State state = machines::key::State::resting;
  machines::key::Data data;
  std::vector<std::string> addresses, destinations;
  std::string master_key;  // the id of the one that sealed it; empty once the secret is gone
};

// What is to be enrolled. Its version follows those that stand under the name.
struct Enrolment {
  std::string name, venue, account;
  machines::key::Purpose purpose = machines::key::Purpose::trade;
  std::vector<std::string> addresses, destinations;  // both for a move key, none for others
};

// A change that the machine decided for one key.
struct KeyMove {
  KeyView key;
  machines::key::Step step;
};

class Keyring {
 public:
  // Errors: no treasury in this database yet, or a schema from before there were keys.
  static Secretly<Keyring> open(Connection& connection);

  // The deployment's name, 16 hex digits; secrets are bound to it.
  [[nodiscard]] const std::string& deployment() const { return deployment_; }
  // Whether a master key was ever used here; then a missing file is never made anew.
  Secretly<bool> has_master_key();
  // Whether this is the one that seals here; the first one ever is remembered as such. Errors: damaged, naming both.
  Secretly<bool> check_master_key(const MasterKey& master);

  // By name, then version. Errors: a row whose data can't be read.
  Secretly<std::vector<KeyView>> keys();
  // The same for a role that may see no seals (the service): each without its `master_key`.
  Secretly<std::vector<KeyView>> keys_without_seals();
  // Seals and stores; the key rests until it proves itself. Errors: refused with what does not fit, before anything is
  // stored; unknown: whether it was stored is not known; look before anything
  // else.
  Secretly<KeyView> enrol(const Enrolment& enrolment, const Secret& secret, const MasterKey& master,
                          machines::Instant now);
  // All of these moves in one transaction; a retired key's secret is forgotten with it. Errors: refused where another
  // was there first: look again.
  Secretly<machines::Nothing> move(const std::vector<KeyMove>& moves, machines::Instant now);

  // The secret of a key for what it is to be used for. Errors: refused, unless the key is healthy or degraded and was
  // given for that very purpose. Move keys are opened by the transfer executor's role alone.
  Secretly<Secret> open_for_use(const KeyView& key, machines::key::Purpose purpose, const MasterKey& master);
  // In any state but retired, to ask the venue about it; for the owner's role only.
  Secretly<Secret> open_for_test(const KeyView& key, const MasterKey& master);

  // Wraps every data key anew, each durable by itself: an interrupted call is repeated. From its start `to` alone
  // seals. Returns how many it wrapped. Errors: `from` isn't the one that sealed a row; both must be readable.
  Secretly<int> rewrap(const MasterKey& from, const MasterKey& to);

 private:
  explicit Keyring(Connection& connection) : connection_(&connection) {}
  Secretly<std::vector<KeyView>> read_keys(const SqlStatement& statement);
  [[nodiscard]] Binding binding_of(const KeyView& key) const;
  // What else belongs to a commit; told the ids of its births.
  using AndThen = std::function<Secretly<machines::Nothing>(const std::vector<machines::InstanceId>&)>;
  Secretly<machines::Nothing> together(const std::vector<machines::Step>& steps, const AndThen& and_then);
  Secretly<bool> commit(std::vector<machines::Step> steps, std::vector<machines::InstanceId>& born);
  Secretly<Secret> unsealed(const Stored<Rows>& rows, const KeyView& key, const MasterKey& master);
  Secretly<machines::Nothing> store(const KeyView& key, const Sealed& sealed);

  Connection* connection_;
  machines::OwnerId owner_{0};
  std::string deployment_;
};

// The key to use now, chosen by health (machines/key). Nothing where none fits.
std::optional<KeyView> choose(const std::vector<KeyView>& keys, const machines::key::Wanted& wanted);

}  // namespace ledger::secrets
