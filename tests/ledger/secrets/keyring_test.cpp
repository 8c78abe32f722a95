// tests/ledger/secrets/keyring_test.cpp: keys in a real database: what is stored opens where it belongs, each change of
// state is a transition, a wrong master key writes nothing, and the secret is in no row.
#include "ledger/secrets/keyring.hpp"

#include <gmock/gmock.h>

#include "ledger/books/books.hpp"
#include "tests/ledger/secrets/keys.hpp"

namespace tests {
namespace {

namespace key = machines::key;
using key::Event;
using key::Purpose;
using key::State;
using ledger::secrets::Keyring;
using ledger::secrets::SecretFailure;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Keys : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    house_ = std::make_unique<Treasury>();
  }
  std::unique_ptr<Treasury> house_;
};

TEST_F(Keys, AreBornRestingAndOpenOnceTheyAreProved) {
  const auto born = house_->add(trading());
  EXPECT_EQ(born.state, State::resting);
  EXPECT_THAT(house_->keyring().open_for_use(born, Purpose::trade, house_->master).error().text,
              HasSubstr("is resting and can't be opened"));
  ASSERT_TRUE(house_->move(born, Event::prove));
  const auto proved = house_->now("main");
  EXPECT_EQ(proved.state, State::healthy);
  const auto opened = house_->keyring().open_for_use(proved, Purpose::trade, house_->master);
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(text_of(*opened), canary);
  EXPECT_EQ(house_->problem(), "");
  EXPECT_THAT(ledger::books::Books(house_->connection).stranded().value(), IsEmpty())
      << "a live key waits for a look, not for a job";
}

TEST_F(Keys, EachChangeIsATransitionInTheAuditChain) {
  const auto born = house_->add(trading());
  ASSERT_TRUE(house_->move(born, Event::prove));
  ASSERT_TRUE(house_->move(house_->now("main"), Event::gain_right));
  ASSERT_TRUE(house_->move(house_->now("main"), Event::retire));
  std::vector<std::string> events;
  const auto history = ledger::books::Books(house_->connection).history(born.instance);
  ASSERT_TRUE(history.has_value());
  for (const auto& step : *history) events.push_back(step.event + " " + step.to + " " + step.command);
  EXPECT_THAT(events, ElementsAre("enrol resting none", "prove healthy none", "gain_right resting raise_alarm",
                                  "retire retired forget_secret"));
  EXPECT_EQ(house_->one("SELECT count(*) FROM ledger.link l, unnest(l.instances) AS i WHERE i = " +
                        std::to_string(born.instance.value)),
            "4");
  EXPECT_EQ(house_->problem(), "");
}

TEST_F(Keys, OpenForTheirOwnPurposeAlone) {
  house_->add(trading());
  ASSERT_TRUE(house_->move(house_->now("main"), Event::prove));
  house_->add(moving());
  ASSERT_TRUE(house_->move(house_->now("mover"), Event::prove));
  auto keyring = house_->keyring();
  for (const Purpose purpose : {Purpose::read, Purpose::trade, Purpose::move}) {
    EXPECT_EQ(keyring.open_for_use(house_->now("main"), purpose, house_->master).has_value(),
              purpose == Purpose::trade);
    EXPECT_EQ(keyring.open_for_use(house_->now("mover"), purpose, house_->master).has_value(),
              purpose == Purpose::move);
  }
  EXPECT_THAT(keyring.open_for_use(house_->now("mover"), Purpose::trade, house_->master).error().text,
              HasSubstr("is for move, and was asked for to trade"));
}

// The row says another purpose than the caller believes: the database looks for itself.
TEST_F(Keys, APurposeThatTheCallerMadeUpOpensNothing) {
  house_->add(moving());
  ASSERT_TRUE(house_->move(house_->now("mover"), Event::prove));
  auto lied = house_->now("mover");
  lied.data.purpose = Purpose::trade;
  EXPECT_EQ(house_->keyring().open_for_use(lied, Purpose::trade, house_->master).error().failure,
            SecretFailure::refused);
}

TEST_F(Keys, MoveKeysNeedBothListsAndOthersHaveNone) {
  auto keyring = house_->keyring();
  const auto error = [&](const ledger::secrets::Enrolment& asked) {
    return keyring.enrol(asked, secret_of(canary), house_->master, {1}).error().text;
  };
  auto asked = moving();
  asked.destinations.clear();
  EXPECT_THAT(error(asked), HasSubstr("a move key needs"));
  asked = moving();
  asked.addresses.clear();
  EXPECT_THAT(error(asked), HasSubstr("a move key needs"));
  asked = trading();
  asked.destinations = {"bc1q"};
  EXPECT_THAT(error(asked), HasSubstr("only a move key has lists"));
  EXPECT_THAT(keyring.keys().value(), IsEmpty());
  EXPECT_EQ(house_->one("SELECT count(*) FROM ledger.instance WHERE kind = 'key'"), "0") << "nothing is half there";
}

