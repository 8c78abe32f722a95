// tests/machines/costs/costs_test.cpp: costs and gains by hand, and for any fills: no unit is lost or made up.
#include "machines/costs/costs.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/machines/wide.hpp"

namespace machines::costs {
namespace {

using tests::Big;
using tests::big;

const Asset eth{{2}, "ETH", 4};
const Asset usd{{1}, "USD", 2};
constexpr AssetId bnb{3};

Amount base(Int128 minor) { return {eth.id, minor}; }
Amount quote(Int128 minor) { return {usd.id, minor}; }
Fill bought(std::int64_t at, Int128 coins, Int128 cost, std::vector<Amount> fees = {}) {
  return {{at}, true, base(coins), quote(cost), std::move(fees)};
}
Fill sold(std::int64_t at, Int128 coins, Int128 proceeds, std::vector<Amount> fees = {}) {
  return {{at}, false, base(coins), quote(proceeds), std::move(fees)};
}

class Costs : public testing::Test {
 protected:
  // Of the fill that is booked last.
  static Effect last(Book& book, const std::vector<Fill>& fills) {
    Effect effect;
    for (const Fill& fill : fills) effect = book.apply(fill).value();
    return effect;
  }
  Book average_{Basis::average, eth, usd};
  Book fifo_{Basis::fifo, eth, usd};
};

TEST_F(Costs, AverageMixesWhatFifoKeepsApart) {
  const std::vector<Fill> fills{bought(1, 10, 100), bought(2, 10, 300), sold(3, 10, 250)};
  EXPECT_EQ(last(average_, fills).realised, quote(50));
  EXPECT_EQ(last(fifo_, fills).realised, quote(150));
  EXPECT_EQ(average_.cost(), quote(200));
  EXPECT_EQ(fifo_.cost(), quote(300));
  EXPECT_EQ(average_.lots().size(), 1U);
  EXPECT_EQ(fifo_.lots().front().bought_at, Instant{2});
}

TEST_F(Costs, CoinsThatWentWithoutASaleComeBackAtTheirCost) {
  for (Book* book : {&average_, &fifo_}) {
    (void)last(*book, {bought(1, 10, 100, {quote(5)}), bought(2, 10, 300, {quote(5)})});
    const auto gone = book->remove(base(4), {3});
    ASSERT_TRUE(gone.has_value());
    EXPECT_EQ(book->held(), base(16));
    EXPECT_TRUE(book->put(*gone, {4}).has_value());
    EXPECT_EQ(book->held(), base(20));
    EXPECT_EQ(book->cost(), quote(400));
    EXPECT_EQ(book->open_fees(), quote(10));
    EXPECT_EQ(book->remove(base(21), {5}).error(), Refusal::oversold);
  }
}

TEST_F(Costs, CoinsThatCameForNothingGoAsTheyCame) {
  for (Book* book : {&average_, &fifo_}) {
    (void)last(*book, {bought(1, 10, 100)});
    const Lot gift{{2}, base(5), quote(0), quote(0)};
    ASSERT_TRUE(book->put(gift, {2}).has_value());
    EXPECT_EQ(book->remove(base(5), {3}, &gift).value().cost, quote(0));
    EXPECT_EQ(book->cost(), quote(100));
    EXPECT_EQ(book->put({{4}, base(0), quote(1), quote(0)}, {4}).error(), Refusal::bad_fill);
  }
}

// A third of 100 is 33, and of what is left, half of 67 is 33: the last coin takes 34.
TEST_F(Costs, WhatRoundingLeavesStaysInTheLot) {
  for (Book* book : {&average_, &fifo_}) {
    EXPECT_EQ(last(*book, {bought(1, 3, 100), sold(2, 1, 50)}).cost, quote(33));
    EXPECT_EQ(last(*book, {sold(3, 1, 50)}).cost, quote(33));
    EXPECT_EQ(last(*book, {sold(4, 1, 50)}).cost, quote(34));
    EXPECT_TRUE(book->lots().empty());
    EXPECT_TRUE(book->cost().is_zero());
  }
}

TEST_F(Costs, AFeeInQuoteStaysApartAndGoesWithItsCoins) {
  const Effect effect = last(average_, {bought(1, 10, 100, {quote(7)}), sold(2, 5, 80, {quote(2)})});
  EXPECT_EQ(effect.realised, quote(30));
  EXPECT_EQ(effect.fees, quote(3 + 2));
  EXPECT_EQ(average_.open_fees(), quote(4));
  EXPECT_EQ(average_.fees().at(usd.id), quote(9));
}

TEST_F(Costs, AFeeInBaseTakesCoinsAndTheirCostBecomesAFee) {
  const Effect on_purchase = last(fifo_, {bought(1, 10, 100), bought(2, 10, 300, {base(1)})});
  EXPECT_EQ(on_purchase.paid_in_base, quote(30)) << "of the coins just bought, not of the oldest";
  EXPECT_EQ(fifo_.held(), base(19));
  EXPECT_EQ(fifo_.cost(), quote(370));
  EXPECT_EQ(fifo_.open_fees(), quote(30));
  const Effect on_sale = last(fifo_, {sold(3, 9, 200, {base(1)})});
  EXPECT_EQ(on_sale.realised, quote(110));
  EXPECT_EQ(on_sale.paid_in_base, quote(10));
  EXPECT_EQ(on_sale.fees, quote(10));
  EXPECT_EQ(fifo_.fees().at(eth.id), base(2));
}

TEST_F(Costs, AFeeInAThirdAssetTouchesNoLot) {
  const Effect effect = last(average_, {bought(1, 10, 100, {Amount(bnb, 5)}), sold(2, 10, 120, {Amount(bnb, 6)})});
  EXPECT_EQ(effect.realised, quote(20));
  EXPECT_TRUE(effect.fees.is_zero());
  EXPECT_EQ(average_.fees().at(bnb), Amount(bnb, 11));
}

TEST_F(Costs, UnrealisedIsTheValueLessTheCost) {
  last(average_, {bought(1, 15'000, 30'000)});  // 1.5 ETH for 300.00 USD
  EXPECT_EQ(average_.unrealised({25'000'000'000}).value(), quote(7'500));
  EXPECT_EQ(average_.unrealised({1'000'000'000}).value(), quote(-28'500));
}

TEST_F(Costs, WhatCannotBeIsRefusedByName) {
  EXPECT_EQ(average_.apply(sold(1, 1, 1)).error(), Refusal::oversold);
  EXPECT_EQ(fifo_.apply(bought(1, 0, 1)).error(), Refusal::bad_fill);
  EXPECT_EQ(Book(fifo_).apply(bought(1, 1, 1, {base(1)})).error(), Refusal::bad_fill);
  EXPECT_EQ(Book(fifo_).apply(bought(1, 1, 1, {quote(-1)})).error(), Refusal::bad_fill);
  EXPECT_EQ(Book(fifo_).apply({{1}, true, quote(1), base(1), {}}).error(), Refusal::asset_mismatch);
  ASSERT_TRUE(fifo_.apply(bought(1, 1, power_of_ten(38) - 1)));
  EXPECT_EQ(fifo_.apply(bought(2, 1, 1)).error(), Refusal::overflow);
  EXPECT_EQ(fifo_.held(), base(1)) << "a refused purchase brings no coins without their cost";
  EXPECT_EQ(fifo_.apply(sold(3, 2, 1)).error(), Refusal::oversold);
  ASSERT_TRUE(average_.apply(bought(2, 9, 9)));
  EXPECT_EQ(average_.apply(sold(2, 9, 9, {base(1)})).error(), Refusal::oversold) << "no coin is left for the fee";
}

// ---- for any fills

// Purchases and sales of what is there, with fees in quote, base or a third asset; flat at the end where asked for.
std::vector<Fill> any_fills(bool with_base_fees, bool flat_at_the_end) {
  const auto upto = [](Int128 most) {
    const Int128 drawn = *tests::any_minor();
    return (drawn < 0 ? -drawn : drawn) % most + 1;
  };
  constexpr Int128 large = power_of_ten(30);
  std::vector<Fill> fills;
  Int128 held = 0;
  const int count = *rc::gen::inRange(1, 40);
  for (int i = 0; i < count; ++i) {
    const bool buys = held < 2 || *rc::gen::arbitrary<bool>();
    Fill fill{{i / 2}, buys, base(upto(buys ? large : held)), quote(upto(large)), {}};
    if (*rc::gen::arbitrary<bool>()) fill.fees.push_back(quote(upto(1'000'000)));
    if (*rc::gen::arbitrary<bool>()) fill.fees.emplace_back(bnb, upto(large));
    const Int128 room = buys ? fill.base.minor() - 1 : held - fill.base.minor();
    held += buys ? fill.base.minor() : -fill.base.minor();
    if (with_base_fees && room > 0 && *rc::gen::arbitrary<bool>()) {
      fill.fees.push_back(base(upto(room)));
      held -= fill.fees.back().minor();
    }
    fills.push_back(std::move(fill));
  }
  if (flat_at_the_end && held > 0) fills.push_back({{count}, false, base(held), quote(upto(large)), {}});
  return fills;
}

// Everything summed up without limits, beside the book.
struct Sums {
  Big bought, proceeds, base_in, base_out, fees_quote, fees_base, fees_third;  // of the fills
  Big realised, cost, fees, paid_in_base;                                      // of the effects
};

Sums book_all(Book& book, const std::vector<Fill>& fills) {
  Sums sums;
  for (const Fill& fill : fills) {
    const auto effect = book.apply(fill);
    RC_ASSERT(effect.has_value());
    (fill.is_buy ? sums.bought : sums.proceeds) += big(fill.quote.minor());
    (fill.is_buy ? sums.base_in : sums.base_out) += big(fill.base.minor());
    for (const Amount& fee : fill.fees)
      (fee.asset() == usd.id   ? sums.fees_quote
       : fee.asset() == eth.id ? sums.fees_base
                               : sums.fees_third) += big(fee.minor());
    sums.realised += big(effect->realised.minor());
    sums.cost += big(effect->cost.minor());
    sums.fees += big(effect->fees.minor());
    sums.paid_in_base += big(effect->paid_in_base.minor());
  }
  return sums;
}

Big paid(const Book& book, AssetId asset) {
  const auto found = book.fees().find(asset);
  return found == book.fees().end() ? Big(0) : big(found->second.minor());
}

RC_GTEST_PROP(CostsOfAnyFills, NoUnitIsLostOrMadeUp, ()) {
  const auto fills = any_fills(true, false);
  for (const Basis basis : {Basis::average, Basis::fifo}) {
    Book book(basis, eth, usd);
    const Sums sums = book_all(book, fills);
    RC_ASSERT(sums.proceeds - sums.realised + sums.paid_in_base + big(book.cost().minor()) == sums.bought);
    RC_ASSERT(sums.cost == sums.proceeds - sums.realised);
    RC_ASSERT(sums.fees + big(book.open_fees().minor()) == sums.fees_quote + sums.paid_in_base);
    RC_ASSERT(big(book.held().minor()) == sums.base_in - sums.base_out - sums.fees_base);
    RC_ASSERT(paid(book, usd.id) == sums.fees_quote);
    RC_ASSERT(paid(book, eth.id) == sums.fees_base);
    RC_ASSERT(paid(book, bnb) == sums.fees_third);
  }
}

RC_GTEST_PROP(CostsOfAnyFills, TheLotsAddUpAndNoneIsEmptyOrBelowZero, ()) {
  const auto fills = any_fills(true, false);
  for (const Basis basis : {Basis::average, Basis::fifo}) {
    Book book(basis, eth, usd);
    book_all(book, fills);
    Big coins, cost, fees;
    for (const Lot& lot : book.lots()) {
      RC_ASSERT(lot.base.is_positive());
      RC_ASSERT(!lot.cost.is_negative() && !lot.fees.is_negative());
      coins += big(lot.base.minor());
      cost += big(lot.cost.minor());
      fees += big(lot.fees.minor());
    }
    RC_ASSERT(coins == big(book.held().minor()));
    RC_ASSERT(cost == big(book.cost().minor()));
    RC_ASSERT(fees == big(book.open_fees().minor()));
    RC_ASSERT(basis == Basis::fifo || book.lots().size() <= 1U);
  }
}

// With fees in base the two may call another part of the money a fee, but never make more or less of it.
RC_GTEST_PROP(CostsOfAnyFills, BothAgreeOnceFlat, (bool with_base_fees)) {
  const auto fills = any_fills(with_base_fees, true);
  Book average(Basis::average, eth, usd);
  Book fifo(Basis::fifo, eth, usd);
  const Sums a = book_all(average, fills);
  const Sums f = book_all(fifo, fills);
  RC_ASSERT(average.held().is_zero() && average.cost().is_zero() && average.open_fees().is_zero());
  RC_ASSERT(fifo.lots().empty() && average.lots().empty());
  RC_ASSERT(a.realised - a.paid_in_base == f.realised - f.paid_in_base);
  RC_ASSERT(a.realised - a.fees == f.realised - f.fees);
  RC_ASSERT(with_base_fees || a.realised == f.realised);
}

RC_GTEST_PROP(CostsOfAnyFills, NothingIsSoldThatIsNotThere, ()) {
  const auto fills = any_fills(true, false);
  for (const Basis basis : {Basis::average, Basis::fifo}) {
    Book book(basis, eth, usd);
    book_all(book, fills);
    RC_ASSERT(book.apply({{1'000}, false, base(book.held().minor() + 1), quote(1), {}}).error() == Refusal::oversold);
  }
}

}  // namespace
}  // namespace machines::costs
