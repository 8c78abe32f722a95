// tests/deploy/cluster/trap_test.cpp: root beside a user who sets traps: at each name that `postgres` may set in its
// own folder, and on the way to the data folder. Root's files stay as they are.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "deploy/cluster/cluster.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* secret_text = "root's own words\n";

class Traps : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    postgres_ = find_user("postgres");
    if (geteuid() != 0 || !postgres_) GTEST_SKIP() << "needs root and the user postgres";
    const auto opened = open_folder(temp_.path() / "d");
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    folder_ = *opened;
    roots_ = temp_.path() / "roots";
    tests::write_text(roots_, secret_text);
    ASSERT_EQ(chmod(roots_.c_str(), 0644), 0);
  }
  void as_postgres(const std::function<int()>& work) {
    const int error = do_as(postgres_, work);
    ASSERT_EQ(error, 0) << strerror(error);
  }
  Clustered<Cluster> open_cluster() {
    ClusterOptions options;
    options.extra = {{"shared_buffers", "32MB"}};
    return Cluster::open(folder_, options);
  }
  void expect_untouched() const {
    struct stat found {};
    ASSERT_EQ(lstat(roots_.c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, 0U);
    EXPECT_EQ(found.st_mode & 07777, 0644U);
    EXPECT_EQ(tests::read_text(roots_), secret_text);
  }

  tests::TempFolder temp_;
  fs::path folder_, roots_;
  std::optional<Identity> postgres_;
};

// The files that are written anew at each start, and the names beside them.
TEST_F(Traps, LinksInTheClustersFolderAreReplacedAndNotFollowed) {
  { ASSERT_TRUE(open_cluster().has_value()); }
  for (const char* name : {"bursar.conf", "pg_ident.conf", "pg_hba.conf"})
    for (const char* beside : {".new", ""}) {
      const fs::path link = folder_ / "postgres" / (name + std::string(beside));
      as_postgres([&] { return (unlink(link.c_str()), symlink(roots_.c_str(), link.c_str()) == 0) ? 0 : errno; });
    }
  const auto again = open_cluster();
  ASSERT_TRUE(again.has_value()) << again.error().text;
  expect_untouched();
  for (const char* name : {"bursar.conf", "pg_ident.conf", "pg_hba.conf"})
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder_ / "postgres" / name))) << name;
}

TEST_F(Traps, AFolderWhereAFileIsToBeWrittenEndsWithAComplaint) {
  { ASSERT_TRUE(open_cluster().has_value()); }
  const fs::path folder = folder_ / "postgres" / "bursar.conf.new";
  as_postgres([&] { return mkdir(folder.c_str(), 0700) == 0 ? 0 : errno; });
  const auto refused = open_cluster();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().exit_code, 1);
  EXPECT_THAT(refused.error().text, HasSubstr("can't write"));
  EXPECT_THAT(refused.error().text, HasSubstr("bursar.conf.new"));
}

TEST_F(Traps, WhatAHalfMadeClusterLinksToIsLeftAlone) {
  fs::create_directory(temp_.path() / "kept");
  tests::write_text(temp_.path() / "kept" / "file", secret_text);
  const fs::path half = folder_ / "postgres.new";
  fs::create_directory(half);
  ASSERT_EQ(chown(half.c_str(), postgres_->uid, postgres_->gid), 0);
  as_postgres([&] {
    const fs::path to = temp_.path() / "kept";
    return symlink(to.c_str(), (half / "base").c_str()) == 0 &&
                   symlink(roots_.c_str(), (half / "postgresql.conf").c_str()) == 0
               ? 0
               : errno;
  });
  ASSERT_TRUE(open_cluster().has_value());
  expect_untouched();
  EXPECT_EQ(tests::read_text(temp_.path() / "kept" / "file"), secret_text);
}

// A pipe that nobody writes to would hold root up for ever. (PostgreSQL itself waits on its pid file.)
TEST_F(Traps, PipesWhereFilesAreReadHoldNobodyUp) {
  { ASSERT_TRUE(open_cluster().has_value()); }
  for (const char* name : {"postmaster.pid", "PG_VERSION"}) {
    const fs::path pipe = folder_ / "postgres" / name;
    as_postgres([&] { return unlink(pipe.c_str()), mkfifo(pipe.c_str(), 0600) == 0 ? 0 : errno; });
    const pid_t opener = fork();
    if (opener == 0) {
      ClusterOptions options;
      options.ready_within = options.stop_within = std::chrono::seconds(1);
      _exit(Cluster::open(folder_, options).has_value() ? 0 : 3);
    }
    int status = 0;
    const bool ended = tests::wait_until([&] { return waitpid(opener, &status, WNOHANG) == opener; });
    if (!ended) kill(opener, SIGKILL), waitpid(opener, &status, 0);
    EXPECT_TRUE(ended) << name;
    EXPECT_EQ(exit_of(status).code, 3) << name;
  }
}

