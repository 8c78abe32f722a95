// tests/deploy/house/key_watch_test.cpp: `up`'s own look at the keys, stepped: when it comes, and what it does to keys
// that changed at the venue.
#include "deploy/house/key_watch.hpp"

#include <gmock/gmock.h>

#include "tests/ledger/secrets/keys.hpp"
#include "tests/support/folder.hpp"

namespace deploy {
namespace {

using machines::key::Event;
using machines::key::Observation;
using machines::key::State;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t minute_ms = 60'000;

TEST(KeyRounds, TheFirstComesAMinuteAfterTheStart) {
  KeyRounds rounds(10, 5);
  EXPECT_FALSE(rounds.is_due(5 + minute_ms - 1));
  EXPECT_TRUE(rounds.is_due(5 + minute_ms));
  rounds.done(true, 5 + minute_ms);
  EXPECT_FALSE(rounds.is_due(5 + 11 * minute_ms - 1));
  EXPECT_TRUE(rounds.is_due(5 + 11 * minute_ms));
  rounds.done(false, 5 + 11 * minute_ms);
  EXPECT_TRUE(rounds.is_due(5 + 12 * minute_ms)) << "what could not be asked is asked again soon";
}

TEST(KeyRounds, NeverByItselfWhereSoConfigured) { EXPECT_FALSE(KeyRounds(0, 0).is_due(1'000 * minute_ms)); }

// Keys on a real PostgreSQL; the venue's word is the test's.
class KeyWatch : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = tests::no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    house_ = std::make_unique<tests::Treasury>();
    const auto file = folder_.path() / "master.key";
    house_->master.bytes.reveal([&](auto bytes) { tests::write_text(file, {bytes.begin(), bytes.end()}); });
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    admin_.place.dsn = tests::dsn(house_->database);
    admin_.config.keys.master_key_file = file.string();
    house_->add(tests::trading());
    ASSERT_TRUE(house_->move(house_->now("main"), Event::prove));
    seen_.rights = {true, true, false};
  }
  bool round() {
    return test_all_keys(admin_, [&](const auto&, const std::string& account) {
      asked_.push_back(account);
      seen_.at = {++at_};
      return is_silent_ ? ledger::secrets::Secretly<Observation>(machines::fail(
                              ledger::secrets::SecretError{ledger::secrets::SecretFailure::unavailable, "silent"}))
                        : ledger::secrets::Secretly<Observation>(seen_);
    });
  }
  std::string status() {
    const auto health = key_health(house_->connection);
    return health ? in_one_line(*health) : health.error().text;
  }

  tests::TempFolder folder_;
  std::unique_ptr<tests::Treasury> house_;
  KeyAdmin admin_;
  Observation seen_;
  bool is_silent_ = false;
  std::int64_t at_ = 1'700'000'000'000'000;
  std::vector<std::string> asked_;
};

TEST_F(KeyWatch, AGainedRightIsAnIncidentThatIsSaidOnceAndStays) {
  EXPECT_TRUE(round());
  EXPECT_EQ(status(), "1 usable, 0 resting");
  seen_.rights.withdraw = true;
  EXPECT_TRUE(round());
  EXPECT_EQ(house_->now("main").state, State::resting);
  EXPECT_THAT(status(), HasSubstr("0 usable, 1 resting; INCIDENT: main (version 1) has rights that it was not given"));
  const auto version = house_->now("main").instance_version;
  EXPECT_TRUE(round());
  seen_.rights.withdraw = false;
  EXPECT_TRUE(round());
  EXPECT_EQ(house_->now("main").instance_version, version) << "only a person ends it";
  EXPECT_EQ(house_->problem(), "");
}

TEST_F(KeyWatch, TheLastTradeKeyGoneIsSaidUntilThereIsANewOne) {
  house_->add(tests::moving());
  ASSERT_TRUE(house_->move(house_->now("main"), Event::retire));
  EXPECT_EQ(status(),
            "0 usable, 1 resting; no trade key of paper/spot is left, and nothing is sent there until "
            "`bursar key add`");
  ASSERT_TRUE(house_->move(house_->now("mover"), Event::retire));
  EXPECT_THAT(status(), HasSubstr("no trade key of paper/spot is left"));
  house_->add(tests::trading("next"));
  EXPECT_EQ(status(), "0 usable, 1 resting");
}

TEST_F(KeyWatch, AKeyThatTheVenueRefusesRestsAndComesBack) {
  seen_.is_authentic = false;
  for (const State expected : {State::degraded, State::resting, State::resting}) {
    EXPECT_TRUE(round());
    EXPECT_EQ(house_->now("main").state, expected);
  }
  seen_.is_authentic = true;
  for (const State expected : {State::degraded, State::healthy}) {
    EXPECT_TRUE(round());
    EXPECT_EQ(house_->now("main").state, expected);
  }
}

TEST_F(KeyWatch, ExpiryAndTheShareOfTheRateAreSeen) {
  seen_.rate_used_ppm = 900'000;
  EXPECT_TRUE(round());
  EXPECT_EQ(house_->now("main").state, State::degraded);
  seen_.rate_used_ppm = 0;
  EXPECT_TRUE(round());
  EXPECT_EQ(house_->now("main").state, State::healthy);
  seen_.expires_at = {at_};
  EXPECT_TRUE(round());
  EXPECT_EQ(house_->now("main").state, State::resting);
}

TEST_F(KeyWatch, ASilentVenueChangesNothingAndIsAskedAgainSoon) {
  is_silent_ = true;
  const auto version = house_->now("main").instance_version;
  EXPECT_FALSE(round());
  EXPECT_EQ(house_->now("main").instance_version, version);
}

TEST_F(KeyWatch, RetiredAndReplacedKeysAreLeftAlone) {
  ASSERT_TRUE(house_->move(house_->now("main"), Event::replace));
  EXPECT_TRUE(round());
  ASSERT_TRUE(house_->move(house_->now("main"), Event::retire));
  admin_.config.keys.master_key_file = "/nowhere";
  EXPECT_TRUE(round()) << "without keys no master key is wanted";
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(status(), HasSubstr("no trade key of paper/spot is left"));
  house_->add(tests::trading("other"));
  EXPECT_FALSE(round());
}

}  // namespace
}  // namespace deploy
