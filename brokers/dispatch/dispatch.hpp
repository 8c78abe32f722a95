// brokers/dispatch/dispatch.hpp: who gets which job, and when world time may pass: the broker's core, without I/O and
// without a clock. The service feeds it what arrived and what time it is (microseconds of a steady clock), and carries
// out the actions that it orders. Nothing here is the truth: PostgreSQL's job rows are, and a lease is proved by its
// token there.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "brokers/dispatch/backlog.hpp"
#include "brokers/dispatch/claim_pace.hpp"
#include "brokers/dispatch/limits.hpp"
#include "brokers/dispatch/rules.hpp"
#include "brokers/dispatch/worker_table.hpp"
#include "ledger/jobs/jobs.hpp"
#include "schemas/codec/messages.hpp"

namespace brokers::dispatch {

// What the service must do. Claims and due questions are answered by claimed() and due_is().
struct Send {
  std::string peer;
  schemas::Message message;
};
// The oldest jobs of every shard, `limit` at most. Where a shard has more, what is behind them must not have to wait:
// a few jobs each of `fair_owners` of its owners, in turn, and a few of each `urgent` command.
struct ClaimNow {
  int limit = 0;             // per shard
  bool only_urgent = false;  // there is no room for the oldest: the urgent commands alone
  std::vector<Match> urgent = {};
  int fair_owners = 0;
  int fair_jobs = 0;  // of each of them, of each command
};
struct AskDue {
  machines::Instant world_at;
};
struct GiveBack {
  std::vector<ledger::jobs::Failure> failures;
};
using Action = std::variant<Send, ClaimNow, AskDue, GiveBack>;

class Dispatch {
 public:
  Dispatch(const Rules& rules, std::string broker, std::int64_t epoch)
      : rules_(rules),
        random_(rules.seed),
        broker_(std::move(broker)),
        epoch_(epoch),
        limits_(rules.limits),
        backlog_(rules),
        pace_(rules) {}

  // ---- what arrived
  void ready(const std::string& peer, const schemas::Ready& ready, std::int64_t now_us);
  void done(const std::string& peer, const schemas::Done& done, std::int64_t now_us);
  void failed(const std::string& peer, const schemas::Failed& failed, std::int64_t now_us);
  void heard(const std::string& peer, std::int64_t now_us);  // a heartbeat
  void goodbye(const std::string& peer, const schemas::Goodbye& goodbye, std::int64_t now_us);
  void gone(const std::string& peer, std::int64_t now_us);  // a send found nobody
  void release(const std::string& client, const schemas::Release& release, std::int64_t now_us);
  // What is known to have been released: by the ledger's word, where nobody releases it to this broker any more.
  void world_has_come(machines::Instant world_at, std::int64_t now_us);
  // `next_unheld`: the earliest world time of any job that nobody holds; asked only where wants_next_unheld(jobs).
  // `places`: where the outside calls go, of those for which wants_place() holds; a job not named goes nowhere known.
  void claimed(std::vector<machines::LeasedJob> jobs, std::int64_t now_us, machines::Instant next_unheld = {},
               const std::map<machines::JobKey, Place>& places = {});
  void due_is(const ledger::jobs::Due& due, std::int64_t now_us);
  // All leased rows of these shards. Those that nobody here holds, seen so twice in a row, are given back; jobs in
  // flight that have no such row, twice in a row, have landed: the word of it was lost.
  void leases_seen(std::span<const int> shards, std::span<const machines::LeasedJob> jobs);
  void tick(std::int64_t now_us);
  // This owner gets so many jobs per turn from now on.
  void weigh(machines::OwnerId owner, int weight) { backlog_.weigh(owner, weight); }
  // An operator wants this job not to run. What is said back goes to `client`.
  void cancel(const std::string& client, const schemas::Cancel& cancel, std::int64_t now_us);
  void handed_back(const std::string& peer, const schemas::HandedBack& back, std::int64_t now_us);
  // Somebody else is to have this shard: what of it waits here goes back; what is in flight ends here.
  void give_back_shard(int shard);

  // ---- what to do, in order; empty when all is said
  std::vector<Action> take_actions();
  // When tick() must come at the latest.
  [[nodiscard]] std::int64_t next_tick_us(std::int64_t now_us) const;

  // Whether these, just claimed, may be all that is open for a while, and none of them asks an outside party.
  [[nodiscard]] bool wants_next_unheld(std::span<const machines::LeasedJob> claimed) const;
  [[nodiscard]] machines::Instant world_now() const { return world_now_; }
  // Whether a worker of that name is registered, and not yet lost.
  [[nodiscard]] bool has_worker(std::string_view name) const { return workers_.has_name(name); }
  [[nodiscard]] bool has_workers() const { return !workers_.is_empty(); }
  [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }
  [[nodiscard]] std::size_t queued() const { return backlog_.size(); }
  // Jobs of this shard that wait here or are in flight.
  [[nodiscard]] std::size_t in_hand(int shard) const;
  // Whether a limit depends on where this job's call goes.
  [[nodiscard]] bool wants_place(const machines::LeasedJob& job) const;
  [[nodiscard]] schemas::BrokerView view(std::int64_t now_us) const;

