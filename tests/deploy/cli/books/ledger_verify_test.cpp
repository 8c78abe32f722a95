// tests/deploy/cli/books/ledger_verify_test.cpp: the audit as an operator meets it: what was put back or changed behind
// the house's back is refused or named, everything freezes, and what did not end is not ok.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>

#include "ledger/audit/signings.hpp"
#include "ledger/store/transaction.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void copy_all(const std::string& from, const std::string& to) {
  Child copy({"/bin/cp", "-a", from, to});
  ASSERT_EQ(copy.wait().code, 0) << copy.output();
}

// A finished house of the test's own, down: a copy of the one that all share.
class Audit : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
    copy_all(finished_house().data_dir, data_);
  }
  Said run(Words words) const {
    words.insert(words.end(), {"--data-dir", data_});
    return bursar(words);
  }
  Said verify(Words words = {}) const {
    words.insert(words.begin(), {"ledger", "verify"});
    return run(words);
  }
  std::unique_ptr<Child> open_house() const {
    auto house = start_bursar({"up", "--data-dir", data_});
    EXPECT_TRUE(house->wait_for_output("The house stays open")) << house->output();
    return house;
  }
  // As a superuser on the database of the running house.
  ledger::Connection insider() const { return ledger::Connection(house_dsn(data_)); }
  void tamper(const std::string& sql) const {
    auto connection = insider();
    const auto done = connection.run("SET LOCAL session_replication_role = replica; " + sql);
    ASSERT_TRUE(done) << done.error().text;
  }
  std::string checkpoints() const { return data_ + "/checkpoints"; }

  TempFolder folder_;
  std::string data_ = (folder_.path() / "data").string();
};

TEST_F(Audit, ASoundHouseVerifiesSinceItsCheckpointAndInFull) {
  const std::string lines = read_text(checkpoints());
  EXPECT_GE(std::count(lines.begin(), lines.end(), '\n'), 2) << "one at the start of `up`, one at its end";
  const Said since = verify();
  EXPECT_EQ(since.code, 0) << since.err;
  EXPECT_THAT(since.out, AllOf(StartsWith("ok: 2 transitions"), HasSubstr("since the checkpoint of 20")))
      << "that it was signed";
  // What a short look leaves out is said, not hidden behind an ok.
  EXPECT_THAT(since.out,
              AllOf(HasSubstr("\nasked: the audit chain; "), HasSubstr("; what stands as it was made; "),
                    HasSubstr("\nonly --full asks, of all of history: instances, transitions and postings; "),
                    HasSubstr("births and shards"), HasSubstr("controls, firings and keys"),
                    HasSubstr("statements of venues")));
  const Said full = verify({"--full"});
  EXPECT_EQ(full.code, 0) << full.err;
  EXPECT_THAT(full.out, Not(HasSubstr("asked: "))) << "everything";
  EXPECT_THAT(full.out, AllOf(StartsWith("ok: "), Not(HasSubstr("since the checkpoint"))));
  EXPECT_THAT(full.err, HasSubstr("verifying: accounts and entries"));
  const json told = verify({"--json"}).last_line(), all = verify({"--full", "--json"}).last_line();
  for (const json& one : {told, all}) {
    EXPECT_EQ(one["verdict"], "ok");
    EXPECT_EQ(one["verified"], true);
    EXPECT_EQ(one["frozen"], json::array());
  }
  EXPECT_EQ(told["links"], 2);
  EXPECT_EQ(read_text(checkpoints()), lines) << "nothing but that was done since: there is no more to sign";
  EXPECT_GT(told["since_us"], 0);
  EXPECT_EQ(all["since_us"], 0);
  EXPECT_EQ(all["left_to_full"], json::array());
  for (const json& pass : told["left_to_full"]) {
    EXPECT_THAT(all["asked"], testing::Contains(pass));
    EXPECT_THAT(told["asked"], Not(testing::Contains(pass)));
  }
  EXPECT_EQ(all["transitions"], finished_house().said.last_line()["transitions"].get<int>() + 2);
  EXPECT_EQ(run({"ledger", "checkpoint"}).code, 0);
}

