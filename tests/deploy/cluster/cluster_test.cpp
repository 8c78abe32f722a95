// tests/deploy/cluster/cluster_test.cpp: a real private PostgreSQL: made, adopted, killed, restarted, stopped.
#include "deploy/cluster/cluster.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "ledger/store/connection.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    const auto opened = open_folder(temp_.path() / "d");
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    folder_ = *opened;
  }
  // A cluster that was made before, copied: initdb is most of the time. Two tests make theirs.
  void take_a_made_cluster() {
    static const tests::TempFolder made;
    if (!fs::exists(made.path() / "postgres")) {
      open_cluster();
      for (const char* part : {"postgres", "access"}) copy(folder_ / part, made.path());
    } else {
      for (const char* part : {"postgres", "access"}) copy(made.path() / part, folder_);
    }
  }
  static void copy(const fs::path& from, const fs::path& to) {
    ProcessSpec spec;
    spec.argv = {"/bin/cp", "-a", from.string(), to.string()};
    const auto copied = run_to_end(spec);
    ASSERT_TRUE(copied.has_value() && copied->exit.code == 0) << (copied ? copied->output : copied.error());
  }
  Cluster open_cluster() {
    ClusterOptions options;
    options.extra = {{"shared_buffers", "32MB"}};
    auto cluster = Cluster::open(folder_, options);
    if (!cluster) {
      std::fprintf(stderr, "%s\n", cluster.error().text.c_str());
      std::abort();
    }
    return std::move(cluster).value();
  }
  static std::string ask(const Cluster& cluster, const std::string& sql) {
    ledger::Connection connection(cluster.dsn());
    const auto answer = connection.run(sql);
    if (!answer) return "refused: " + answer.error().text;
    return answer->empty() ? "" : std::string(answer->text(0, 0));
  }

  tests::TempFolder temp_;
  fs::path folder_;
};

