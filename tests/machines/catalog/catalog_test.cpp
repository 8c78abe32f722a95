// tests/machines/catalog/catalog_test.cpp: all machines are in the catalog, whole, as they are on record.
#include "machines/catalog/catalog.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "machines/core/names.hpp"
#include "machines/order/order.hpp"
#include "tests/machines/golden.hpp"

namespace {

namespace catalog = machines::catalog;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text.append(" ").append(word);
  return text + "\n";
}

std::string text_of(const catalog::Kind& kind) {
  std::string text;
  for (const catalog::Version& version : kind.versions) {
    text.append(kind.word).append(" ").append(std::to_string(version.number));
    text.append(", moved by ").append(machines::name_of(kind.moved_by)).append(kind.stands ? ", stands\n" : "\n");
    text += "  states" + text_of(version.states) + "  finals" + text_of(version.finals);
    text += "  commands" + text_of(version.commands) + "  outside" + text_of(version.outside);
    text += "  leaving" + text_of(version.leaving);
    for (const catalog::Birth& birth : version.births)
      text.append("  born ").append(birth.on).append(" ").append(birth.to).append("\n");
    for (const catalog::Row& row : version.rows) {
      text.append("  row ").append(row.from).append(" ").append(row.on).append(" ").append(row.to);
      text.append(" ").append(row.then).append(row.then_is_optional ? " or none\n" : "\n");
    }
  }
  return text;
}

TEST(Catalog, EveryKindIsOnRecord) {
  std::string text;
  for (const catalog::Kind& kind : catalog::kinds()) text += text_of(kind);
  tests::expect_golden("tests/machines/catalog/golden_catalog.txt", text);
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// A folder with a table in it is a machine: the catalog includes it, and has as many kinds.
TEST(Catalog, HasEveryMachineThatHasAFolder) {
  const fs::path machines = fs::path(BURSAR_SOURCE_DIR) / "machines";
  const std::string table = text_of(machines / "catalog" / "catalog.cpp");
  std::size_t count = 0;
  for (const auto& folder : fs::directory_iterator(machines)) {
    const std::string name = folder.path().filename().string(), header = name + "/" + name + ".hpp";
    if (text_of(machines / header).find("constexpr auto transitions = table<") == std::string::npos) continue;
    ++count;
    EXPECT_NE(table.find("#include \"machines/" + header + "\""), std::string::npos) << header;
  }
  EXPECT_EQ(count, catalog::kinds().size());
}

TEST(Catalog, AMachineIsWhole) {
  std::set<std::string_view> words;
  for (const catalog::Kind& kind : catalog::kinds()) {
    EXPECT_TRUE(words.insert(kind.word).second) << kind.word << " is there twice";
    ASSERT_FALSE(kind.versions.empty()) << kind.word;
    int last = 0;
    for (const catalog::Version& version : kind.versions) {
      EXPECT_EQ(version.number, ++last) << kind.word;
      EXPECT_TRUE(version.has_state(version.start)) << kind.word;
      EXPECT_FALSE(version.births.empty()) << kind.word << " is never born";
      for (const catalog::Birth& birth : version.births) EXPECT_TRUE(version.has_state(birth.to)) << birth.on;
      for (const catalog::Row& row : version.rows) EXPECT_FALSE(version.is_final(row.from)) << row.from;
      for (const std::string_view event : version.leaving)
        EXPECT_TRUE(std::any_of(version.rows.begin(), version.rows.end(), [&](const auto& row) {
          return row.on == event;
        })) << event;
    }
  }
}

// Only a kind with a handler orders jobs that a worker does; a key's commands are done where its step is made.
TEST(Catalog, WhatAsksOutsideIsDoneByWorkers) {
  for (const catalog::Kind& kind : catalog::kinds())
    for (const catalog::Version& version : kind.versions)
      if (kind.moved_by != catalog::MovedBy::workers) {
        EXPECT_THAT(version.outside, IsEmpty()) << kind.word;
      }
}

TEST(Catalog, AMoveIsARowOrABirthOrNothing) {
  const catalog::Version& order = *catalog::find(catalog::kinds(), "order", 1);
  EXPECT_TRUE(order.allows("sent", "accept", "resting", "query_order"));
  EXPECT_FALSE(order.allows("sent", "accept", "resting", "none"));
  EXPECT_FALSE(order.allows("sent", "accept", "filled", "query_order"));
  EXPECT_TRUE(order.allows("", "draft", "drafted", "place_order"));
  EXPECT_FALSE(order.allows("", "draft", "filled", "none"));
  EXPECT_FALSE(order.allows("", "send", "sent", "none"));
  const catalog::Version& vault = *catalog::find(catalog::kinds(), "vault", 1);
  EXPECT_TRUE(vault.allows("open", "flex", "open", "review"));
  EXPECT_TRUE(vault.allows("open", "flex", "open", "none")) << "a review that a person ordered leaves the timer alone";
  const catalog::Version& differs = *catalog::find(catalog::kinds(), "break", 1);
  EXPECT_TRUE(differs.allows("", "find", "open", "none"));
  EXPECT_TRUE(differs.allows("", "book", "closed", "none"));
  EXPECT_FALSE(differs.allows("", "find", "closed", "none"));
}

TEST(Catalog, AStrangerIsNothing) {
  EXPECT_EQ(catalog::find(catalog::kinds(), "teapot"), nullptr);
  EXPECT_EQ(catalog::find(catalog::kinds(), "teapot", 1), nullptr);
  EXPECT_EQ(catalog::find(catalog::kinds(), "order", 2), nullptr);
  EXPECT_FALSE(catalog::lets_leave("teapot", "send"));
  EXPECT_FALSE(catalog::goes_outside("teapot", "place_order"));
}

TEST(Catalog, KnowsWhatLeavesAndWhatAsksOutside) {
  for (const std::string_view event : machines::names_of<machines::order::Event>)
    EXPECT_EQ(catalog::lets_leave("order", event), event == "send" || event == "resend") << event;
  for (const std::string_view command : machines::names_of<machines::order::Command>)
    EXPECT_EQ(catalog::goes_outside("order", command), command != "none") << command;
  EXPECT_FALSE(catalog::lets_leave("sleeve_cycle", "entry_signal"));
  EXPECT_FALSE(catalog::goes_outside("sleeve_cycle", "place_order")) << "it bears the order that asks";
}

TEST(Catalog, ListsItsWordsForPeople) {
  EXPECT_EQ(catalog::listed(catalog::words()),
            "order, sleeve_cycle, allocation, vault, sleeve, control, intervention, resolution, key, firing and break");
  EXPECT_THAT(catalog::words(catalog::MovedBy::workers), ElementsAre("order", "sleeve_cycle", "allocation", "vault"));
  EXPECT_THAT(catalog::words(catalog::MovedBy::functions), ElementsAre("control", "intervention", "firing"));
  EXPECT_EQ(catalog::listed({}), "");
  EXPECT_EQ(catalog::listed({"one"}), "one");
}

}  // namespace
