#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "tests/workers/venues/paper/opened.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
using testing::HasSubstr;

TEST(Store, AnOrderRestsFillsAtTheNextOpenAndTheStatementFollows) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  const auto placed = store.place(order_for(1, Side::buy, 5000 * one_usdt));
  EXPECT_EQ(placed->status, OrderStatus::resting);
  EXPECT_FALSE(placed->duplicate);
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  const auto report = store.query({client_id(1), true});
  ASSERT_EQ(report->status, OrderStatus::filled);
  ASSERT_EQ(report->fills.size(), 1U);
  const auto& fill = report->fills[0];
  EXPECT_EQ(fill.at, hour(1));
  EXPECT_EQ(total(store, "USDT"), 20'000 * one_usdt - fill.quote - fill.fee);
  EXPECT_EQ(total(store, "ETH"), one_eth + fill.base);
}

TEST(Store, AnOrderNeverFillsOnTheBarItWasPlacedIn) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_TRUE(store.place({client_id(1), "ETH/USDT", Side::sell, one_eth, hour(1)}));
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 0);
  EXPECT_EQ(store.query({client_id(1), false})->status, OrderStatus::resting);
  EXPECT_EQ(store.open_bar(bar_at(2, 30'000))->filled, 1);
}

TEST(Store, TheSameIdIsOneOrderForEver) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  const auto order = order_for(1, Side::sell, one_eth);
  ASSERT_TRUE(store.place(order));
  EXPECT_TRUE(store.place(order)->duplicate);
  EXPECT_EQ(store.place(order)->status, OrderStatus::resting);
  ASSERT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  auto later = order;
  later.placed_at = hour(7);
  const auto again = store.place(later);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->status, OrderStatus::filled);
  EXPECT_EQ(again->fills.size(), 1U);
  EXPECT_EQ(store.open_bar(bar_at(8, 30'000))->filled, 0);
  EXPECT_EQ(total(store, "ETH"), 0);
}

TEST(Store, EveryReportNamesTheOrderThatStandsUnderTheId) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  const auto is_the_sale = [](const OrderReport& report) {
    return report.symbol == "ETH/USDT" && report.side == Side::sell && report.size == one_eth;
  };
  const auto order = order_for(1, Side::sell, one_eth);
  EXPECT_TRUE(is_the_sale(*store.place(order)));
  EXPECT_TRUE(is_the_sale(*store.place(order)));
  EXPECT_TRUE(is_the_sale(*store.query({client_id(1), false})));
  ASSERT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  EXPECT_TRUE(is_the_sale(*store.query({client_id(1), true})));
  EXPECT_TRUE(is_the_sale(*store.cancel({client_id(1)})));
  EXPECT_EQ(store.query({client_id(2), true})->symbol, "");
  EXPECT_EQ(store.query({client_id(2), true})->size, 0);
}

TEST(Store, AnIdOfAnotherOrderIsRefused) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_TRUE(store.place(order_for(1, Side::sell, one_eth)));
  const auto other = store.place(order_for(1, Side::sell, one_eth / 2));
  EXPECT_EQ(other.error().failure, StoreFailure::refused);
  EXPECT_THAT(other.error().text, HasSubstr("id_conflict"));
  for (const std::string bad : {"", "12", "0000000000000000000000000000000G", "0000000000000000000000000000000A"}) {
    auto order = order_for(2, Side::sell, one_eth / 2);
    order.client_id = bad;
    EXPECT_THAT(store.place(order).error().text, HasSubstr("bad_client_id")) << bad;
  }
}

TEST(Store, WhatItDoesNotTakeIsKeptAsRejected) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  const auto reason = [&](const PlaceOrder& order, bool told = false) {
    const auto report = store.place(order, told);
    EXPECT_EQ(report->status, OrderStatus::rejected);
    EXPECT_EQ(store.query({order.client_id, true})->reason, report->reason);
    return report->reason;
  };
  EXPECT_EQ(reason(order_for(1, Side::buy, 20'000 * one_usdt + 1)), "insufficient_funds");
  EXPECT_EQ(reason(order_for(2, Side::sell, one_eth + 1)), "insufficient_funds");
  EXPECT_EQ(reason(order_for(3, Side::buy, one_usdt)), "below_minimum");
  EXPECT_EQ(reason(order_for(4, Side::buy, -5)), "bad_size");
  EXPECT_EQ(reason(order_for(5, Side::buy, 50 * one_usdt), true), "told_to_reject");
  auto unknown = order_for(6, Side::buy, 50 * one_usdt);
  unknown.symbol = "XRP/USDT";
  EXPECT_EQ(reason(unknown), "unknown_symbol");
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 0);
}

TEST(Store, RestingOrdersReserveAndGiveBack) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  EXPECT_EQ(store.place(order_for(1, Side::buy, 15'000 * one_usdt))->status, OrderStatus::resting);
  EXPECT_EQ(store.place(order_for(2, Side::buy, 6'000 * one_usdt))->reason, "insufficient_funds");
  EXPECT_EQ(store.cancel({client_id(1)})->status, OrderStatus::cancelled);
  EXPECT_EQ(store.cancel({client_id(1)})->status, OrderStatus::cancelled);
  EXPECT_EQ(store.place(order_for(3, Side::buy, 20'000 * one_usdt))->status, OrderStatus::resting);
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  EXPECT_EQ(store.cancel({client_id(3)})->status, OrderStatus::filled);
  const Int128 change = total(store, "USDT");  // less than a lot and its fee
  EXPECT_LT(change, one_usdt);
  EXPECT_EQ(store.place(order_for(4, Side::buy, 20 * one_usdt, 2))->reason, "insufficient_funds");
}

TEST(Store, AShallowQueryLooksAmongOpenOrdersOnly) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_TRUE(store.place(order_for(1, Side::sell, one_eth)));
  EXPECT_EQ(store.query({client_id(1), false})->status, OrderStatus::resting);
  ASSERT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  EXPECT_EQ(store.query({client_id(1), false})->status, OrderStatus::not_found);
  EXPECT_EQ(store.query({client_id(1), true})->status, OrderStatus::filled);
  EXPECT_EQ(store.query({client_id(2), true})->status, OrderStatus::not_found);
}

TEST(Store, APartFillsFirstAndTheNextBarCompletes) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"), book(machines::ppm_of_one));
  ASSERT_TRUE(store.place(order_for(1, Side::buy, 5000 * one_usdt)));
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  EXPECT_EQ(store.query({client_id(1), false})->fills.size(), 1U);
  EXPECT_EQ(store.open_bar(bar_at(2, 31'000))->filled, 1);
  const auto report = store.query({client_id(1), true});
  EXPECT_EQ(report->status, OrderStatus::filled);
  ASSERT_EQ(report->fills.size(), 2U);
  EXPECT_EQ(report->fills[1].number, 2);
  EXPECT_EQ(report->fills[1].at, hour(2));
  EXPECT_LE(report->fills[0].quote + report->fills[0].fee + report->fills[1].quote + report->fills[1].fee,
            5000 * one_usdt);
}

TEST(Store, AnOrderThatTheBarDropsIsCancelledWithItsReason) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"));
  ASSERT_EQ(store.place(order_for(1, Side::sell, lot))->status, OrderStatus::resting);
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 0);
  const auto report = store.query({client_id(1), true});
  EXPECT_EQ(report->status, OrderStatus::cancelled);
  EXPECT_EQ(report->reason, "below_minimum");
  EXPECT_EQ(store.place(order_for(2, Side::sell, one_eth, 2))->status, OrderStatus::resting);  // nothing is reserved
}

TEST(Store, TheSameBarAgainChangesNothing) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"), book(machines::ppm_of_one));
  ASSERT_TRUE(store.place(order_for(1, Side::buy, 5000 * one_usdt)));
  const auto first = store.open_bar(bar_at(1, 30'000));
  const auto before = store.statement();
  ASSERT_TRUE(store.place(order_for(2, Side::sell, one_eth)));  // placed before the open, told of after it
  EXPECT_EQ(*store.open_bar(bar_at(1, 30'000)), *first);
  EXPECT_EQ(*store.statement(), *before);
  EXPECT_EQ(store.query({client_id(1), true})->fills.size(), 1U);
  EXPECT_THAT(store.open_bar(bar_at(1, 30'001)).error().text, HasSubstr("bar_conflict"));
  EXPECT_THAT(store.open_bar(bar_at(0, 30'000)).error().text, HasSubstr("bar_in_the_past"));
  EXPECT_THAT(store.open_bar(bar_at(2, 0)).error().text, HasSubstr("bad_price"));
  EXPECT_THAT(store.open_bar({"XRP/USDT", hour(2), {1}}).error().text, HasSubstr("unknown_symbol"));
}

TEST(Store, ReopenedItKnowsEverything) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  {
    Store store = opened(path, book(machines::ppm_of_one));
    ASSERT_TRUE(store.place(order_for(1, Side::buy, 5000 * one_usdt)));
    ASSERT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
    ASSERT_TRUE(store.place(order_for(2, Side::sell, one_eth, 2)));
    EXPECT_EQ(store.count(Request::place, client_id(1))->of_venue, 1);
    EXPECT_EQ(store.count(Request::place, client_id(2))->of_venue, 2);
  }
  Store store = opened(path, book(machines::ppm_of_one));
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  EXPECT_EQ(store.query({client_id(1), true})->fills.size(), 1U);
  EXPECT_TRUE(store.place(order_for(2, Side::sell, one_eth, 2))->duplicate);
  EXPECT_EQ(store.open_bar(bar_at(2, 30'000))->filled, 2);
  EXPECT_EQ(store.query({client_id(1), true})->status, OrderStatus::filled);
  const auto turn = store.count(Request::place, client_id(1));
  EXPECT_EQ(turn->of_venue, 3);
  EXPECT_EQ(turn->of_order, 2);
  EXPECT_EQ(store.count(Request::query, client_id(1))->of_venue, 1);
}

TEST(Store, OneProcessAtATime) {
  const Folder folder;
  const Store store = opened(folder.at("venue.db"));
  EXPECT_THAT(refusal_to_open(folder.at("venue.db")), HasSubstr("another process uses this venue store"));
}

TEST(Store, AForeignDamagedOrDifferentFileIsRefused) {
  const Folder folder;
  std::ofstream(folder.at("text")) << std::string(5000, 'x');
  EXPECT_THAT(refusal_to_open(folder.at("text")), HasSubstr("not a venue store"));
  {
    auto other = Database::open(folder.at("other.db"));
    ASSERT_TRUE(other->execute("CREATE TABLE theirs (x)"));
  }
  EXPECT_THAT(refusal_to_open(folder.at("other.db")), HasSubstr("another program's database"));
  EXPECT_THAT(refusal_to_open(folder.at("no/such/folder.db")), HasSubstr("can't be opened"));
  { opened(folder.at("venue.db")); }
  Book richer = book();
  richer.starting[0].amount = Amount(usdt.id, 1);
  EXPECT_THAT(refusal_to_open(folder.at("venue.db"), richer), HasSubstr("USDT: this venue store began with"));
  {
    auto newer = Database::open(folder.at("venue.db"));
    ASSERT_TRUE(newer->execute("PRAGMA user_version = 4"));
  }
  EXPECT_THAT(refusal_to_open(folder.at("venue.db")), HasSubstr("of version 4"));
}

TEST(Store, BooksThatDoNotAddUpAreRefused) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  {
    Store store = opened(path);
    ASSERT_TRUE(store.place(order_for(1, Side::buy, 5000 * one_usdt)));
    ASSERT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
  }
  {
    auto raw = Database::open(path);
    ASSERT_TRUE(raw->execute("UPDATE balances SET total = '2000000000000' WHERE asset = 'USDT'"));
  }
  EXPECT_THAT(refusal_to_open(path), HasSubstr("the balance of USDT does not add up"));
}

// 0.003 BNB are worth 1.5 USDT: the fee of one sale of 1 ETH at 300, but not of a purchase of 3000 as well.
TEST(Store, CoinsPayTheFeesOfABarOrTheQuoteDoes) {
  const Folder folder;
  Book with = book();
  with.markets = {with_fees_in(FeesIn::coin)};
  with.starting.push_back({bnb, Amount(bnb.id, one_bnb * 3 / 1000)});
  const std::string path = folder.at("venue.db");
  {
    Store store = opened(path, with);
    ASSERT_TRUE(store.place(order_for(1, Side::sell, one_eth)));
    ASSERT_TRUE(store.place(order_for(2, Side::buy, 3000 * one_usdt)));
    EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 2);
    for (const int id : {1, 2}) EXPECT_EQ(store.query({client_id(id), true})->fills.at(0).fee_asset, "") << id;
    EXPECT_EQ(total(store, "BNB"), one_bnb * 3 / 1000);
    ASSERT_TRUE(store.place(order_for(3, Side::sell, one_eth, 2)));
    EXPECT_EQ(store.open_bar(bar_at(2, 30'000))->filled, 1);
    const auto fill = store.query({client_id(3), true})->fills.at(0);
    EXPECT_EQ(fill.fee_asset, "BNB");
    EXPECT_EQ(total(store, "BNB"), one_bnb * 3 / 1000 - fill.fee);
  }
  Store again = opened(path, with);  // its balances add up
  EXPECT_LT(total(again, "BNB"), one_bnb * 3 / 1000);
}

TEST(Store, ATruncatedFileIsRefused) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  { opened(path); }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(refusal_to_open(path), testing::AnyOf(HasSubstr("damaged"), HasSubstr("malformed")));
}

struct Told {
  std::vector<PlaceOrder> orders;
  std::vector<std::int64_t> cents;  // opens of the hours 1, 2, ...
};

// Small enough that all of it is covered at once: what funds cover would depend on the order of arrival.
Told any_story() {
  Told told;
  const int bars = *rc::gen::inRange(1, 5);
  for (int i = 0; i < bars; ++i) told.cents.push_back(*rc::gen::inRange<std::int64_t>(10'000, 60'000));
  const int orders = *rc::gen::inRange(1, 7);
  for (int i = 0; i < orders; ++i) {
    const bool is_buy = *rc::gen::arbitrary<bool>();
    const Int128 size =
        Int128{*rc::gen::inRange<std::int64_t>(1, 300'000)} * (is_buy ? one_usdt / 100 : one_eth / 2'000'000);
    told.orders.push_back(
        order_for(i, is_buy ? Side::buy : Side::sell, size, *rc::gen::inRange<std::int64_t>(1, bars + 1)));
  }
  return told;
}

// What each order came to, by its position in the story, whatever ids it got and whenever it arrived.
std::vector<OrderReport> live_through(Store& store, const Told& told, int first_id, bool backwards) {
  const auto id = [&](std::size_t i) { return client_id(first_id + static_cast<int>(i)); };
  for (std::size_t bar = 0; bar < told.cents.size(); ++bar) {
    const auto n = static_cast<std::int64_t>(bar) + 1;
    for (std::size_t k = 0; k < told.orders.size(); ++k) {
      const std::size_t i = backwards ? told.orders.size() - 1 - k : k;
      PlaceOrder order = told.orders[i];
      order.client_id = id(i);
      if (order.placed_at == hour(n) - machines::seconds(1)) RC_ASSERT(store.place(order).has_value());
    }
    RC_ASSERT(store.open_bar(bar_at(n, told.cents[bar])).has_value());
  }
  std::vector<OrderReport> reports;
  for (std::size_t i = 0; i < told.orders.size(); ++i) {
    reports.push_back(*store.query({id(i), true}));
    reports.back().client_id.clear();
  }
  return reports;
}

RC_GTEST_PROP(Store, FillsDependOnNeitherIdsNorArrivalAndTheStatementAddsUp, ()) {
  const Folder folder;
  const Told told = any_story();
  Book with = book(500'000);
  with.markets = {with_fees_in(*rc::gen::element(FeesIn::quote, FeesIn::received, FeesIn::coin))};
  // From none at all to more than is needed: what the coins cover must not go by the order of arrival either.
  const Int128 coins = *rc::gen::inRange<std::int64_t>(0, 20) * (one_bnb / 1000);
  with.starting.push_back({bnb, Amount(bnb.id, coins)});
  Store first = opened(folder.at("a.db"), with);
  Store second = opened(folder.at("b.db"), with);
  const auto reports = live_through(first, told, 0, false);
  RC_ASSERT(live_through(second, told, 5000, true) == reports);
  RC_ASSERT(*first.statement() == *second.statement());
  std::map<std::string, Int128> held{{"ETH", one_eth}, {"USDT", 20'000 * one_usdt}, {"BNB", coins}};
  for (std::size_t i = 0; i < reports.size(); ++i)
    for (const auto& fill : reports[i].fills) {
      const int sign = told.orders[i].side == Side::buy ? 1 : -1;
      held["ETH"] += sign * fill.base;
      held["USDT"] -= sign * fill.quote;
      held[fill.fee_asset.empty() ? "USDT" : fill.fee_asset] -= fill.fee;
    }
  for (const auto& [asset, amount] : held) {
    RC_ASSERT(total(first, asset) == amount);
    RC_ASSERT(amount >= 0);
  }
}

}  // namespace
}  // namespace workers::venues::paper
