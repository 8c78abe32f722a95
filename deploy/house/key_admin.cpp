#include "deploy/house/key_admin.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>

#include "deploy/house/folder_owner.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"
#include "ledger/secrets/process.hpp"
#include "machines/core/names.hpp"

namespace deploy {

using ledger::env::wall_now;

namespace key = machines::key;
using ledger::secrets::Keyring;
using ledger::secrets::KeyView;
using ledger::secrets::MasterKey;
using ledger::secrets::SecretError;
using ledger::secrets::SecretFailure;
using ledger::secrets::Secretly;
using machines::name_of;

std::string day_text(machines::Instant at) {
  if (at.us == 0) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(at.us / 1'000'000)));
}

machines::Failure<SecretError> refused(std::string text) {
  return {SecretError{SecretFailure::refused, std::move(text)}};
}
machines::Failure<SecretError> unusable(std::string text) {
  return {SecretError{SecretFailure::unusable, std::move(text)}};
}

Secretly<MasterKey> master_key_of(const KeyAdmin& admin, Keyring& keyring) {
  const auto place =
      ledger::secrets::find_master_key(admin.config.keys.master_key_file, admin.place.layout.key("master.key"));
  const auto was_used = keyring.has_master_key();
  if (!was_used) return machines::fail(was_used.error());
  std::error_code error;
  if (!*was_used && !place.is_credential &&
      !std::filesystem::exists(std::filesystem::symlink_status(place.file, error))) {
    auto made = ledger::secrets::make_master_key(place.file);
    if (made)
      print_text(stderr, "Made the master key {}: keep a copy of it somewhere else; without it no key here opens.\n",
                 place.file.string());
    return made;
  }
  return ledger::secrets::read_master_key(place);
}

Secretly<OpenKeys> open_keys(const KeyAdmin& admin) {
  if (const auto safe = ledger::secrets::forbid_dumps(); !safe) return machines::fail(safe.error());
  auto connection = std::make_unique<ledger::Connection>(admin.place.dsn);
  if (const auto foreign = why_of_another(admin.place, *connection); !foreign.empty()) return unusable(foreign);
  auto keyring = Keyring::open(*connection);
  if (!keyring) return machines::fail(keyring.error());
  auto master = master_key_of(admin, *keyring);
  if (!master) return machines::fail(master.error());
  if (const auto right = keyring->check_master_key(*master); !right) return machines::fail(right.error());
  return OpenKeys{std::move(connection), std::move(*keyring), std::move(*master)};
}

key::Message look_message(const KeyView& view, const key::Observation& seen) {
  return {key::event_of(view.data, seen, {}), seen};
}

const char* reason_of(key::Refusal refusal) {
  switch (refusal) {
    case key::Refusal::incident_open:
      return "it rests for an incident; once that has been dealt with: bursar key test NAME --acknowledge";
    case key::Refusal::no_incident:
      return "there is no incident to acknowledge";
    case key::Refusal::replaced:
      return "a newer version has replaced it";
    default:
      return "that can't happen to a key in this state";
  }
}

Secretly<KeyView> move_key(Keyring& keyring, const KeyView& view, const key::Message& message) {
  const auto step = key::decide(view.state, view.data, message);
  if (!step)
    return refused(fmt::format("the key {} is {}: {}", view.data.name, name_of(view.state), reason_of(step.error())));
  if (const auto moved = keyring.move({{view, *step}}, wall_now()); !moved) return machines::fail(moved.error());
  KeyView after = view;
  after.state = step->to;
  after.data = step->data;
  ++after.instance_version;
  return after;
}

}  // namespace deploy
