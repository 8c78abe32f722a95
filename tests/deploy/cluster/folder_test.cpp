// tests/deploy/cluster/folder_test.cpp: which data folders are taken, which refused, and what is left of a refused one.
#include "deploy/cluster/folder.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deploy/cluster/process.hpp"
#include "tests/support/folder.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

int mode_of(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  return static_cast<int>(found.st_mode & 07777);
}

ClusterError refusal(const fs::path& path) {
  const auto opened = open_folder(path);
  EXPECT_FALSE(opened.has_value());
  return opened ? ClusterError{"accepted", 0} : opened.error();
}

TEST(Folder, AFreshOneGetsItsModesAndMarker) {
  const tests::TempFolder temp;
  const auto opened = open_folder(temp.path() / "a" / "b" / "");
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  EXPECT_EQ(*opened, temp.path() / "a" / "b");
  EXPECT_EQ(mode_of(*opened), geteuid() == 0 ? 0711 : 0700);
  EXPECT_EQ(mode_of(*opened / "keys"), 0700);
  EXPECT_EQ(mode_of(*opened / "log"), 0700);
  EXPECT_TRUE(open_folder(*opened).has_value()) << "again";
}

// The executable runs with this umask: root's own new parents once barred postgres, and the folder was refused.
TEST(Folder, NewParentsCanBePassedWhateverTheUmask) {
  const tests::TempFolder temp;
  const mode_t before = umask(077);
  const auto opened = open_folder(temp.path() / "a" / "b" / "data");
  umask(before);
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  for (const fs::path& parent : {temp.path() / "a", temp.path() / "a" / "b"})
    EXPECT_EQ(mode_of(parent), geteuid() == 0 ? 0711 : 0700) << parent;
}

TEST(Folder, AnEmptyOneIsTaken) {
  const tests::TempFolder temp;
  EXPECT_TRUE(open_folder(temp.path()).has_value());
}

TEST(Folder, OneWithOtherThingsIsRefusedAndUntouched) {
  const tests::TempFolder temp;
  tests::write_text(temp.path() / "letter.txt", "dear\n");
  const int mode = mode_of(temp.path());
  const ClusterError error = refusal(temp.path());
  EXPECT_EQ(error.exit_code, 2);
  EXPECT_THAT(error.text, HasSubstr("is not empty and not a data folder of Bursar; choose another --data-dir"));
  EXPECT_FALSE(fs::exists(temp.path() / "keys"));
  EXPECT_EQ(mode_of(temp.path()), mode);
}

TEST(Folder, AFileIsRefused) {
  const tests::TempFolder temp;
  tests::write_text(temp.path() / "file", "x");
  EXPECT_THAT(refusal(temp.path() / "file").text, HasSubstr("is not a folder"));
  EXPECT_EQ(refusal(temp.path() / "file" / "below").exit_code, 2);
}

TEST(Folder, SomeoneElsesIsRefused) {
  const auto postgres = find_user("postgres");
  if (geteuid() != 0 || !postgres) GTEST_SKIP() << "needs root and the user postgres";
  const tests::TempFolder temp;
  const fs::path theirs = temp.path() / "theirs";
  fs::create_directory(theirs);
  ASSERT_EQ(chown(theirs.c_str(), postgres->uid, postgres->gid), 0);
  const ClusterError error = refusal(theirs);
  EXPECT_EQ(error.exit_code, 2);
  EXPECT_THAT(error.text,
              HasSubstr("belongs to postgres, and this is root; run it as postgres; a copy is handed over by "
                        "chown -R root: " +
                        theirs.string()));
}

TEST(Folder, AParentThatPostgresCantPassIsNamed) {
  if (geteuid() != 0 || !find_user("postgres")) GTEST_SKIP() << "needs root and the user postgres";
  const tests::TempFolder temp;
  const fs::path closed = temp.path() / "closed";
  fs::create_directory(closed);
  fs::permissions(closed, fs::perms::owner_all);
  const ClusterError error = refusal(closed / "below" / "data");
  EXPECT_EQ(error.exit_code, 2);
  EXPECT_THAT(error.text, HasSubstr("the user postgres can't pass through " + closed.string() + ","));
  EXPECT_TRUE(fs::is_empty(closed)) << "nothing is made on the way to a refusal";
}

TEST(FolderLock, ASecondRunIsToldWhoHoldsIt) {
  const tests::TempFolder temp;
  const auto opened = open_folder(temp.path());
  ASSERT_TRUE(opened.has_value());
  {
    const auto lock = FolderLock::take(*opened);
    ASSERT_TRUE(lock.has_value());
    const auto second = FolderLock::take(*opened);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().exit_code, 2);
    EXPECT_THAT(second.error().text, HasSubstr("is in use by process " + std::to_string(getpid())));
  }
  EXPECT_TRUE(FolderLock::take(*opened).has_value()) << "let go";
}

TEST(FolderLock, GoesWithItsProcessAndNotWithItsChildren) {
  const tests::TempFolder temp;
  const auto opened = open_folder(temp.path());
  ASSERT_TRUE(opened.has_value());
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = FolderLock::take(*opened);
    ProcessSpec spec;
    spec.argv = {"/bin/sleep", "1000"};
    const auto sleeper = spawn(spec);
    const pid_t pid = lock && sleeper ? *sleeper : -1;
    if (write(report[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    _exit(0);  // no destructor: as if killed
  }
  pid_t sleeper = 0;
  ASSERT_EQ(read(report[0], &sleeper, sizeof sleeper), static_cast<ssize_t>(sizeof sleeper));
  waitpid(holder, nullptr, 0);
  close(report[0]);
  close(report[1]);
  ASSERT_GT(sleeper, 0);
  EXPECT_EQ(kill(sleeper, 0), 0) << "its child lives on";
  EXPECT_TRUE(FolderLock::take(*opened).has_value());
  kill(sleeper, SIGKILL);
}

}  // namespace
}  // namespace deploy
