// tests/ledger/twin_test.cpp: the model and PostgreSQL are told the same random things and say the same; and faults of
// delivery change nothing (INV23).
#include <rapidcheck.h>

#include <map>

#include "tests/ledger/suite.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

// A step in small numbers: what it becomes depends on what stands when it is made.
struct Wish {
  int till = 0, other = 0;  // which of the tills
  int stale = 0;            // 0: as things stand; else the version is off by so much
  int lease = 0;            // 0: no job; 1: a job of the till; 2: with a spoilt token
  int births = 0;
  bool takes_along = false, is_final = false, orders = false, epoch_moved = false, again = false;
  struct Leg {
    int kind = 0, debit = 0, credit = 0, amount = 0, hold = 0;
  };
  std::vector<Leg> legs;
};

std::ostream& operator<<(std::ostream& out, const Wish& wish) {
  out << "till " << wish.till << " other " << wish.other << " stale " << wish.stale << " lease " << wish.lease
      << " births " << wish.births << (wish.takes_along ? " along" : "") << (wish.is_final ? " final" : "")
      << (wish.orders ? " orders" : "") << (wish.epoch_moved ? " epoch" : "") << (wish.again ? " again" : "");
  for (const auto& leg : wish.legs)
    out << " [" << leg.kind << " " << leg.debit << ">" << leg.credit << " " << leg.amount << " hold " << leg.hold
        << "]";
  return out;
}

// Ranges shrink with the size of what is made: not these.
template <class T>
rc::Gen<T> full_range(rc::Gen<T> gen) {
  return rc::gen::resize(rc::kNominalSize, std::move(gen));
}

// One time in `n`.
rc::Gen<bool> rarely(int n) {
  return rc::gen::map(rc::gen::inRange(0, n), [n](int x) { return x == n - 1; });
}

rc::Gen<Wish::Leg> any_leg() {
  // Holds, posts and voids as often as payments; accounts 0..5, of which 2 and 5 are two sleeves' money, 3 has another
  // asset and 4 is nobody's.
  const auto account = rc::gen::weightedOneOf<int>({
      {12, rc::gen::inRange(0, 3)},
      {1, rc::gen::inRange(3, 5)},
      {3, rc::gen::just(5)},
  });
  const auto amount = rc::gen::weightedOneOf<int>({
      {20, rc::gen::inRange(1, 60)},
      {1, rc::gen::inRange(-1, 1)},
  });
  return full_range(rc::gen::build<Wish::Leg>(
      rc::gen::set(&Wish::Leg::kind, rc::gen::inRange(0, 4)), rc::gen::set(&Wish::Leg::debit, account),
      rc::gen::set(&Wish::Leg::credit, account), rc::gen::set(&Wish::Leg::amount, amount),
      rc::gen::set(&Wish::Leg::hold, rc::gen::inRange(0, 4))));
}

// Nothing but one leg, so that holds come to stand, and to be resolved, more often than steps of many parts allow.
rc::Gen<Wish> one_leg() {
  const auto kind = rc::gen::element(0, 1, 1, 2, 2, 3);
  const auto leg = rc::gen::build<Wish::Leg>(rc::gen::set(&Wish::Leg::kind, kind),
                                             rc::gen::set(&Wish::Leg::debit, rc::gen::element(0, 0, 1)),
                                             rc::gen::set(&Wish::Leg::credit, rc::gen::element(1, 2)),
                                             rc::gen::set(&Wish::Leg::amount, rc::gen::inRange(1, 30)),
                                             rc::gen::set(&Wish::Leg::hold, rc::gen::inRange(0, 2)));
  return full_range(
      rc::gen::build<Wish>(rc::gen::set(&Wish::till, rc::gen::inRange(0, 3)),
                           rc::gen::set(&Wish::legs, rc::gen::container<std::vector<Wish::Leg>>(1, leg))));
}

