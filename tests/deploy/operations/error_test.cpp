// tests/deploy/operations/error_test.cpp: the codes that programs hold on to, and the page that lists them.
#include "deploy/operations/error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>
#include <vector>

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using deploy::operations::store_error;
using ledger::StoreCause;
using ledger::StoreFailure;

TEST(Errors, ThePageForUsersListsThemAllAndNoOther) {
  std::ifstream page(std::string(BURSAR_SOURCE_DIR) + "/README.md");
  std::vector<std::string> listed, wanted;
  bool is_there = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("#")) is_there = line == "### Errors for programs";
    if (is_there && line.starts_with("| `")) listed.push_back(line);
  }
  for (const auto& row : deploy::operations::error_rows())
    wanted.push_back(fmt::format("| `{}` | {} | {} |", row.word, row.meaning, row.advice));
  EXPECT_EQ(listed, wanted);
}

TEST(Errors, AWordIsOneCodesAlone) {
  std::set<std::string_view> words;
  for (const auto& row : deploy::operations::error_rows()) {
    EXPECT_TRUE(words.insert(row.word).second) << row.word;
    EXPECT_TRUE(std::regex_match(std::string(row.word), std::regex("[a-z_]+"))) << row.word;
    EXPECT_FALSE(row.meaning.empty() || row.advice.empty()) << row.word;
    EXPECT_EQ(deploy::operations::row_of(row.code).word, row.word);
  }
}

TEST(Errors, WhatTheLedgerSaysHasACode) {
  deploy::LedgerPlace place;
  place.dsn = "host=/nowhere user=ann";
  const auto code = [&](StoreFailure failure, StoreCause cause = StoreCause::other) {
    return store_error(place, {failure, "in some words", cause}).code;
  };
  EXPECT_EQ(code(StoreFailure::unavailable), ErrorCode::unavailable);
  EXPECT_EQ(code(StoreFailure::unavailable, StoreCause::no_permission), ErrorCode::forbidden);
  EXPECT_EQ(code(StoreFailure::refused, StoreCause::no_permission), ErrorCode::forbidden);
  EXPECT_EQ(code(StoreFailure::refused, StoreCause::not_ours), ErrorCode::no_ledger);
  EXPECT_EQ(code(StoreFailure::refused), ErrorCode::failed);
  EXPECT_EQ(code(StoreFailure::doubt), ErrorCode::in_doubt);
  EXPECT_EQ(code(StoreFailure::conflict), ErrorCode::conflict);
}

}  // namespace
}  // namespace tests