TEST_F(Keys, AWrongMasterKeyIsNamedBeforeAnythingIsWritten) {
  house_->add(trading());
  const auto wrong = any_master_key();
  const auto refused = house_->keyring().enrol(trading("other"), secret_of(canary), wrong, {1});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("this is the wrong master key: the keys here are sealed under " +
                                              house_->master.id + ", and this is " + wrong.id));
  EXPECT_EQ(house_->keyring().keys()->size(), 1U);
  EXPECT_EQ(house_->one("SELECT count(*) FROM ledger.instance WHERE kind = 'key'"), "1");
  must_run(house_->database,
           "UPDATE sealed.master_key SET check_value = set_byte(check_value, 20, 255 - get_byte(check_value, 20))");
  EXPECT_THAT(house_->keyring().check_master_key(house_->master).error().text,
              HasSubstr("does not open its own check value"));
}

// What an insider with all rights can do to the rows: nothing that opens.
TEST_F(Keys, ASealMovedToAnotherRowOrMeaningDoesNotOpen) {
  house_->add(trading("one"), "key-1\nsecret-1");
  house_->add(trading("two"), "key-2\nsecret-2");
  house_->add(moving("three"));
  const auto opens = [&](const std::string& name) {
    return house_->keyring().open_for_test(house_->now(name), house_->master).has_value();
  };
  ASSERT_TRUE(opens("one") && opens("two") && opens("three"));
  const auto insider = [&](const std::string& sql) {
    must_run(house_->database, "SET LOCAL session_replication_role = replica; " + sql);
  };
  insider(
      "CREATE TABLE kept AS SELECT * FROM sealed.seal; DELETE FROM sealed.seal; "
      "INSERT INTO sealed.seal SELECT owner, CASE id WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE id END, nonce, text, key_nonce, "
      "key_text, master_key FROM kept");
  EXPECT_FALSE(opens("one") || opens("two"));
  insider("DELETE FROM sealed.seal; INSERT INTO sealed.seal SELECT * FROM kept");
  EXPECT_TRUE(opens("one") && opens("two"));
  insider("UPDATE sealed.api_key SET destinations = destinations || '{bc1thief}'::text[] WHERE name = 'three'");
  EXPECT_FALSE(opens("three")) << "a list that grew";
  insider("UPDATE ledger.deployment SET name = '\\x0000000000000001'");
  EXPECT_FALSE(opens("one")) << "a copy in another deployment";
}

TEST_F(Keys, ANewMasterKeyTakesOverAllRowsAndTheSecretsCiphertextStays) {
  house_->add(trading("one"));
  house_->add(moving("two"));
  const std::string texts = "SELECT string_agg(encode(nonce || text, 'hex'), ',' ORDER BY id) FROM sealed.seal";
  const std::string before = house_->one(texts);
  const auto fresh = any_master_key();
  auto keyring = house_->keyring();
  EXPECT_THAT(keyring.rewrap(any_master_key(), fresh).error().text, HasSubstr("wrong master key"));
  EXPECT_EQ(keyring.rewrap(house_->master, fresh).value(), 2);
  EXPECT_EQ(house_->one(texts), before);
  EXPECT_EQ(text_of(keyring.open_for_test(house_->now("one"), fresh).value()), canary);
  EXPECT_FALSE(keyring.open_for_test(house_->now("one"), house_->master));
  EXPECT_THAT(keyring.check_master_key(house_->master).error().text, HasSubstr("wrong master key"));
  EXPECT_EQ(keyring.rewrap(house_->master, fresh).value(), 0) << "said again, nothing is left to do";
}

// As when the rewrapping died between two rows.
TEST_F(Keys, AnInterruptedRewrapIsFinishedByTheNext) {
  house_->add(trading("one"));
  house_->add(trading("two"));
  const auto fresh = any_master_key();
  auto keyring = house_->keyring();
  must_run(
      house_->database,
      "CREATE FUNCTION sealed.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = 2 THEN RAISE 'cut'; END "
      "IF; "
      "RETURN NEW; END $$; CREATE TRIGGER die BEFORE UPDATE ON sealed.seal FOR EACH ROW EXECUTE FUNCTION sealed.die()");
  EXPECT_FALSE(keyring.rewrap(house_->master, fresh));
  EXPECT_EQ(house_->one("SELECT count(DISTINCT master_key) FROM sealed.seal"), "2");
  must_run(house_->database, "DROP TRIGGER die ON sealed.seal");
  EXPECT_EQ(keyring.rewrap(house_->master, fresh).value(), 1);
  EXPECT_TRUE(keyring.open_for_test(house_->now("one"), fresh));
  EXPECT_TRUE(keyring.open_for_test(house_->now("two"), fresh));
}

