// tests/ledger/money_test.cpp: accounts, limits, holds and entries, on the model and on PostgreSQL.
#include "ledger/model/sha256.hpp"
#include "ledger/model/verify.hpp"
#include "tests/ledger/suite.hpp"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class Money : public LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Ledger, Money, testing::Values("model", "postgres"), name_of_backend);

TEST_P(Money, Inv1DebitsEqualCreditsPostedAndPending) {
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {pay(cash, shop, 30), hold(cash, shop, 50)})), committed);
  Counters sum;
  for (const AccountId account : {outside, cash, shop}) {
    const Counters one = counters(account);
    sum.debits_pending += one.debits_pending;
    sum.debits_posted += one.debits_posted;
    sum.credits_pending += one.credits_pending;
    sum.credits_posted += one.credits_posted;
  }
  EXPECT_EQ(sum, (Counters{50, 130, 50, 130}));
}

TEST_P(Money, Inv2ALimitedAccountNeverSpendsWhatItHasNot) {
  fund(cash, 100);
  const InstanceId till = new_till();
  EXPECT_EQ(commit(with(next(owner, till, 1), {pay(cash, shop, 101)})), refused(Refusal::insufficient_funds));
  EXPECT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 101)})), refused(Refusal::insufficient_funds));
  EXPECT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 60)})), committed);
  EXPECT_EQ(commit(with(next(owner, till, 2), {pay(cash, shop, 41)})), refused(Refusal::insufficient_funds))
      << "40 are free";
  EXPECT_EQ(commit(with(next(owner, till, 2), {pay(cash, shop, 40)})), committed);
  EXPECT_EQ(available(cash), 0);
  EXPECT_EQ(commit(with(next(owner, till, 3), {pay(shop, cash, 500)})), committed) << "shop has no limit";
  EXPECT_EQ(available(shop), -460);
}

TEST_P(Money, Inv2PendingCreditsAreNotMoneyYet) {
  const AccountId purse = open("purse", true);
  fund(cash, 10);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, purse, 10)})), committed);
  EXPECT_EQ(commit(with(next(owner, till, 2), {pay(purse, shop, 1)})), refused(Refusal::insufficient_funds));
  EXPECT_EQ(commit(with(next(owner, till, 2), {post({till, 2, 1}, cash, purse, 10), pay(purse, shop, 10)})), committed);
}

TEST_P(Money, Inv2AStepIsJudgedByItsNetEffect) {
  const InstanceId till = new_till();
  EXPECT_EQ(commit(with(next(owner, till, 1), {pay(cash, shop, 10), pay(outside, cash, 10)})), committed);
  EXPECT_EQ(commit(with(next(owner, till, 2), {pay(cash, shop, 10), pay(outside, cash, 9)})),
            refused(Refusal::insufficient_funds));
  EXPECT_THAT(ledger->entries(owner, cash), ElementsAre(Counters{0, 10, 0, 0}, Counters{0, 10, 0, 10}));
}

TEST_P(Money, APartialFillPostsItsPartAndHoldsTheRestAnew) {
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 80)})), committed);
  EXPECT_EQ(counters(cash), (Counters{80, 0, 0, 100}));
  EXPECT_EQ(counters(shop), (Counters{0, 0, 80, 0}));
  ASSERT_EQ(commit(with(next(owner, till, 2), {post({till, 2, 1}, cash, shop, 30), hold(cash, shop, 50)})), committed);
  EXPECT_EQ(counters(cash), (Counters{50, 30, 0, 100}));
  EXPECT_EQ(counters(shop), (Counters{0, 0, 50, 30}));
  ASSERT_EQ(commit(with(next(owner, till, 3), {release({till, 3, 2}, cash, shop)})), committed);
  EXPECT_EQ(counters(cash), (Counters{0, 30, 0, 100}));
  EXPECT_EQ(counters(shop), (Counters{0, 0, 0, 30}));
}

TEST_P(Money, AFullFillOfAllThatThereIsNeedsNoMoreMoney) {
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 100)})), committed);
  EXPECT_EQ(commit(with(next(owner, till, 2), {post({till, 2, 1}, cash, shop, 60), hold(cash, shop, 41)})),
            refused(Refusal::insufficient_funds));
  EXPECT_EQ(commit(with(next(owner, till, 2), {post({till, 2, 1}, cash, shop, 100)})), committed);
  EXPECT_EQ(counters(cash), (Counters{0, 100, 0, 100}));
}

