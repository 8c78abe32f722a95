// tests/deploy/cli/books/output_place_test.cpp: where a command may write its result, and what is said elsewhere.
#include "deploy/cli/books/output_place.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "deploy/cluster/process.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

constexpr const char* instead = "print it";

class OutputPlace : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] std::string objection(const std::string& name) const {
    return deploy::no_place(path(name), instead).value_or("");
  }
  TempFolder folder_;
};

TEST_F(OutputPlace, AFileThatIsThereOrCanBeIsAPlace) {
  EXPECT_EQ(objection("books"), "");
  write_text(path("books"), "the old one");
  EXPECT_EQ(objection("books"), "");
  fs::create_symlink("books", path("link"));
  EXPECT_EQ(objection("link"), "") << "the file behind it is meant";
  EXPECT_EQ(read_text(path("books")), "the old one") << "a look changes nothing";
}

TEST_F(OutputPlace, AFolderADeviceOrAWayThatIsNotThereIsNone) {
  fs::create_directory(path("folder"));
  EXPECT_EQ(objection("folder"), path("folder") + " is a folder; name a file in it");
  EXPECT_EQ(deploy::no_place("/dev/null", instead), "/dev/null is not a plain file; print it");
  EXPECT_EQ(objection("nowhere/books"), path("nowhere") + " is not a folder; make it, or name another file");
  write_text(path("file"), "");
  EXPECT_EQ(objection("file/books"), path("file") + " is not a folder; make it, or name another file");
}

TEST_F(OutputPlace, RootDoesNotFollowNamesThatAnotherUserMaySet) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder to someone else";
  const auto nobody = deploy::find_user("nobody");
  ASSERT_TRUE(nobody);
  fs::create_directory(path("theirs"));
  ASSERT_EQ(chown(path("theirs").c_str(), nobody->uid, nobody->gid), 0);
  EXPECT_THAT(objection("theirs/books"), AllOf(HasSubstr("may be set by nobody"), EndsWith("; print it")));
}

}  // namespace
}  // namespace tests
