#include "workers/market/csv.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <fmt/format.h>

#include "tests/workers/market/support.hpp"

namespace workers::market::csv {
namespace {

TEST(ParsePrice, IsExactToEightDecimalsAndRoundsHalfToEven) {
  const auto e8 = [](std::string_view text) { return parse_price(text)->price.e8; };
  EXPECT_EQ(e8("301.61"), 30'161'000'000);
  EXPECT_EQ(e8("2610.20000000"), 261'020'000'000);
  EXPECT_EQ(e8("0.00000001"), 1);
  EXPECT_EQ(e8("0.000000015"), 2);
  EXPECT_EQ(e8("0.000000025"), 2);
  EXPECT_EQ(e8("0.0000000250001"), 3);
  EXPECT_EQ(e8("0.000000024999"), 2);
  EXPECT_EQ(e8("92233720368.54775807"), 9'223'372'036'854'775'807);
  EXPECT_FALSE(parse_price("1.000000000000")->rounded);
  EXPECT_TRUE(parse_price("1.0000000000001")->rounded);
}

TEST(ParsePrice, RefusesWhatIsNoPrice) {
  for (const char* text : {"", ".", "1.", ".5", "+1", "1,5", "1 5", "0x10", "1e5", "inf", "--1", "1.2.3"})
    EXPECT_EQ(parse_price(text).error(), NumberError::not_a_number) << text;
  for (const char* text : {"0", "0.00", "-1", "-0", "0.000000001"})
    EXPECT_EQ(parse_price(text).error(), NumberError::not_positive) << text;
  for (const char* text : {"92233720368.54775808", "1000000000000", "9999999999999999999999999999999999999999999999"})
    EXPECT_EQ(parse_price(text).error(), NumberError::too_large) << text;
}

RC_GTEST_PROP(ParsePrice, GivesBackEveryPriceThatIsWritten, ()) {
  const auto e8 = *rc::gen::inRange<std::int64_t>(1, std::numeric_limits<std::int64_t>::max());
  const auto parsed = parse_price(fmt::format("{}.{:08}", e8 / 100'000'000, e8 % 100'000'000));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->price.e8 == e8);
}

TEST(ParseTime, TellsTheUnitFromTheSize) {
  EXPECT_EQ(parse_time("1502942400")->unit, TimeUnit::seconds);
  EXPECT_EQ(parse_time("1502942400000.000")->unit, TimeUnit::milliseconds);
  EXPECT_EQ(parse_time("1502942400000000")->unit, TimeUnit::microseconds);
  EXPECT_EQ(parse_time("1502942400000000")->at.us, 1'502'942'400'000'000);
  EXPECT_EQ(parse_time("1502942400.5").error(), NumberError::not_a_number);
  EXPECT_EQ(parse_time("-1").error(), NumberError::not_a_number);
  EXPECT_EQ(parse_time("0").error(), NumberError::too_large);
  EXPECT_EQ(parse_time("99999999999999999999999999").error(), NumberError::too_large);
}

TEST(Split, KeepsSeparatorsInsideQuotes) {
  std::vector<std::string_view> fields;
  EXPECT_TRUE(split(R"(a, b ,"c,d",,"")", ',', fields));
  EXPECT_THAT(fields, testing::ElementsAre("a", "b", "c,d", "", ""));
  EXPECT_FALSE(split(R"(a,"b)", ',', fields));
  EXPECT_TRUE(split("", ',', fields));
  EXPECT_THAT(fields, testing::ElementsAre(""));
}

// Lines come out whole wherever the 64 KiB pieces happen to end.
TEST(Lines, AreWholeAcrossThePiecesOfTheFile) {
  const tests::Folder folder;
  std::string text;
  std::vector<std::string> written;
  for (int i = 0; i < 3000; ++i) {
    written.push_back(std::string(static_cast<std::size_t>(i % 97), 'x') + std::to_string(i));
    text += written.back() + (i % 3 == 0 ? "\r\n" : "\n");
  }
  auto lines = Lines::open(folder.write("long.txt", text));
  ASSERT_TRUE(lines.has_value());
  std::string_view line;
  for (const std::string& expected : written) {
    ASSERT_TRUE(*lines->next(line));
    ASSERT_EQ(line, expected);
  }
  EXPECT_FALSE(*lines->next(line));
  EXPECT_EQ(lines->line_number(), 3000);
}

TEST(Lines, HashTheFile) {
  const tests::Folder folder;
  auto lines = Lines::open(folder.write("abc", "abc"));
  std::string_view line;
  while (*lines->next(line)) EXPECT_EQ(line, "abc");
  EXPECT_EQ(lines->sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, B.1
}

}  // namespace
}  // namespace workers::market::csv
