// tests/ledger/secrets/keys.hpp: a treasury of a test's own with a keyring, and keys in it.
#pragma once

#include <string>

#include "ledger/audit/verify.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/secrets/keyring.hpp"
#include "tests/ledger/secrets/secrets.hpp"
#include "tests/support/cluster.hpp"

namespace tests {

constexpr const char* canary = "CANARY-key\nCANARY-secret-6f1d2c";

// A database with an owner and one instance of another kind: what a treasury is at least.
struct Treasury {
  std::string database = fresh_database();
  ledger::Connection connection{dsn(database)};
  ledger::secrets::MasterKey master = any_master_key();

  Treasury() {
    must_run(database,
             "INSERT INTO ledger.asset VALUES (1, 'USDT', 8); INSERT INTO ledger.owner VALUES (1, 'one', 7); "
             "INSERT INTO ledger.control (owner) VALUES (1)");
    machines::Step step;
    step.owner = {1};
    machines::Move move;
    move.instance = machines::Subject::birth(1);
    move.kind = "allocation";
    move.to = "requested";
    move.event = "request";
    move.command = "allocate";
    move.data = "{}";
    step.jobs.push_back({move.instance, "allocate", false, {0}, {}});
    step.moves.push_back(std::move(move));
    const auto results = ledger::journal::Journal(connection).commit(7, 0, {&step, 1});
    CHECK(results.has_value() && results->at(0).outcome == machines::Outcome::committed);
  }
  ~Treasury() {
    connection.disconnect();
    drop_database(database);
  }
  Treasury(const Treasury&) = delete;
  Treasury& operator=(const Treasury&) = delete;

  ledger::secrets::Keyring keyring() {
    auto opened = ledger::secrets::Keyring::open(connection);
    CHECK(opened.has_value());
    return *opened;
  }
  ledger::secrets::KeyView add(const ledger::secrets::Enrolment& asked, const std::string& secret = canary) {
    auto view = keyring().enrol(asked, secret_of(secret), master, {1'000});
    if (!view) must_run(database, "SELECT '" + view.error().text + "'::int");  // fails, with these words
    return *view;
  }
  // The newest version of a name as it stands.
  ledger::secrets::KeyView now(const std::string& name) {
    ledger::secrets::KeyView found;
    const auto keys = keyring().keys();
    CHECK(keys.has_value());
    for (const auto& one : *keys)
      if (one.data.name == name) found = one;
    return found;
  }
  // The event, decided and committed.
  ledger::secrets::Secretly<machines::Nothing> move(const ledger::secrets::KeyView& view, machines::key::Event event) {
    machines::key::Observation seen;
    seen.rights = machines::key::rights_for(view.data.purpose);
    seen.is_bound = true;
    seen.at = {2'000};
    const auto step = machines::key::decide(view.state, view.data, {event, seen});
    CHECK(step.has_value());
    return keyring().move({{view, *step}}, {2'000});
  }
  std::string one(const std::string& sql) { return std::string(must_run(database, sql).text(0, 0)); }
  std::string problem() {
    const auto verdict = ledger::audit::verify(connection);
    return verdict ? verdict->problem : verdict.error().text;
  }
};

inline ledger::secrets::Enrolment trading(const std::string& name = "main") {
  return {name, "paper", "spot", machines::key::Purpose::trade, {}, {}};
}
inline ledger::secrets::Enrolment moving(const std::string& name = "mover") {
  return {name, "paper", "spot", machines::key::Purpose::move, {"192.0.2.1"}, {"bc1q", "0xabc"}};
}

}  // namespace tests
