// tests/ledger/allocations_test.cpp: several operators give to and take from one sleeve at once, each over a connection
// of its own: what the sleeve's machine keeps is what was posted.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "ledger/books/treasury.hpp"
#include "schemas/codec/data.hpp"
#include "tests/ledger/treasury.hpp"
#include "workers/handlers/allocation.hpp"

namespace tests {
namespace {

using machines::allocation::Movement;

struct Hand {
  int settled = 0, refused = 0, again = 0;
  std::string wrong;
};

class Allocations : public Treasury {
 protected:
  void SetUp() override {
    Treasury::SetUp();
    if (IsSkipped()) return;
    tradeable_ = account("vault/core/tradeable");
    const std::vector<Posting> opening = {pay(quiet, outside, 1'000, "gift"), pay(outside, tradeable_, 5'000, "fund")};
    ASSERT_EQ(commit({with(birth(owner), opening)}).at(0).outcome, Outcome::committed);
    ledger::Connection connection(service());
    const auto sleeves = ledger::books::read_sleeves(connection);
    ASSERT_TRUE(sleeves) << sleeves.error().text;
    sleeves_ = *sleeves;
  }

  // What the command does: the order as an instance whose job is ours from the start.
  [[nodiscard]] machines::LeasedJob ask_for(ledger::journal::Journal& journal, Movement movement, Int128 minor) const {
    machines::allocation::Data data;
    data.movement = movement;
    data.amount = Amount(usdt, minor);
    data.reserve = Amount::zero(usdt);
    data.who = "ann";
    data.why = "a drill";
    data.external = outside;
    data.vault_reserve = account("vault/core/reserve");
    data.tradeable = tradeable_;
    Step step = birth(owner);
    machines::Move& move = step.moves[0];
    move.kind = "allocation";
    move.to = "requested";
    move.event = "request";
    move.command = "allocate";
    move.sleeve = {1};
    move.data = schemas::write_allocation(data);
    step.jobs.push_back({move.instance, move.command, false, step.world_at, ledger::fresh_token()});
    const auto results = journal.commit(ledger_shard, 0, {&step, 1});
    CHECK(results.has_value() && results->at(0).outcome == Outcome::committed);
    machines::LeasedJob job;
    job.key = {owner, results->at(0).born.at(0), 1, 0};
    job.token = step.jobs[0].eager;
    job.shard = ledger_shard;
    job.kind = "allocation";
    job.command = "allocate";
    job.world_at = step.world_at;
    return job;
  }

  // Decides on fresh facts until a decision stands: another hand may have moved the sleeve meanwhile.
  void work(const machines::LeasedJob& job, ledger::journal::Journal& journal, Hand& hand) const {
    const workers::handlers::AllocationHandler handler(sleeves_);
    for (int attempt = 0; attempt < 1'000; ++attempt, ++hand.again) {
      const auto facts = journal.facts({&job, 1});
      if (!facts || !facts->front()) {
        hand.wrong = facts ? "no facts" : facts.error().text;
        return;
      }
      const auto decision = handler.on_job(job, *facts->front());
      const auto* decided = std::get_if<workers::handlers::Commit>(&decision);
      if (decided == nullptr) {
        hand.wrong = std::get<workers::handlers::GiveUp>(decision).reason;
        return;
      }
      const auto results = journal.commit(ledger_shard, 0, {&decided->step, 1});
      if (!results || (results->at(0).outcome != Outcome::committed && results->at(0) != stale_version &&
                       results->at(0) != tests::refused(Refusal::insufficient_funds))) {
        hand.wrong = results ? testing::PrintToString(results->at(0)) : results.error().text;
        return;
      }
      if (results->at(0).outcome != Outcome::committed) continue;
      ++(decided->step.moves[0].to == "settled" ? hand.settled : hand.refused);
      return;
    }
    hand.wrong = "never came to an end";
  }

  void give_and_take(int rounds, std::uint32_t seed, Hand& hand) const {
    ledger::Connection connection(service());
    ledger::journal::Journal journal(connection);
    for (int round = 0; round < rounds && hand.wrong.empty(); ++round) {
      seed = seed * 1'664'525 + 1'013'904'223;
      const bool gives = (seed >> 20) % 2 == 0;
      const machines::LeasedJob job =
          ask_for(journal, gives ? Movement::allocate_to_sleeve : Movement::reclaim, 1 + (seed >> 8) % 900);
      work(job, journal, hand);
    }
  }

  AccountId tradeable_;
  ledger::books::Sleeves sleeves_;
};

TEST_F(Allocations, OfTwoOperatorsAtOnceTheSleeveKeepsTheSum) {
  constexpr int operators = 4;
  std::vector<Hand> hands(operators);
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < operators; ++n)
    threads.emplace_back([&, n] { give_and_take(25, static_cast<std::uint32_t>(n + 1), hands[n]); });
  for (std::thread& thread : threads) thread.join();
  int settled = 0, again = 0;
  for (const Hand& hand : hands) {
    EXPECT_EQ(hand.wrong, "");
    settled += hand.settled, again += hand.again;
    EXPECT_EQ(hand.settled + hand.refused, 25);
  }
  EXPECT_GT(again, 0) << "they never met: nothing was tested";
  EXPECT_EQ(ask("SELECT count(*) FROM ledger.posting WHERE code IN ('allocate', 'reclaim')"), std::to_string(settled));
  const std::string sum =
      ask("SELECT coalesce(sum(CASE code WHEN 'allocate' THEN amount ELSE -amount END), 0) FROM "
          "ledger.posting WHERE code IN ('allocate', 'reclaim')");
  const auto kept = schemas::parse_sleeve(
      ask("SELECT i.data FROM ledger.instance i JOIN ledger.sleeve s ON s.owner = i.owner AND s.instance = i.id WHERE "
          "s.id = 1"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(ask(fmt::format("SELECT credits_posted - debits_posted FROM ledger.account WHERE id = {}", quiet.value)),
            sum);
  EXPECT_EQ(machines::to_text(kept->allocation.minor()), sum);
}

}  // namespace
}  // namespace tests
