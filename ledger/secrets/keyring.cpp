#include "ledger/secrets/keyring.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/env/hex.hpp"
#include "ledger/journal/epochs.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/transaction.hpp"
#include "machines/core/names.hpp"
#include "schemas/codec/key_data.hpp"

namespace ledger::secrets {
namespace {

namespace key = machines::key;
using machines::fail;
using machines::name_of;
using machines::Nothing;

constexpr const char* table_name = "sealed.api_key";
constexpr std::string_view kind = "key";
constexpr int most_tries = 10;

constexpr SqlStatement schema_statement = {"key_schema", "SELECT to_regclass('sealed.api_key') IS NOT NULL", false};
constexpr SqlStatement ground_statement = {
    "key_ground",
    "SELECT o.id, encode(d.name, 'hex') FROM ledger.owner o, ledger.deployment d WHERE EXISTS (SELECT FROM "
    "ledger.instance i WHERE i.owner = o.id AND i.kind <> 'key') ORDER BY o.id LIMIT 1",
    false};
constexpr SqlStatement master_statement = {
    "key_master", "SELECT id, encode(check_value, 'hex') FROM sealed.master_key WHERE is_current", false};
constexpr SqlStatement use_master_statement = {"key_use_master", "SELECT sealed.use_master_key($1, $2)"};
constexpr SqlStatement draw_statement = {"key_draw", "SELECT nextval('sealed.api_key_id')"};
constexpr SqlStatement add_statement = {
    "key_add", "SELECT sealed.add_key($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"};
constexpr SqlStatement forget_statement = {"key_forget", "SELECT sealed.forget_key($1, $2)"};
constexpr SqlStatement rewrap_statement = {"key_rewrap", "SELECT sealed.rewrap_key($1, $2, $3, $4, $5, $6)"};
constexpr SqlStatement use_statement = {
    "key_use",
    "SELECT encode(nonce, 'hex'), encode(text, 'hex'), encode(key_nonce, 'hex'), encode(key_text, 'hex'), master_key "
    "FROM sealed.key_for_use($1, $2, $3)",
    false};
constexpr SqlStatement use_move_statement = {
    "key_use_move",
    "SELECT encode(nonce, 'hex'), encode(text, 'hex'), encode(key_nonce, 'hex'), encode(key_text, 'hex'), master_key "
    "FROM sealed.key_for_move($1, $2)",
    false};
constexpr SqlStatement test_statement = {
    "key_test",
    "SELECT encode(nonce, 'hex'), encode(text, 'hex'), encode(key_nonce, 'hex'), encode(key_text, 'hex'), master_key "
    "FROM sealed.seal WHERE owner = $1 AND id = $2",
    false};
constexpr SqlStatement keys_statement = {
    "key_list",
    "SELECT k.owner, k.instance, i.version, i.state, i.data, k.addresses, k.destinations, coalesce(s.master_key, '') "
    "FROM sealed.api_key k JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance "
    "LEFT JOIN sealed.seal s ON s.owner = k.owner AND s.id = k.id ORDER BY k.owner, k.name, k.key_version",
    false};
constexpr SqlStatement bare_keys_statement = {
    "key_list_bare",
    "SELECT k.owner, k.instance, i.version, i.state, i.data, k.addresses, k.destinations, '' FROM sealed.api_key k "
    "JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance ORDER BY k.owner, k.name, k.key_version",
    false};

SecretError from(const StoreError& error, const std::string& what) {
  const bool is_doubt = error.failure == StoreFailure::doubt;
  return {is_doubt ? SecretFailure::unknown : SecretFailure::unavailable,
          fmt::format("{}: {}{}", what, error.text,
                      is_doubt ? "; whether it was stored is not known: look with `bursar key list`" : "")};
}
machines::Failure<SecretError> refused(std::string text) {
  return {SecretError{SecretFailure::refused, std::move(text)}};
}

std::string bytea(std::string_view bytes) { return "\\x" + env::to_hex(bytes); }
std::string from_hex(std::string_view hex) { return env::from_hex(hex).value_or(""); }
std::string array_of(const std::vector<std::string>& list) {
  ArrayText text;
  for (const std::string& one : list) text.add_text(one);
  return text.take();
}
std::vector<std::string> list_of(std::string_view literal) {
  std::vector<std::string> list;
  for (const auto& one : array_items(literal)) list.push_back(one.value_or(""));
  return list;
}

machines::Step step_of(const KeyView& view, machines::Instant now) {
  machines::Step step;
  step.owner = view.owner;
  step.world_at = now;  // a key's world is its venue's
  machines::Move move;
  move.kind = kind;
  move.data = schemas::write_key(view.data);
  step.moves.push_back(std::move(move));
  return step;
}

machines::Step birth_of(const KeyView& view, machines::Instant now) {
  machines::Step step = step_of(view, now);
  machines::Move& move = step.moves[0];
  move.instance = machines::Subject::birth(1);
  move.to = name_of(view.state);
  move.event = name_of(key::Event::enrol);
  move.command = name_of(key::Command::none);
  return step;
}

machines::Step move_of(const KeyMove& moved, machines::Instant now) {
  KeyView after = moved.key;
  after.data = moved.step.data;
  machines::Step step = step_of(after, now);
  machines::Move& move = step.moves[0];
  move.instance = machines::Subject::of(moved.key.instance);
  move.version = moved.key.instance_version;
  move.from = name_of(moved.step.from);
  move.to = name_of(moved.step.to);
  move.event = name_of(moved.step.event);
  move.command = name_of(moved.step.then);
  move.is_final = key::transitions.is_final(moved.step.to);
  return step;
}

// Why this may not be enrolled beside those that stand; empty when it may.
std::string wrong_with(const Enrolment& asked, const std::vector<KeyView>& standing) {
  const bool moves = asked.purpose == key::Purpose::move;
  if (moves && (asked.addresses.empty() || asked.destinations.empty()))
    return "a move key needs the addresses that it may be used from and the destinations that it may move coins to";
  if (!moves && (!asked.addresses.empty() || !asked.destinations.empty()))
    return "only a move key has lists of addresses and destinations";
  for (const KeyView& one : standing)
    if (one.data.name == asked.name &&
        (one.data.venue != asked.venue || one.data.account != asked.account || one.data.purpose != asked.purpose))
      return fmt::format("the key {} is for {} of {}/{}; choose another name", asked.name, name_of(one.data.purpose),
                         one.data.venue, one.data.account);
  return "";
}

}  // namespace

Secretly<Keyring> Keyring::open(Connection& connection) {
  const auto has_schema = connection.call(schema_statement);
  if (!has_schema) return fail(from(has_schema.error(), "the ledger"));
  if (!has_schema->flag(0, 0))
    return refused("this ledger was made before there were keys; start `bursar up` once, which brings it up to date");
  const auto ground = connection.call(ground_statement);
  if (!ground) return fail(from(ground.error(), "the ledger"));
  if (ground->empty()) return refused("this ledger has no treasury yet; `bursar up` makes one");
  Keyring made(connection);
  made.owner_ = {static_cast<std::int32_t>(ground->number(0, 0))};
  made.deployment_ = ground->text(0, 1);
  return made;
}

Secretly<bool> Keyring::has_master_key() {
  const auto rows = connection_->call(master_statement);
  if (!rows) return fail(from(rows.error(), "the master key"));
  return !rows->empty();
}

Secretly<bool> Keyring::check_master_key(const MasterKey& master) {
  const auto rows = connection_->call(master_statement);
  if (!rows) return fail(from(rows.error(), "the master key"));
  if (rows->empty()) {
    const auto used = connection_->call(use_master_statement,
                                        Parameters().add(master.id).add(bytea(check_value(master, deployment_))));
    if (!used) return fail(from(used.error(), "the master key"));
    return true;
  }
  if (rows->text(0, 0) != master.id)
    return fail(SecretError{SecretFailure::damaged,
                            fmt::format("this is the wrong master key: the keys here are sealed under {}, and this is "
                                        "{}; nothing was changed",
                                        rows->text(0, 0), master.id)});
  if (!fits(master, deployment_, from_hex(rows->text(0, 1))))
    return fail(SecretError{SecretFailure::damaged,
                            fmt::format("the master key {} does not open its own check value: the row in "
                                        "sealed.master_key was changed; nothing was written",
                                        master.id)});
  return true;
}

Secretly<std::vector<KeyView>> Keyring::keys() { return read_keys(keys_statement); }

Secretly<std::vector<KeyView>> Keyring::keys_without_seals() { return read_keys(bare_keys_statement); }

Secretly<std::vector<KeyView>> Keyring::read_keys(const SqlStatement& statement) {
  const auto rows = connection_->call(statement);
  if (!rows) return fail(from(rows.error(), "the keys"));
  std::vector<KeyView> views;
  for (int row = 0; row < rows->size(); ++row) {
    const auto state = machines::from_name<key::State>(rows->text(row, 3));
    const auto data = schemas::parse_key(rows->text(row, 4));
    if (!state || !data)
      return fail(
          SecretError{SecretFailure::damaged, fmt::format("the data of machine {} is no key's", rows->number(row, 1))});
    views.push_back({{static_cast<std::int32_t>(rows->number(row, 0))},
                     {rows->number(row, 1)},
                     rows->number(row, 2),
                     *state,
                     *data,
                     list_of(rows->text(row, 5)),
                     list_of(rows->text(row, 6)),
                     std::string(rows->text(row, 7))});
  }
  return views;
}

Binding Keyring::binding_of(const KeyView& view) const {
  return {deployment_,
          table_name,
          view.data.key,
          view.owner,
          view.data.venue,
          view.data.account,
          std::string(name_of(view.data.purpose)),
          view.data.key_version,
          view.addresses,
          view.destinations};
}

// False: the shard got another broker since our look, or a key moved on; nothing stands, and it is worth another try.
Secretly<bool> Keyring::commit(std::vector<machines::Step> steps, std::vector<machines::InstanceId>& born) {
  const auto epochs = journal::epochs_of(*connection_, owner_);
  if (!epochs) return fail(from(epochs.error(), "the ledger"));
  CHECK(epochs->has_value());
  for (machines::Step& step : steps) step.control_epoch = (*epochs)->control_epoch;
  const auto results = journal::Journal(*connection_).commit((*epochs)->shard, (*epochs)->epoch, steps);
  // A step that does not fit ends the transaction before the checked call can say why: 25P02.
  if (!results && results.error().cause == StoreCause::transaction_over) return false;
  if (!results) return fail(from(results.error(), "the ledger"));
  for (const machines::StepResult& result : *results) {
    if (result.outcome == machines::Outcome::stale_epoch) return false;
    if (result.outcome != machines::Outcome::committed)
      return refused(fmt::format("the ledger answers {} {}; nothing was changed, repeat", name_of(result.outcome),
                                 name_of(result.refusal)));
    born.insert(born.end(), result.born.begin(), result.born.end());
  }
  return true;
}

Secretly<Nothing> Keyring::together(const std::vector<machines::Step>& steps, const AndThen& and_then) {
  for (int tries = 0; tries < most_tries; ++tries) {
    auto transaction = Transaction::open(*connection_);
    if (!transaction) return fail(from(transaction.error(), "the key"));
    std::vector<machines::InstanceId> born;
    const auto committed = commit(steps, born);
    if (!committed) return fail(committed.error());
    if (!*committed) continue;
    if (auto done = and_then(born); !done) return done;
    if (const auto stood = transaction->commit(); !stood) return fail(from(stood.error(), "the key"));
    return Nothing{};
  }
  return refused("another change came first; nothing was changed: look again with `bursar key list`, then repeat");
}

Secretly<Nothing> Keyring::store(const KeyView& view, const Sealed& sealed) {
  const auto stored = connection_->call(add_statement, Parameters()
                                                           .add(std::int64_t{view.owner.value})
                                                           .add(view.data.key)
                                                           .add(view.data.name)
                                                           .add(view.data.key_version)
                                                           .add(view.data.venue)
                                                           .add(view.data.account)
                                                           .add(name_of(view.data.purpose))
                                                           .add(view.data.fingerprint)
                                                           .add(array_of(view.addresses))
                                                           .add(array_of(view.destinations))
                                                           .add(view.instance.value)
                                                           .add(bytea(sealed.nonce))
                                                           .add(bytea(sealed.text))
                                                           .add(bytea(sealed.key_nonce))
                                                           .add(bytea(sealed.key_text))
                                                           .add(sealed.master_key));
  if (!stored && stored.error().failure == StoreFailure::refused)
    return refused("the key was not stored: " + stored.error().text);
  if (!stored) return fail(from(stored.error(), "the key"));
  return Nothing{};
}

Secretly<KeyView> Keyring::enrol(const Enrolment& asked, const Secret& secret, const MasterKey& master,
                                 machines::Instant now) {
  if (const auto right = check_master_key(master); !right) return fail(right.error());
  const auto standing = keys();
  if (!standing) return fail(standing.error());
  if (auto wrong = wrong_with(asked, *standing); !wrong.empty()) return refused(std::move(wrong));
  const auto drawn = connection_->call(draw_statement);
  if (!drawn) return fail(from(drawn.error(), "the key"));

  KeyView view;
  view.owner = owner_;
  view.addresses = asked.addresses;
  view.destinations = asked.destinations;
  view.master_key = master.id;
  view.data.key = drawn->number(0, 0);
  view.data.name = asked.name;
  view.data.key_version = 1 + std::count_if(standing->begin(), standing->end(),
                                            [&](const KeyView& one) { return one.data.name == asked.name; });
  view.data.venue = asked.venue;
  view.data.account = asked.account;
  view.data.purpose = asked.purpose;
  view.data.fingerprint = fingerprint(secret, deployment_);
  const auto sealed = seal(secret, master, binding_of(view));
  if (!sealed) return fail(sealed.error());

  const auto stored = together({birth_of(view, now)}, [&](const std::vector<machines::InstanceId>& born) {
    view.instance = born.at(0);
    view.instance_version = 1;
    return store(view, *sealed);
  });
  if (!stored) return fail(stored.error());
  return view;
}

Secretly<Nothing> Keyring::move(const std::vector<KeyMove>& moves, machines::Instant now) {
  std::vector<machines::Step> steps;
  steps.reserve(moves.size());
  for (const KeyMove& moved : moves) steps.push_back(move_of(moved, now));
  return together(steps, [&](const std::vector<machines::InstanceId>&) -> Secretly<Nothing> {
    for (const KeyMove& moved : moves) {
      if (moved.step.then != key::Command::forget_secret) continue;
      const auto forgotten = connection_->call(
          forget_statement, Parameters().add(std::int64_t{moved.key.owner.value}).add(moved.key.data.key));
      if (!forgotten) return fail(from(forgotten.error(), "the key's secret"));
    }
    return Nothing{};
  });
}

Secretly<Secret> Keyring::unsealed(const Stored<Rows>& rows, const KeyView& view, const MasterKey& master) {
  const std::string named = fmt::format("the key {} (version {})", view.data.name, view.data.key_version);
  if (!rows && rows.error().cause == StoreCause::no_permission)
    return refused(named + " may not be opened by this database user");
  if (!rows) return fail(from(rows.error(), named));
  if (rows->empty())
    return refused(named + " is " + std::string(name_of(view.state)) + " and can't be opened for this");
  const Sealed sealed{from_hex(rows->text(0, 0)), from_hex(rows->text(0, 1)), from_hex(rows->text(0, 2)),
                      from_hex(rows->text(0, 3)), std::string(rows->text(0, 4))};
  auto opened = unseal(sealed, master, binding_of(view));
  if (!opened) return fail(SecretError{opened.error().failure, named + ": " + opened.error().text});
  return opened;
}

Secretly<Secret> Keyring::open_for_use(const KeyView& view, key::Purpose purpose, const MasterKey& master) {
  if (view.data.purpose != purpose)
    return refused(fmt::format("the key {} is for {}, and was asked for to {}", view.data.name,
                               name_of(view.data.purpose), name_of(purpose)));
  Parameters parameters;
  parameters.add(std::int64_t{view.owner.value}).add(view.data.key);
  if (purpose == key::Purpose::move) return unsealed(connection_->call(use_move_statement, parameters), view, master);
  return unsealed(connection_->call(use_statement, parameters.add(name_of(purpose))), view, master);
}

Secretly<Secret> Keyring::open_for_test(const KeyView& view, const MasterKey& master) {
  return unsealed(
      connection_->call(test_statement, Parameters().add(std::int64_t{view.owner.value}).add(view.data.key)), view,
      master);
}

Secretly<int> Keyring::rewrap(const MasterKey& old, const MasterKey& fresh) {
  const auto standing = keys();
  if (!standing) return fail(standing.error());
  const auto current = connection_->call(master_statement);
  if (!current) return fail(from(current.error(), "the master key"));
  const bool is_repeated = !current->empty() && current->text(0, 0) == fresh.id;
  if (const auto right = check_master_key(is_repeated ? fresh : old); !right) return fail(right.error());
  const auto used =
      connection_->call(use_master_statement, Parameters().add(fresh.id).add(bytea(check_value(fresh, deployment_))));
  if (!used) return fail(from(used.error(), "the master key"));
  int count = 0;
  for (const KeyView& view : *standing) {
    if (view.master_key.empty() || view.master_key == fresh.id) continue;
    const auto rows =
        connection_->call(test_statement, Parameters().add(std::int64_t{view.owner.value}).add(view.data.key));
    if (!rows) return fail(from(rows.error(), "the key"));
    if (rows->empty()) continue;  // retired meanwhile
    const Sealed sealed{from_hex(rows->text(0, 0)), from_hex(rows->text(0, 1)), from_hex(rows->text(0, 2)),
                        from_hex(rows->text(0, 3)), std::string(rows->text(0, 4))};
    const auto again = secrets::rewrap(sealed, old, fresh, binding_of(view));
    if (!again)
      return fail(SecretError{again.error().failure, fmt::format("the key {} (version {}): {}", view.data.name,
                                                                 view.data.key_version, again.error().text)});
    const auto wrapped = connection_->call(rewrap_statement, Parameters()
                                                                 .add(std::int64_t{view.owner.value})
                                                                 .add(view.data.key)
                                                                 .add(sealed.master_key)
                                                                 .add(bytea(again->key_nonce))
                                                                 .add(bytea(again->key_text))
                                                                 .add(fresh.id));
    if (!wrapped) return fail(from(wrapped.error(), "the key"));
    if (wrapped->flag(0, 0)) ++count;
  }
  return count;
}

std::optional<KeyView> choose(const std::vector<KeyView>& keys, const key::Wanted& wanted) {
  std::vector<key::Candidate> candidates;
  candidates.reserve(keys.size());
  for (const KeyView& one : keys) candidates.push_back({one.state, one.data});
  const auto chosen = key::choose(candidates, wanted);
  if (!chosen) return std::nullopt;
  return keys[*chosen];
}

}  // namespace ledger::secrets
