#include "deploy/cli/keys/key_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/cli/context.hpp"
#include "deploy/house/key_admin.hpp"
#include "deploy/terminal/key_input.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"
#include "ledger/secrets/keyring.hpp"
#include "ledger/secrets/process.hpp"
#include "machines/core/names.hpp"
#include "workers/keys/key_look.hpp"
#include "workers/venues/paper/keys.hpp"

namespace deploy {

using ledger::env::wall_now;
using workers::keys::ask_about_key;

namespace {

namespace key = machines::key;
using ledger::secrets::Enrolment;
using ledger::secrets::Keyring;
using ledger::secrets::KeyView;
using ledger::secrets::Secret;
using ledger::secrets::SecretError;
using ledger::secrets::SecretFailure;
using ledger::secrets::Secretly;
using machines::name_of;
using nlohmann::ordered_json;

CommandContext context_of(const KeyContext& context) { return {context.place, context.json}; }

int failed(const KeyContext& context, const char* command, const SecretError& error) {
  const std::string text = fmt::format("key {}: {}", command, error.text);
  if (error.failure == SecretFailure::unusable) return wrong(context_of(context), text);
  return refused(context_of(context), text,
                 error.failure == SecretFailure::unavailable ? ErrorCode::unavailable : ErrorCode::refused);
}

ordered_json json_of(const KeyView& view) {
  const key::Data& data = view.data;
  return {{"name", data.name},
          {"version", data.key_version},
          {"key", data.key},
          {"fingerprint", data.fingerprint},
          {"venue", data.venue},
          {"account", data.account},
          {"purpose", name_of(data.purpose)},
          {"state", name_of(view.state)},
          {"rights", {{"read", data.seen.read}, {"trade", data.seen.trade}, {"withdraw", data.seen.withdraw}}},
          {"incident", data.incident},
          {"replaced", data.is_replaced},
          {"tested_at", day_text(data.tested_at)},
          {"expires_at", day_text(data.expires_at)},
          {"addresses", view.addresses},
          {"destinations", view.destinations},
          {"machine", view.instance.value},
          {"master_key", view.master_key}};
}

std::string line_of(const KeyView& view) {
  const key::Data& data = view.data;
  return fmt::format("{:<16} {:>3} {:>5}  {:<11} {:<8} {:<12} {:<7} {:<9} {:<16} {}", data.name, data.key_version,
                     data.key, data.fingerprint, data.venue, data.account, name_of(data.purpose), name_of(view.state),
                     day_text(data.tested_at),
                     !data.incident.empty() ? "INCIDENT: " + data.incident
                     : data.is_replaced     ? "replaced; retire it once it is gone at the venue"
                                            : "");
}

void print(const KeyContext& context, const std::vector<KeyView>& views) {
  if (context.json) {
    ordered_json json = ordered_json::array();
    for (const KeyView& view : views) json.push_back(json_of(view));
    std::cout << json.dump() << "\n";
    return;
  }
  print_text("{:<16} {:>3} {:>5}  {:<11} {:<8} {:<12} {:<7} {:<9} {:<16}\n", "name", "ver", "key", "fingerprint",
             "venue", "account", "purpose", "state", "tested (UTC)");
  for (const KeyView& view : views) print_text("{}\n", line_of(view));
}

Secretly<Secret> credential_of(const KeyOptions& options) {
  auto credential = read_credential(options.secret_file);
  if (!credential) return credential;
  if (auto wrong = workers::venues::paper::wrong_with_credential(*credential); !wrong.empty()) return unusable(wrong);
  return credential;
}

std::string retry_hint(const KeyContext& context) {
  return context.place.house_may_run ? "" : "; the house is not running, `bursar up` starts it";
}

// The versions of a name that are not retired, oldest first.
Secretly<std::vector<KeyView>> live_versions(Keyring& keyring, const std::string& name) {
  auto keys = keyring.keys();
  if (!keys) return keys;
  std::erase_if(*keys, [&](const KeyView& one) { return one.data.name != name || one.state == key::State::retired; });
  if (keys->empty()) return refused(fmt::format("no live key is called {}; `bursar key list` lists them", name));
  return keys;
}

Secretly<KeyView> version_of(const std::vector<KeyView>& live, std::int64_t version) {
  const auto found =
      std::find_if(live.begin(), live.end(), [&](const KeyView& one) { return one.data.key_version == version; });
  if (found == live.end())
    return refused(
        fmt::format("the key {} has no live version {}; `bursar key list` lists them", live[0].data.name, version));
  return *found;
}

// What can be said against the options before anything is opened.
Secretly<Enrolment> enrolment_of(const KeyOptions& options) {
  const auto purpose = machines::from_name<key::Purpose>(options.purpose);
  if (!purpose) return unusable("--purpose is read, trade or move");
  if (options.venue != "paper") return unusable("--venue is paper: it is the only one so far");
  const auto is_word = [](const std::string& text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
  };
  if (!is_word(options.name)) return unusable("--name has 1 to 64 letters, digits, - and _");
  if (!is_word(options.account)) return unusable("--account has 1 to 64 letters, digits, - and _");
  Enrolment asked{options.name, options.venue, options.account, *purpose, options.addresses, options.destinations};
  const bool moves = *purpose == key::Purpose::move;
  if (moves && (asked.addresses.empty() || asked.destinations.empty()))
    return unusable("a move key needs --allow-address and --allow-destination, each at least once");
  if (!moves && (!asked.addresses.empty() || !asked.destinations.empty()))
    return unusable("--allow-address and --allow-destination are for move keys only");
  return asked;
}

// Asks the venue, and refuses what has other rights than the purpose needs; nothing where it can't be asked.
Secretly<std::optional<key::Observation>> look_before(const KeyContext& context, const Enrolment& asked,
                                                      const Secret& credential) {
  if (!context.place.house_may_run) return std::optional<key::Observation>{};
  const auto seen = ask_about_key(context.place.layout.venue_files("client"), credential, asked.account);
  if (!seen) return std::optional<key::Observation>{};
  if (const auto wrong = key::wrong_at_enrolment(asked.purpose, *seen); !wrong.empty())
    return refused(wrong + "; nothing was stored");
  return std::optional(*seen);
}

std::string why_it_rests(const KeyView& view, const key::Observation& seen) {
  if (!seen.is_authentic) return "the venue does not know it, or refuses its signature";
  if (!view.data.incident.empty()) return "it " + view.data.incident;
  return "the venue lets it " + key::to_text(seen.rights) + ", until " + day_text(seen.expires_at);
}

}  // namespace

int add_key(const KeyContext& context, const KeyOptions& options) {
  const auto asked = enrolment_of(options);
  if (!asked) return failed(context, "add", asked.error());
  auto opened = open_keys(context);
  if (!opened) return failed(context, "add", opened.error());
  const auto standing = opened->keyring.keys();
  if (!standing) return failed(context, "add", standing.error());
  for (const KeyView& one : *standing)
    if (one.data.name == asked->name && one.state != key::State::retired)
      return failed(context, "add",
                    {SecretFailure::refused, fmt::format("a key is called {0} already; `bursar key rotate {0}` gives "
                                                         "it a new secret",
                                                         asked->name)});
  const auto credential = credential_of(options);
  if (!credential) return failed(context, "add", credential.error());
  const auto seen = look_before(context, *asked, *credential);
  if (!seen) return failed(context, "add", seen.error());
  auto view = opened->keyring.enrol(*asked, *credential, opened->master, wall_now());
  if (view && *seen) view = move_key(opened->keyring, *view, look_message(*view, **seen));
  if (!view) return failed(context, "add", view.error());
  if (!*seen)
    print_text(stderr,
               "The venue could not be asked what this key may do: it rests until `bursar key test {}` has asked{}.\n",
               asked->name, retry_hint(context));
  print(context, {*view});
  return 0;
}

int list_keys(const KeyContext& context) {
  ledger::Connection connection(context.place.dsn);
  auto keyring = Keyring::open(connection);
  if (!keyring) return failed(context, "list", keyring.error());
  const auto keys = keyring->keys();
  if (!keys) return failed(context, "list", keys.error());
  if (keys->empty() && !context.json)
    print_text("no keys yet; `bursar key add` adds one\n");
  else
    print(context, *keys);
  return 0;
}

int test_key(const KeyContext& context, const KeyOptions& options) {
  auto opened = open_keys(context);
  if (!opened) return failed(context, "test", opened.error());
  const auto live = live_versions(opened->keyring, options.name);
  if (!live) return failed(context, "test", live.error());
  auto view = version_of(*live, options.version == 0 ? live->back().data.key_version : options.version);
  if (!view) return failed(context, "test", view.error());
  const auto credential = opened->keyring.open_for_test(*view, opened->master);
  if (!credential) return failed(context, "test", credential.error());
  const auto seen = ask_about_key(context.place.layout.venue_files("client"), *credential, view->data.account);
  if (!seen)
    return failed(context, "test",
                  {seen.error().failure, seen.error().text + retry_hint(context) + "; nothing was changed"});
  if (options.acknowledge) view = move_key(opened->keyring, *view, {key::Event::acknowledge, {}});
  if (view) view = move_key(opened->keyring, *view, look_message(*view, *seen));
  if (!view) return failed(context, "test", view.error());
  const bool rests = !key::may_be_used(view->state);
  const std::string why = fmt::format("key test: the key {} rests: {}", options.name, why_it_rests(*view, *seen));
  if (rests) put_error(context_of(context), ErrorCode::unsound, why);
  print(context, {*view});
  if (rests) print_text(stderr, "bursar: {}\n", why);
  return rests ? 1 : 0;
}

int rotate_key(const KeyContext& context, const KeyOptions& options) {
  auto opened = open_keys(context);
  if (!opened) return failed(context, "rotate", opened.error());
  const auto live = live_versions(opened->keyring, options.name);
  if (!live) return failed(context, "rotate", live.error());
  const KeyView& old = live->back();
  const auto credential = credential_of(options);
  if (!credential) return failed(context, "rotate", credential.error());
  if (ledger::secrets::fingerprint(*credential, opened->keyring.deployment()) == old.data.fingerprint)
    return failed(context, "rotate",
                  {SecretFailure::refused, "this is the secret that it has already; make a new one at the venue"});
  const Enrolment asked{old.data.name,    old.data.venue, old.data.account,
                        old.data.purpose, old.addresses,  old.destinations};
  const auto seen = look_before(context, asked, *credential);
  if (!seen)
    return failed(context, "rotate", {seen.error().failure, "the new secret is not fit: " + seen.error().text});
  if (!*seen)
    return failed(context, "rotate",
                  {SecretFailure::unavailable,
                   "the venue can't be asked about the new secret" + retry_hint(context) + "; nothing was changed"});
  // The new one rests when it is stored; it proves itself and the old one steps back in one commit.
  const auto fresh = opened->keyring.enrol(asked, *credential, opened->master, wall_now());
  if (!fresh) return failed(context, "rotate", fresh.error());
  std::vector<ledger::secrets::KeyMove> moves;
  const auto proved = key::decide(fresh->state, fresh->data, look_message(*fresh, **seen));
  if (!proved) return failed(context, "rotate", {SecretFailure::refused, reason_of(proved.error())});
  moves.push_back({*fresh, *proved});
  for (const KeyView& one : *live)
    if (const auto stepped = key::decide(one.state, one.data, {key::Event::replace, {}}))
      moves.push_back({one, *stepped});
  if (const auto moved = opened->keyring.move(moves, wall_now()); !moved)
    return failed(context, "rotate", moved.error());
  const auto now = live_versions(opened->keyring, options.name);
  if (!now) return failed(context, "rotate", now.error());
  print(context, *now);
  print_text(
      stderr,
      "Version {} is used from now on. Delete the old key at the venue, then: bursar key retire {} --version {}\n",
      fresh->data.key_version, options.name, old.data.key_version);
  return 0;
}

int retire_key(const KeyContext& context, const KeyOptions& options) {
  ledger::Connection connection(context.place.dsn);
  auto keyring = Keyring::open(connection);
  if (!keyring) return failed(context, "retire", keyring.error());
  const auto live = live_versions(*keyring, options.name);
  if (!live) return failed(context, "retire", live.error());
  if (options.version == 0 && live->size() > 1)
    return failed(context, "retire",
                  {SecretFailure::unusable, fmt::format("{} versions of {} are left; name one with --version, "
                                                        "`bursar key list` shows them",
                                                        live->size(), options.name)});
  const auto view = version_of(*live, options.version == 0 ? live->back().data.key_version : options.version);
  if (!view) return failed(context, "retire", view.error());
  auto gone = move_key(*keyring, *view, {key::Event::retire, {}});
  if (!gone) return failed(context, "retire", gone.error());
  gone->master_key.clear();
  print(context, {*gone});
  return 0;
}

int rewrap_keys(const KeyContext& context, const KeyOptions& options) {
  if (const auto safe = ledger::secrets::forbid_dumps(); !safe) return failed(context, "rewrap", safe.error());
  ledger::Connection connection(context.place.dsn);
  auto keyring = Keyring::open(connection);
  if (!keyring) return failed(context, "rewrap", keyring.error());
  const auto was_used = keyring->has_master_key();
  if (!was_used) return failed(context, "rewrap", was_used.error());
  if (!*was_used)
    return failed(context, "rewrap", {SecretFailure::refused, "there are no keys yet, and so no master key to change"});
  const auto old = master_key_of(context, *keyring);
  if (!old) return failed(context, "rewrap", old.error());
  std::error_code error;
  const std::filesystem::path file = options.new_master_key;
  const auto fresh = std::filesystem::exists(file, error)
                         ? ledger::secrets::read_master_key({file})
                         : ledger::secrets::make_master_key(std::filesystem::absolute(file));
  if (!fresh) return failed(context, "rewrap", fresh.error());
  const auto count = keyring->rewrap(*old, *fresh);
  if (!count) return failed(context, "rewrap", count.error());
  if (context.json)
    std::cout << ordered_json{{"rewrapped", *count}, {"from", old->id}, {"to", fresh->id}}.dump() << "\n";
  else
    print_text("{} keys are sealed under the master key {} now; the old one opens none of them.\n", *count, fresh->id);
  print_text(stderr, "Now put {} in the old one's place, or name it in [keys] master_key_file.\n", file.string());
  return 0;
}

}  // namespace deploy