TEST_P(Money, Inv7AHoldResolvesAtMostOnce) {
  fund(cash, 100);
  const InstanceId a = new_till();
  const InstanceId b = new_till();
  const HoldKey key{a, 2, 1};
  ASSERT_EQ(commit(with(next(owner, a, 1), {hold(cash, shop, 40)})), committed);
  EXPECT_EQ(commit(with(next(owner, a, 2), {post(key, cash, shop, 10), post(key, cash, shop, 10)})),
            refused(Refusal::hold_resolved))
      << "twice in one step";
  EXPECT_EQ(commit(with(next(owner, a, 2), {post(key, cash, shop, 41)})), refused(Refusal::hold_exceeded));
  EXPECT_THAT(commit_all({with(next(owner, a, 2), {post(key, cash, shop, 40)}),
                          with(next(owner, b, 1), {release(key, cash, shop)})}),
              ElementsAre(committed, refused(Refusal::hold_resolved)));
  EXPECT_EQ(commit(with(next(owner, b, 1), {post(key, cash, shop, 1)})), refused(Refusal::hold_resolved));
  EXPECT_EQ(counters(cash), (Counters{0, 40, 0, 100}));
}

TEST_P(Money, AHoldMadeInACallIsThereForTheNextStepOfIt) {
  fund(cash, 100);
  const InstanceId till = new_till();
  EXPECT_THAT(commit_all({with(next(owner, till, 1), {hold(cash, shop, 100)}),
                          with(next(owner, till, 2), {post({till, 2, 1}, cash, shop, 99)}),
                          with(next(owner, till, 3), {pay(cash, shop, 1)})}),
              ElementsAre(committed, committed, committed));
  EXPECT_EQ(available(cash), 0);
}

TEST_P(Money, AResolutionNamesItsHoldExactly) {
  fund(cash, 100);
  const InstanceId till = new_till();
  const HoldKey key{till, 2, 1};
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 40)})), committed);
  const std::vector<std::pair<std::string, Posting>> strangers = {
      {"no such leg", post({till, 2, 2}, cash, shop, 1)},
      {"no such step", post({till, 9, 1}, cash, shop, 1)},
      {"its own step", post({till, 3, 1}, cash, shop, 1)},
      {"another debit account", post(key, outside, shop, 1)},
      {"another credit account", release(key, cash, outside)},
      {"no hold", post({}, cash, shop, 1)},
      {"no hold to release", release({}, cash, shop)},
      {"a payment with a hold", {PostingKind::single, cash, shop, Amount(usdt, 1), "pay", key}},
      {"a hold with a hold", {PostingKind::hold, cash, shop, Amount(usdt, 1), "pay", key}},
  };
  for (const auto& [what, posting] : strangers)
    EXPECT_EQ(commit(with(next(owner, till, 2), {posting})), refused(Refusal::hold_unknown)) << what;
  EXPECT_EQ(counters(cash), (Counters{40, 0, 0, 100}));
}

TEST_P(Money, AnotherOwnersAccountsAndHoldsAreUnknown) {
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 40)})), committed);
  const OwnerId other = ledger->open_owner();
  const AccountId theirs = ledger->open_account({other, "cash", usdt, false});
  const InstanceId their_till = commit(birth(other)).born.at(0);
  EXPECT_EQ(commit(with(next(other, their_till, 1), {pay(cash, theirs, 1)})), refused(Refusal::unknown_account));
  EXPECT_EQ(commit(with(next(owner, till, 2), {pay(cash, theirs, 1)})), refused(Refusal::unknown_account));
}

TEST_P(Money, AmountsThatCannotBe) {
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 40)})), committed);
  Posting full_release = release({till, 2, 1}, cash, shop);
  full_release.amount = Amount(usdt, 40);
  const std::vector<std::pair<std::string, Posting>> wrong = {
      {"zero", pay(cash, shop, 0)},
      {"negative", pay(cash, shop, -5)},
      {"held zero", hold(cash, shop, 0)},
      {"held negative", hold(cash, shop, -5)},
      {"from cash to cash", pay(cash, cash, 1)},
      {"posted zero", post({till, 2, 1}, cash, shop, 0)},
      {"posted negative", post({till, 2, 1}, cash, shop, -1)},
      {"a void that moves", full_release},
  };
  for (const auto& [what, posting] : wrong)
    EXPECT_EQ(commit(with(next(owner, till, 2), {posting})), refused(Refusal::bad_amount)) << what;
}

TEST_P(Money, ACounterThatWouldLeaveItsRangeSinksNoNeighbour) {
  const Int128 huge = machines::power_of_ten(38) - 1;
  const InstanceId a = new_till();
  const InstanceId b = new_till();
  ASSERT_EQ(commit(with(next(owner, a, 1), {pay(outside, shop, huge)})), committed);
  EXPECT_THAT(
      commit_all({with(next(owner, a, 2), {pay(outside, shop, 1)}), with(next(owner, b, 1), {pay(shop, cash, 7)})}),
      ElementsAre(refused(Refusal::bad_amount), committed));
  EXPECT_EQ(commit(with(next(owner, a, 2), {pay(outside, cash, huge)})), refused(Refusal::bad_amount))
      << "not poor: too rich";
  EXPECT_EQ(available(cash), 7);
  ASSERT_EQ(commit(with(next(owner, a, 2), {pay(shop, outside, huge - 7)})), committed) << "the digits of PostgreSQL";
}

