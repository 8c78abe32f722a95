// tests/workers/venues/paper/store_ids_test.cpp: what an id is worth and how long a request lives, in the paper venue's
// two ways: ids for ever with tombstones, and ids among open orders with deadlines, as real venues have it.
#include <gmock/gmock.h>

#include "tests/workers/venues/paper/opened.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Ids = VenueProperties::Ids;

constexpr std::int64_t now_us = 1'700'000'000'000'000;

Book as_real_ones() {
  Book made = book();
  made.properties = {Ids::among_open, false, 5'000, true, 200};
  return made;
}

TEST(StoreIds, ACancelBarsAnUnknownIdForEver) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  const auto is_barred = [](const OrderReport& report) {
    return report.status == OrderStatus::cancelled && report.reason == "barred_before_it_came" &&
           report.fills.empty() && report.symbol.empty();
  };
  {
    Store store = opened(path);
    EXPECT_TRUE(is_barred(*store.cancel({client_id(1)})));
    EXPECT_TRUE(is_barred(*store.cancel({client_id(1)}))) << "said again";
    EXPECT_TRUE(is_barred(*store.query({client_id(1), true})));
    EXPECT_EQ(store.query({client_id(1), false})->status, OrderStatus::not_found) << "among open orders it is not";
  }
  Store store = opened(path);  // after a kill as well
  const auto late = store.place(order_for(1, Side::sell, one_eth));
  EXPECT_TRUE(is_barred(*late));
  EXPECT_TRUE(late->duplicate);
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 0);
  EXPECT_EQ(total(store, "ETH"), one_eth);
  EXPECT_EQ(store.place(order_for(2, Side::sell, one_eth, 2))->status, OrderStatus::resting) << "nothing is reserved";
  EXPECT_EQ(store.cancel({"no id of an order"})->status, OrderStatus::not_found) << "nothing can ever stand under it";
}

TEST(StoreIds, ARealVenueKeepsNoTombstone) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"), as_real_ones());
  EXPECT_EQ(store.cancel({client_id(1)})->status, OrderStatus::not_found);
  EXPECT_EQ(store.query({client_id(1), true})->status, OrderStatus::not_found);
  EXPECT_EQ(store.place(order_for(1, Side::sell, one_eth))->status, OrderStatus::resting) << "the late request";
}

TEST(StoreIds, AnIdWhoseOrderHasEndedMakesASecondOneAtARealVenue) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  const auto order = order_for(1, Side::sell, one_eth / 4);
  {
    Store store = opened(path, as_real_ones());
    ASSERT_EQ(store.place(order)->status, OrderStatus::resting);
    EXPECT_TRUE(store.place(order)->duplicate) << "while it is open, one id is one order";
    EXPECT_THAT(store.place(order_for(1, Side::sell, one_eth / 2)).error().text, HasSubstr("id_conflict"));
    ASSERT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 1);
    const auto second = store.place(order_for(1, Side::sell, one_eth / 2, 2));
    EXPECT_FALSE(second->duplicate);
    EXPECT_EQ(second->status, OrderStatus::resting);
    EXPECT_EQ(second->size, one_eth / 2);
    EXPECT_EQ(store.query({client_id(1), true})->status, OrderStatus::resting) << "the open one";
    EXPECT_EQ(store.query({client_id(1), false})->size, one_eth / 2);
    EXPECT_EQ(store.open_bar(bar_at(2, 30'000))->filled, 1);
  }
  Store store = opened(path, as_real_ones());  // its books add up
  EXPECT_EQ(total(store, "ETH"), one_eth / 4) << "both were sold: that is the trap";
  const auto newest = store.query({client_id(1), true});
  EXPECT_EQ(newest->status, OrderStatus::filled);
  EXPECT_EQ(newest->size, one_eth / 2);
  EXPECT_EQ(store.cancel({client_id(1)})->size, one_eth / 2);
}

TEST(StoreIds, ACancelAtARealVenueEndsTheOpenOneOfTwo) {
  const Folder folder;
  Store store = opened(folder.at("venue.db"), as_real_ones());
  ASSERT_TRUE(store.place(order_for(1, Side::sell, one_eth / 2)));
  ASSERT_EQ(store.cancel({client_id(1)})->status, OrderStatus::cancelled);
  ASSERT_EQ(store.place(order_for(1, Side::sell, one_eth))->status, OrderStatus::resting);
  const auto cancelled = store.cancel({client_id(1)});
  EXPECT_EQ(cancelled->status, OrderStatus::cancelled);
  EXPECT_EQ(cancelled->size, one_eth);
  EXPECT_EQ(store.open_bar(bar_at(1, 30'000))->filled, 0);
}

TEST(StoreIds, NothingIsTakenAfterItsDeadline) {
  const VenueProperties real = as_real_ones().properties;
  auto order = order_for(1, Side::sell, one_eth);
  EXPECT_THAT(refused_by_deadline(real, order, now_us), IsEmpty()) << "without one it may come at any time";
  const auto said = [&](std::int64_t not_after_us, const VenueProperties& properties) {
    order.not_after_us = not_after_us;
    return refused_by_deadline(properties, order, now_us);
  };
  EXPECT_THAT(said(now_us, real), IsEmpty());
  EXPECT_THAT(said(now_us - 1, real), StartsWith("deadline_passed"));
  EXPECT_THAT(said(1, real), StartsWith("deadline_passed"));
  EXPECT_THAT(said(INT64_MIN, real), StartsWith("deadline_passed"));
  EXPECT_THAT(said(now_us + 60'000'000, real), IsEmpty());
  EXPECT_THAT(said(now_us + 60'000'001, real), StartsWith("deadline_too_far"));
  EXPECT_THAT(said(INT64_MAX, real), StartsWith("deadline_too_far"));
  EXPECT_THAT(said(now_us - 1, {}), IsEmpty()) << "a venue that enforces none";
}

TEST(StoreIds, AFileKeepsTheRulesThatItWasMadeWith) {
  const Folder folder;
  const Book real = as_real_ones();
  { opened(folder.at("as_is.db")); }
  EXPECT_THAT(refusal_to_open(folder.at("as_is.db"), real),
              HasSubstr("made with ids for_ever, tombstones, no deadlines enforced, the configuration says ids "
                        "among_open, no tombstones, deadlines enforced"));
  { opened(folder.at("real.db"), real); }
  EXPECT_THAT(refusal_to_open(folder.at("real.db")), HasSubstr("made with ids among_open"));
  Book lax = real;
  lax.properties.enforces_deadline = false;
  EXPECT_THAT(refusal_to_open(folder.at("real.db"), lax), HasSubstr("the configuration says ids among_open, no "
                                                                    "tombstones, no deadlines enforced"));
  Book slower = real;
  slower.properties.request_life_ms = 60'000;
  slower.properties.settle_ms = 1'000;
  EXPECT_EQ(refusal_to_open(folder.at("real.db"), slower), "opened")
      << "times may change: each request carries its own";
  Book impossible = real;
  impossible.properties.tombstones = true;
  EXPECT_THAT(refusal_to_open(folder.at("new.db"), impossible), HasSubstr("can't be barred"));
}

}  // namespace
}  // namespace workers::venues::paper
