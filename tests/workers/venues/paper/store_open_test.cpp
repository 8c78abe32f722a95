#include <gmock/gmock.h>

#include "tests/workers/venues/paper/opened.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
using testing::HasSubstr;

// A file as version 1 of the store left it: one purchase filled, one sale resting. Never changed: it is history.
constexpr const char* file_of_version_1 = R"sql(
CREATE TABLE balances (
  asset TEXT PRIMARY KEY, scale INTEGER NOT NULL, start TEXT NOT NULL, total TEXT NOT NULL, reserved TEXT NOT NULL
) STRICT;
CREATE TABLE orders (
  number INTEGER PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')), size TEXT NOT NULL, remaining TEXT NOT NULL,
  placed_us INTEGER NOT NULL, status TEXT NOT NULL CHECK (status IN ('resting', 'filled', 'cancelled', 'rejected')),
  reason TEXT NOT NULL, fills INTEGER NOT NULL
) STRICT;
CREATE INDEX resting_orders ON orders (symbol) WHERE status = 'resting';
CREATE TABLE fills (
  order_number INTEGER NOT NULL REFERENCES orders, number INTEGER NOT NULL, at_us INTEGER NOT NULL,
  price_e8 INTEGER NOT NULL, base TEXT NOT NULL, quote TEXT NOT NULL, fee TEXT NOT NULL, is_maker INTEGER NOT NULL,
  PRIMARY KEY (order_number, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE bars (
  symbol TEXT PRIMARY KEY, opens_us INTEGER NOT NULL, open_e8 INTEGER NOT NULL, filled INTEGER NOT NULL
) STRICT;
CREATE TABLE requests (
  request TEXT NOT NULL, client_id TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (request, client_id)
) STRICT, WITHOUT ROWID;
INSERT INTO balances VALUES ('USDT', 8, '2000000000000', '1699700000000', '0'),
  ('ETH', 18, '1000000000000000000', '11000000000000000000', '1000000000000000000');
INSERT INTO orders VALUES
  (1, '00000000000000000000000000000001', 'ETH/USDT', 'buy', '300300000000', '0', 3599000000, 'filled', '', 1),
  (2, '00000000000000000000000000000002', 'ETH/USDT', 'sell', '1000000000000000000', '1000000000000000000', 7199000000,
   'resting', '', 0);
INSERT INTO fills VALUES (1, 1, 3600000000, 30000000000, '10000000000000000000', '300000000000', '300000000', 0);
INSERT INTO bars VALUES ('ETH/USDT', 3600000000, 30000000000, 1);
PRAGMA application_id = 1112561201;
PRAGMA user_version = 1;
)sql";

std::int64_t version_of(const std::string& path) {
  auto raw = Database::open(path);
  CHECK(raw.has_value());
  return raw->number("PRAGMA user_version").value();
}

TEST(StoreOpen, AFileOfVersion1IsBroughtUpAndGoesOn) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  {
    auto old = Database::open(path);
    const auto made = old->execute(file_of_version_1);
    ASSERT_TRUE(made) << made.error().text;
  }
  {
    Store store = opened(path, book());
    const auto report = store.query({client_id(1), true});
    ASSERT_EQ(report->fills.size(), 1U);
    EXPECT_EQ(report->fills[0].fee, 3 * one_usdt);
    EXPECT_EQ(report->fills[0].fee_asset, "");
    EXPECT_EQ(store.open_bar(bar_at(2, 30'000))->filled, 1);
  }
  EXPECT_EQ(version_of(path), 3);
  Store again = opened(path, book());
  EXPECT_EQ(total(again, "ETH"), 10 * one_eth);
}

TEST(StoreOpen, AFileThatCanNotBeBroughtUpStaysAsItWas) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  {
    auto old = Database::open(path);
    // The last thing that the upgrade makes is in its way.
    ASSERT_TRUE(old->execute(std::string(file_of_version_1) + "CREATE TABLE properties (x);"));
  }
  EXPECT_THAT(refusal_to_open(path), HasSubstr("properties"));
  EXPECT_EQ(version_of(path), 1);
  {
    auto old = Database::open(path);
    EXPECT_EQ(old->number("SELECT count(*) FROM pragma_table_info('fills')").value(), 8);
    ASSERT_TRUE(old->execute("DROP TABLE properties"));
  }
  Store store = opened(path, book());
  EXPECT_EQ(total(store, "ETH"), 11 * one_eth);
}

TEST(StoreOpen, AnOlderFileHasIdsForEver) {
  const Folder folder;
  const std::string path = folder.at("venue.db");
  {
    auto old = Database::open(path);
    ASSERT_TRUE(old->execute(file_of_version_1));
  }
  Book real = book();
  real.properties = {VenueProperties::Ids::among_open, false, 5'000, true, 200};
  EXPECT_THAT(refusal_to_open(path, real), HasSubstr("was made with ids for_ever"));
  EXPECT_EQ(version_of(path), 1) << "and stays as it was";
  {
    Store store = opened(path);
    EXPECT_TRUE(store.place({client_id(1), "ETH/USDT", Side::buy, 300'300'000'000, {}})->duplicate);
    EXPECT_EQ(store.cancel({client_id(7)})->reason, "barred_before_it_came");
  }
  auto raised = Database::open(path);
  EXPECT_FALSE(
      raised->execute("INSERT INTO orders SELECT 9, client_id, symbol, side, size, remaining, placed_us, "
                      "status, reason, fills FROM orders WHERE number = 1"));
}

}  // namespace
}  // namespace workers::venues::paper
