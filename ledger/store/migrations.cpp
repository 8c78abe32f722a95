// How the schema changes.
//
// Tables and data are changed by numbered files, each applied once. Functions, triggers and rights are a set: all of
// functions/*.sql together, under one number that rises with every change of any of them (functions/sets.txt). A set is
// never patched. The one in force is taken out whole (every trigger and every function of our two schemas) and the
// program's is put in whole, in the order of the files' names. So what is in the database is what the files say, a
// function that is gone from them is gone, and its parameters, its result and its settings change as freely as its
// text. CREATE OR REPLACE would keep what is no longer written, and refuses another result.
//
// A migration runs between the two: where it runs there is neither a function nor a trigger of ours, in an old database
// as in a new one, so it can't come to depend on one. All of it is one transaction: no other connection ever sees
// tables without their functions, and a refusal anywhere leaves everything as it was.
//
// What may use a function of ours: a function, by name in its text, looked up when it runs (their bodies are not
// checked while the set is half there; tests/ledger/store checks them all), and a trigger, which is in the set too.
// Never a CHECK, an index, a default, a generated column or a view: PostgreSQL would refuse to take the function out,
// and rightly, for what was computed by the old one would stand.
//
// Rights: a new function is nobody's (0001_house.sql), so functions/who_may.sql, the last file, grants by name, from
// nothing.
#include "ledger/store/migrations.hpp"

#include <fmt/format.h>

#include <sstream>

#include "ledger/env/sha256.hpp"
#include "ledger/store/transaction.hpp"
#include "machines/core/check.hpp"
#include "schemas/sql/migrations.hpp"

namespace ledger {
namespace {

StoreError refusal(std::string text) { return {StoreFailure::refused, std::move(text)}; }

constexpr const char* take_out_functions = R"sql(
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT t.tgname AS name, t.tgrelid::regclass AS place
               FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
              WHERE c.relnamespace IN ('ledger'::regnamespace, 'sealed'::regnamespace) AND NOT t.tgisinternal LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', one.name, one.place);
  END LOOP;
  FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p
              WHERE p.pronamespace IN ('ledger'::regnamespace, 'sealed'::regnamespace) LOOP
    EXECUTE format('DROP ROUTINE %s', one.name);
  END LOOP;
END $$)sql";

// What was applied here, as (number, sha256, name) by number. Neither in a new database.
struct Standing {
  Rows migrations;
  Rows sets;
  bool is_before_sets = false;  // then there are migrations alone, of files that are no more
  [[nodiscard]] std::int64_t migration() const { return newest(migrations); }
  [[nodiscard]] std::int64_t set() const { return newest(sets); }

