// tests/simulation/main.cpp: the program that tests/simulation/run starts: seeds from the command line, each failure
// made small and told. Exit code 0: every seed kept every promise (or the planted bug was found), 1: not, 2: usage.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "machines/core/names.hpp"
#include "tests/simulation/search.hpp"

namespace tests::simulation {
namespace {

struct Wish {
  std::uint64_t from = 1, seeds = 1'000;
  Plant plant = Plant::none;
  std::optional<std::vector<std::size_t>> only;
  std::string kept;        // a file of seeds that once failed
  std::uint64_t part = 0;  // of the fresh ones
  bool fresh = false;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<std::vector<std::size_t>> positions_of(std::string_view text) {
  std::vector<std::size_t> positions;
  if (text == "none") return positions;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto number = number_of(text.substr(0, comma));
    if (!number) return std::nullopt;
    positions.push_back(*number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return positions;
}

// Nothing, or what is wrong.
std::string read(Wish& wish, std::string_view option, std::string_view value) {
  const auto number = number_of(value);
  if (option == "--only") {
    wish.only = positions_of(value);
    return wish.only ? "" : "--only needs fault numbers, 2,5,7, or none";
  }
  if (option == "--plant") {
    const auto plant = machines::from_name<Plant>(value);
    if (plant) wish.plant = *plant;
    return plant ? "" : "no bug is called " + std::string(value) + "; --list-bugs names them";
  }
  if (option == "--kept") {
    wish.kept = value;
    return "";
  }
  if (option == "--fresh") {
    wish.fresh = number.has_value();
    wish.part = number.value_or(0);
    return number ? "" : "--fresh needs the number of the part, from 0";
  }
  if (option != "--seeds" && option != "--from" && option != "--seed")
    return "there is no option " + std::string(option);
  if (!number || *number == 0 || *number > 1'000'000'000'000)
    return std::string(option) + " needs a whole number from 1";
  if (option == "--seeds")
    wish.seeds = *number;
  else
    wish.from = *number;
  if (option == "--seed") wish.seeds = 1;
  return "";
}

int list_bugs() {
  for (std::size_t at = 1; at < machines::count_of<Plant>; ++at)
    fmt::print("{:<24} {}\n", machines::name_of(static_cast<Plant>(at)), description_of(static_cast<Plant>(at)));
  return 0;
}

// Every kept seed, whatever the others come to.
int run_kept(const std::string& path) {
  std::ifstream file(path);
  int seeds = 0, broken = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto kept = kept_of(line);
    if (!kept) {
      fmt::print(stderr, "tests/simulation/run: {}: no kept seed: {}\n", path, line);
      return 2;
    }
    ++seeds;
    if (const auto finding = try_kept(*kept); finding) {
      ++broken;
      fmt::print("{}\n", report(*finding));
    }
  }
  if (seeds == 0) {
    fmt::print(stderr, "tests/simulation/run: {} holds no seeds\n", path);
    return 2;
  }
  fmt::print("{} kept seeds, {} broken\n", seeds, broken);
  return broken == 0 ? 0 : 1;
}

// Seeds that nobody has tried: the same start for all parts where BURSAR_FRESH_FROM names one, else by the clock.
std::uint64_t first_fresh(const Wish& wish) {
  constexpr std::uint64_t beyond_the_fixed = 10'000'000, reach = 900'000'000'000;
  const char* told = std::getenv("BURSAR_FRESH_FROM");
  const auto from = number_of(told == nullptr ? "" : told);
  const auto clock = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  return from.value_or(beyond_the_fixed + clock % reach) + wish.part * wish.seeds;
}

int run(const Wish& wish) {
  constexpr int most_told = 3;
  std::uint64_t broken = 0;
  for (std::uint64_t seed = wish.from; seed < wish.from + wish.seeds; ++seed) {
    auto finding = try_seed(seed, wish.plant, wish.only);
    if (!finding) continue;
    make_small(*finding);
    fmt::print("{}\n", report(*finding));
    std::fflush(stdout);
    if (++broken == most_told || wish.plant != Plant::none) break;
  }
  if (wish.plant != Plant::none) {
    fmt::print("{}: {}\n", machines::name_of(wish.plant), broken > 0 ? "found" : "not found");
    return broken > 0 ? 0 : 1;
  }
  if (broken > 0) return 1;
  fmt::print("{} seeds from {}: every promise held\n", wish.seeds, wish.from);
  return 0;
}

}  // namespace
}  // namespace tests::simulation

int main(int count, char** words) {
  using namespace tests::simulation;
  Wish wish;
  for (int at = 1; at < count; at += 2) {
    if (std::string_view(words[at]) == "--list-bugs") return list_bugs();
    const std::string wrong =
        at + 1 < count ? read(wish, words[at], words[at + 1]) : std::string(words[at]) + " needs a value";
    if (!wrong.empty()) {
      fmt::print(stderr, "tests/simulation/run: {}\n", wrong);
      return 2;
    }
  }
  if (!wish.kept.empty()) return run_kept(wish.kept);
  if (wish.fresh) {
    wish.from = first_fresh(wish);
    fmt::print("fresh seeds from {}\n", wish.from);
    std::fflush(stdout);
  }
  return run(wish);
}
