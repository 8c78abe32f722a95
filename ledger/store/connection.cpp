#include "ledger/store/connection.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <pqxx/pqxx>
#include <set>
#include <utility>

#include "ledger/store/admission.hpp"
#include "ledger/store/dsn.hpp"
#include "ledger/store/watch.hpp"
#include "machines/core/check.hpp"

namespace ledger {
namespace {

// Generic plans: planning one call anew costs more than running it (DESIGN 5). The settings ride in the connection
// string, so that they are there on every new connection.
constexpr const char* settings =
    "-c plan_cache_mode=force_generic_plan -c jit=off -c search_path=ledger -c TimeZone=UTC "
    "-c statement_timeout=600000 -c idle_in_transaction_session_timeout=60000 "
    // So does the server notice a client that vanished: what it held is free again.
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000";
// A standby, and a server that takes no writes, are no server for us; of several hosts, the next is asked. A host that
// vanished without a word is noticed after about ten seconds.
constexpr const char* defaults =
    "connect_timeout=5 application_name=bursar target_session_attrs=read-write keepalives_idle=5 "
    "keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000";
// The server ends a statement by itself; after this much longer it is not going to say anything.
constexpr std::chrono::milliseconds grace{5'000};

Admission& admission() {
  static Admission one;
  return one;
}
thread_local bool is_asking = false;  // whether a session may be used: then no other is opened

std::string first_line(const char* text) {
  std::string line(text);
  if (const auto end = line.find('\n'); end != std::string::npos) line.resize(end);
  return line;
}

// A server that takes no connection says why in words alone, in English (lc_messages): the one place that reads them.
StoreCause cause_in_words(std::string_view what) {
  if (what.find("permission denied for database") != std::string_view::npos) return StoreCause::no_permission;
  if (what.find("password authentication failed") != std::string_view::npos) return StoreCause::wrong_password;
  return StoreCause::other;
}

template <class T>
Stored<T> failed(StoreFailure failure, const char* what) {
  return machines::fail(StoreError{failure, first_line(what), cause_in_words(what)});
}

}  // namespace

struct Rows::Held {
  pqxx::result result;
};

void admit_by(Admission asked) { admission() = std::move(asked); }

struct Connection::Session {
  explicit Session(const std::string& dsn) : connection(dsn), statement_limit(statement_timeout(dsn)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);  // the one switch that 6.4 has against silent reconnects
#pragma GCC diagnostic pop
    socket = fcntl(connection.sock(), F_DUPFD_CLOEXEC, 3);
  }
  ~Session() {
    if (socket >= 0) close(socket);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // A server that does not even end the statement in its time counts as gone.
  [[nodiscard]] Watch watch() const {
    return {socket, statement_limit.count() > 0 ? statement_limit + grace : statement_limit};
  }

  pqxx::connection connection;
  std::chrono::milliseconds statement_limit;
  int socket = -1;  // of our own, to the same end: libpq may close its own, and the number may pass to another
  std::set<std::string> prepared;
};

int Rows::size() const { return static_cast<int>(held_->result.size()); }
bool Rows::is_null(int row, int column) const { return held_->result[row][column].is_null(); }
std::string_view Rows::text(int row, int column) const {
  CHECK(row < size());
  const auto field = held_->result[row][column];
  return {field.c_str(), field.size()};
}
std::int64_t Rows::number(int row, int column) const {
  return is_null(row, column) ? 0 : held_->result[row][column].as<std::int64_t>();
}
bool Rows::flag(int row, int column) const { return text(row, column) == "t"; }
machines::Int128 Rows::amount(int row, int column) const {
  const auto value = machines::parse_whole(text(row, column));
  CHECK(value.has_value());
  return *value;
}
std::optional<std::int64_t> Rows::maybe_number(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return number(row, column);
}

Connection::Connection(const std::string& dsn) : dsn_(with_settings(dsn, settings, defaults)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Connection Connection::another() const {
  Connection made;
  made.dsn_ = dsn_;  // with the settings in it already
  return made;
}

bool Connection::is_connected() const { return session_ != nullptr; }
void Connection::disconnect() { session_.reset(); }

Stored<bool> Connection::connect() {
  if (session_) return true;
  if (is_asking) return failed<bool>(StoreFailure::unavailable, "the connection was lost while it was looked at");
  std::string reason, objection;
  for (const std::string& host : admission() ? each_host(dsn_) : std::vector{dsn_}) {
    try {
      session_ = std::make_unique<Session>(host);
    } catch (const std::exception& error) {
      reason = error.what();
      continue;
    }
    if (!admission()) return true;
    is_asking = true;
    const auto objected = admission()(*this);
    is_asking = false;
    if (objected && !*objected && session_) return true;
    session_.reset();
    (objected && *objected ? objection : reason) = objected && *objected ? **objected : objected.error().text;
  }
  return failed<bool>(StoreFailure::unavailable, (objection.empty() ? reason : objection).c_str());
}

namespace {

template <class Work>
Stored<Rows> guarded(bool writes, const Work& work, bool& lost) {
  try {
    return work();
  } catch (const pqxx::broken_connection& error) {
    lost = true;
    return failed<Rows>(writes ? StoreFailure::doubt : StoreFailure::unavailable, error.what());
  } catch (const pqxx::in_doubt_error& error) {
    lost = true;
    return failed<Rows>(StoreFailure::doubt, error.what());
  } catch (const pqxx::insufficient_privilege& error) {  // which comes without its state
    return machines::fail(
        StoreError{StoreFailure::refused, "[42501] " + first_line(error.what()), StoreCause::no_permission});
  } catch (const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    if (state == "40001" || state == "40P01") return failed<Rows>(StoreFailure::conflict, error.what());
    // 57014, 55P03: it took too long, since others held what it needed, or the server was busy; 53: no memory, disk or
    // connection left; 58: an error of its disk. Nothing was done, and it is no fault of the statement's.
    if (state == "57014" || state == "55P03" || state.rfind("53", 0) == 0 || state.rfind("58", 0) == 0) {
      lost = true;
      return failed<Rows>(StoreFailure::unavailable, error.what());
    }
    // 0A000: a function answers in another shape than when this session prepared the call: a migration has passed. A
    // new session prepares it anew.
    if (state == "0A000" && std::string_view(error.what()).find("cached plan") != std::string_view::npos) {
      lost = true;
      return failed<Rows>(StoreFailure::unavailable, error.what());
    }
    // 57P0x: the server is stopping; 25006: read-only; nothing was done, another connection may do it.
    if (state.rfind("57P0", 0) == 0 || state == "25006") {
      lost = true;
      return failed<Rows>(writes ? StoreFailure::doubt : StoreFailure::unavailable, error.what());
    }
    return machines::fail(
        StoreError{StoreFailure::refused, "[" + state + "] " + first_line(error.what()), cause_of(state)});
  } catch (const std::exception& error) {
    lost = true;
    return failed<Rows>(writes ? StoreFailure::doubt : StoreFailure::unavailable, error.what());
  }
}

}  // namespace

namespace {

constexpr int most_takeovers = 10;  // in a row; each was over before we were told of it

bool met_a_takeover(const StoreError& error) {
  return error.failure == StoreFailure::refused &&
         (error.cause == StoreCause::epoch_moved || error.cause == StoreCause::step_epoch);
}

}  // namespace

Stored<Rows> Connection::call(const SqlStatement& statement, const Parameters& parameters) {
  auto answer = call_once(statement, parameters);
  for (int again = 0; !answer && !statement.names_epoch && met_a_takeover(answer.error()) && again < most_takeovers;
       ++again)
    answer = call_once(statement, parameters);
  return answer;
}

Stored<Rows> Connection::call_once(const SqlStatement& statement, const Parameters& parameters) {
  if (const auto connected = connect(); !connected) return machines::fail(connected.error());
  bool lost = false;
  auto answer = guarded(
      statement.writes,
      [&]() -> Stored<Rows> {
        const Watch watch = session_->watch();
        if (session_->prepared.insert(statement.name).second)
          session_->connection.prepare(statement.name, statement.sql);
        pqxx::nontransaction work(session_->connection);
        std::vector<const char*> values;
        values.reserve(parameters.values().size());
        for (const auto& value : parameters.values()) values.push_back(value ? value->c_str() : nullptr);
        return Rows(std::make_shared<Rows::Held>(
            Rows::Held{work.exec_prepared(statement.name, pqxx::prepare::make_dynamic_params(values))}));
      },
      lost);
  if (lost) session_.reset();
  return answer;
}

Stored<Rows> Connection::run(const std::string& sql) {
  if (const auto connected = connect(); !connected) return machines::fail(connected.error());
  bool lost = false;
  auto answer = guarded(
      true,
      [&]() -> Stored<Rows> {
        const Watch watch = session_->watch();
        pqxx::work work(session_->connection);
        const auto result = work.exec(sql);
        work.commit();
        return Rows(std::make_shared<Rows::Held>(Rows::Held{result}));
      },
      lost);
  if (lost) session_.reset();
  return answer;
}

Stored<Rows> Connection::read(const std::string& sql) {
  if (!session_) return failed<Rows>(StoreFailure::unavailable, "the connection is lost");
  bool lost = false;
  auto answer = guarded(
      false,
      [&]() -> Stored<Rows> {
        const Watch watch = session_->watch();
        pqxx::nontransaction work(session_->connection);
        return Rows(std::make_shared<Rows::Held>(Rows::Held{work.exec(sql)}));
      },
      lost);
  if (lost) session_.reset();
  return answer;
}

std::vector<std::optional<std::string>> array_items(std::string_view literal) {
  std::vector<std::optional<std::string>> items;
  std::size_t at = 1;
  while (at < literal.size() && literal[at] != '}') {
    std::string item;
    const bool quoted = literal[at] == '"';
    if (quoted) {
      for (++at; at < literal.size() && literal[at] != '"'; ++at) {
        if (literal[at] == '\\') ++at;
        item.push_back(literal[at]);
      }
      ++at;
    } else {
      while (at < literal.size() && literal[at] != ',' && literal[at] != '}') item.push_back(literal[at++]);
    }
    if (!quoted && item == "NULL")
      items.emplace_back(std::nullopt);
    else
      items.emplace_back(std::move(item));
    if (at < literal.size() && literal[at] == ',') ++at;
  }
  return items;
}

}  // namespace ledger