rc::Gen<Wish> many_parts() {
  const auto mostly_zero = [](int high) {
    return rc::gen::weightedOneOf<int>({{6, rc::gen::just(0)}, {1, rc::gen::inRange(1, high)}});
  };
  return full_range(rc::gen::build<Wish>(
      rc::gen::set(&Wish::till, rc::gen::inRange(0, 3)), rc::gen::set(&Wish::other, rc::gen::inRange(0, 3)),
      rc::gen::set(&Wish::stale, mostly_zero(3)), rc::gen::set(&Wish::lease, rc::gen::inRange(0, 3)),
      rc::gen::set(&Wish::births, mostly_zero(3)), rc::gen::set(&Wish::takes_along, rarely(4)),
      rc::gen::set(&Wish::is_final, rarely(20)), rc::gen::set(&Wish::orders, rarely(3)),
      rc::gen::set(&Wish::epoch_moved, rarely(20)), rc::gen::set(&Wish::again, rarely(6)),
      rc::gen::set(&Wish::legs, rc::gen::resize(3, rc::gen::container<std::vector<Wish::Leg>>(any_leg())))));
}

rc::Gen<Wish> any_wish() { return rc::gen::weightedOneOf<Wish>({{2, many_parts()}, {1, one_leg()}}); }

// One backend under test, with its own ids for the same things: tills and holds are numbered in the order of their
// making.
struct Side {
  std::unique_ptr<Backend> ledger;
  std::int64_t epoch = 0;
  OwnerId owner;
  std::vector<AccountId> accounts;
  std::vector<InstanceId> tills;
  std::vector<std::pair<HoldKey, Posting>> holds;
  std::vector<Step> said;
  std::map<InstanceId, LeasedJob> leases;

