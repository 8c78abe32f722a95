// tests/kill/house.hpp: House, a whole `bursar up` on a fresh data folder: a short replay with partial fills whose
// parts a test kills and stops while it watches the ledger. Whatever it started is gone when this goes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "tests/support/child.hpp"

namespace tests::kill {

inline constexpr int ttl_ms = 600;  // after so long a silence a worker's leases pass on

// How the venue treats ids and deadlines (workers/venues/properties.hpp): ids for ever and tombstones; or ids unique
// among open orders only, no tombstones, an enforced deadline.
enum class Rules { as_it_is, as_real_ones };

// The configuration of every run here; `faults` as in [venue.paper], for instance "place:2:crash_before".
// `brokers`: 0 where they run elsewhere.
inline constexpr int few_bars = 240;
std::string config_text(const std::vector<std::string>& faults = {}, int brokers = 1, int bars = few_bars,
                        Rules rules = Rules::as_it_is);
// As lines of TOML, for [venue.paper] of a house or [venue] of a worker.
std::string rules_text(Rules rules);
// Of such a configuration.
Rules rules_in(const std::string& config);

class House {
 public:
  explicit House(const std::string& config);
  // SIGKILL for whatever is left.
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // `bursar up --exit-when-done --json`; again after its end: it must go on from where the last one stopped.
  void start();
  [[nodiscard]] bool is_running() { return up_ && up_->is_running(); }
  // Waits for its end; what it did. CHECKs that it comes within five minutes.
  deploy::Exit wait();
  [[nodiscard]] std::string output() const { return up_ ? up_->output() : ""; }
  // Of what it printed, the line that is JSON; empty when there is none.
  [[nodiscard]] std::string result() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] Rules rules() const { return rules_; }
  // The logs of its parts, for a failure's message.
  [[nodiscard]] std::string logs() const;

  // Waits until the ledger holds so many transitions; false when the house ended before.
  bool reach(std::int64_t transitions);
  // -1 when the database can't be asked right now.
  std::int64_t transitions();
  // `bursar WORDS...` on its data folder, to its end: "" or what went wrong.
  std::string order(std::vector<std::string> words);
  // Rows of a query as bursar_owner, or why not.
  ledger::Stored<ledger::Rows> ask(const std::string& sql) { return connection_.run(sql); }
  // Waits until the query's first value is true; false when the house ended before, or it took over a minute.
  bool comes_true(const std::string& sql);

  // The running process of a part: "venue", "broker", "worker-1" ..., "up", "postmaster", or one of the "backends" that
  // serve the house; empty while it does not run.
  [[nodiscard]] std::vector<pid_t> pids(const std::string& part);
  // Sends it to each; how many there were.
  int send(const std::string& part, int signal_number);
  // Waits until the part runs, then sends; false when the house ended before.
  bool strike(const std::string& part, int signal_number);
  // Processes of this folder that still run, PostgreSQL included: their command lines.
  [[nodiscard]] std::vector<std::string> left_behind() const;

 private:
  [[nodiscard]] std::string dsn() const;

  TempFolder own_;
  std::filesystem::path folder_;
  Rules rules_;
  ledger::Connection connection_;
  std::unique_ptr<Child> up_;
};

}  // namespace tests::kill
