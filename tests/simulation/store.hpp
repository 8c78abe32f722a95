// tests/simulation/store.hpp: the books as brokers and workers reach them: calls that may find PostgreSQL away, break
// before or after they are done, and lose their answers. It watches what it takes: a step that stands must have had the
// lease, the epochs and the versions in force, whatever the store was planted to overlook.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/jobs/jobs.hpp"
#include "ledger/journal/journal.hpp"
#include "schemas/codec/messages.hpp"
#include "tests/simulation/books.hpp"
#include "tests/simulation/world.hpp"

namespace tests::simulation {

class Store {
 public:
  Store(World& world, Books& books) : world_(world), books_(books) {}

  // ---- as ledger::journal::Journal
  ledger::Stored<std::vector<std::optional<ledger::journal::Facts>>> facts(std::span<const machines::LeasedJob> jobs);
  ledger::Stored<std::vector<machines::StepResult>> commit(const std::string& who, int shard, std::int64_t epoch,
                                                           std::span<const machines::Step> steps);

  // ---- as ledger::jobs::Jobs
  ledger::Stored<std::int64_t> own_shards();
  ledger::Stored<std::vector<machines::LeasedJob>> claim(machines::Instant world_now, int limit);
  ledger::Stored<ledger::jobs::Due> due(machines::Instant world_at);
  ledger::Stored<machines::Instant> next_unheld();
  [[nodiscard]] const std::vector<int>& shards() const { return books_.shards; }
  ledger::Stored<std::vector<machines::LeasedJob>> leased();
  ledger::Stored<int> give_back(std::span<const ledger::jobs::Failure> failures);
  ledger::Stored<bool> submit_event(const schemas::Submit& submit);

  // ---- what others do to the database
  void jump_clock(std::int64_t by_us) { wall_off_us_ += by_us; }
  void steal_lease(std::uint32_t which);
  void raise_epoch(std::uint32_t which);

  // Whether some row stands under this token.
  [[nodiscard]] bool is_leased(const machines::Token& token) const;

 private:
  // `writes`: a broken connection is doubt, else it is just away.
  template <class T, class Act>
  ledger::Stored<T> call(Site site, bool writes, Act act);
  [[nodiscard]] std::int64_t wall_us() const { return world_.now_us() + wall_off_us_; }
  // What speaks against this step, as the rows stand; empty when nothing does, or when it stands already.
  [[nodiscard]] std::string objection(int shard, std::int64_t epoch, const machines::Step& step) const;
  [[nodiscard]] std::string wrong_to_send(const machines::Step& step) const;
  // What a step that stands should not have left behind: an order on its way whose hold is not what it may still
  // spend, a cycle with two timers,
  // a sweep while a position is open.
  [[nodiscard]] std::string wrong_with_order(const machines::Step& step) const;
  [[nodiscard]] std::string wrong_with_timers(const machines::Step& step) const;
  [[nodiscard]] static std::string wrong_with_sweep(const machines::Step& step);
  machines::StepResult take(const std::string& who, int shard, std::int64_t epoch, const machines::Step& step);
  // The step as a store with the plant would see it.
  machines::Step overlooked(machines::Step step, std::int64_t& epoch);
  void minted(const machines::Token& token);

  World& world_;
  Books& books_;
  std::int64_t wall_off_us_ = 0;
  std::set<machines::Token> tokens_;  // every lease ever given
  std::set<std::string> words_;       // of planted moves
};

}  // namespace tests::simulation