  void open() {
    owner = ledger->open_owner();
    accounts = {ledger->open_account({owner, "outside", usdt, false}),
                ledger->open_account({owner, "cash", usdt, true}),
                ledger->open_account({owner, "purse", usdt, true, {1}}),
                ledger->open_account({owner, "coins", eth, false}),
                {987'654'321},
                ledger->open_account({owner, "wallet", usdt, false, {2}})};
    tills.clear();
    holds.clear();
    said.clear();
    leases.clear();
    std::vector<Step> steps(3, birth(owner));
    for (Step& step : steps) step = ordering(step, "count", {1'000});
    steps[0].postings = {pay(accounts[0], accounts[1], 100)};
    for (const StepResult& result : ledger->commit(epoch, steps)) tills.push_back(result.born.at(0));
    take_leases();
  }

  void take_leases() {
    for (const LeasedJob& job : ledger->claim({1'000'000}, 1'000)) leases[job.key.instance] = job;
  }

  [[nodiscard]] Posting posting(const Wish::Leg& leg) const {
    const auto at = [&](int n) { return accounts[static_cast<std::size_t>(n)]; };
    const auto kind = static_cast<PostingKind>(leg.kind);
    const bool resolves = kind == PostingKind::post || kind == PostingKind::void_;
    const bool is_void = kind == PostingKind::void_ && leg.amount % 7 != 0;
    Posting made{kind, at(leg.debit), at(leg.credit), Amount(usdt, is_void ? 0 : leg.amount), "any", {}};
    if (resolves && !holds.empty()) {
      const auto& [key, held] = holds[holds.size() - 1 - static_cast<std::size_t>(leg.hold) % holds.size()];
      made.debit = held.debit;
      made.credit = held.credit;
      made.hold = key;
    }
    return made;
  }

  // The step that the wish means here and now; earlier in the same call others may come that change its chances.
  Step step(const Wish& wish) {
    if (wish.again && !said.empty()) return said[static_cast<std::size_t>(wish.till * 5 + wish.other) % said.size()];
    const InstanceId till = tills[static_cast<std::size_t>(wish.till)];
    Step made = next(owner, till, ledger->instance(owner, till)->version + wish.stale, {2'000 + wish.other});
    made.moves[0].is_final = wish.is_final;
    const InstanceId other = tills[static_cast<std::size_t>(wish.other)];
    if (wish.takes_along && other != till)
      made.moves.push_back(moved(Subject::of(other), ledger->instance(owner, other)->version));
    for (int n = 1; n <= wish.births; ++n) made.moves.push_back(born(n, till));
    if (wish.orders) made.jobs.push_back({Subject::of(till), "count", false, {3'000}, {}});
    if (wish.epoch_moved) made.control_epoch = 1;
    for (const Wish::Leg& leg : wish.legs) made.postings.push_back(posting(leg));
    if (wish.lease > 0 && leases.contains(till)) {
      made = answering(made, leases[till], wish.stale > 0 ? Fate::kept : wish.births > 0 ? Fate::rearmed : Fate::done);
      made.rearm_at = {4'000};
      if (wish.lease == 2 && wish.other == 0) made.token.bytes[15] ^= 1;
    }
    said.push_back(made);
    return made;
  }

  std::vector<StepResult> commit(const std::vector<Wish>& wishes) {
    std::vector<Step> steps;
    for (const Wish& wish : wishes) steps.push_back(step(wish));
    auto results = ledger->commit(epoch, steps);
    for (std::size_t at = 0; at < steps.size(); ++at) {
      std::int32_t leg = 0;
      for (const Posting& one : steps[at].postings)
        if (++leg, one.kind == PostingKind::hold && results[at].outcome == Outcome::committed)
          holds.push_back({{steps[at].moves[0].instance.id, steps[at].moves[0].version + 1, leg}, one});
    }
    take_leases();
    return results;
  }

  // What it knows, without ids and tokens.
  [[nodiscard]] std::string picture() const {
    std::string text;
    for (const std::size_t at : {0U, 1U, 2U, 3U, 5U}) {
      const Balance balance = ledger->balance(owner, accounts[at]);
      text += testing::PrintToString(balance.counters) + " at " + std::to_string(balance.version) + "\n";
      for (const Counters& entry : ledger->entries(owner, accounts[at])) text += testing::PrintToString(entry) + "\n";
    }
    for (const InstanceId till : tills) {
      const auto row = ledger->instance(owner, till);
      text += row->state + " " + std::to_string(row->version) + (row->is_final ? " final\n" : "\n");
    }
    for (const JobRow& job : ledger->jobs(owner))
      text += job.command + "@" + std::to_string(job.world_at.us) + " v" + std::to_string(job.key.version) + "." +
              std::to_string(job.key.ordinal) + (job.is_leased ? " leased\n" : "\n");
    for (const std::string& reason : ledger->refusals(owner)) text += reason + "\n";
    return text;
  }
};

std::vector<std::string> words(const std::vector<StepResult>& results) {
  std::vector<std::string> said;
  for (const StepResult& result : results) said.push_back(testing::PrintToString(result));
  return said;
}

Side side_of(std::unique_ptr<Backend> ledger) {
  Side side;
  side.ledger = std::move(ledger);
  side.epoch = side.ledger->own_shards();
  return side;
}

TEST(Twin, ModelAndPostgresSayTheSame) {
  if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  Side model = side_of(model_backend());
  Side postgres = side_of(fresh_postgres_backend());
  std::map<std::string, int> seen;
  const bool held = rc::check("the same outcomes, balances, entries, jobs and digest", [&] {
    const auto calls =
        *rc::gen::resize(6, rc::gen::container<std::vector<std::vector<Wish>>>(rc::gen::resize(
                                5, rc::gen::nonEmpty(rc::gen::container<std::vector<Wish>>(any_wish())))));
    model.open();
    postgres.open();
    for (const auto& wishes : calls) {
      const auto expected = words(model.commit(wishes));
      RC_ASSERT(words(postgres.commit(wishes)) == expected);
      for (const std::string& word : expected) ++seen[word.substr(0, word.find(" ("))];
    }
    RC_ASSERT(postgres.picture() == model.picture());
  });
  EXPECT_TRUE(held);
  EXPECT_EQ(postgres.ledger->digest(), model.ledger->digest());
  EXPECT_EQ(postgres.ledger->verify(), "");
  EXPECT_EQ(model.ledger->verify(), "");
  for (const char* word : {"committed ", "stale_version ", "lost_lease ", "stale_epoch ", "refused conflict",
                           "refused insufficient_funds", "refused hold_resolved", "refused unknown_account",
                           "refused bad_amount", "refused asset_mismatch", "refused hold_exceeded", "refused crossing"})
    EXPECT_GT(seen[word], 0) << "the wishes never led to: " << word;
}

// The same long script of payments and holds, delivered cleanly or with faults.
class Faults : public LedgerTest {
 protected:
  std::vector<std::vector<Step>> script(int rounds) {
    std::vector<InstanceId> tills;
    for (int i = 0; i < 5; ++i) tills.push_back(new_till());
    fund(cash, 1'000'000);
    std::vector<std::vector<Step>> chains(tills.size());
    for (std::size_t at = 0; at < tills.size(); ++at)
      for (int round = 0; round < rounds; ++round) {
        const std::int64_t version = 1 + round;
        Step step = next(owner, tills[at], version, {2'000 + 10 * round + static_cast<std::int64_t>(at)});
        if (round % 2 == 0) step.postings = {hold(cash, shop, 10 + round), pay(cash, shop, 1)};
        if (round % 2 == 1) step.postings = {post({tills[at], version, 1}, cash, shop, 5), pay(shop, cash, 2)};
        chains[at].push_back(step);
      }
    return chains;
  }
};
INSTANTIATE_TEST_SUITE_P(Ledger, Faults, testing::Values("model", "postgres"), name_of_backend);

TEST_P(Faults, Inv23RetriesAndReorderingLeaveTheSameBooks) {
  constexpr int rounds = 40;
  const auto clean = script(rounds);
  for (int round = 0; round < rounds; ++round) {
    std::vector<Step> call;
    for (const auto& chain : clean) call.push_back(chain[static_cast<std::size_t>(round)]);
    for (const StepResult& result : commit_all(call)) ASSERT_EQ(result, committed);
  }
  const Balance clean_cash = ledger->balance(owner, cash);
  const Balance clean_shop = ledger->balance(owner, shop);

  owner = ledger->open_owner();
  outside = open("outside", false);
  cash = open("cash", true);
  shop = open("shop", false);
  const auto chains = script(rounds);
  std::vector<std::size_t> done(chains.size(), 0);
  std::uint32_t random = 20'260'801;
  const auto draw = [&random](std::size_t n) {
    random = random * 1'664'525 + 1'013'904'223;
    return static_cast<std::size_t>(random >> 8) % n;
  };
  // Each delivery takes any step near the front of any chain: ones already done, the next, ones too early; some twice.
  for (int deliveries = 0; deliveries < 1'000; deliveries += 10) {
    std::vector<Step> call;
    std::vector<std::pair<std::size_t, std::size_t>> which;
    for (int n = 0; n < 10; ++n) {
      const std::size_t at = draw(chains.size());
      const std::size_t from = done[at] < 3 ? 0 : done[at] - 3;
      which.emplace_back(at, std::min(from + draw(7), chains[at].size() - 1));
      call.push_back(chains[at][which.back().second]);
    }
    const auto results = commit_all(call);
    for (std::size_t n = 0; n < call.size(); ++n) {
      auto& front = done[which[n].first];
      const bool early = which[n].second > front;
      ASSERT_EQ(results[n], early ? stale_version : committed);
      front = std::max(front, early ? 0 : which[n].second + 1);
    }
  }
  for (std::size_t at = 0; at < chains.size(); ++at)
    for (const Step& step : chains[at]) ASSERT_EQ(commit(step), committed);
  EXPECT_EQ(ledger->balance(owner, cash), clean_cash);
  EXPECT_EQ(ledger->balance(owner, shop), clean_shop);
}

}  // namespace
}  // namespace tests
