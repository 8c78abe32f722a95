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
  const auto code = [&](StoreFailure failure, const char* text) { return store_error(place, {failure, text}).code; };
  EXPECT_EQ(code(StoreFailure::unavailable, "no such socket"), ErrorCode::unavailable);
  EXPECT_EQ(code(StoreFailure::unavailable, "FATAL: permission denied for database \"x\""), ErrorCode::forbidden);
  EXPECT_EQ(code(StoreFailure::refused, "[42501] permission denied for table job"), ErrorCode::forbidden);
  EXPECT_EQ(code(StoreFailure::refused, "[42P01] what is ledger?"), ErrorCode::no_ledger);
  EXPECT_EQ(code(StoreFailure::refused, "[22003] out of range"), ErrorCode::failed);
  EXPECT_EQ(code(StoreFailure::doubt, "gone"), ErrorCode::in_doubt);
  EXPECT_EQ(code(StoreFailure::conflict, "[40001] again"), ErrorCode::conflict);
}

}  // namespace
}  // namespace tests
