#include "workers/market/reader.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <cctype>
#include <random>

#include "tests/workers/market/support.hpp"

namespace workers::market {
namespace {

using machines::Instant;
using machines::Price;
using testing::HasSubstr;
using tests::Folder;

constexpr std::int64_t hour = 3'600'000'000;
constexpr std::int64_t t0 = 1'502'942'400'000'000;  // 2017-08-17 04:00

const std::string header = "unix,symbol,open,high,low,close\n";

std::string row(int hours, const std::string& prices = "10,12,9,11") {
  return std::to_string(t0 / 1'000'000 + hours * 3600) + ",ETH/USDT," + prices + "\n";
}

PriceFile must_read(const std::string& text, const std::string& name = "eth_usdt.csv") {
  const Folder folder;
  auto file = read_prices(folder.write(name, text));
  if (!file) ADD_FAILURE() << file.error().text();
  return file ? *std::move(file) : PriceFile{};
}

ReadError must_refuse(const std::string& text, const std::string& name = "eth_usdt.csv") {
  const Folder folder;
  const auto file = read_prices(folder.write(name, text));
  EXPECT_FALSE(file.has_value());
  return file ? ReadError{} : file.error();
}

void expect_real_file(const std::string& name, std::int64_t differing, Price absurd_open, const std::string& sha256) {
  const auto path = tests::data_folder() / "prices" / name;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no recorded prices at " << path;
  const auto file = read_prices(path.string());
  ASSERT_TRUE(file.has_value()) << file.error().text();
  const ImportReport& report = file->report;
  EXPECT_EQ(report.rows, 36'062);
  EXPECT_EQ(report.hours, 33'413);
  EXPECT_EQ(report.duplicates, 2'649);
  EXPECT_EQ(report.differing_duplicates, differing);
  EXPECT_EQ(report.gaps, 8);
  EXPECT_EQ(report.missing, 16);
  EXPECT_EQ(report.rejected, 1);
  EXPECT_EQ(report.out_of_order, 0);
  EXPECT_EQ(report.outside_range, 0);
  EXPECT_EQ(report.rounded, 0);
  EXPECT_TRUE(report.newest_first);
  EXPECT_EQ(report.in_seconds, 28'584);
  EXPECT_EQ(report.in_milliseconds, 7'478);
  EXPECT_EQ(report.in_microseconds, 0);
  EXPECT_EQ(report.iso_dates, 7'478);
  EXPECT_EQ(report.twelve_hour_dates, 28'584);
  EXPECT_EQ(report.other_dates, 0);
  EXPECT_EQ(report.first.us, t0);
  EXPECT_EQ(report.last.us, 1'623'283'200'000'000);
  ASSERT_EQ(report.rejections.size(), 1U);
  EXPECT_EQ(report.rejections[0], (Rejection{{t0}, "open", absurd_open, file->bars[0].close}));
  EXPECT_TRUE(file->bars[0].absurd());
  EXPECT_TRUE(file->bars[0].close_sound);
  EXPECT_EQ(file->bars.size(), 33'413U);
  EXPECT_EQ(file->quote, "USDT");
  EXPECT_EQ(file->sha256, sha256);
}

TEST(Reader, CountsTheFlawsOfTheRealEthFile) {
  expect_real_file("eth_usdt_1h.csv", 1'746, {65'274'000'000},
                   "15c5eb1775fcf5a77b8c540771f9a3e43358897101db5f82eb4b38a09093a48a");
}

TEST(Reader, CountsTheFlawsOfTheRealBtcFile) {
  expect_real_file("btc_usdt_1h.csv", 1'442, {1'619'991'000'000},
                   "67efd97d12d80c0af3cd0127215cab94b20d4a7b471202938a1922e2e790a3d1");
}

TEST(Reader, TakesTimesInThreeUnitsAndWithZeroDecimals) {
  const PriceFile file = must_read(
      "time,symbol,open,high,low,close\n1502942400.0,ETH/USDT,1,1,1,1\n1502946000000,ETH/USDT,2,2,2,2\n"
      "1502949600000000,ETH/USDT,3,3,3,3\n");
  ASSERT_EQ(file.bars.size(), 3U);
  EXPECT_EQ(file.bars[0].opens_at.us, t0);
  EXPECT_EQ(file.bars[1].opens_at.us, t0 + hour);
  EXPECT_EQ(file.bars[2].opens_at.us, t0 + 2 * hour);
  EXPECT_EQ(file.report.in_seconds, 1);
  EXPECT_EQ(file.report.in_milliseconds, 1);
  EXPECT_EQ(file.report.in_microseconds, 1);
  EXPECT_FALSE(file.report.newest_first);
}

TEST(Reader, TakesBomCrlfQuotesSemicolonsAndAnyLetterCase) {
  const PriceFile file =
      must_read("\xEF\xBB\xBFOpen_Time;\"Note\";OPEN;High;Low;\"Close\"\r\n1502942400;\"a;b\";1.5;\"2\";1;1.25\r\n\r\n",
                "btc-usdc-hourly.csv");
  ASSERT_EQ(file.bars.size(), 1U);
  EXPECT_EQ(file.bars[0].open.e8, 150'000'000);
  EXPECT_EQ(file.bars[0].close.e8, 125'000'000);
  EXPECT_EQ(file.symbol, "BTC/USDC");
}

TEST(Reader, OfADoubledHourTheFirstRowStands) {
  const PriceFile file =
      must_read(header + row(1, "20,21,19,20") + row(0) + row(1, "22,23,21,22") + row(1, "20,21,19,20"));
  ASSERT_EQ(file.bars.size(), 2U);
  EXPECT_EQ(file.bars[1].open.e8, 2'000'000'000);
  EXPECT_EQ(file.report.rows, 4);
  EXPECT_EQ(file.report.duplicates, 2);
  EXPECT_EQ(file.report.differing_duplicates, 1);
}

TEST(Reader, CountsGapsAndRowsOutOfOrder) {
  const PriceFile file = must_read(header + row(0) + row(1) + row(5) + row(3) + row(9));
  EXPECT_EQ(file.report.gaps, 3);
  EXPECT_EQ(file.report.missing, 5);
  EXPECT_EQ(file.report.out_of_order, 1);
  EXPECT_FALSE(file.report.newest_first);
}

TEST(Reader, ReportsPricesOutsideTheirRangeAndRoundedOnes) {
  const PriceFile file = must_read(header + row(0, "13,12,9,11") + row(1, "10.000000005,12,9,11"));
  EXPECT_EQ(file.report.outside_range, 1);
  EXPECT_EQ(file.report.rounded, 1);
  EXPECT_EQ(file.bars[1].open.e8, 1'000'000'000);
}

TEST(Reader, UnusedColumnsMayHoldAnything) {
  EXPECT_EQ(
      must_read("unix,symbol,open,high,low,close,x\n1502942400,ETHUSDT,1,1,1,1,NULL\n1502946000,ETHUSDT,1,1,1,1,\xff\n")
          .bars.size(),
      2U);
}

void refuses(const std::string& text, int line, const std::string& field, const std::string& what) {
  const ReadError error = must_refuse(text);
  EXPECT_EQ(error.line, line) << error.text();
  EXPECT_EQ(error.field, field) << error.text();
  EXPECT_THAT(error.what, HasSubstr(what));
  EXPECT_FALSE(error.do_what.empty());
  EXPECT_EQ(error.text().find('\n'), std::string::npos);
}

TEST(Reader, NamesLineAndFieldOfWhatItRefuses) {
  refuses("", 0, "", "it is empty");
  refuses("\n\n", 0, "", "it is empty");
  refuses(header, 0, "", "it holds no prices");
  refuses("1502942400,1,1,1,1\n", 1, "", "no usable columns");
  refuses("unix,open,high\n", 1, "", "does not name low, close");
  refuses("open,high,low,close\n", 1, "", "does not name a time");
  refuses("unix,open,open,high,low,close\n", 1, "open", "twice");
  refuses(header + row(0) + row(1, "abc,12,9,11"), 3, "open", "\"abc\" is not a number");
  refuses(header + row(0, "10,12,9,"), 2, "close", "\"\" is not a number");
  refuses(header + row(0, "10,nan,9,11"), 2, "high", "is not a number");
  refuses(header + row(0, "10,1e2,9,11"), 2, "high", "is not a number");
  refuses(header + row(0, "10,12,0,11"), 2, "low", "is not above 0");
  refuses(header + row(0, "10,12,9,-11"), 2, "close", "is not above 0");
  refuses(header + row(0, "0.000000004,12,9,11"), 2, "open", "is not above 0");
  refuses(header + row(0, "99999999999999999999,12,9,11"), 2, "open", "is too large");
  refuses(header + row(0, "10,9,12,11"), 2, "high", "the high 9 is below the low 12");
  refuses(header + row(0) + "1502946000,ETH/USDT,10,12", 3, "", "ends after 4 of 6 columns");
  refuses(header + row(0) + "1502946000,ETH/USDT,10,12,9,11,5\n", 3, "", "has 7 columns, the header 6");
  refuses(header + "1502942401,ETH/USDT,10,12,9,11\n", 2, "unix", "is not a whole hour");
  refuses(header + "12,ETH/USDT,10,12,9,11\n", 2, "unix", "is no time between");
  refuses(header + "2017-08-17,ETH/USDT,10,12,9,11\n", 2, "unix", "is not a number");
  refuses(header + row(0) + "1502946000,BTC/USDT,10,12,9,11\n", 3, "symbol", "\"BTC/USDT\" after \"ETH/USDT\"");
  refuses(header + "1502942400,\"ETH/USDT,10,12,9,11\n", 2, "", "a quote is not closed");
  refuses(header + "1502942400,?,10,12,9,11\n", 0, "", "is no pair");
  refuses(header + row(0) + std::string("\0\1\2\3", 4) + "\n", 3, "", "no text holds");
  refuses(header + std::string(200'000, 'x'), 2, "", "longer than 64 KiB");
}

TEST(Reader, ShowsNoControlBytesAndOnlyTheBeginningOfALongField) {
  const ReadError error = must_refuse(header + "1502942400,ETH/USDT," + std::string(60, '\xc3') + ",12,9,11\n");
  EXPECT_EQ(error.what, "\"" + std::string(40, '?') + "...\" is not a number");
}

TEST(Reader, RefusesWhatIsNoFile) {
  const Folder folder;
  const auto absent = read_prices(folder.at("absent.csv"));
  ASSERT_FALSE(absent.has_value());
  EXPECT_THAT(absent.error().text(), HasSubstr("absent.csv: can't be opened: No such file"));
  const auto dir = read_prices(folder.at(""));
  ASSERT_FALSE(dir.has_value());
  EXPECT_EQ(dir.error().what, "it is a folder");
  ASSERT_EQ(::mkfifo(folder.at("pipe").c_str(), 0600), 0);
  const auto pipe = read_prices(folder.at("pipe"));
  ASSERT_FALSE(pipe.has_value());
  EXPECT_EQ(pipe.error().what, "it is not a regular file");
}

TEST(Reader, RefusesAFileWithoutASymbolAnywhere) {
  EXPECT_THAT(must_refuse("unix,open,high,low,close\n1502942400,1,1,1,1\n", "prices.csv").what,
              HasSubstr("what is priced"));
}

// The real file cut anywhere is either refused or read as the shorter file that it is, never as other prices.
TEST(Reader, ACutFileNeverYieldsOtherPrices) {
  const Folder folder;
  std::string text = header;
  for (int i = 0; i < 40; ++i) text += row(40 - i, "10.25,12.75,9.5,11.125");
  const PriceFile whole = must_read(text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto cut = read_prices(folder.write("eth_usdt.csv", text.substr(0, size)));
    if (!cut) continue;
    const auto same = std::search(whole.bars.begin(), whole.bars.end(), cut->bars.begin() + 1, cut->bars.end(),
                                  [](Bar a, Bar b) {  // what is sound depends on the bars beside
                                    a.open_sound = b.open_sound = a.close_sound = b.close_sound = true;
                                    return a == b;
                                  });
    EXPECT_TRUE(cut->bars.size() == 1 || same != whole.bars.end()) << size;
  }
}

RC_GTEST_PROP(ReaderProperty, AnyBytesAreReadOrRefusedInOneLine, (const std::string& bytes)) {
  const Folder folder;
  const auto file = read_prices(folder.write("eth_usdt.csv", bytes));
  RC_ASSERT(!file.has_value());
  RC_ASSERT(file.error().text().find('\n') == std::string::npos);
}

RC_GTEST_PROP(ReaderProperty, OneChangedByteIsReadOrRefusedNeverFatalToUs, (std::uint16_t at, char byte)) {
  const Folder folder;
  std::string text = header + row(0) + row(1) + row(2);
  text[at % text.size()] = byte;
  const auto file = read_prices(folder.write("eth_usdt.csv", text));
  if (!file) RC_ASSERT(!file.error().what.empty());
  if (file) RC_ASSERT(file->report.rows == file->report.hours + file->report.duplicates);
}

}  // namespace
}  // namespace workers::market
