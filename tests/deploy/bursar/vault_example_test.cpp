// The vault example: 20.01253 BTC in all, 15 tradeable, 10 quiet, 5 flash, on a scripted market. Every figure of the
// status diagram after buys, partial sales and full closes: a gain, a loss, a part of it regained, and a gain again.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/deploy/bursar/house.hpp"
#include "tests/machines/golden.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

// Without spread and slippage; every order fills in two parts.
constexpr const char* rules = R"toml(
[vault]
asset = "BTC"
total = 20.01253
tradeable = 15
[[sleeves]]
name = "quiet"
kind = "quiet"
allocation = 10
[[sleeves]]
name = "flash"
kind = "flash"
allocation = 5
[venue.paper]
half_spread_percent = 0
slippage_percent = 0
partial_fill_percent = 100
tick = 0.000001
min_notional = 0.001
)toml";

// Closes in thousandths of a BTC, hour by hour. Each bar opens at the close before it.
constexpr double closes[] = {50,   50,   50,   50,   50,   51,   51.5, 52,   53,   52.2, 52,   51.5,
                             51.5, 51.5, 51.5, 52.4, 52.5, 50.8, 50.5, 50.5, 50.5, 50.5, 51.4, 51.9,
                             51.6, 51.5, 51.4, 51.4, 51.4, 51.4, 52.5, 53.5, 55,   54.5, 54,   53.9,
                             53.9, 53.9, 55,   57,   60,   59.4, 59,   59,   59,   59};

struct Stage {
  std::size_t bars;
  const char* what;
};
constexpr Stage stages[] = {
    {5, "before the first signal"},
    {7, "the first part of both purchases has filled"},
    {8, "both positions are open"},
    {11, "both have sold a part"},
    {12, "both have closed with a gain: flash has returned its profit"},
    {20, "both have closed with a loss: flash carries it"},
    {36, "a part of the loss is regained: flash returns nothing yet"},
    {46, "more than the loss is regained: flash returns the rest"},
};

std::string csv(std::size_t bars) {
  std::string text = "unix,open,high,low,close\n";
  double open = closes[0];
  for (std::size_t at = 0; at < bars; ++at) {
    const double close = closes[at];
    text += fmt::format("{},{:.6f},{:.6f},{:.6f},{:.6f}\n", 1'704'067'200 + 3'600 * at, open / 1000,
                        std::max(open, close) / 1000, std::min(open, close) / 1000, close / 1000);
    open = close;
  }
  return text;
}

TEST(VaultExample, EveryFigureOfTheStatusDiagramIsOnRecord) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  std::string told;
  for (const Stage& stage : stages) {
    const TempFolder folder;
    const std::string prices = (folder.path() / "eth_btc_1h.csv").string();
    write_text(prices, csv(stage.bars));
    write_text(folder.path() / "rules.toml", rules);
    const std::string data = (folder.path() / "data").string();
    const Said run = bursar({"up", "--data-dir", data, "--config", (folder.path() / "rules.toml").string(), "--replay",
                             prices, "--exit-when-done"});
    ASSERT_EQ(run.code, 0) << run.err;
    const Said shown = bursar({"vault", "show", "BTC", "--data-dir", data});
    ASSERT_EQ(shown.code, 0) << shown.err;
    told += fmt::format("After {} bars: {}\n{}\n", stage.bars, stage.what, shown.out);
  }
  expect_golden("tests/deploy/bursar/vault_example.txt", told);
}

}  // namespace
}  // namespace tests
