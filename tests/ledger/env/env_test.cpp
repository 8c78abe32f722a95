// Hex, SHA-256 and random bytes, which the house has once.
#include <gtest/gtest.h>

#include <set>

#include "ledger/env/hex.hpp"
#include "ledger/env/random.hpp"
#include "ledger/env/sha256.hpp"
#include "ledger/env/times.hpp"

namespace ledger::env {
namespace {

TEST(Hex, BytesGoToTwoLowerCaseDigitsEachAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xa9\xff", 4)), "000fa9ff");
  EXPECT_EQ(from_hex(to_hex(all)), all);
  EXPECT_EQ(to_hex(std::string_view()), "");
}

TEST(Hex, WhatIsNotWholeOrNoLowerCaseDigitIsRefused) {
  std::array<std::uint8_t, 2> two{};
  EXPECT_TRUE(from_hex("09af", two));
  EXPECT_EQ(two, (std::array<std::uint8_t, 2>{0x09, 0xaf}));
  for (const char* wrong : {"09a", "09afb", "09AF", "09ag", "0 af", "", "/9af", ":9af", "`9af"})
    EXPECT_FALSE(from_hex(wrong, two)) << wrong;
  EXPECT_EQ(from_hex("abc"), std::nullopt);
  EXPECT_EQ(from_hex("zz"), std::nullopt);
}

TEST(Sha256, KnownVectorsAtOnceAndPieceByPiece) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256Stream stream;
  stream.add("a");
  stream.add("");
  stream.add("bc");
  EXPECT_EQ(stream.end(), sha256("abc"));
}

TEST(Random, EveryByteIsFilledAndNoDrawComesTwice) {
  std::array<std::set<int>, 16> seen;
  std::set<std::array<std::uint8_t, 16>> draws;
  for (int i = 0; i < 64; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    fill_random(bytes);
    draws.insert(bytes);
    for (std::size_t at = 0; at < bytes.size(); ++at) seen[at].insert(bytes[at]);
  }
  EXPECT_EQ(draws.size(), 64U);
  for (const auto& one : seen) EXPECT_GT(one.size(), 8U);
}

TEST(Clock, TheSteadyOneNeverGoesBackAndCountsMicroseconds) {
  const std::int64_t before = steady_us(), wall_before = wall_now().us;
  while (wall_now().us - wall_before < 2'000) {
  }
  const std::int64_t took = steady_us() - before;
  EXPECT_GE(took, 1'000);
  EXPECT_LT(took, 60'000'000);
}

}  // namespace
}  // namespace ledger::env
