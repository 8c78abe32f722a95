// Key files: what is written is read back; what others may read, or what is no key, is refused with a cure.
#include "brokers/wire/keys.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "brokers/wire/zap.hpp"
#include "tests/support/folder.hpp"

namespace brokers::wire {
namespace {

using testing::HasSubstr;

class KeyFile : public testing::Test {
 protected:
  std::string refusal() {
    const auto read = read_keys(path_);
    return read ? "it was read" : read.error().text;
  }
  mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  tests::TempFolder folder_;
  std::string path_ = folder_.path() / "worker.key";
};

TEST_F(KeyFile, ComesBackAndIsOursAlone) {
  const CurveKeys keys = make_keys();
  ASSERT_TRUE(write_keys(path_, keys));
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(mode_of(path_ + ".pub"), 0644U);
  const auto read = read_keys(path_);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->public_key, keys.public_key);
  EXPECT_EQ(read->secret_key, keys.secret_key);
  EXPECT_EQ(read_public_key(path_ + ".pub").value(), keys.public_key);
}

TEST_F(KeyFile, CreatedOnceItIsNeverWrittenOver) {
  const CurveKeys keys = make_keys();
  ASSERT_TRUE(create_keys(path_, keys));
  EXPECT_EQ(mode_of(path_), 0400U);
  const auto again = create_keys(path_, make_keys());
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().text, HasSubstr("is there already"));
  EXPECT_EQ(read_keys(path_).value().secret_key, keys.secret_key);
}

TEST_F(KeyFile, APublicKeyThatIsThereKeepsThePairFromBeingMade) {
  tests::write_text(path_ + ".pub", "somebody's\n");
  ASSERT_FALSE(create_keys(path_, make_keys()));
  EXPECT_FALSE(std::filesystem::exists(path_)) << "half a pair is none";
  EXPECT_EQ(tests::read_text(path_ + ".pub"), "somebody's\n");
}

TEST_F(KeyFile, NoTwoPairsAreAlike) { EXPECT_NE(make_keys().secret_key, make_keys().secret_key); }

TEST_F(KeyFile, ThePublicFileHoldsNoSecret) {
  const CurveKeys keys = make_keys();
  ASSERT_TRUE(write_keys(path_, keys));
  EXPECT_THAT(tests::read_text(path_ + ".pub"), testing::Not(HasSubstr(keys.secret_key)));
}

TEST_F(KeyFile, ThatOthersMayReadIsRefusedWithTheCure) {
  ASSERT_TRUE(write_keys(path_, make_keys()));
  for (const mode_t wide : {0640U, 0604U, 0660U, 0644U, 0610U, 0777U}) {
    ASSERT_EQ(::chmod(path_.c_str(), wide), 0);
    EXPECT_THAT(refusal(), HasSubstr("chmod 600 " + path_)) << std::oct << wide;
  }
  ASSERT_EQ(::chmod(path_.c_str(), 0400), 0);
  EXPECT_TRUE(read_keys(path_));
}

TEST_F(KeyFile, WrittenOverAWideOneIsNarrowAgain) {
  ASSERT_TRUE(write_keys(path_, make_keys()));
  ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  ASSERT_TRUE(write_keys(path_, make_keys()));
  EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(KeyFile, ThatIsNotThereOrNoKeyIsRefusedByName) {
  EXPECT_THAT(refusal(), HasSubstr(path_));
  const CurveKeys keys = make_keys();
  const std::string whole = keys.public_key + "\n" + keys.secret_key + "\n";
  std::string odd = keys.public_key;
  odd[7] = '~';
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {"", ":1: is missing"},
           {"short\nshort\n", ":1: has 5 characters"},
           {"\n\n\n", ":1: has 0 characters"},
           {keys.public_key + "\r\n" + keys.secret_key + "\r\n", ":1: ends as lines of Win"},
           {" " + whole, ":1: has a blank as char"},
           {keys.public_key + "\t\n", ":1: has a blank"},
           {odd + "\n" + keys.secret_key + "\n", ":1: has `~` as character 8, which is no Z85"},
           {std::string(40, '#') + "\n", ":1: is no Z85"}}) {
    tests::write_text(path_, text);
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
    EXPECT_THAT(refusal(), HasSubstr(path_ + words)) << text;
    const auto read = read_public_key(path_);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().text, HasSubstr(path_ + words)) << text;
  }
  for (const std::string& text : {keys.public_key + "\n", keys.public_key + "\n" + keys.secret_key + " \n"}) {
    tests::write_text(path_, text);
    EXPECT_THAT(refusal(), HasSubstr(path_ + ":2: ")) << text;
  }
  tests::write_text(path_, whole);
  EXPECT_THAT(read_public_key(path_).error().text,
              HasSubstr("holds a secret key, which belongs on its own host alone"));
  const auto absent = read_public_key(path_ + ".nowhere");
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().text, HasSubstr("No such file"));
}

TEST_F(KeyFile, CannotBeWrittenWhereThereIsNoFolder) {
  const auto written = write_keys(folder_.path() / "nowhere" / "worker.key", make_keys());
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().text, HasSubstr("nowhere"));
}

TEST(Peers, AUserIdNamesRoleAndName) {
  const auto peer = peer_of("worker:worker-1");
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->role, Role::worker);
  EXPECT_EQ(peer->name, "worker-1");
  EXPECT_EQ(peer_of("operator:night: shift")->name, "night: shift");
  for (const char* odd : {"", "worker", "king:arthur", ":x", "Worker:x"}) EXPECT_FALSE(peer_of(odd)) << odd;
}

TEST(Endpoint, AUnixSocketsPathMustFit) {
  EXPECT_TRUE(check_endpoint("ipc://" + std::string(107, 'x')));
  const auto longer = check_endpoint("ipc://" + std::string(108, 'x'));
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().text, HasSubstr("107"));
  EXPECT_THAT(longer.error().text, HasSubstr("108"));
  EXPECT_TRUE(check_endpoint("tcp://127.0.0.1:" + std::string(200, '1')));
}

}  // namespace
}  // namespace brokers::wire
