#include "ledger/audit/server_identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ledger/env/atomic_file.hpp"
#include "ledger/store/admission.hpp"

namespace ledger::audit {

using ledger::env::write_all;

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using std::chrono::steady_clock;

constexpr SqlStatement has_ledger_statement{"sighting_ledger", "SELECT to_regclass('ledger.shard') IS NOT NULL", false};
// The timeline is in the name of the file that the log is written to.
constexpr SqlStatement place_statement{
    "sighting_place",
    "SELECT encode(d.name, 'hex'), (SELECT system_identifier::text FROM pg_control_system()),"
    " CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())"
    " ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END FROM ledger.deployment d",
    false};

// Without the heads.
Stored<std::optional<ServerIdentity>> place_of(Connection& connection) {
  const auto has_ledger = connection.call(has_ledger_statement);
  if (!has_ledger) return machines::fail(has_ledger.error());
  if (!has_ledger->flag(0, 0)) return std::optional<ServerIdentity>{};
  const auto place = connection.call(place_statement);
  if (!place) return machines::fail(place.error());
  if (place->empty()) return std::optional<ServerIdentity>{};
  return std::optional(ServerIdentity{
      std::string(place->text(0, 0)), std::string(place->text(0, 1)), static_cast<int>(place->number(0, 2)), {}});
}

// Nothing where the text is not one of ours.
std::optional<ServerIdentity> parse(const std::string& text) {
  const auto json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    ServerIdentity identity{json.at("deployment"), json.at("system"), json.at("timeline"), {}};
    for (const auto& head : json.at("heads")) identity.heads.push_back({head.at(0), head.at(1), head.at(2)});
    return identity;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string lost_text(const Departed& departed) {
  const auto& head = departed.expected;
  if (departed.how == Departure::shorter)
    return fmt::format(
        "the audit chain of shard {} ends at link {} here, and this house has seen link {}: what was committed after "
        "that is missing",
        head.shard, departed.stands_at, head.seq);
  return fmt::format(
      "link {} of shard {} is not the one that this house has seen: what was committed there is missing, and others "
      "wrote on",
      head.seq, head.shard);
}

}  // namespace

Stored<std::optional<ServerIdentity>> look_at(Connection& connection) {
  auto identity = place_of(connection);
  if (!identity || !*identity) return identity;
  auto heads = read_heads(connection);
  if (!heads) return machines::fail(heads.error());
  (*identity)->heads = std::move(*heads);
  return identity;
}

bool keep(const fs::path& file, const ServerIdentity& identity) {
  ordered_json heads = ordered_json::array();
  for (const auto& head : identity.heads) heads.push_back(ordered_json::array({head.shard, head.seq, head.hash}));
  const ordered_json json{{"deployment", identity.deployment},
                          {"system", identity.system},
                          {"timeline", identity.timeline},
                          {"heads", std::move(heads)}};
  const std::string side = file.string() + ".new";
  unlink(side.c_str());  // left by a run that was killed; a link is not followed
  const int descriptor = open(side.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  const bool written = write_all(descriptor, json.dump() + "\n") && fdatasync(descriptor) == 0;
  close(descriptor);
  return written && rename(side.c_str(), file.c_str()) == 0;
}

std::optional<ServerIdentity> last_seen(const fs::path& file) { return parse(read(file)); }

Stored<std::optional<std::string>> objection(Connection& connection, const fs::path& file, Strangers strangers) {
  using Answer = std::optional<std::string>;
  std::error_code error;
  if (!fs::exists(file, error)) return Answer{};
  const auto seen = parse(read(file));
  if (!seen) return Answer(fmt::format("{}: not what a house wrote; put the file back", file.string()));
  const auto place = place_of(connection);
  if (!place) return machines::fail(place.error());
  if (strangers == Strangers::admitted && (!*place || (*place)->deployment != seen->deployment)) return Answer{};
  if (!*place)
    return Answer(
        fmt::format("this database holds no ledger of Bursar, and the house of {} has worked on one: connect "
                    "to the right database",
                    file.parent_path().string()));
  if ((*place)->deployment != seen->deployment)
    return Answer(
        fmt::format("this database is of deployment {}, and the house of {} has worked on {}: connect to the "
                    "right database",
                    (*place)->deployment, file.parent_path().string(), seen->deployment));
  if ((*place)->system == seen->system && (*place)->timeline < seen->timeline)
    return Answer(
        fmt::format("an old primary: it is on timeline {}, and this house has worked on timeline {} of the "
                    "same cluster; stop it and make it a standby of the new primary (deploy/replication.md)",
                    (*place)->timeline, seen->timeline));
  const auto departed = departure(connection, seen->heads);
  if (!departed) return machines::fail(departed.error());
  if (!*departed) return Answer{};
  return Answer(
      fmt::format("{} (on timeline {}; a standby that was not synchronous was promoted, or a backup "
                  "restored); bring back the server that has it, and see deploy/replication.md",
                  lost_text(**departed), (*place)->timeline));
}

struct ServerGuard::Book {
  std::mutex mutex;
  std::string objection;
  steady_clock::time_point since;
};

ServerGuard::ServerGuard(fs::path file, Strangers strangers) : book_(std::make_shared<Book>()) {
  admit_by([book = book_, file = std::move(file), strangers](Connection& connection) {
    auto objected = audit::objection(connection, file, strangers);
    if (!objected) return objected;
    const std::lock_guard guard(book->mutex);
    if (*objected && book->objection.empty()) book->since = steady_clock::now();
    book->objection = objected->value_or("");
    return objected;
  });
}

std::string ServerGuard::objection_that_stood(std::chrono::milliseconds at_least) const {
  const std::lock_guard guard(book_->mutex);
  return steady_clock::now() - book_->since >= at_least ? book_->objection : "";
}

}  // namespace ledger::audit