TEST_F(Audit, ADatabasePutBackFromBeforeMoreWorkIsRefusedByName) {
  const std::string before = (folder_.path() / "before").string(), cluster = data_ + "/postgres";
  copy_all(cluster, before);
  ASSERT_EQ(run({"freeze", "--why", "more work"}).code, 0);
  ASSERT_EQ(run({"unfreeze", "--why", "more work"}).code, 0);
  const Said signs = run({"ledger", "checkpoint"});
  ASSERT_THAT(signs.out, HasSubstr("a checkpoint was signed")) << signs.err;
  const std::string signed_lines = read_text(checkpoints());
  std::filesystem::remove_all(cluster);
  copy_all(before, cluster);
  const auto names_it = AllOf(HasSubstr("the audit chain of shard "), HasSubstr(" ends at link "),
                              HasSubstr(" was signed at 20"), HasSubstr("restore a later backup"));
  const Said up = run({"up", "--exit-when-done"});
  EXPECT_EQ(up.code, 1);
  EXPECT_THAT(complaints(up), ElementsAre(names_it));
  const Said look = verify();
  EXPECT_EQ(look.code, 1);
  EXPECT_THAT(look.out, AllOf(StartsWith("REFUSED: "), names_it));
  const json told = verify({"--full", "--json"}).last_line();
  EXPECT_EQ(told["verdict"], "bad");
  EXPECT_THAT(told["problem"].get<std::string>(), names_it);
  EXPECT_EQ(told["frozen"], json::array()) << "a database that is not ours is left as it is";
  EXPECT_EQ(read_text(checkpoints()), signed_lines) << "what is refused is not signed";
}

TEST_F(Audit, ATornLastLineIsNamedAndToleratedAndAChangedOneRefused) {
  ASSERT_EQ(run({"freeze", "--why", "another checkpoint"}).code, 0);
  ASSERT_EQ(run({"ledger", "checkpoint"}).code, 0);
  const std::string whole = read_text(checkpoints());
  ASSERT_GE(std::count(whole.begin(), whole.end(), '\n'), 2);
  ASSERT_EQ(run({"unfreeze", "--why", "a crash while the next one was signed"}).code, 0);
  write_text(checkpoints(), whole + whole.substr(0, 100));
  const Said torn = verify();
  EXPECT_EQ(torn.code, 0) << torn.err;
  EXPECT_THAT(complaints(torn), ElementsAre(AllOf(HasSubstr("checkpoints: its last line is torn"))));
  EXPECT_THAT(torn.out, HasSubstr("a checkpoint was signed"));
  EXPECT_THAT(complaints(verify()), testing::IsEmpty()) << "the torn line is gone";
  std::string changed = whole;
  changed[whole.find('\n') - 1] = whole[whole.find('\n') - 1] == '0' ? '1' : '0';
  write_text(checkpoints(), changed);
  const Said refused = verify();
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, AllOf(StartsWith("REFUSED: "), HasSubstr("checkpoints:1: its signature does not verify"),
                                 HasSubstr("put back the file")));
  const Said up = run({"up", "--exit-when-done"});
  EXPECT_EQ(up.code, 1);
  EXPECT_THAT(complaints(up), ElementsAre(HasSubstr("checkpoints:1: its signature does not verify")));
}

