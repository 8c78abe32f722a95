#include "workers/market/generator.hpp"

#include <gmock/gmock.h>

#include "tests/workers/market/support.hpp"
#include "workers/market/reader.hpp"

namespace workers::market {
namespace {

using machines::Int128;

// How often the momentum rule would enter, were it out of the market again after each: 1 h >= 1.25 %, 4 h >= 0.2 %.
int entry_signals(const std::vector<Bar>& bars) {
  int found = 0;
  for (std::size_t i = 4; i < bars.size(); ++i) {
    const Int128 now = bars[i].close.e8;
    const bool hour = now * 10'000 >= Int128{bars[i - 1].close.e8} * 10'125;
    const bool trend = now * 1'000 >= Int128{bars[i - 4].close.e8} * 1'002;
    found += hour && trend ? 1 : 0;
  }
  return found;
}

TEST(Generator, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  EXPECT_EQ(generate({}), generate({}));
  EXPECT_NE(generate({}), generate({.seed = 2}));
  const tests::Folder folder;
  ASSERT_TRUE(write_sample(folder.at("eth_usdt_sample.csv")).has_value());
  // Recorded once; it must be the same on every machine and compiler, for ever: finished replays are named by it.
  EXPECT_EQ(read_prices(folder.at("eth_usdt_sample.csv"))->sha256,
            "7b472924d9c6c998c30bd7c0d03a5d492ab64fbce645fe640f23ebc3599be474");
}

TEST(Generator, ALongerSampleBeginsWithTheShorterOne) {
  const auto longer = generate({.bars = 700});
  const auto shorter = generate({});
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(Generator, TheSampleMakesTheMomentumRuleTradeButNotAlways) {
  const int found = entry_signals(generate({}));
  EXPECT_GE(found, 10);
  EXPECT_LE(found, 120);
}

TEST(Generator, TheReaderTakesItsFileBackWithoutAFlaw) {
  const tests::Folder folder;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ASSERT_TRUE(write_sample(folder.at("eth_usdt_sample.csv"), {.seed = seed, .bars = 300}).has_value());
    const auto file = read_prices(folder.at("eth_usdt_sample.csv"));
    ASSERT_TRUE(file.has_value()) << file.error().text();
    EXPECT_EQ(file->bars, generate({.seed = seed, .bars = 300}));
    EXPECT_EQ(file->symbol, "ETH/USDT");
    const ImportReport& report = file->report;
    EXPECT_EQ(report.rows, 300);
    EXPECT_EQ(report.hours, 300);
    EXPECT_EQ(report.duplicates + report.gaps + report.rejected + report.out_of_order + report.outside_range, 0);
    EXPECT_EQ(report.iso_dates, 300);
  }
}

TEST(Generator, LeavesNoHalfFileWhereItCannotWrite) {
  const tests::Folder folder;
  const auto written = write_sample(folder.at("absent/eth.csv"));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().what, "No such file or directory");
}

}  // namespace
}  // namespace workers::market
