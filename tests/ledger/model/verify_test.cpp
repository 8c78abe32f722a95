#include "ledger/model/verify.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "ledger/model/ledger.hpp"

namespace ledger::model {
namespace {

using machines::Amount;
using machines::Posting;
using machines::PostingKind;
using machines::Step;
using machines::Subject;
using testing::HasSubstr;

constexpr OwnerId owner{1};
constexpr AssetId usdt{1};

Step step_of(Subject subject, std::int64_t version, std::vector<Posting> postings) {
  Step step;
  step.owner = owner;
  step.world_at = {1'000 + version};
  machines::Move move;
  move.instance = subject;
  move.kind = "till";
  move.version = version;
  move.from = version == 0 ? "" : "open";
  move.to = "open";
  move.data = "{}";
  step.moves = {move};
  step.postings = std::move(postings);
  return step;
}

Posting posting(PostingKind kind, std::int64_t debit, std::int64_t credit, Int128 minor, HoldKey hold = {}) {
  return {kind, {debit}, {credit}, Amount(usdt, minor), "pay", hold};
}

// Accounts 1 (outside), 2 (cash, limited), 3 (shop); till 1 with one payment, one hold resolved, one open.
Rows sound_rows() {
  Ledger ledger;
  ledger.open_asset({usdt, "USDT", 8});
  ledger.open_owner(owner, 0);
  ledger.open_account({owner, "outside", usdt, false});
  ledger.open_account({owner, "cash", usdt, true});
  ledger.open_account({owner, "shop", usdt, false});
  const auto till = Subject::of({1});
  const std::vector<Step> steps = {
      step_of(Subject::birth(1), 0, {posting(PostingKind::single, 1, 2, 100)}),
      step_of(till, 1, {posting(PostingKind::hold, 2, 3, 40), posting(PostingKind::hold, 2, 3, 7)}),
      step_of(till, 2, {posting(PostingKind::post, 2, 3, 30, {{1}, 2, 1})}),
  };
  for (const auto& result : ledger.commit(0, 0, steps)) EXPECT_EQ(result.outcome, machines::Outcome::committed);
  return ledger.rows();
}

TEST(ModelVerify, SoundRowsAreSound) { EXPECT_EQ(verify(sound_rows()), ""); }

TEST(ModelVerify, EveryTamperedRowIsFoundAndNamed) {
  const PostingKey paid{owner, {{1}, 1, 1}};
  const PostingKey held{owner, {{1}, 2, 1}};
  const PostingKey resolved{owner, {{1}, 3, 1}};
  const std::vector<std::pair<std::string, std::function<void(Rows&)>>> tampered = {
      {"transition (owner 1, instance 1, version 3)",
       [](Rows& r) {
         r.transitions.erase({owner, {1}, 2});
       }},
      {"transition (owner 1, instance 1, version 2)",
       [](Rows& r) {
         r.transitions[{owner, {1}, 2}].from = "x";
       }},
      {"instance (owner 1, id 1)",
       [](Rows& r) {
         r.instances[{owner, {1}}].state = "rich";
       }},
      {"instance (owner 1, id 1)",
       [](Rows& r) {
         r.instances[{owner, {1}}].data = "[]";
       }},
      {"instance (owner 1, id 1): is missing", [](Rows& r) { r.instances.clear(); }},
      {"instance (owner 1, id 9)",
       [](Rows& r) {
         r.instances[{owner, {9}}].version = 1;
       }},
      {"posting (owner 1, instance 1, version 1", [&](Rows& r) { r.postings[paid].world_at = {1}; }},
      {"entry (account 1, version 1)", [&](Rows& r) { r.postings[paid].amount = 90; }},
      {"its amount cannot be", [&](Rows& r) { r.postings[paid].amount = 0; }},
      {"its account or asset cannot be", [&](Rows& r) { r.postings[paid].asset = {2}; }},
      {"posts more than was reserved", [&](Rows& r) { r.postings[resolved].amount = 41; }},
      {"its hold is missing", [&](Rows& r) { r.holds.erase(held); }},
      {"another step resolved", [&](Rows& r) { r.holds[held].resolved_version = 2; }},
      {"hold of posting (owner 1, instance 1", [&](Rows& r) { r.holds[held].reserved = 41; }},
      {"entry (account 2, version 3)",
       [](Rows& r) {
         r.entries[{{2}, 3}].after.debits_pending--;
       }},
      {"entry (account 2, version 3)",
       [](Rows& r) {
         r.entries.erase({{2}, 2});
       }},
      {"has no entry on side 1",
       [](Rows& r) {
         r.entries.erase({{3}, 3});
       }},
      {"account (owner 1, id 2, cash)", [](Rows& r) { r.accounts[{2}].counters.credits_posted++; }},
      {"account (owner 1, id 2, cash)", [](Rows& r) { r.accounts[{2}].version--; }},
      {"spends more than it has", [](Rows& r) { r.accounts[{1}].limited = true; }},
  };
  for (const auto& [words, change] : tampered) {
    Rows rows = sound_rows();
    change(rows);
    EXPECT_THAT(verify(rows), HasSubstr(words));
  }
}

TEST(ModelVerify, TheDigestGoesByPathsAndNotByIds) {
  Rows rows = sound_rows();
  const std::string before = digest(rows);
  rows.accounts[{9}] = rows.accounts[{3}];
  for (auto& [key, row] : rows.postings)
    if (row.credit == AccountId{3}) row.credit = {9};
  EXPECT_EQ(digest(rows), before);
  rows.accounts[{9}].path = "shop2";
  EXPECT_NE(digest(rows), before);
}

}  // namespace
}  // namespace ledger::model
