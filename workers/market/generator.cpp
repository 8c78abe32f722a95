#include "workers/market/generator.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

namespace workers::market {
namespace {

using machines::fail;
using machines::Nothing;
using machines::Result;

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  // 0 .. bound - 1. REQUIRES: bound > 0, far below 2^64 (the bias is then of no account).
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  // A normal variable in thousandths of its deviation: twelve uniform ones added up.
  std::int64_t normal_milli() {
    std::int64_t sum = -6000;
    for (int i = 0; i < 12; ++i) sum += below(1001);
    return sum;
  }

 private:
  std::uint64_t state_;
};

// Per step of ten minutes, in parts per million of the price.
struct Regime {
  std::int64_t drift;
  std::int64_t spread;
};
constexpr std::array<Regime, 4> regimes{{{0, 1'200}, {450, 2'400}, {-450, 2'600}, {0, 5'200}}};
constexpr int steps_per_bar = 6;
constexpr std::int64_t e8_per_cent = 1'000'000;

std::int64_t moved(std::int64_t cents, const Regime& regime, Random& random) {
  const std::int64_t ppm = regime.drift + regime.spread * random.normal_milli() / 1000;
  return std::max<std::int64_t>(100, cents + cents * ppm / machines::ppm_of_one);
}

machines::Price price_of(std::int64_t cents) { return {cents * e8_per_cent}; }

std::string decimal(machines::Price price) {
  return fmt::format("{}.{:08}", price.e8 / 100'000'000, price.e8 % 100'000'000);
}

std::string date_of(machines::Instant at) {
  using namespace std::chrono;
  const sys_time<std::chrono::microseconds> time{std::chrono::microseconds{at.us}};
  const year_month_day day{floor<days>(time)};
  const auto hour = duration_cast<std::chrono::hours>(time - floor<days>(time)).count();
  return fmt::format("{:04}-{:02}-{:02} {:02}:00:00", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), hour);
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::vector<Bar> generate(const SampleParams& params) {
  CHECK(params.bars >= 1 && params.bars <= 1'000'000 && params.first.us % machines::hours(1).us == 0);
  Random random(params.seed);
  std::int64_t cents = params.start.e8 / e8_per_cent;
  CHECK(cents >= 100);
  std::size_t regime = 0;
  std::vector<Bar> bars;
  bars.reserve(static_cast<std::size_t>(params.bars));
  for (int i = 0; i < params.bars; ++i) {
    if (random.below(24) == 0) regime = static_cast<std::size_t>(random.below(regimes.size()));
    const std::int64_t open = cents;
    std::int64_t high = open;
    std::int64_t low = open;
    for (int step = 0; step < steps_per_bar; ++step) {
      cents = moved(cents, regimes[regime], random);
      high = std::max(high, cents);
      low = std::min(low, cents);
    }
    bars.push_back({params.first + machines::hours(i), price_of(open), price_of(high), price_of(low), price_of(cents)});
  }
  return bars;
}

std::string to_csv(const std::vector<Bar>& bars, const std::string& base, const std::string& quote) {
  std::string text = fmt::format("unix,date,symbol,open,high,low,close,Volume {},Volume {},tradecount\n", base, quote);
  for (auto bar = bars.rbegin(); bar != bars.rend(); ++bar)
    text += fmt::format("{},{},{}/{},{},{},{},{},NULL,NULL,NULL\n", bar->opens_at.us / 1000, date_of(bar->opens_at),
                        base, quote, decimal(bar->open), decimal(bar->high), decimal(bar->low), decimal(bar->close));
  return text;
}

Result<Nothing, WriteError> write_sample(const std::string& path, const SampleParams& params) {
  const std::string part = path + ".part";
  ::unlink(part.c_str());  // left by a run that was killed; a link is not followed
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool written = fd >= 0 && write_all(fd, to_csv(generate(params), "ETH", "USDT"));
  if (written) written = std::rename(part.c_str(), path.c_str()) == 0;
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (written) return Nothing{};
  if (fd >= 0) ::unlink(part.c_str());
  return fail(WriteError{path, std::strerror(reason)});
}

}  // namespace workers::market
