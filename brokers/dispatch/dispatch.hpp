// brokers/dispatch/dispatch.hpp: who gets which job, and when world time may pass: the broker's mind, without I/O and
// without a clock. The service feeds it what arrived and what time it is (microseconds of a steady clock), and carries
// out the actions that it orders. Nothing here is the truth: PostgreSQL's job rows are, and a lease is proved by its
// token there.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ledger/jobs/jobs.hpp"
#include "schemas/codec/messages.hpp"

namespace brokers::dispatch {

// What the service must do. Claims and due questions are answered by claimed() and due_is().
struct Send {
  std::string peer;
  schemas::Message message;
};
struct ClaimNow {
  int limit = 0;  // per shard
};
struct AskDue {
  machines::Instant world_at;
};
struct GiveBack {
  std::vector<ledger::jobs::Failure> failures;
};
using Action = std::variant<Send, ClaimNow, AskDue, GiveBack>;

struct Rules {
  std::int64_t heartbeat_us = 1'000'000;  // asked of workers
  std::int64_t ttl_us = 3'000'000;        // silence after which a worker's leases pass on
  std::int64_t safety_poll_us = 200'000;  // claim although nobody hinted
  int claim_limit = 256;                  // jobs per shard and claim
  int message_jobs = 100;                 // jobs per ASSIGN
  int few_jobs = 16;                      // so few go to one worker together: one round trip
  int most_tries = 20;                    // business retries before a job is parked
  int most_lone_deaths = 5;               // consecutive deaths of a worker that ran the job alone
  std::int64_t backoff_ms = 100;          // doubled per try, with jitter
  std::int64_t longest_backoff_ms = 60'000;
  std::int64_t unknown_kind_ms = 1'000;  // until a job that no worker here can do is looked at again
  std::uint64_t seed = 1;
};

class Dispatch {
 public:
  Dispatch(Rules rules, std::string broker, std::int64_t epoch)
      : rules_(rules), random_(rules.seed), broker_(std::move(broker)), epoch_(epoch) {}

  // ---- what arrived
  void ready(const std::string& peer, const schemas::Ready& ready, std::int64_t now_us);
  void done(const std::string& peer, const schemas::Done& done, std::int64_t now_us);
  void failed(const std::string& peer, const schemas::Failed& failed, std::int64_t now_us);
  void heard(const std::string& peer, std::int64_t now_us);  // a heartbeat
  void goodbye(const std::string& peer, const schemas::Goodbye& goodbye, std::int64_t now_us);
  void gone(const std::string& peer, std::int64_t now_us);  // a send found nobody
  void release(const std::string& client, const schemas::Release& release, std::int64_t now_us);
  // `next_unheld`: the earliest world time of any job that nobody holds; asked only where wants_next_unheld(jobs).
  void claimed(std::vector<machines::LeasedJob> jobs, std::int64_t now_us, machines::Instant next_unheld = {});
  void due_is(const ledger::jobs::Due& due, std::int64_t now_us);
  // All leased rows: those that nobody here holds, seen so twice in a row, are given back.
  void leases_seen(const std::vector<machines::LeasedJob>& jobs);
  void tick(std::int64_t now_us);

  // ---- what to do, in order; empty when all is said
  std::vector<Action> take_actions();
  // When tick() must come at the latest.
  [[nodiscard]] std::int64_t next_tick_us(std::int64_t now_us) const;

  // Whether these, just claimed, may be all that is open for a while, and none of them asks an outside party.
  [[nodiscard]] bool wants_next_unheld(std::span<const machines::LeasedJob> claimed) const;
  [[nodiscard]] machines::Instant world_now() const { return world_now_; }
  [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }
  [[nodiscard]] std::size_t queued() const { return queued_; }
  // Jobs of this shard that wait here or are in flight.
  [[nodiscard]] std::size_t in_hand(int shard) const;
  [[nodiscard]] schemas::BrokerView view(std::int64_t now_us) const;

