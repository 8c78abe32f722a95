// tests/ledger/secrets/master_key_test.cpp: a master key's file is taken only as it must be, and what is wrong with
// another is said by name.
#include "ledger/secrets/master_key.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/ledger/secrets/secrets.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

namespace secrets = ledger::secrets;
using testing::HasSubstr;

class MasterKeyFile : public testing::Test {
 protected:
  // What reading it says: empty when it is taken.
  [[nodiscard]] std::string said(bool is_credential = false) const {
    const auto read = secrets::read_master_key({file_, is_credential});
    return read ? "" : read.error().text;
  }
  void write(const std::string& bytes, mode_t mode = 0400) const {
    unlink(file_.c_str());
    write_text(file_, bytes);
    chmod(file_.c_str(), mode);
  }
  static std::string good() { return "0123456789abcdef0123456789ABCDEF"; }

  TempFolder folder_;
  std::filesystem::path file_ = folder_.path() / "master.key";
};

TEST_F(MasterKeyFile, IsMadeOnceWithMode0400AndReadBack) {
  const auto made = secrets::make_master_key(file_);
  ASSERT_TRUE(made) << made.error().text;
  struct stat status {};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0400U);
  EXPECT_EQ(status.st_size, 32);
  const auto read = secrets::read_master_key({file_});
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->bytes.same_as(made->bytes));
  EXPECT_EQ(read->id, made->id);
  EXPECT_THAT(made->id, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_THAT(secrets::make_master_key(file_).error().text, HasSubstr("File exists")) << "one that stands is kept";
  EXPECT_TRUE(secrets::read_master_key({file_})->bytes.same_as(made->bytes));
}

TEST_F(MasterKeyFile, IsRefusedByNameAndReason) {
  EXPECT_THAT(said(), testing::AllOf(HasSubstr(file_.string()), HasSubstr("is missing")));
  write(good());
  EXPECT_EQ(said(), "");
  write(good(), 0600);
  EXPECT_THAT(said(), HasSubstr("has mode 0600, wider than 0400; run: chmod 400 " + file_.string()));
  for (const mode_t mode : {0440, 0404, 0500, 0420}) {
    write(good(), mode);
    EXPECT_THAT(said(), HasSubstr("wider than 0400")) << mode;
  }
  write(good() + "x");
  EXPECT_THAT(said(), HasSubstr("has 33 bytes; a master key has 32"));
  write(good().substr(1));
  EXPECT_THAT(said(), HasSubstr("has 31 bytes"));
  write("");
  EXPECT_THAT(said(), HasSubstr("has 0 bytes"));
  write(std::string(32, '\0'));
  EXPECT_THAT(said(), HasSubstr("one byte repeated"));
  write(std::string(32, 'k'));
  EXPECT_THAT(said(), HasSubstr("one byte repeated"));
}

TEST_F(MasterKeyFile, IsAPlainFileAndNotALinkToOne) {
  const auto real = folder_.path() / "real";
  write_text(real, good());
  chmod(real.c_str(), 0400);
  std::filesystem::create_symlink(real, file_);
  EXPECT_THAT(said(), HasSubstr("is a symbolic link"));
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_THAT(said(), HasSubstr("is not a plain file"));
  std::filesystem::remove(file_);
  ASSERT_EQ(mkfifo(file_.c_str(), 0400), 0);
  EXPECT_THAT(said(), HasSubstr("is not a plain file")) << "and nobody waits for a writer";
}

TEST_F(MasterKeyFile, OfSomebodyElseIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  write(good());
  ASSERT_EQ(chown(file_.c_str(), 4711, 4711), 0);
  EXPECT_THAT(said(), HasSubstr("belongs to user 4711, and this is user 0"));
  EXPECT_THAT(said(true), HasSubstr("belongs to user 4711"));
}

TEST_F(MasterKeyFile, AsACredentialOfSystemdComesFirst) {
  EXPECT_EQ(secrets::find_master_key("", "/a/default").file, "/a/default");
  EXPECT_EQ(secrets::find_master_key("/configured", "/a/default").file, "/configured");
  setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_EQ(secrets::find_master_key("/configured", "/a/default").file, "/configured") << "none of ours in there";
  file_ = folder_.path() / "bursar-master-key";
  write(good(), 0440);
  const auto place = secrets::find_master_key("/configured", "/a/default");
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(place.file, file_);
  EXPECT_TRUE(place.is_credential);
  EXPECT_TRUE(secrets::read_master_key(place).has_value()) << "an access list shows as a group's right";
  write(good(), 0444);
  EXPECT_THAT(said(true), HasSubstr("wider than 0440"));
}

}  // namespace
}  // namespace tests