 private:
  struct Flight {
    machines::LeasedJob job;
    std::string peer;
    bool outside = false, alone = false;
    Limits::Budgets budgets = {};
    std::int64_t until_us = 0;  // its deadline; 0: none
    std::int64_t since_us = 0;
  };
  // A job that was held at a death: it runs alone.
  struct Suspicion {
    int lone_deaths = 0;      // in a row
    machines::Token of = {};  // whose connection was gone at the last; empty: it is not known whether that one lives
  };
  struct Instance {
    machines::OwnerId owner;
    machines::InstanceId id;
    auto operator<=>(const Instance&) const = default;
  };
  // What is being put together for one worker, and what must wait for another parcel.
  struct Parcel {
    std::string peer;
    schemas::Assign message;
    std::size_t most = 0;
    bool full = false;
    std::set<const Lane*> blocked = {};
    std::vector<std::pair<Lane*, Waiting>> aside = {};
  };
  struct LevelTurn {
    int level = 0;
    std::size_t most = SIZE_MAX;
    bool passed_over = false;  // higher levels wait while this one has its turn
    bool has_lower = false;
  };
  struct Run {
    int sent = 0;    // in a row, while lower levels waited
    int passed = 0;  // of its turn among higher ones
  };

  void pass_to(machines::Instant world_at, std::int64_t now_us);
  void send(const std::string& peer, schemas::Message message);
  const Worker* known(const std::string& peer, std::int64_t now_us);
  enum class Loss { alive, gone, silent };  // the worker lives; its connection is gone; nothing was heard of it
  void lose(const std::string& peer, const std::set<machines::Token>& still_held, const std::string& why, Loss loss);
  void lose_the_silent(std::int64_t now_us);
  bool suspect(const machines::JobKey& job, bool ran_alone, const machines::Token& of);
  void acquit(const machines::Token& incarnation);
  bool refuse_second(const std::string& peer, const schemas::Ready& ready);
  void give_back(const machines::LeasedJob& job, std::string reason, std::int64_t delay_ms, bool park, bool counts,
                 std::string error_class = {});
  void land(std::map<machines::Token, Flight>::iterator flight);
  void land_the_gone(std::span<const int> shards, const std::set<machines::Token>& rows);
  // Both return how many went back.
  std::size_t give_back_the_unknown();
  std::size_t give_back_the_surplus(std::int64_t now_us);
  // ---- assign.cpp
  void assign(std::int64_t now_us);
  [[nodiscard]] std::optional<LevelTurn> next_level(const std::set<int>& stuck);
  std::size_t assign_level(const LevelTurn& turn, std::int64_t now_us);
  void count_turn(const LevelTurn& turn, std::size_t sent);
  std::size_t assign_shard(Queue& queue, std::size_t most, std::int64_t now_us);
  bool take_one(Lanes& lanes, Parcel& parcel, std::int64_t now_us);
  void make_room_for_the_lone();
  [[nodiscard]] std::optional<machines::LeasedJob> first_lone() const;
  [[nodiscard]] bool is_busy(const machines::LeasedJob& job) const;
  // Whether all that these jobs wait for is credit for outside calls.
  [[nodiscard]] bool waits_outside(const LaneKey& lane) const;
  void fly(Flight flight);
  // ---- deadlines.cpp
  [[nodiscard]] std::int64_t deadline_of(const machines::LeasedJob& job) const;
  void take_the_overdue(std::int64_t now_us);
  bool go_ahead(machines::Instant next_due);
  void consider(std::int64_t now_us);
  [[nodiscard]] std::vector<Match> urgent(std::int64_t now_us) const;
  void claim_urgent(std::int64_t now_us);
  [[nodiscard]] ClaimPace::Load load() const;

  Rules rules_;
  std::mt19937_64 random_;
  std::string broker_;
  std::int64_t epoch_;
  machines::Instant world_now_{0};
  std::int64_t world_since_us_ = 0;  // when it came to that
  WorkerTable workers_;
  std::map<machines::Token, Flight> flights_;
  Limits limits_;
  Backlog backlog_;
  ClaimPace pace_;
  std::map<int, Run> runs_;                                       // by level
  int last_shard_ = -1;                                           // served last
  std::set<std::pair<std::int64_t, machines::Token>> deadlines_;  // of what is in flight
  struct Unable {
    int jobs = 0;
    std::int64_t seen_us = 0;
  };
  std::map<std::tuple<Machine, std::string, bool>, Unable> unable_;  // machine, command, is_event: nobody here can do
  std::int64_t now_us_ = 0;                                          // the latest time that was told
  std::map<Instance, int> busy_;  // instances in flight; more than one only through eager hand-over
  std::map<machines::JobKey, Suspicion> suspects_;
  std::set<machines::Token> unknown_leases_, gone_leases_;
  std::vector<Action> actions_;
  std::string releasing_;             // the client that waits for world_now_ to pass, empty when none
  std::deque<schemas::Ahead> ahead_;  // where world time may go on by itself
  machines::Instant alone_until_{0};  // until then what was just claimed is all that is open; 0: not known
  bool worker_left_ = false;          // what waits may be of a kind that nobody knows any more
  std::int64_t dispatched_ = 0, reissued_ = 0, overdue_ = 0;
};

}  // namespace brokers::dispatch