TEST_F(ClusterTest, IsMadeAsTheDesignSays) {
  const Cluster cluster = open_cluster();
  EXPECT_FALSE(cluster.was_adopted());
  const std::pair<const char*, const char*> expected[] = {{"fsync", "on"},
                                                          {"synchronous_commit", "on"},
                                                          {"full_page_writes", "on"},
                                                          {"listen_addresses", ""},
                                                          {"data_checksums", "on"},
                                                          {"server_encoding", "UTF8"},
                                                          {"TimeZone", "UTC"},
                                                          {"jit", "off"},
                                                          {"unix_socket_permissions", "0700"},
                                                          {"max_wal_size", "2GB"},
                                                          {"lc_collate", "C"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(ask(cluster, std::string("SHOW ") + name), value) << name;
  EXPECT_EQ(ask(cluster, "SELECT current_user"), "bursar_owner");
  struct stat found {};
  for (const char* closed : {"postgres", "pg"}) {
    ASSERT_EQ(stat((folder_ / closed).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0700U) << closed;
  }
}

TEST_F(ClusterTest, StopsAndKeepsItsData) {
  take_a_made_cluster();
  {
    Cluster cluster = open_cluster();
    EXPECT_EQ(ask(cluster, "CREATE TABLE public.kept (x int); INSERT INTO public.kept VALUES (7)"), "");
    const pid_t pid = cluster.pid();
    cluster.stop();
    EXPECT_EQ(cluster.pid(), 0);
    EXPECT_NE(kill(pid, 0), 0);
    EXPECT_FALSE(fs::exists(folder_ / "postgres" / "postmaster.pid")) << "a clean end";
  }
  EXPECT_EQ(ask(open_cluster(), "SELECT x FROM public.kept"), "7");
}

TEST_F(ClusterTest, AServerThatIsKilledComesBackWithWhatWasCommitted) {
  take_a_made_cluster();
  Cluster cluster = open_cluster();
  ask(cluster, "CREATE TABLE public.kept (x int); INSERT INTO public.kept VALUES (8)");
  const pid_t first = cluster.pid();
  kill(first, SIGKILL);
  Health health = Health::ready;
  bool restarted = false;
  ASSERT_TRUE(tests::wait_until([&] {
    const auto seen = cluster.watch();
    EXPECT_TRUE(seen.has_value()) << seen.error().text;
    health = *seen;
    restarted = restarted || health == Health::restarted;
    return restarted && health == Health::ready;
  }));
  EXPECT_GE(cluster.restarts(), 1);
  EXPECT_NE(cluster.pid(), first);
  EXPECT_EQ(ask(cluster, "SELECT x FROM public.kept"), "8");
}

TEST_F(ClusterTest, AServerThatAnEarlierRunLeftIsAdopted) {
  take_a_made_cluster();
  Cluster earlier = open_cluster();
  {
    Cluster later = open_cluster();
    EXPECT_TRUE(later.was_adopted());
    EXPECT_EQ(later.pid(), earlier.pid());
    EXPECT_EQ(ask(later, "SELECT 1"), "1");
    later.stop();
  }
  // Ended for the one who stopped it is a moment before ended for its parent.
  EXPECT_TRUE(tests::wait_until([&] { return earlier.watch().value() == Health::restarted; }))
      << "it was really stopped";
}

TEST_F(ClusterTest, AStalePidFileIsNoServer) {
  take_a_made_cluster();
  { open_cluster(); }
  // This process lives, but it is no PostgreSQL in that folder.
  tests::write_text(folder_ / "postgres" / "postmaster.pid", std::to_string(getpid()) + "\n" + folder_.string() + "\n");
  const Cluster cluster = open_cluster();
  EXPECT_FALSE(cluster.was_adopted());
  EXPECT_EQ(ask(cluster, "SELECT 1"), "1");
}

// PostgreSQL takes a killed server for a running one until somebody has reaped it.
TEST_F(ClusterTest, AKilledServerThatNobodyHasReapedYetIsWaitedFor) {
  take_a_made_cluster();
  ProcessSpec spec;
  spec.argv = {"/bin/true"};
  const auto user = cluster_user();
  ASSERT_TRUE(user.has_value());
  spec.run_as = *user;
  const auto zombie = spawn(spec);
  ASSERT_TRUE(zombie.has_value()) << zombie.error();
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(*zombie), &ended, WEXITED | WNOWAIT), 0);
  tests::write_text(folder_ / "postgres" / "postmaster.pid", std::to_string(*zombie) + "\n");
  std::thread reaper([&] {
    tests::wait_until(
        [&] { return tests::read_text(ClusterPaths::below(folder_).log).find("already exists") != std::string::npos; });
    waitpid(*zombie, nullptr, 0);
  });
  const Cluster cluster = open_cluster();
  reaper.join();
  EXPECT_THAT(tests::read_text(ClusterPaths::below(folder_).log), HasSubstr("already exists"));
  EXPECT_EQ(ask(cluster, "SELECT 1"), "1");
}

TEST_F(ClusterTest, DiesWithTheProcessThatStartedIt) {
  take_a_made_cluster();
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const pid_t starter = fork();
  if (starter == 0) {
    const auto cluster = Cluster::open(folder_);
    const pid_t pid = cluster ? cluster->pid() : -1;
    if (write(report[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    while (true) pause();
  }
  pid_t server = 0;
  ASSERT_EQ(read(report[0], &server, sizeof server), static_cast<ssize_t>(sizeof server));
  ASSERT_GT(server, 0);
  kill(starter, SIGKILL);
  waitpid(starter, nullptr, 0);
  close(report[0]);
  close(report[1]);
  EXPECT_TRUE(tests::wait_until([&] { return !fs::exists(folder_ / "postgres" / "postmaster.pid"); }));
  EXPECT_EQ(ask(open_cluster(), "SELECT 1"), "1");
}

TEST_F(ClusterTest, HalfMadeIsMadeAgain) {
  fs::create_directory(folder_ / "postgres.new");
  tests::write_text(folder_ / "postgres.new" / "rest", "of an initdb that was killed");
  EXPECT_EQ(ask(open_cluster(), "SELECT 1"), "1");
  EXPECT_FALSE(fs::exists(folder_ / "postgres.new"));
}

TEST_F(ClusterTest, AServerThatCantStartSaysWhy) {
  take_a_made_cluster();
  { open_cluster(); }
  tests::write_text(folder_ / "log" / "postgres.log", "FATAL: of an earlier run\n");
  ClusterOptions options;
  options.extra = {{"shared_buffers", "nonsense"}};
  const auto cluster = Cluster::open(folder_, options);
  ASSERT_FALSE(cluster.has_value());
  EXPECT_EQ(cluster.error().exit_code, 1);
  EXPECT_THAT(cluster.error().text, HasSubstr("FATAL"));
  EXPECT_THAT(cluster.error().text, Not(HasSubstr("earlier run")));
}

TEST_F(ClusterTest, AFolderThatRootCopiedIsRefusedWithItsRemedy) {
  take_a_made_cluster();
  { open_cluster(); }
  const auto nobody = find_user("nobody");
  if (geteuid() != 0 || !nobody) GTEST_SKIP() << "needs root and the user nobody";
  const fs::path data = ClusterPaths::below(folder_).data;
  ASSERT_EQ(chown(data.c_str(), nobody->uid, nobody->gid), 0);
  const auto cluster = Cluster::open(folder_);
  ASSERT_FALSE(cluster.has_value());
  EXPECT_EQ(cluster.error().exit_code, 2);
  EXPECT_THAT(cluster.error().text,
              AllOf(HasSubstr("belongs to nobody"), HasSubstr("chown -R postgres: " + data.string())));
}

TEST_F(ClusterTest, WhoIsInterruptedWhileItStartsLeavesNothingRunning) {
  take_a_made_cluster();
  ClusterOptions options;
  int asked = 0;
  options.gives_up = [&] { return ++asked > 2; };  // the third time: while it waits for an answer
  const auto cluster = Cluster::open(folder_, options);
  ASSERT_FALSE(cluster.has_value());
  EXPECT_EQ(cluster.error().exit_code, 1);
  EXPECT_THAT(cluster.error().text, HasSubstr("interrupted while PostgreSQL was starting"));
  EXPECT_FALSE(fs::exists(ClusterPaths::below(folder_).data / "postmaster.pid"));
}

TEST_F(ClusterTest, AnotherUserHasNoWayIn) {
  take_a_made_cluster();
  const auto nobody = find_user("nobody");
  if (geteuid() != 0 || !nobody) GTEST_SKIP() << "needs root and the user nobody";
  const Cluster cluster = open_cluster();
  ProcessSpec spec;
  spec.argv = {"/usr/bin/psql", cluster.dsn(), "-c", "SELECT 1"};
  spec.run_as = nobody;
  const auto finished = run_to_end(spec);
  ASSERT_TRUE(finished.has_value()) << finished.error();
  EXPECT_NE(finished->exit.code, 0);
  EXPECT_THAT(finished->output, HasSubstr("Permission denied"));
}

TEST_F(ClusterTest, AFolderNameWithQuotesAndSpacesWorks) {
  const auto odd = open_folder(temp_.path() / "it's a \\ name");
  ASSERT_TRUE(odd.has_value());
  folder_ = *odd;
  EXPECT_EQ(ask(open_cluster(), "SELECT 1"), "1");
}

TEST(ClusterPath, ASocketPathThatIsTooLongIsRefusedWithItsLength) {
  const fs::path fits = "/" + std::string(107 - 1 - std::string("/pg/.s.PGSQL.5432").size(), 'a');
  EXPECT_TRUE(check_socket_path(ClusterPaths::below(fits)).has_value());
  const auto refused = check_socket_path(ClusterPaths::below(fits.string() + "a"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().exit_code, 2);
  EXPECT_THAT(refused.error().text, HasSubstr("has 108 bytes and may have 107: /aaa"));
  EXPECT_THAT(refused.error().text, HasSubstr("choose a shorter --data-dir"));
}

TEST(ClusterInstall, APostgresThatIsNotThereIsNamedWithItsPackage) {
  const auto found = find_postgres(9);
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().text, HasSubstr("PostgreSQL 9 is not installed"));
  EXPECT_THAT(found.error().text, HasSubstr("apt-get install postgresql-9"));
}

}  // namespace
}  // namespace deploy