TEST_P(Money, OneAssetPerPosting) {
  const AccountId coins = open("coins", false, eth);
  const AccountId more = open("more", false, eth);
  const InstanceId till = new_till();
  EXPECT_EQ(commit(with(next(owner, till, 1), {pay(outside, coins, 1)})), refused(Refusal::asset_mismatch));
  EXPECT_EQ(commit(with(next(owner, till, 1), {pay(more, coins, 1)})), refused(Refusal::asset_mismatch));
  EXPECT_EQ(commit(with(next(owner, till, 1), {{PostingKind::single, more, coins, Amount(eth, 1), "pay", {}}})),
            committed);
}

TEST_P(Money, Inv4OneSleeveNeverPaysAnother) {
  const AccountId quiet = ledger->open_account({owner, "quiet", usdt, true, {1}});
  const AccountId fees = ledger->open_account({owner, "quiet fees", usdt, true, {1}});
  const AccountId flash = ledger->open_account({owner, "flash", usdt, true, {2}});
  fund(quiet, 100);
  fund(flash, 100);
  const InstanceId a = new_till();
  const InstanceId b = new_till();
  EXPECT_EQ(commit(with(next(owner, a, 1), {pay(quiet, flash, 1)})), refused(Refusal::crossing));
  EXPECT_EQ(commit(with(next(owner, a, 1), {pay(flash, quiet, 1)})), refused(Refusal::crossing));
  EXPECT_EQ(commit(with(next(owner, a, 1), {hold(quiet, flash, 1)})), refused(Refusal::crossing)) << "nor promises it";
  EXPECT_THAT(commit_all({with(next(owner, a, 1), {pay(quiet, cash, 5), pay(cash, quiet, 1), pay(flash, quiet, 1)}),
                          with(next(owner, b, 1), {pay(quiet, fees, 2), pay(quiet, cash, 10), hold(flash, cash, 7)})}),
              ElementsAre(refused(Refusal::crossing), committed));
  EXPECT_EQ(commit(with(next(owner, b, 2), {pay(cash, flash, 10), post({b, 2, 3}, flash, cash, 7)})), committed)
      << "through what is nobody's sleeve it goes: who orders that is the machines' business";
  EXPECT_EQ(available(quiet), 88);
  EXPECT_EQ(available(flash), 103);
}

TEST_P(Money, Inv8EntriesCountFromOneAndCarryTheRunningCounters) {
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {pay(cash, shop, 1), hold(cash, shop, 20), pay(shop, cash, 3)})),
            committed);
  ASSERT_THAT(commit_all({with(next(owner, till, 2), {post({till, 2, 2}, cash, shop, 15)}), next(owner, till, 3),
                          with(next(owner, till, 4), {pay(cash, shop, 2)})}),
              ElementsAre(committed, committed, committed));
  EXPECT_THAT(ledger->entries(owner, cash),
              ElementsAre(Counters{0, 0, 0, 100}, Counters{0, 1, 0, 100}, Counters{20, 1, 0, 100},
                          Counters{20, 1, 0, 103}, Counters{0, 16, 0, 103}, Counters{0, 18, 0, 103}));
  EXPECT_EQ(ledger->balance(owner, cash), (Balance{{0, 18, 0, 103}, 6}));
}

TEST_P(Money, AnAccountOnBothSidesOfAStepIsEnteredOncePerPosting) {
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {pay(outside, cash, 5), pay(cash, shop, 5), pay(shop, outside, 5)})),
            committed);
  for (const AccountId account : {outside, cash, shop}) {
    EXPECT_THAT(ledger->entries(owner, account), SizeIs(2));
    EXPECT_EQ(available(account), 0);
  }
}

TEST_P(Money, TheDigestIsTheHashOfTheSortedLines) {
  if (GetParam() == "postgres") {
    ledger = fresh_postgres_backend();
    epoch = ledger->own_shards();
    owner = ledger->open_owner();
    outside = open("outside", false);
    cash = open("cash", true);
    shop = open("shop", false);
  }
  EXPECT_EQ(ledger->digest(), ledger::model::sha256_hex("")) << "an empty book";
  fund(cash, 100);
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1, {900}), {hold(cash, shop, 20), pay(cash, shop, 3, "tip")})), committed);
  ASSERT_EQ(commit(with(next(owner, till, 2, {950}), {release({till, 2, 1}, cash, shop)})), committed);
  EXPECT_EQ(ledger->digest(), ledger::model::sha256_hex("1000|single|outside|cash|USDT|100|fund\n"
                                                        "900|hold|cash|shop|USDT|20|reserve\n"
                                                        "900|single|cash|shop|USDT|3|tip\n"
                                                        "950|void|cash|shop|USDT|0|release\n"));
}

}  // namespace
}  // namespace tests
