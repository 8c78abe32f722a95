// tests/history/history_test.cpp: the machines answer today what they answered when the history was recorded. A change
// of behaviour that is meant needs a new machine version; BURSAR_RECORD=1 records anew, and never where CI is set.
#include "tests/history/history.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

namespace {

namespace order = machines::order;
using machines::Price;
using machines::SleeveKind;
using machines::allocation::Movement;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::House;
using tests::history::Recorder;
using tests::history::replay;

const std::string path = "tests/history/two_sleeves.jsonl";
constexpr machines::Int128 tether = 100'000'000;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' && std::string(value) != "0";
}

std::string file() { return std::string(BURSAR_SOURCE_DIR) + "/" + path; }

std::string recorded() {
  std::ostringstream text;
  text << std::ifstream(file(), std::ios::binary).rdbuf();
  return text.str();
}

// The venue's word on the n-th order: at once, in parts, after silence, or not at all.
void meet_the_venue(House& house, Price open, int n) {
  const auto say = [&](order::Event event) {
    house.tell(event, House::no_fills(), n % 6 == 3 ? "told_to_reject" : "");
  };
  const auto fill = [&](order::Event event, std::int64_t ppm) {
    house.tell(event, house.fill_of_share(open, ppm), "");
  };
  say(order::send);
  if (n % 6 == 3) return say(order::reject);
  if (n % 6 == 1 || n % 6 == 4) say(order::fall_silent);
  if (n % 6 == 4) {
    say(order::resend);
  }
  if (n % 6 == 1) fill(order::part_fill, 400'000);
  if (n % 6 == 1) return fill(order::fill, 590'000);
  if (n % 6 == 5) fill(order::part_fill, 700'000);
  if (n % 6 == 5) return say(order::confirm_cancel);
  fill(order::fill, machines::ppm_of_one);
}

// A sleeve's hours on prices that swing by up to 4 % each, now and then without a bar.
void live(House& house, std::uint64_t seed, int hours) {
  std::mt19937_64 random(seed);
  Price price{25'000'000'000};
  int orders = 0;
  for (int hour = 0; hour < hours; ++hour) {
    const auto move = static_cast<std::int64_t>(random() % 80'001) - 37'000;
    price.e8 += price.e8 / machines::ppm_of_one * move;
    if (house.has_order()) meet_the_venue(house, price, orders++);
    house.stop_entries(hour % 20 == 19);
    house.close_next(random() % 16 == 1 ? std::nullopt : std::optional(price));
  }
  ASSERT_EQ(house.broken(), "");
}

std::string record() {
  Recorder recorder;
  House flash(SleeveKind::flash, 5'000 * tether, House::Start::empty, &recorder);
  flash.move(Movement::fund, 15'000 * tether, 5'000 * tether);
  flash.move(Movement::allocate_to_sleeve, 15'001 * tether, 0);
  flash.move(Movement::allocate_to_sleeve, 5'000 * tether, 0);
  live(flash, 5, 28);
  flash.move(Movement::reclaim, tether, 0);
  House quiet(SleeveKind::quiet, 10'000 * tether, House::Start::funded, &recorder);
  live(quiet, 8, 20);
  return recorder.text();
}

TEST(History, TodaysMachinesAnswerAsRecorded) {
  if (is_set("BURSAR_RECORD")) {
    ASSERT_FALSE(is_set("CI")) << "a history is not recorded anew where it is to be checked";
    std::ofstream(file(), std::ios::binary) << record();
  }
  const std::string text = recorded();
  EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 60) << path << " is missing or cut short";
  EXPECT_LT(text.size(), 60'000U);
  for (const std::string& finding : replay(path, text)) ADD_FAILURE() << finding;
}

TEST(History, HoldsEveryStateThatACycleLeavesAndAnOrdersDoubt) {
  const std::string text = recorded();
  for (const char* word : {"\"state\":\"watching\"", "\"state\":\"entering\"", "\"state\":\"holding\"",
                           "\"state\":\"leaving\"", "\"state\":\"in_doubt\"", "\"state\":\"resting\"", "\"sweep\"",
                           "\"rehold\"", "\"release\"", "stop_loss", "\"trail\"", "nothing to do", "next_cycle"})
    EXPECT_NE(text.find(word), std::string::npos) << word;
}

TEST(History, AnAnswerThatChangedIsNamedWithItsLine) {
  std::string text = recorded();
  const auto at = text.find("\"reserve_buy\"");
  ASSERT_NE(at, std::string::npos);
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
  text.replace(at, 13, "\"reserve_all\"");
  EXPECT_THAT(replay("x", text), ElementsAre(AllOf(HasSubstr("x:" + std::to_string(line) + ": "),
                                                   HasSubstr("\"value\":\"reserve_buy\""))));
}

TEST(History, AFactThatChangedChangesTheAnswer) {
  std::string text = recorded();
  const std::string allocation = "\"allocation\":\"1:500000000000\"";
  const auto at = text.find(allocation);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, allocation.size(), "\"allocation\":\"1:500000000001\"");
  EXPECT_THAT(replay("x", text), Not(IsEmpty())) << "a flash sleeve that keeps more returns less";
}

TEST(History, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(replay("x", "{\"machine\":\"oven\"}\n"), ElementsAre(HasSubstr("x:1: can't be read")));
  EXPECT_THAT(replay("x", "half a line"), ElementsAre(HasSubstr("x:1: can't be read")));
  std::string text = recorded();
  text.replace(text.find("\"lot\":\"2:"), 9, "\"lot\":\"2?");
  EXPECT_GT(replay("x", text).size(), 20U) << "whatever needs the instrument";
}

}  // namespace