// Whoever writes postmaster.pid must not choose whom root ends.
TEST_F(Traps, AProcessOfRootThatWorksInTheFolderIsNoServer) {
  { ASSERT_TRUE(open_cluster().has_value()); }
  ProcessSpec spec;
  spec.argv = {"/bin/sleep", "1000"};
  spec.work_dir = (folder_ / "postgres").string();
  const auto bystander = spawn(spec);
  ASSERT_TRUE(bystander.has_value()) << bystander.error();
  tests::write_text(folder_ / "postgres" / "postmaster.pid", std::to_string(*bystander) + "\n");
  ASSERT_EQ(chown((folder_ / "postgres" / "postmaster.pid").c_str(), postgres_->uid, postgres_->gid), 0);
  ClusterOptions options;
  options.ready_within = std::chrono::seconds(2);
  (void)Cluster::open(folder_, options);  // PostgreSQL's own word on that file, whatever it is
  EXPECT_EQ(waitpid(*bystander, nullptr, WNOHANG), 0) << "it lives";
  kill(*bystander, SIGKILL);
  waitpid(*bystander, nullptr, 0);
}

// Another user's socket at the name of ours: libpq turns away from it.
TEST_F(Traps, ASocketOfAnotherUserIsNotSpokenTo) {
  const auto cluster = open_cluster();
  ASSERT_TRUE(cluster.has_value()) << cluster.error().text;
  const std::string dsn = cluster->dsn();
  EXPECT_THAT(dsn, HasSubstr("requirepeer='postgres'"));
  ledger::Connection other(dsn + " requirepeer='root'");
  const auto refused = other.connect();
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text, HasSubstr("requirepeer"));
}

TEST_F(Traps, AWayThatAnotherUserMaySetIsRefused) {
  const fs::path theirs = temp_.path() / "theirs", all = temp_.path() / "all", real = temp_.path() / "real";
  for (const auto& folder : {theirs, all, real}) fs::create_directory(folder);
  ASSERT_EQ(chown(theirs.c_str(), postgres_->uid, postgres_->gid), 0);
  ASSERT_EQ(chmod(all.c_str(), 01777), 0);
  as_postgres([&] { return symlink(real.c_str(), (all / "link").c_str()) == 0 ? 0 : errno; });
  const auto below_theirs = open_folder(theirs / "data");
  ASSERT_FALSE(below_theirs.has_value());
  EXPECT_EQ(below_theirs.error().exit_code, 2);
  EXPECT_THAT(below_theirs.error().text, HasSubstr("may be set by postgres"));
  const auto by_link = open_folder(all / "link");
  ASSERT_FALSE(by_link.has_value());
  EXPECT_THAT(by_link.error().text, HasSubstr("/all/link, which is on the way"));
  EXPECT_THAT(by_link.error().text, HasSubstr("belongs to postgres"));
  EXPECT_TRUE(fs::is_empty(real));
  EXPECT_TRUE(open_folder(all / "ours").has_value()) << "a sticky folder keeps our name for us";
  fs::create_directory_symlink(real, temp_.path() / "own-link");
  EXPECT_TRUE(open_folder(temp_.path() / "own-link" / "data").has_value()) << "root's own link is fine";
  ASSERT_EQ(chmod(all.c_str(), 0777), 0);
  EXPECT_FALSE(open_folder(all / "ours").has_value()) << "without the bit anybody may replace it";
}

TEST_F(Traps, TheServersEnvironmentIsItsOwn) {
  setenv("BURSAR_TEST_SECRET", "hunter2", 1);
  const auto cluster = open_cluster();
  unsetenv("BURSAR_TEST_SECRET");
  ASSERT_TRUE(cluster.has_value()) << cluster.error().text;
  std::string environment = tests::read_text("/proc/" + std::to_string(cluster->pid()) + "/environ");
  std::replace(environment.begin(), environment.end(), '\0', '\n');
  const std::string ours = "PATH=/usr/bin:/bin\nLC_ALL=C\nTZ=UTC\n";
  EXPECT_EQ(environment.substr(0, ours.size()), ours);
  EXPECT_THAT(environment, Not(HasSubstr("hunter2")));
  EXPECT_EQ(environment, ours) << "nothing else";
}

}  // namespace
}  // namespace deploy
