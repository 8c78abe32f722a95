// tests/deploy/house/key_admin_test.cpp: what every hand on the keys begins with: the right master key, and one move of
// one key, decided and committed.
#include "deploy/house/key_admin.hpp"

#include <gmock/gmock.h>

#include "ledger/audit/server_identity.hpp"
#include "tests/ledger/secrets/keys.hpp"
#include "tests/support/captured.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
namespace key = machines::key;
using ledger::secrets::SecretFailure;
using testing::AllOf;
using testing::HasSubstr;

class KeyAdmin : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    house_ = std::make_unique<Treasury>();
    admin_.place.layout.folder = folder_.path();
    admin_.place.dsn = dsn(house_->database);
    fs::create_directory(master().parent_path());
  }
  [[nodiscard]] fs::path master() const { return folder_.path() / "keys" / "master.key"; }
  void write_master(const ledger::secrets::MasterKey& key) const {
    fs::remove(master());
    key.bytes.reveal([&](auto bytes) { write_text(master(), {bytes.begin(), bytes.end()}); });
    fs::permissions(master(), fs::perms::owner_read);
  }
  [[nodiscard]] std::string refusal() const {
    const auto open = deploy::open_keys(admin_);
    return open ? "" : open.error().text;
  }

  TempFolder folder_;
  std::unique_ptr<Treasury> house_;
  deploy::KeyAdmin admin_;
};

TEST(KeyTexts, ADayIsInUtcAndNoneIsADash) {
  EXPECT_EQ(deploy::day_text({0}), "-");
  EXPECT_EQ(deploy::day_text({1'706'702'400'000'000}), "2024-01-31 12:00");
}

TEST_F(KeyAdmin, AMasterKeyIsMadeOnlyWhereNoneWasEverUsed) {
  const Captured said = captured([&] { return refusal().empty() ? 0 : 1; });
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, AllOf(HasSubstr("Made the master key " + master().string()), HasSubstr("keep a copy of it")));
  EXPECT_EQ(fs::status(master()).permissions(), fs::perms::owner_read);
  EXPECT_EQ(refusal(), "") << "and it is the right one from then on";
  fs::remove(master());
  EXPECT_THAT(refusal(), HasSubstr("is missing; put it back"));
  EXPECT_FALSE(fs::exists(master())) << "another one would open nothing";
}

TEST_F(KeyAdmin, AnotherMasterKeyThanTheOneThatSealedIsRefused) {
  house_->add(trading());
  ASSERT_TRUE(house_->keyring().check_master_key(house_->master));
  write_master(any_master_key());
  EXPECT_THAT(refusal(), HasSubstr("this is the wrong master key"));
  write_master(house_->master);
  EXPECT_EQ(refusal(), "");
}

TEST_F(KeyAdmin, ADefaultFolderOfAnotherDatabaseSaysSoBeforeAnythingIsMade) {
  admin_.place.by_folder = false;
  ASSERT_TRUE(ledger::audit::keep(admin_.place.layout.seen(), {"00000000000000aa", "1", 1, {}}));
  const auto open = deploy::open_keys(admin_);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().failure, SecretFailure::unusable);
  EXPECT_THAT(open.error().text, HasSubstr("name its own folder with --data-dir"));
  EXPECT_FALSE(fs::exists(master()));
}

TEST_F(KeyAdmin, AMoveIsCommittedOnceAndARefusalSaysWhatToDo) {
  house_->add(trading());
  auto keyring = house_->keyring();
  const auto resting = house_->now("main");
  key::Observation seen;
  seen.rights = key::rights_for(key::Purpose::trade);
  seen.is_bound = true;
  seen.at = {2'000};
  const auto nothing = deploy::move_key(keyring, resting, {key::Event::acknowledge, seen});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().text, "the key main is resting: there is no incident to acknowledge");
  const auto healthy = deploy::move_key(keyring, resting, {key::Event::prove, seen});
  ASSERT_TRUE(healthy) << healthy.error().text;
  EXPECT_EQ(healthy->state, key::State::healthy);
  EXPECT_EQ(healthy->instance_version, house_->now("main").instance_version);
  EXPECT_EQ(house_->now("main").state, key::State::healthy);
  const auto late = deploy::move_key(keyring, resting, {key::Event::prove, seen});
  ASSERT_FALSE(late) << "somebody else was there first";
  const auto never = deploy::move_key(keyring, *healthy, {key::Event::acknowledge, seen});
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().failure, SecretFailure::refused);
  EXPECT_EQ(never.error().text, "the key main is healthy: that can't happen to a key in this state");
  EXPECT_EQ(house_->problem(), "");
}

// A look with a right more than the key was given for is an incident, and until a person has dealt with it nothing else
// is taken.
TEST_F(KeyAdmin, WhatALookShowsIsTheMachinesMessage) {
  house_->add(trading());
  ASSERT_TRUE(house_->move(house_->now("main"), key::Event::prove));
  auto keyring = house_->keyring();
  key::Observation seen;
  seen.rights = {true, true, true};
  seen.at = {3'000};
  const auto view = house_->now("main");
  const auto message = deploy::look_message(view, seen);
  EXPECT_EQ(message.event, key::Event::gain_right);
  const auto resting = deploy::move_key(keyring, view, message);
  ASSERT_TRUE(resting) << resting.error().text;
  EXPECT_EQ(resting->state, key::State::resting);
  seen.rights = key::rights_for(key::Purpose::trade);
  const auto refused = deploy::move_key(keyring, *resting, deploy::look_message(*resting, seen));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("bursar key test NAME --acknowledge"));
}

}  // namespace
}  // namespace tests