 private:
  static std::int64_t newest(const Rows& pins) { return pins.empty() ? 0 : pins.number(pins.size() - 1, 0); }
};

std::string why_before_sets(const Standing& standing) {
  const Rows& files = standing.migrations;
  return fmt::format(
      "this database has a schema of before the sets of functions (its newest migration is {}): no program opens it "
      "any more; make a new data folder, or a new database for --dsn",
      files.empty() ? "none" : files.text(files.size() - 1, 2));
}

std::string why_newer_migration(const Standing& standing) {
  return fmt::format("the database is at migration {}, newer than this program ({}): use the newer bursar",
                     standing.migration(), newest_migration());
}

std::string why_newer_set(const Standing& standing, int known) {
  return fmt::format("the database has set {} of the functions, newer than this program's ({}): use the newer bursar",
                     standing.set(), known);
}

Stored<Standing> look(Connection& connection) {
  auto there = connection.run(
      "SELECT to_regclass('ledger.migration') IS NOT NULL, to_regclass('ledger.function_set') IS NOT NULL");
  if (!there) return machines::fail(there.error());
  const bool has_migrations = there->flag(0, 0), has_sets = there->flag(0, 1);
  const auto pins = [&](bool exist, const char* sql) {
    return connection.run(exist ? sql : "SELECT 0, ''::text, ''::text WHERE false");
  };
  auto migrations = pins(has_migrations, "SELECT number, sha256, name FROM ledger.migration ORDER BY number");
  if (!migrations) return machines::fail(migrations.error());
  auto sets = pins(has_sets, "SELECT number, sha256, ''::text FROM ledger.function_set ORDER BY number");
  if (!sets) return machines::fail(sets.error());
  return Standing{std::move(migrations).value(), std::move(sets).value(), has_migrations && !has_sets};
}

Stored<bool> check_migrations(const Standing& standing) {
  const Rows& pins = standing.migrations;
  const auto known = schemas::sql::migration_files();
  for (int row = 0; row < pins.size(); ++row) {
    const auto number = pins.number(row, 0);
    if (number != row + 1)
      return machines::fail(refusal(fmt::format("migration {} is missing from this database", row + 1)));
    if (static_cast<std::size_t>(row) >= known.size()) return machines::fail(refusal(why_newer_migration(standing)));
    if (pins.text(row, 1) != env::sha256_hex(known[static_cast<std::size_t>(row)].sql))
      return machines::fail(refusal(fmt::format(
          "migration {} ({}) differs from the file that was applied here: use the bursar that made this database",
          number, known[static_cast<std::size_t>(row)].name)));
  }
  return true;
}

// A database may have skipped sets: one that was made by set 3 has no row of 1 and 2.
Stored<bool> check_sets(const Standing& standing, const std::vector<FunctionSet>& known) {
  const Rows& pins = standing.sets;
  for (int row = 0; row < pins.size(); ++row) {
    const auto number = pins.number(row, 0);
    if (number > known.back().number) return machines::fail(refusal(why_newer_set(standing, known.back().number)));
    if (number < 1 || pins.text(row, 1) != known[static_cast<std::size_t>(number - 1)].sha256)
      return machines::fail(refusal(fmt::format(
          "set {} of the functions differs from the one that was applied here: use the bursar that made this database",
          number)));
  }
  return true;
}

// Runs each; an error names the file.
Stored<bool> run_all(Transaction& transaction, const std::vector<schemas::sql::File>& files) {
  for (const auto& file : files)
    if (const auto done = transaction.run(std::string(file.sql)); !done)
      return machines::fail(StoreError{done.error().failure, fmt::format("{}: {}", file.name, done.error().text)});
  return true;
}

// The migrations from `first` (an index) on, and the set, in one transaction.
Stored<bool> apply(Connection& connection, std::size_t first, const FunctionSet& set) {
  auto transaction = Transaction::open(connection);
  if (!transaction) return machines::fail(transaction.error());
  std::string pins;
  auto files = schemas::sql::migration_files();
  files.erase(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(first));
  for (std::size_t at = 0; at < files.size(); ++at)
    pins += fmt::format("INSERT INTO ledger.migration (number, name, sha256) VALUES ({}, '{}', '{}'); ", first + at + 1,
                        files[at].name, env::sha256_hex(files[at].sql));
  pins += fmt::format("INSERT INTO ledger.function_set (number, sha256) VALUES ({}, '{}') ON CONFLICT DO NOTHING",
                      set.number, set.sha256);
  if (first > 0) files.insert(files.begin(), {"the set in force", take_out_functions});
  files.push_back({"the set", "SET LOCAL check_function_bodies = off"});
  for (const auto& file : schemas::sql::function_files()) files.push_back(file);
  files.push_back({"the pins", pins});
  if (auto done = run_all(*transaction, files); !done) return done;
  return transaction->commit();
}

Stored<int> bring_up(Connection& connection) {
  const auto standing = look(connection);
  if (!standing) return machines::fail(standing.error());
  if (standing->is_before_sets) return machines::fail(refusal(why_before_sets(*standing)));
  auto sets = known_function_sets();
  sets.back().sha256 = sha256_of_functions();
  if (auto sound = check_migrations(*standing); !sound) return machines::fail(sound.error());
  if (auto sound = check_sets(*standing, sets); !sound) return machines::fail(sound.error());
  const FunctionSet& today = sets.back();
  const bool has_this = standing->set() == today.number;
  const int missing = newest_migration() - standing->migrations.size();
  if (missing == 0 && has_this) return 0;
  if (auto done = apply(connection, static_cast<std::size_t>(standing->migrations.size()), today); !done)
    return machines::fail(done.error());
  return missing + (has_this ? 0 : 1);
}

}  // namespace

int newest_migration() { return static_cast<int>(schemas::sql::migration_files().size()); }

std::vector<FunctionSet> known_function_sets() {
  std::vector<FunctionSet> sets;
  std::istringstream lines{std::string(schemas::sql::known_sets())};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    FunctionSet set;
    std::istringstream(line) >> set.number >> set.sha256;
    CHECK(set.number == static_cast<int>(sets.size()) + 1);
    sets.push_back(std::move(set));
  }
  CHECK(!sets.empty());
  return sets;
}

std::string sha256_of_functions() {
  std::string text;
  for (const auto& file : schemas::sql::function_files()) text += file.sql;
  return env::sha256_hex(text);
}

Stored<int> migrate(Connection& connection) {
  if (const auto locked = connection.run("SELECT pg_advisory_lock(7000)"); !locked)
    return machines::fail(locked.error());
  auto count = bring_up(connection);
  connection.disconnect();  // the files set search_path; and the lock ends with the session
  return count;
}

Stored<std::optional<std::string>> schema_objection(Connection& connection) {
  const auto standing = look(connection);
  if (!standing) return machines::fail(standing.error());
  const int known = known_function_sets().back().number;
  const auto migration = standing->migration(), set = standing->set();
  if (standing->is_before_sets) return std::optional(why_before_sets(*standing));
  if (migration == 0) return std::optional<std::string>();
  if (migration > newest_migration()) return std::optional(why_newer_migration(*standing));
  if (set > known) return std::optional(why_newer_set(*standing, known));
  if (migration < newest_migration() || set < known)
    return std::optional(fmt::format(
        "the database is at migration {} with set {} of the functions, older than this program ({} and {}): `bursar "
        "up` brings it up, or use the bursar that its house runs with",
        migration, set, newest_migration(), known));
  return std::optional<std::string>();
}

}  // namespace ledger
