// tests/chaos/site.hpp: Site, a house whose parts run on hosts of their own: two brokers, three workers, the venue, and
// `bursar up`, which plays the bars. One replay on a fresh database; what ends is started again as an init system does.
// Whatever it started is gone when this goes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/network.hpp"
#include "tests/chaos/postgres.hpp"
#include "tests/chaos/relay.hpp"
#include "tests/kill/audit.hpp"

namespace tests::chaos {

inline constexpr int bars = 1'200;      // of a replay
inline constexpr int lease_ms = 1'000;  // of a broker's seat and of a worker's jobs

// The hosts of a site; a relay stands between the third worker and everybody, and between broker-b and PostgreSQL.
inline const std::vector<std::string> hosts{"postgres", "broker-a", "broker-b", "venue", "house",  "worker-1",
                                            "worker-2", "worker-3", "relay",    "spare", "standby"};
// Those that run a process of the same name.
inline const std::vector<std::string> parts{"house",    "venue",    "broker-a", "broker-b",
                                            "worker-1", "worker-2", "worker-3"};

inline constexpr int relayed_postgres_port = 8004;  // of the relay, to the server that was the first to take writes

// What the relay listens on, and where it leads.
std::vector<Route> routes(const Network& network);

class Site {
 public:
  // Its files in `folder`, its logs in `logs`, both emptied first; nothing runs yet.
  Site(const Network& network, Postgres& postgres, std::filesystem::path folder, std::filesystem::path logs,
       kill::Rules rules = kill::Rules::as_it_is);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  // Every part, the house first: it makes the key that the others let in.
  void start();
  // Looks after the parts: one that ended is started again, except while it is held down. Ends that nobody ordered are
  // problems, but the house's: it may say that PostgreSQL or a lock is not to be had, and is then tried again.
  void tend();
  // The replay has been played to its end and reported.
  [[nodiscard]] bool finished() const { return finished_; }
  // Transitions in the ledger; -1 when it can't be asked right now.
  std::int64_t transitions();

  void kill_part(const std::string& part);  // SIGKILL; it stays down until let_up()
  void let_up(const std::string& part);
  void send(const std::string& part, int signal_number);  // to the process that runs it now, if any does
  // A second process of the same name and key, on the spare host; and its end.
  void start_twin(const std::string& worker);
  void end_twin(const std::string& worker);

  // A person at the house orders `bursar WORDS...`, one after the other, each until it was done or forty seconds are
  // over.
  void order(std::vector<std::string> words) { orders_.push_back(std::move(words)); }

  // After the end: the statement of the venue compared, every part drained by SIGTERM, each invariant looked up. What
  // is wrong, one line each.
  std::vector<std::string> settle();
  // Its data folder, with the venue's store in the usual place.
  [[nodiscard]] std::filesystem::path data_dir() const { return folder_ / "data"; }
  // Of what the house printed, the line that is JSON; empty when there is none.
  [[nodiscard]] std::string result() const;
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] const std::string& remarks() const { return remarks_; }

 private:
  struct Part {
    std::string host;
    std::vector<std::string> argv;
    std::filesystem::path log;
    pid_t pid = 0;
    bool held_down = false;
    bool was_killed = false;
    int starts = 0;
    std::chrono::steady_clock::time_point not_before{};
  };

  void write_files();
  [[nodiscard]] std::string peers() const;
  [[nodiscard]] std::string way_to_postgres(bool relayed) const;
  [[nodiscard]] std::string broker_file(const std::string& name) const;
  [[nodiscard]] std::string worker_file(const std::string& name) const;
  void add(const std::string& name, const std::string& host, std::vector<std::string> arguments);
  void start(const std::string& name);
  void ended(const std::string& name, Part& part, int status);
  void tend_orders();
  void compare_with_venue();
  void drain();
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }

  const Network& network_;
  Postgres& postgres_;
  std::filesystem::path folder_, logs_;
  kill::Rules rules_;
  std::string database_;
  ledger::Connection connection_;
  std::map<std::string, Part> parts_;
  std::deque<std::vector<std::string>> orders_;  // the first of them is under way
  pid_t person_ = 0;                             // who orders it now
  std::chrono::steady_clock::time_point ordered_again_{}, given_up_{};
  bool finished_ = false;
  std::vector<std::string> problems_;
  std::string remarks_;
};

}  // namespace tests::chaos
