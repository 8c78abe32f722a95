// tests/workers/harness/signer_test.cpp: once there was a trade key, nothing leaves unsigned, whatever became of it.
#include "workers/harness/signer.hpp"

#include "tests/workers/harness/signing.hpp"

namespace tests {
namespace {

using machines::key::Event;
using std::chrono::seconds;
using testing::HasSubstr;
using workers::harness::Signer;

class SignerKeys : public Signing {
 protected:
  // The next moment at which a signer looks at its keys.
  SteadyTime later() { return now_ += seconds(3); }
  SteadyTime now_ = std::chrono::steady_clock::now();
};

TEST_F(SignerKeys, AHouseThatNeverHadOneSignsNothing) {
  house_->add(moving());
  Signer signer(house_->connection, config_.venue);
  EXPECT_FALSE(signer.signs(later()));
  EXPECT_EQ(signer.closed(now_), "");
}

TEST_F(SignerKeys, TheLastOneRetiredClosesTheDoorUntilThereIsANewOne) {
  Signer signer(house_->connection, config_.venue);
  add_key("one");
  EXPECT_TRUE(signer.choose({}, later()));
  ASSERT_TRUE(house_->move(house_->now("one"), Event::retire));
  for (int start = 0; start < 2; ++start) {  // a worker that starts later has not seen it live
    Signer late(house_->connection, config_.venue);
    Signer& one = start == 0 ? signer : late;
    EXPECT_TRUE(one.signs(later()));
    EXPECT_FALSE(one.choose({}, now_));
    EXPECT_THAT(one.closed(now_), HasSubstr("waits for an API key: the last trade key of paper/spot is retired"));
  }
  EXPECT_FALSE(house_->connection.run("DELETE FROM sealed.api_key")) << "the memory can't be made to go away";
  EXPECT_FALSE(house_->connection.run("TRUNCATE sealed.api_key CASCADE"));
  EXPECT_FALSE(house_->connection.run("UPDATE sealed.api_key SET account = 'other'"));
  add_key("two");
  EXPECT_EQ(signer.closed(later()), "");
  EXPECT_TRUE(signer.choose({}, now_));
}

TEST_F(SignerKeys, AKeyOfAnotherAccountSignsNothingHere) {
  auto other = trading("one");
  other.account = "margin";
  ASSERT_TRUE(house_->move(house_->add(other, "one\nsecret-of-one"), Event::prove));
  Signer signer(house_->connection, config_.venue);
  EXPECT_FALSE(signer.signs(later()));
  EXPECT_FALSE(signer.choose({}, now_));
  add_key("two");
  const auto chosen = signer.choose({}, later());
  ASSERT_TRUE(chosen);
  EXPECT_FALSE(signer.choose({*chosen}, now_)) << "there is no second one";
}

// Within the two seconds in which the keys are not looked at again.
TEST_F(SignerKeys, OneThatWasRetiredAMomentAgoSignsNothing) {
  Signer signer(house_->connection, config_.venue);
  add_key("one");
  const auto one = signer.choose_to_sign({}, later());
  ASSERT_TRUE(one);
  EXPECT_EQ(signer.choose_to_sign({}, now_), one);
  ASSERT_TRUE(house_->move(house_->now("one"), Event::retire));
  EXPECT_FALSE(signer.choose_to_sign({}, now_));
  EXPECT_THAT(signer.closed(now_), HasSubstr("is retired"));
  add_key("two");
  EXPECT_TRUE(signer.choose_to_sign({}, later()));
}

}  // namespace
}  // namespace tests