 private:
  struct Worker {
    std::string name;
    std::map<std::string, schemas::Capability> capabilities;
    int pure_credit = 0, outside_credit = 0;  // what is left
    std::int64_t heard_us = 0;
    std::set<machines::Token> held;
    bool runs_alone = false;
    bool drains = false;  // gets nothing new until its hands are empty: a job that must run alone waits for it
  };
  struct Flight {
    machines::LeasedJob job;
    std::string peer;
    bool outside = false, alone = false;
  };
  struct Instance {
    machines::OwnerId owner;
    machines::InstanceId id;
    auto operator<=>(const Instance&) const = default;
  };
  // Jobs of one shard, taken from its owners in turn.
  using Queue = std::map<machines::OwnerId, std::deque<machines::LeasedJob>>;

  void send(const std::string& peer, schemas::Message message);
  Worker* known(const std::string& peer, std::int64_t now_us);
  void lose(const std::string& peer, const std::set<machines::Token>& still_held, const std::string& why,
            bool died = true);
  bool suspect(const machines::JobKey& job, bool ran_alone);
  void give_back(const machines::LeasedJob& job, std::string reason, std::int64_t delay_ms, bool park, bool counts);
  void land(std::map<machines::Token, Flight>::iterator flight);
  void enqueue(machines::LeasedJob job);
  [[nodiscard]] bool anyone_knows(const std::string& kind) const;
  void give_back_the_unknown();
  void assign();
  bool assign_shard(int shard, Queue& queue);
  [[nodiscard]] std::vector<machines::OwnerId> in_turn(int shard, const Queue& queue) const;
  void make_room_for_the_lone();
  [[nodiscard]] const machines::LeasedJob* first_lone() const;
  [[nodiscard]] std::string best_worker(const machines::LeasedJob& job, bool alone) const;
  [[nodiscard]] bool can_take(const Worker& worker, const machines::LeasedJob& job, bool alone) const;
  [[nodiscard]] bool is_busy(const machines::LeasedJob& job) const;
  [[nodiscard]] bool is_outside(const Worker& worker, const machines::LeasedJob& job) const;
  void fly(const std::string& peer, const machines::LeasedJob& job, bool alone);
  bool go_ahead(machines::Instant next_due);
  void consider(std::int64_t now_us);
  [[nodiscard]] int free_credit() const;
  [[nodiscard]] int room() const;
  std::int64_t back_off(int tries);

  Rules rules_;
  std::mt19937_64 random_;
  std::string broker_;
  std::int64_t epoch_;
  machines::Instant world_now_{0};
  std::map<std::string, Worker> workers_;
  std::map<machines::Token, Flight> flights_;
  std::map<int, Queue> ready_;
  std::size_t queued_ = 0;
  std::map<int, machines::OwnerId> turns_;    // per shard, the owner served last
  int last_shard_ = -1;                       // served last
  std::map<Instance, int> busy_;              // instances in flight; more than one only through eager hand-over
  std::map<machines::JobKey, int> suspects_;  // held at a death: run alone; the count is of lone deaths in a row
  std::set<machines::Token> unknown_leases_;
  std::vector<Action> actions_;
  std::string releasing_;             // the client that waits for world_now_ to pass, empty when none
  std::deque<schemas::Ahead> ahead_;  // where world time may go on by itself
  machines::Instant alone_until_{0};  // until then what was just claimed is all that is open; 0: not known
  bool hint_ = true;                  // something may be claimable
  int claimed_at_most_ = 1;           // the limit of the claim that is out
  bool asked_ = false;                // a claim or due question is out
  bool worker_left_ = false;          // what waits may be of a kind that nobody knows any more
  bool look_first_ = false;           // all that ended was re-armed: ask what is due before claiming
  std::int64_t claim_after_us_ = 0;
  std::int64_t last_claim_us_ = 0;
  int fruitless_ = 0;  // claims in a row that found nothing although something is due
  std::int64_t dispatched_ = 0, reissued_ = 0;
};

}  // namespace brokers::dispatch
