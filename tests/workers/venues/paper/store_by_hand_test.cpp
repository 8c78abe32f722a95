#include <gmock/gmock.h>

#include "tests/workers/venues/paper/opened.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
using testing::HasSubstr;

schemas::HandTrade trade_for(const std::string& id, Side side, Int128 size, std::int64_t n = 1) {
  return {id, "ETH/USDT", side, size, hour(n) + machines::seconds(1)};
}

TEST(ByHand, ATradeFillsAtOnceAtTheLastOpenAndIsToldAsForeign) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  EXPECT_THAT(store.trade_by_hand(trade_for("a", Side::sell, one_eth)).error().text, HasSubstr("no_price"));
  ASSERT_TRUE(store.open_bar(bar_at(1, 30'000)));
  ASSERT_TRUE(store.trade_by_hand(trade_for("b", Side::buy, 3003 * one_usdt, 2)));
  const auto told = store.trade_by_hand(trade_for("a", Side::sell, one_eth));
  ASSERT_EQ(told->foreign.size(), 2U);  // oldest first, whatever arrived first
  const schemas::ForeignFill sale{
      "a", "ETH/USDT", hour(1) + machines::seconds(1), Side::sell, one_eth, 300 * one_usdt, 30'000'000, ""};
  EXPECT_EQ(told->foreign[0], sale);
  EXPECT_EQ(told->foreign[1].base, 10 * one_eth);
  EXPECT_EQ(total(store, "ETH"), 10 * one_eth);
  EXPECT_EQ(total(store, "USDT"), 20'000 * one_usdt + 300 * one_usdt - 30'000'000 - 3003 * one_usdt);
  EXPECT_EQ(*store.statement(), *told);
}

TEST(ByHand, TheSameIdIsOneTradeAndOneTransferForEver) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_TRUE(store.open_bar(bar_at(1, 30'000)));
  const auto traded = store.trade_by_hand(trade_for("a", Side::sell, one_eth / 2));
  ASSERT_TRUE(store.open_bar(bar_at(9, 90'000)));  // by now the same would be in the past, at another price
  EXPECT_EQ(*store.trade_by_hand(trade_for("a", Side::sell, one_eth / 2)), *traded);
  EXPECT_THAT(store.trade_by_hand(trade_for("a", Side::sell, one_eth / 4)).error().text, HasSubstr("id_conflict"));
  const auto moved = store.transfer_by_hand({"a", "USDT", -5 * one_usdt, hour(1)});
  EXPECT_EQ(*store.transfer_by_hand({"a", "USDT", -5 * one_usdt, hour(1)}), *moved);
  EXPECT_THAT(store.transfer_by_hand({"a", "USDT", 5 * one_usdt, hour(1)}).error().text, HasSubstr("id_conflict"));
  EXPECT_EQ(store.statement()->foreign.size(), 1U);  // a transfer is no fill
}

TEST(ByHand, WhatAPersonMayNotDoIsRefusedAndChangesNothing) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_TRUE(store.open_bar(bar_at(1, 30'000)));
  ASSERT_EQ(store.place(order_for(1, Side::buy, 15'000 * one_usdt, 2))->status, OrderStatus::resting);
  const auto before = store.statement();
  const auto trade = [&](const schemas::HandTrade& wanted) { return store.trade_by_hand(wanted).error().text; };
  EXPECT_THAT(trade(trade_for("", Side::sell, one_eth)), HasSubstr("bad_id"));
  EXPECT_THAT(trade(trade_for("a", Side::sell, 0)), HasSubstr("bad_size"));
  EXPECT_THAT(trade(trade_for("a", Side::sell, lot)), HasSubstr("below_minimum"));
  EXPECT_THAT(trade(trade_for("a", Side::sell, one_eth + 1)),
              HasSubstr("insufficient_funds: 1.000000000000000000 ETH"));
  EXPECT_THAT(trade(trade_for("a", Side::buy, 5'000 * one_usdt + 1)), HasSubstr("insufficient_funds"));  // reserved
  EXPECT_THAT(trade(trade_for("a", Side::sell, one_eth, 0)), HasSubstr("bar_in_the_past"));
  EXPECT_THAT(trade({"a", "XRP/USDT", Side::sell, one_eth, hour(2)}), HasSubstr("unknown_symbol"));
  const auto transfer = [&](const std::string& asset, Int128 amount, const std::string& id = "t") {
    return store.transfer_by_hand({id, asset, amount, hour(1)}).error().text;
  };
  EXPECT_THAT(transfer("USDT", 1, ""), HasSubstr("bad_id"));
  EXPECT_THAT(transfer("DOGE", 1), HasSubstr("unknown_asset"));
  EXPECT_THAT(transfer("USDT", 0), HasSubstr("bad_amount"));
  EXPECT_THAT(transfer("USDT", -5'000 * one_usdt - 1), HasSubstr("insufficient_funds: 5000.00000000 USDT"));
  EXPECT_THAT(transfer("USDT", machines::power_of_ten(38) - 1), HasSubstr("too_much"));
  EXPECT_EQ(*store.statement(), *before);
  EXPECT_TRUE(store.transfer_by_hand({"t", "USDT", -5'000 * one_usdt, hour(1)}));
}

TEST(ByHand, FeesAreTakenAsFromAnyoneAndTheReopenedBooksAddUp) {
  const Folder folder;
  Book with = book();
  with.markets = {with_fees_in(FeesIn::coin)};
  const std::string path = folder.at("venue.db");
  schemas::Statement last;
  {
    Store store = opened(path, with);
    ASSERT_TRUE(store.open_bar(bar_at(1, 30'000)));
    EXPECT_EQ(store.trade_by_hand(trade_for("a", Side::sell, one_eth / 2))->foreign.back().fee_asset, "");
    ASSERT_TRUE(store.transfer_by_hand({"coins", "BNB", one_bnb, hour(1)}));
    last = *store.trade_by_hand(trade_for("b", Side::sell, one_eth / 2, 2));
    EXPECT_EQ(last.foreign.back().fee_asset, "BNB");
    EXPECT_EQ(total(store, "BNB"), one_bnb - last.foreign.back().fee);
  }
  EXPECT_EQ(*opened(path, with).statement(), last);
  {
    auto raw = Database::open(path);
    ASSERT_TRUE(raw->execute("DELETE FROM hand_transfers"));
  }
  EXPECT_THAT(refusal_to_open(path, with), HasSubstr("the balance of BNB does not add up"));
}

TEST(ByHand, WhatARoundDidNotCommitNeverHappened) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_TRUE(store.open_bar(bar_at(1, 30'000)));
  const auto before = *store.statement();
  {
    Store::Round round(store);
    ASSERT_TRUE(store.trade_by_hand(trade_for("a", Side::sell, one_eth)));
    ASSERT_TRUE(store.transfer_by_hand({"a", "USDT", one_usdt, hour(1)}));
  }
  EXPECT_EQ(*store.statement(), before);
}

}  // namespace
}  // namespace workers::venues::paper
