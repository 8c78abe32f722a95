// tests/schemas/codec/canonical_test.cpp: data is read by the word of its kind, for every kind that C++ moves.
#include "schemas/codec/canonical.hpp"

#include <gmock/gmock.h>

#include "machines/catalog/catalog.hpp"
#include "schemas/codec/resolution_data.hpp"

namespace schemas {
namespace {

namespace catalog = machines::catalog;

TEST(CanonicalData, IsReadOfEveryKindButThoseThatFunctionsInSqlMove) {
  for (const catalog::Kind& kind : catalog::kinds())
    EXPECT_EQ(reads_data_of(kind.word), kind.moved_by != catalog::MovedBy::functions) << kind.word;
  EXPECT_FALSE(reads_data_of("teapot"));
}

TEST(CanonicalData, IsWhatTheKindWrites) {
  const std::string written = write_resolution({{71}, "filled", "ann", "the venue's page", ""});
  EXPECT_EQ(canonical_data("resolution", " " + written), written);
  EXPECT_EQ(canonical_data("resolution", "{}"), std::nullopt);
  EXPECT_EQ(canonical_data("teapot", written), std::nullopt);
}

}  // namespace
}  // namespace schemas
