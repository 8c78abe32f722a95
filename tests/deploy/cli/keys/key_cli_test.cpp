// tests/deploy/cli/keys/key_cli_test.cpp: the words of `bursar key`: what was not understood may be a secret, and is
// never repeated.
#include <gmock/gmock.h>

#include "deploy/cli/keys/key_commands.hpp"
#include "tests/deploy/cli/line.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* secret = "CANARY-of-the-line";

Captured say(const std::vector<std::string>& words) { return unreached(deploy::add_key_commands, "key", words); }

TEST(KeyCommandWords, Inv36ASecretOnTheLineIsRefusedAndNotRepeated) {
  const std::vector<std::string> add{"add", "--name", "a", "--account", "spot", "--purpose", "read"};
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--secret", secret},
                                               {std::string("--secret=") + secret},
                                               {secret},
                                               {std::string("--api-secret=") + secret},
                                               {"--api-secret", secret}}) {
    std::vector<std::string> words = add;
    words.insert(words.end(), more.begin(), more.end());
    const Captured said = say(words);
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err,
                AllOf(StartsWith("bursar: a secret is never taken from the command line"), Not(HasSubstr("CANARY"))));
    EXPECT_THAT(said.out, IsEmpty());
  }
}

TEST(KeyCommandWords, EachActIsReachedByItsName) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"list"},
                                                {"test", "a"},
                                                {"rotate", "a", "--secret-file", "/nowhere"},
                                                {"retire", "a"},
                                                {"rewrap", "--new-master-key", "/nowhere"}}) {
    const Captured said = say(words);
    EXPECT_NE(said.code, 0);
    EXPECT_THAT(said.err, AllOf(StartsWith("bursar: key " + words[0] + ": "), Not(HasSubstr("command line"))));
  }
  const Captured added = say({"add", "--name", "a", "--account", "spot", "--purpose", "steal"});
  EXPECT_EQ(added.code, 2);
  EXPECT_THAT(added.err, HasSubstr("--purpose is read, trade or move"));
}

TEST(KeyCommandWords, WhatIsMissingIsNamed) {
  EXPECT_THAT(say({}).err, HasSubstr("`bursar key` needs a command: add, list, test, rotate, retire, rewrap"));
  EXPECT_THAT(say({"add", "--name", "a", "--purpose", "read"}).err, HasSubstr("--account is required"));
  EXPECT_THAT(say({"retire"}).err, HasSubstr("name is required"));
}

}  // namespace
}  // namespace tests
