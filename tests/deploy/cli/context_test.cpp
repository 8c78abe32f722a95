// tests/deploy/cli/context_test.cpp: what a command says when the ledger can't be read, and what to do then.
#include "deploy/cli/context.hpp"

#include <gmock/gmock.h>

#include "tests/support/captured.hpp"

namespace tests {
namespace {

using ledger::StoreCause;
using ledger::StoreFailure;
using testing::EndsWith;

deploy::CommandContext place(bool by_folder) {
  deploy::CommandContext context;
  context.dsn = "host=/nowhere user=ann";
  context.by_folder = by_folder;
  return context;
}

Captured failed(bool by_folder, StoreFailure failure, const std::string& text, StoreCause cause = StoreCause::other) {
  return captured([&] { return deploy::failed(place(by_folder), "vault list", {failure, text, cause}); });
}

TEST(Advice, WhoCantBeReachedIsStartedOrChecked) {
  const Captured folder = failed(true, StoreFailure::unavailable, "no such socket");
  EXPECT_EQ(folder.code, 1);
  EXPECT_EQ(folder.out, "");
  EXPECT_EQ(folder.err,
            "bursar: vault list: no such socket; `bursar up` on this data folder starts it, if it is not just "
            "starting\n");
  EXPECT_EQ(failed(false, StoreFailure::unavailable, "no such host").err,
            "bursar: vault list: no such host; check --dsn\n");
}

TEST(Advice, ADatabaseThatHoldsNoLedgerIsNoneOfOurs) {
  EXPECT_EQ(failed(false, StoreFailure::refused, "what is ledger?", StoreCause::not_ours).err,
            "bursar: vault list: what is ledger?; this database holds no ledger of Bursar: check --dsn, or let `bursar "
            "up` make one in it\n");
}

TEST(Advice, WhoLacksARightIsToldWhichRoleHasIt) {
  constexpr const char* grant =
      "; `GRANT bursar_operator TO ann` gives a login what people order and look at; what remains is the owner's "
      "alone\n";
  for (const StoreFailure failure : {StoreFailure::refused, StoreFailure::unavailable})
    EXPECT_THAT(failed(false, failure, "not for you", StoreCause::no_permission).err, EndsWith(grant));
}

TEST(Advice, AnyOtherErrorIsSaidAsItIs) {
  EXPECT_EQ(failed(false, StoreFailure::refused, "[22003] out of range").err,
            "bursar: vault list: [22003] out of range\n");
  EXPECT_EQ(failed(true, StoreFailure::conflict, "[40001] again").err, "bursar: vault list: [40001] again\n");
}

TEST(Complaints, AreOneLineWhateverIsInThem) {
  const Captured said = captured([] { return deploy::wrong("no vault `a\nb\x1b[2J`"); });
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.err, "bursar: no vault `a\\nb\\x1b[2J`\n");
}

}  // namespace
}  // namespace tests