// The ledger remembers how many were signed, the last line and the key, in its chain.
TEST_F(Audit, CheckpointsThatAreGoneFewerOrOfAnotherKeyAreRefused) {
  ASSERT_EQ(run({"freeze", "--why", "another checkpoint"}).code, 0);
  ASSERT_EQ(run({"ledger", "checkpoint"}).code, 0);
  const std::string whole = read_text(checkpoints());
  const auto count = std::count(whole.begin(), whole.end(), '\n');
  ASSERT_GE(count, 3);
  const std::string signed_ones = std::to_string(count) + " were signed, the last one at 20";
  const auto refuses = [&](const std::string& why) {
    const auto names_it = AllOf(HasSubstr(why), HasSubstr(signed_ones), HasSubstr(" up to link "),
                                HasSubstr("from a copy outside this machine"), HasSubstr("checkpoint --anew"));
    for (const Words& words : {Words{}, Words{"--full"}}) {
      const Said said = verify(words);
      EXPECT_EQ(said.code, 1);
      EXPECT_THAT(said.out, AllOf(StartsWith("REFUSED: "), names_it));
    }
    const Said up = run({"up", "--exit-when-done"});
    EXPECT_EQ(up.code, 1);
    EXPECT_THAT(complaints(up), ElementsAre(names_it));
  };
  std::filesystem::remove(checkpoints());
  refuses("the checkpoints of this house are gone");
  EXPECT_FALSE(std::filesystem::exists(checkpoints())) << "what is refused is not signed";
  write_text(checkpoints(), whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1));
  refuses("only " + std::to_string(count - 1) + " of the checkpoints of this house are left");

  // All of them signed again, by a key of somebody else's.
  const std::string key = data_ + "/keys/checkpoint.key";
  using ledger::audit::Checkpoints;
  write_text(checkpoints(), whole);
  const auto old_ones =
      Checkpoints::read(checkpoints(), *ledger::audit::read_public_key(data_ + "/keys/checkpoint.pub"));
  ASSERT_TRUE(old_ones);
  copy_all(data_ + "/keys", data_ + "/old_keys");
  std::filesystem::remove(checkpoints());
  ASSERT_TRUE(ledger::audit::Signer::make(key));
  const auto signer = ledger::audit::Signer::open(key);
  auto forged = Checkpoints::read(checkpoints(), signer->public_key());
  ASSERT_TRUE(forged);
  for (const auto& one : old_ones->all()) ASSERT_TRUE(forged->append(one, *signer));
  refuses("the checkpoints are signed by another key (" + ledger::audit::fingerprint_of(signer->public_key()) + ")");

  // Who has lost them says so, once, and what is signed from here on counts.
  std::filesystem::remove_all(data_ + "/keys");
  copy_all(data_ + "/old_keys", data_ + "/keys");
  std::filesystem::remove(checkpoints());
  EXPECT_EQ(run({"ledger", "checkpoint", "--anew"}).code, 2) << "without a reason";
  const Said anew = run({"ledger", "checkpoint", "--anew", "--why", "the disk died"});
  EXPECT_EQ(anew.code, 0) << anew.err << anew.out;
  EXPECT_EQ(verify({"--full"}).code, 0);
  EXPECT_EQ(run({"up", "--exit-when-done"}).code, 0) << "frozen, and all is well";
  std::filesystem::remove(checkpoints());
  EXPECT_THAT(verify().out, HasSubstr("the checkpoints of this house are gone"));
}

