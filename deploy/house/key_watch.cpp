#include "deploy/house/key_watch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/house/key_admin.hpp"
#include "ledger/env/times.hpp"
#include "ledger/secrets/process.hpp"
#include "machines/core/job.hpp"
#include "machines/core/names.hpp"
#include "workers/keys/key_look.hpp"

namespace deploy {

using brokers::schedule::FiringHand;
using workers::keys::ask_about_key;

namespace {

namespace key = machines::key;
using ledger::secrets::Keyring;
using ledger::secrets::KeyView;
using ledger::secrets::SecretFailure;
using machines::name_of;

constexpr ledger::SqlStatement waiting_statement = {
    "keys_waited_for",
    "SELECT count(*), coalesce(min(last_error), '') FROM ledger.job WHERE parked IS NULL AND "
    "last_error IS NOT NULL AND error_class = $1",
    false};

std::int64_t steady_ms() { return ledger::env::steady_us() / 1000; }

bool is_looked_at(const KeyView& view) { return view.state != key::State::retired && !view.data.is_replaced; }

void log_change(const KeyView& before, const KeyView& after, key::Event event) {
  const auto text =
      fmt::format("the key {} (version {}) of {}/{}: {}, {} -> {}{}{}", after.data.name, after.data.key_version,
                  after.data.venue, after.data.account, name_of(event), name_of(before.state), name_of(after.state),
                  after.data.incident.empty() ? "" : ": INCIDENT: it ", after.data.incident);
  if (event == key::Event::gain_right)
    spdlog::error("{}", text);
  else if (before.state != after.state)
    spdlog::warn("{}", text);
}

// False: not known, look again soon.
bool test_one(OpenKeys& admin, const KeyView& view, const AskAboutKey& ask) {
  const auto could_not = [&](const std::string& why) {
    spdlog::warn("the key {} (version {}) was not tested: {}", view.data.name, view.data.key_version, why);
    return false;
  };
  const auto seen = [&]() -> ledger::secrets::Secretly<key::Observation> {
    const auto credential = admin.keyring.open_for_test(view, admin.master);
    if (!credential) return machines::fail(credential.error());
    return ask(*credential, view.data.account);
  }();
  if (!seen) return could_not(seen.error().text);
  const key::Message message = look_message(view, *seen);
  // Only a person ends an incident; the same one is not said again.
  if (!view.data.incident.empty() && (message.event != key::Event::gain_right || seen->rights == view.data.seen))
    return true;
  const auto after = move_key(admin.keyring, view, message);
  if (!after) return could_not(after.error().text);
  log_change(view, *after, message.event);
  return true;
}

}  // namespace

bool test_all_keys(const KeyAdmin& admin, const AskAboutKey& ask) {
  {  // where there is nothing to test, no master key is wanted
    ledger::Connection connection(admin.place.dsn);
    auto keyring = Keyring::open(connection);
    if (!keyring) return keyring.error().failure == SecretFailure::refused;
    const auto keys = keyring->keys();
    if (!keys) return false;
    if (std::none_of(keys->begin(), keys->end(), is_looked_at)) return true;
  }
  auto opened = open_keys(admin);
  if (!opened) {
    spdlog::error("the keys can't be tested: {}", opened.error().text);
    return false;
  }
  const auto keys = opened->keyring.keys();
  if (!keys) return false;
  bool is_complete = true;
  for (const KeyView& view : *keys)
    if (is_looked_at(view)) is_complete = test_one(*opened, view, ask) && is_complete;
  return is_complete;
}

int watch_keys(const KeyAdmin& admin, const std::atomic<bool>& stop) {
  if (const auto safe = ledger::secrets::forbid_dumps(); !safe) {
    spdlog::error("{}", safe.error().text);
    return 2;
  }
  const auto test = [&] {
    return test_all_keys(admin, [&](const auto& credential, const std::string& account) {
      return ask_about_key(admin.place.layout.venue_files("client"), credential, account);
    });
  };
  KeyRounds rounds(admin.config.keys.test_minutes, steady_ms());
  ledger::Connection connection(admin.place.dsn);
  FiringHand hand(connection, {{"test_keys", [&]() -> machines::Result<std::string, std::string> {
                                  if (test()) return std::string("all keys were tested");
                                  return machines::fail(std::string("not all keys could be tested; see the log"));
                                }}});
  std::int64_t looked_ms = steady_ms();
  while (!stop) {
    if (rounds.is_due(steady_ms())) rounds.done(test(), steady_ms());
    if (steady_ms() - looked_ms >= 1'000) {
      looked_ms = steady_ms();
      (void)hand.step();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return 0;
}

ledger::Stored<KeyHealth> key_health(ledger::Connection& connection) {
  KeyHealth health;
  const auto waiting = connection.call(
      waiting_statement, ledger::Parameters().add(std::string(name_of(machines::GiveUpCode::waits_for_key))));
  if (!waiting) return machines::fail(waiting.error());
  health.waiting = waiting->number(0, 0);
  health.waiting_for = waiting->text(0, 1);
  auto keyring = Keyring::open(connection);
  if (!keyring) return health;  // a ledger from before there were keys, or without a treasury
  const auto keys = keyring->keys_without_seals();
  if (!keys) return machines::fail(ledger::StoreError{ledger::StoreFailure::refused, keys.error().text});
  std::map<std::string, int> live;  // trade keys, by where they trade
  for (const KeyView& view : *keys) {
    if (view.data.purpose == key::Purpose::trade) live[view.data.venue + "/" + view.data.account] += is_looked_at(view);
    if (!is_looked_at(view)) continue;
    ++(key::may_be_used(view.state) ? health.usable : health.resting);
    if (!view.data.incident.empty())
      health.incidents.push_back(
          fmt::format("{} (version {}) {}", view.data.name, view.data.key_version, view.data.incident));
  }
  for (const auto& [account, count] : live)
    if (count == 0) health.without.push_back(account);
  return health;
}

std::string in_one_line(const KeyHealth& health) {
  if (health.usable + health.resting == 0 && health.waiting == 0 && health.without.empty()) return "";
  std::string text = fmt::format("{} usable, {} resting", health.usable, health.resting);
  if (!health.incidents.empty()) text += fmt::format("; INCIDENT: {}", fmt::join(health.incidents, "; "));
  if (!health.without.empty())
    text += fmt::format("; no trade key of {} is left, and nothing is sent there until `bursar key add`",
                        fmt::join(health.without, ", "));
  if (health.waiting > 0)
    text += fmt::format("; {} {}: {}", health.waiting, health.waiting == 1 ? "job" : "jobs", health.waiting_for);
  return text;
}

}  // namespace deploy
