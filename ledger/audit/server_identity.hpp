// ledger/audit/server_identity.hpp: ServerIdentity, what this house last saw of a PostgreSQL that is not its own: which
// timeline, and how far the audit chains went. Kept in the data folder, it tells the true server from an old primary
// that came back and from a promoted standby that lacks commits. No proof (that is a checkpoint): a memory.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/audit/head.hpp"
#include "ledger/store/connection.hpp"

namespace ledger::audit {

struct ServerIdentity {
  std::string deployment;  // 16 hex digits
  std::string system;      // PostgreSQL's identifier of the cluster: a primary and its standbys share it
  int timeline = 0;        // of that cluster: a promotion begins the next one
  std::vector<Head> heads;
  bool operator==(const ServerIdentity&) const = default;
};

// What there is to see now; nothing where the database holds no ledger. Errors: the connection's.
Stored<std::optional<ServerIdentity>> look_at(Connection& connection);

// The file is replaced as a whole, on disk when it returns. False: it can't be written.
bool keep(const std::filesystem::path& file, const ServerIdentity& identity);

// What the file remembers; nothing where there is none, or it is not what a house wrote.
std::optional<ServerIdentity> last_seen(const std::filesystem::path& file);

// Whether a database that holds another deployment, or none, may be worked on: by the house never, by a command that
// is asked about some other database.
enum class Strangers { refused, admitted };

// Why this database is not what the file remembers, in one sentence that ends with what to do; nothing when it is, or
// there is no file. Errors: the connection's.
Stored<std::optional<std::string>> objection(Connection& connection, const std::filesystem::path& file,
                                             Strangers strangers);

// Lets this process work on no server that the file objects to (ledger/store/admission.hpp). One per process; it
// goes on when this is gone.
class ServerGuard {
 public:
  explicit ServerGuard(std::filesystem::path file, Strangers strangers = Strangers::refused);
  // The newest objection, when that long no server has been admitted since the first; empty else.
  [[nodiscard]] std::string objection_that_stood(std::chrono::milliseconds at_least) const;

 private:
  struct Book;
  std::shared_ptr<Book> book_;
};

}  // namespace ledger::audit