TEST_F(Keys, ARetiredKeysSecretIsForgotten) {
  const auto born = house_->add(trading());
  ASSERT_TRUE(house_->move(born, Event::retire));
  EXPECT_EQ(house_->one("SELECT count(*) FROM sealed.seal"), "0");
  EXPECT_EQ(house_->now("main").state, State::retired);
  EXPECT_EQ(house_->now("main").master_key, "");
  EXPECT_FALSE(house_->keyring().open_for_test(house_->now("main"), house_->master));
  EXPECT_EQ(house_->add(trading()).data.key_version, 2) << "its name may serve again";
}

TEST_F(Keys, OfTwoChangesAtOnceOneIsRefusedWhole) {
  const auto born = house_->add(trading());
  ASSERT_TRUE(house_->move(born, Event::prove));
  const auto stale = house_->move(born, Event::retire);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().failure, SecretFailure::refused);
  EXPECT_THAT(stale.error().text, HasSubstr("another change came first"));
  EXPECT_EQ(house_->one("SELECT count(*) FROM sealed.seal"), "1") << "its secret was not forgotten either";
  EXPECT_EQ(house_->now("main").state, State::healthy);
}

// The row is refused after its birth was committed: neither stands.
TEST_F(Keys, AKeyIsStoredWholeOrNotAtAll) {
  must_run(house_->database,
           "CREATE FUNCTION sealed.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'cut'; END $$; "
           "CREATE TRIGGER die BEFORE INSERT ON sealed.seal FOR EACH ROW EXECUTE FUNCTION sealed.die()");
  const std::string links = "SELECT count(*) FROM ledger.link";
  const std::string before = house_->one(links);
  EXPECT_THAT(house_->keyring().enrol(trading(), secret_of(canary), house_->master, {1}).error().text,
              HasSubstr("cut"));
  EXPECT_EQ(house_->one("SELECT count(*) FROM ledger.instance WHERE kind = 'key'"), "0");
  EXPECT_EQ(house_->one(links), before);
  EXPECT_EQ(house_->problem(), "");
  must_run(house_->database, "DROP TRIGGER die ON sealed.seal");
  house_->add(trading());
  EXPECT_EQ(house_->keyring().keys()->size(), 1U);
}

TEST_F(Keys, TheHealthiestOfTheirPurposeIsChosen) {
  house_->add(trading("one"), "key-1\nsecret-1");
  house_->add(trading("two"), "key-2\nsecret-2");
  house_->add(moving("three"));
  for (const char* name : {"one", "two", "three"}) ASSERT_TRUE(house_->move(house_->now(name), Event::prove));
  ASSERT_TRUE(house_->move(house_->now("one"), Event::strain));
  const auto chosen = [&](const key::Wanted& wanted) {
    const auto view = ledger::secrets::choose(house_->keyring().keys().value(), wanted);
    return view ? view->data.name : "none";
  };
  EXPECT_EQ(chosen({"paper", "spot", Purpose::trade}), "two");
  ASSERT_TRUE(house_->move(house_->now("two"), Event::gain_right));
  EXPECT_EQ(chosen({"paper", "spot", Purpose::trade}), "one");
  ASSERT_TRUE(house_->move(house_->now("one"), Event::retire));
  EXPECT_EQ(chosen({"paper", "spot", Purpose::trade}), "none") << "never a key of another purpose";
  EXPECT_EQ(chosen({"paper", "spot", Purpose::move}), "three");
}

TEST_F(Keys, Inv36TheSecretIsInNoRowOfAnyTable) {
  const auto born = house_->add(trading());
  ASSERT_TRUE(house_->move(born, Event::prove));
  const auto tables =
      must_run(house_->database,
               "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('ledger', 'sealed')");
  std::string all;
  for (int row = 0; row < tables.size(); ++row) {
    const std::string table(tables.text(row, 0));
    all += house_->one("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM " + table + " AS t");
  }
  EXPECT_THAT(all, HasSubstr(born.data.fingerprint)) << "the rows were read";
  EXPECT_THAT(all, Not(HasSubstr("CANARY")));
  EXPECT_THAT(all, Not(HasSubstr("43414e415259"))) << "nor in hex";
}

}  // namespace
}  // namespace tests
