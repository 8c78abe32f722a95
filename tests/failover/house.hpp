// tests/failover/house.hpp: House, a whole `bursar up` on a PostgreSQL that is not its own: a short replay while a test
// does things to the server. Whatever it started is gone when this goes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "tests/support/child.hpp"

namespace tests::failover {

class House {
 public:
  // REQUIRES: the database of `dsn` exists.
  explicit House(std::string dsn);

  // `bursar up --exit-when-done --json`; with another connection string where one is given.
  void start(const std::string& dsn = "");
  // Waits for its end; CHECKs that it comes within five minutes.
  deploy::Exit wait() { return up_->wait(std::chrono::seconds(300)); }
  [[nodiscard]] std::string output() const { return up_->output(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const std::string& dsn() const { return dsn_; }
  [[nodiscard]] std::string logs() const;

  // Waits until the ledger holds so many transitions; false when the house ended before.
  bool reach(std::int64_t transitions);
  std::int64_t transitions();  // -1 when the database can't be asked right now
  // Waits until the broker has logged `text` once more since `from` bytes; false when the house ended before.
  bool broker_says(const std::string& text, std::size_t from);
  [[nodiscard]] std::size_t broker_log_size() const;
  // The processes that `up` started, by pid.
  [[nodiscard]] std::vector<pid_t> parts() const;

  // Waits for the end, and expects all that an undisturbed run comes to, and the invariants; where two servers answer,
  // those of `truth`.
  void expect_as_undisturbed(const std::string& truth = "");

 private:
  [[nodiscard]] std::string broker_log() const;

  TempFolder own_;
  std::filesystem::path folder_;
  std::string dsn_;
  ledger::Connection connection_;
  std::unique_ptr<Child> up_;
};

}  // namespace tests::failover