// Who takes the memory out of the database too, takes rows out of the chain.
TEST_F(Audit, ALedgerThatWasMadeToForgetItsCheckpointsIsNamedByItsChain) {
  const auto house = open_house();
  tamper(
      "CREATE TEMP TABLE told AS SELECT owner, instance FROM ledger.transition WHERE kind = 'intervention' AND "
      "data::jsonb "
      "->> 'what' = 'checkpoint' AND version = 1; DELETE FROM ledger.transition t USING told d WHERE t.owner = d.owner "
      "AND "
      "t.instance = d.instance; DELETE FROM ledger.instance i USING told d WHERE i.owner = d.owner AND i.id = "
      "d.instance");
  std::filesystem::remove(checkpoints());
  const Said said = verify({"--full", "--no-freeze"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, AllOf(StartsWith("BAD in the pass"), HasSubstr("link (shard "), HasSubstr("is not there")));
  house->send(SIGTERM);
  (void)house->wait();
}

// From a host that has no copy of them, a person may ask for the rows alone; that is never an ok.
TEST_F(Audit, WithoutCheckpointsTheRowsAloneAreNotJudged) {
  std::filesystem::remove(checkpoints());
  const Said said = verify({"--without-checkpoints"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(StartsWith("not judged: the rows are sound ("),
                              HasSubstr(" were signed, the last one at 20"), Not(HasSubstr("ok"))));
  const json told = verify({"--without-checkpoints", "--json"}).last_line();
  EXPECT_EQ(told["verdict"], "not_judged");
  EXPECT_EQ(told["verified"], false);
  EXPECT_FALSE(std::filesystem::exists(checkpoints()));
}

TEST_F(Audit, ATamperedRowIsNamedAndItsOwnerFrozen) {
  {
    const auto house = open_house();
    tamper("UPDATE ledger.account SET debits_posted = debits_posted + 1 WHERE path = 'sleeve/quiet/USDT'");
    const Said standing = verify({"--no-freeze"});
    EXPECT_EQ(standing.code, 1);
    EXPECT_THAT(standing.out, AllOf(StartsWith("BAD in the pass"), Not(HasSubstr("frozen: "))));
    tamper("UPDATE ledger.account SET debits_posted = debits_posted - 1 WHERE path = 'sleeve/quiet/USDT'");
    tamper(
        "UPDATE ledger.posting SET code = code || 'x' WHERE (instance, version, leg) = (SELECT instance, version, leg "
        "FROM ledger.posting ORDER BY instance, version, leg LIMIT 1)");
    const json looked = verify({"--full", "--no-freeze", "--json"}).last_line();
    EXPECT_EQ(looked["verdict"], "bad");
    EXPECT_THAT(looked["problem"].get<std::string>(), StartsWith("transition (owner 1, instance "));
    EXPECT_EQ(looked["frozen"], json::array());
    EXPECT_THAT(run({"controls"}).out, HasSubstr("nothing is paused or frozen"));
    const Said found = verify({"--full"});
    EXPECT_EQ(found.code, 1);
    EXPECT_THAT(found.out, AllOf(HasSubstr("its content does not match its digest"), HasSubstr("frozen: default")));
    EXPECT_THAT(run({"controls"}).out,
                AllOf(HasSubstr("freeze all of default"), HasSubstr("the ledger does not verify")));
    EXPECT_EQ(verify({"--full", "--json"}).last_line()["frozen"], json::array({"default"})) << "it stays";
    house->send(SIGTERM);
    (void)house->wait();
  }
  const Said up = run({"up", "--exit-when-done"});
  EXPECT_EQ(up.code, 1);
  EXPECT_THAT(up.err, AllOf(HasSubstr("default is frozen (all) since "), HasSubstr("frozen: default"),
                            HasSubstr("its content does not match its digest")));
}

TEST_F(Audit, AFrozenHouseSaysSoAndRuns) {
  ASSERT_EQ(run({"freeze", "--level", "all", "--why", "a closer look"}).code, 0);
  const auto house = open_house();
  EXPECT_THAT(house->output(), AllOf(HasSubstr("default is frozen (all) since "), HasSubstr(": a closer look; "),
                                     HasSubstr("bursar unfreeze")));
  house->send(SIGTERM);
  EXPECT_EQ(house->wait().code, 0) << house->output();
}

// A lock holds the passes up until the signal is there, however fast the machine is.
TEST_F(Audit, Inv29AnInterruptedVerificationIsIncomplete) {
  const auto house = open_house();
  for (const bool in_json : {false, true}) {
    auto insider_holds = insider();
    auto lock = ledger::Transaction::open(insider_holds);
    ASSERT_TRUE(lock);
    ASSERT_TRUE(insider_holds.call({"lock_posting", "LOCK TABLE ledger.posting"}));
    Words words = {"ledger", "verify", "--full", "--data-dir", data_};
    if (in_json) words.emplace_back("--json");
    const auto verification = start_bursar(words);
    auto watcher = insider();
    ASSERT_TRUE(wait_until([&] {
      const auto waiting = watcher.run("SELECT count(*) FROM pg_locks WHERE NOT granted");
      return waiting && waiting->number(0, 0) > 0;
    }));
    verification->send(SIGINT);
    ASSERT_TRUE(lock->commit());
    EXPECT_EQ(verification->wait().code, 1);
    EXPECT_THAT(verification->output(),
                HasSubstr(in_json ? "\"verdict\":\"incomplete\"" : "ledger verify: incomplete"));
    EXPECT_THAT(verification->output(), HasSubstr("parts were verified"));
    EXPECT_THAT(verification->output(), Not(HasSubstr("ok: ")));
  }
  house->send(SIGTERM);
  EXPECT_EQ(house->wait().code, 0) << house->output();
}

}  // namespace
}  // namespace tests
