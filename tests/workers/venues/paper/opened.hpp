// tests/workers/venues/paper/opened.hpp: a store of the paper venue on a file of the test's own, and what it holds.
#pragma once

#include <gmock/gmock.h>

#include "tests/workers/venues/paper/support.hpp"
#include "workers/venues/paper/store.hpp"

namespace tests {

using workers::venues::paper::Book;
using workers::venues::paper::Store;

inline Book book(std::int64_t partial_ppm = 0) {
  Book made;
  made.rules.partial_fill = {partial_ppm};
  made.markets = {eth_usdt()};
  made.starting = {{usdt, Amount(usdt.id, 20'000 * one_usdt)}, {eth, Amount(eth.id, one_eth)}};
  return made;
}

inline Store opened(const std::string& path, const Book& with = book()) {
  auto store = Store::open(path, with);
  EXPECT_TRUE(store) << (store ? "" : store.error().text);
  CHECK(store.has_value());
  return std::move(store).value();
}
inline std::string refusal_to_open(const std::string& path, const Book& with = book()) {
  const auto store = Store::open(path, with);
  return store ? "opened" : store.error().text;
}

inline Int128 total(Store& store, const std::string& asset) {
  const auto statement = store.statement();
  for (const auto& line : statement->lines)
    if (line.asset == asset) return line.total;
  return -1;
}

}  // namespace tests
