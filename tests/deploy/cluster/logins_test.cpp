// tests/deploy/cluster/logins_test.cpp: who comes into a private cluster: whoever knows a role's password, and no user
// of the operating system, root and the cluster's own among them; and what a confined process still opens.
#include "deploy/cluster/logins.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "deploy/cluster/cluster.hpp"
#include "deploy/cluster/confine.hpp"
#include "ledger/store/connection.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Logins : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    const auto opened = open_folder(temp_.path() / "d");
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    folder_ = *opened;
  }
  Clustered<Cluster> open_cluster() const {
    ClusterOptions options;
    options.extra = {{"shared_buffers", "32MB"}};
    return Cluster::open(folder_, options);
  }
  // "" where it comes in, else why not.
  static std::string comes_in(const std::string& dsn) {
    const auto connected = ledger::Connection(dsn).connect();
    return connected ? "" : connected.error().text;
  }
  std::string without_password(const std::string& role) const {
    return fmt::format("host='{}' dbname=postgres user={} passfile=/dev/null",
                       ClusterPaths::below(folder_).sockets.string(), role);
  }
  std::string auth_file(const char* name) const { return tests::read_text(folder_ / "postgres" / name); }
  // As an earlier version left a cluster: each user of the system was both roles, and there were no passwords.
  void make_old() const {
    fs::remove_all(password_file(folder_).parent_path());
    const auto user = cluster_user().value();
    const std::string hba = (folder_ / "postgres/pg_hba.conf").string();
    tests::write_text(hba, "local all all peer map=bursar\n");
    tests::write_text(folder_ / "postgres/pg_ident.conf", "bursar /^.*$ bursar_owner\nbursar /^.*$ bursar_service\n");
  }

  tests::TempFolder temp_;
  fs::path folder_;
};

TEST_F(Logins, NoUserOfTheSystemIsAnybodyInPostgres) {
  const auto cluster = open_cluster();
  ASSERT_TRUE(cluster.has_value()) << cluster.error().text;
  EXPECT_EQ(auth_file("pg_hba.conf"), "# Written by bursar at each start.\nlocal all all scram-sha-256\n");
  EXPECT_EQ(auth_file("pg_ident.conf"), "# Written by bursar at each start.\n");
  for (const char* role : cluster_logins) {
    EXPECT_THAT(comes_in(without_password(role)), HasSubstr("no password supplied")) << role;
    EXPECT_EQ(comes_in(cluster->dsn("postgres", role)), "") << role;
  }
  EXPECT_THAT(
      comes_in(without_password("bursar_owner") + " password=" + password_of(folder_, "bursar_service").value_or("")),
      HasSubstr("password authentication failed"));
  EXPECT_THAT(cluster->dsn(), testing::Not(HasSubstr(password_of(folder_, "bursar_owner").value_or("?"))));
}

TEST_F(Logins, ThePasswordsAreForTheFoldersOwnerAlone) {
  ASSERT_TRUE(open_cluster().has_value());
  struct stat found {};
  ASSERT_EQ(stat(password_file(folder_).c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600U);
  EXPECT_EQ(found.st_uid, geteuid());
  ASSERT_EQ(stat(password_file(folder_).parent_path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0700U);
  // PostgreSQL was never told one: neither its files nor its log have it.
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file() || entry.path() == password_file(folder_)) continue;
    const std::string text = tests::read_text(entry.path());
    for (const char* role : cluster_logins)
      EXPECT_EQ(text.find(*password_of(folder_, role)), std::string::npos) << entry.path() << " " << role;
  }
}

TEST_F(Logins, AClusterOfAnEarlierVersionGetsPasswordsAlsoWhileItRuns) {
  {
    auto cluster = open_cluster();
    ASSERT_TRUE(cluster.has_value()) << cluster.error().text;
    ledger::Connection connection(cluster->dsn());
    ASSERT_TRUE(connection.run("CREATE TABLE public.kept AS SELECT 7 AS x"));
    // Running, and left by an earlier version: reloaded, it lets anybody in.
    make_old();
    ASSERT_TRUE(connection.run("SELECT pg_reload_conf()"));
    ASSERT_TRUE(tests::wait_until([&] { return comes_in(without_password("bursar_owner")).empty(); }));
    auto later = open_cluster();
    ASSERT_TRUE(later.has_value()) << later.error().text;
    EXPECT_THAT(comes_in(without_password("bursar_owner")), HasSubstr("no password supplied"));
    EXPECT_EQ(ledger::Connection(later->dsn()).run("SELECT x FROM public.kept")->text(0, 0), "7");
    later->stop();
    cluster->stop();
  }
  make_old();
  const auto again = open_cluster();
  ASSERT_TRUE(again.has_value()) << again.error().text;
  EXPECT_THAT(comes_in(without_password("bursar_owner")), HasSubstr("no password supplied"));
}

TEST_F(Logins, ASecondStartKeepsThemAndOthersAreRefusedWithTheWayOut) {
  ASSERT_TRUE(open_cluster().has_value());
  const std::string first = tests::read_text(password_file(folder_));
  ASSERT_TRUE(open_cluster().has_value());
  EXPECT_EQ(tests::read_text(password_file(folder_)), first);
  std::string others;
  for (const char* role : cluster_logins) others += fmt::format("*:*:*:{}:other\n", role);
  tests::write_text(password_file(folder_), others);
  const auto refused = open_cluster();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().exit_code, 1);
  EXPECT_THAT(refused.error().text, testing::AllOf(HasSubstr("are not those of this PostgreSQL"),
                                                   HasSubstr("move that file aside"), HasSubstr("access/pgpass")));
  fs::remove(password_file(folder_));
  EXPECT_TRUE(open_cluster().has_value());
}

// What `work` returns, from a process that is confined to these.
int confined(const Confines& confines, const std::function<int()>& work) {
  const pid_t pid = fork();
  if (pid == 0) _exit(confine_to(confines) ? work() : 77);
  int status = 0;
  waitpid(pid, &status, 0);
  return exit_of(status).code;
}

int opens(const fs::path& file, int how) {
  const int descriptor = open(file.c_str(), how | O_CLOEXEC, 0600);
  return descriptor >= 0 ? 0 : errno;
}

TEST(Confined, OpensItsOwnFilesAndNoOthers) {
  if (!can_confine()) GTEST_SKIP() << "this kernel has no Landlock";
  const tests::TempFolder folder;
  for (const char* name : {"keys", "run", "access", "postgres"}) fs::create_directory(folder.path() / name);
  const fs::path key = folder.path() / "keys/a", secret = folder.path() / "access/pgpass",
                 hba = folder.path() / "postgres/pg_hba.conf", own = folder.path() / "run/own";
  for (const auto& file : {key, secret, hba, own}) tests::write_text(file, "text");
  Confines confines{system_files(), {folder.path() / "run", folder.path() / "not there"}};
  confines.readable.push_back(key);
  const auto inside = [&](const std::function<int()>& work) { return confined(confines, work); };
  EXPECT_EQ(inside([&] { return opens(key, O_RDONLY); }), 0);
  EXPECT_EQ(inside([&] { return opens("/etc/passwd", O_RDONLY); }), 0);
  EXPECT_EQ(inside([&] { return opens(own, O_RDWR | O_TRUNC); }), 0);
  EXPECT_EQ(inside([&] { return opens(folder.path() / "run/new", O_RDWR | O_CREAT); }), 0);
  EXPECT_EQ(inside([&] { return opens(key, O_WRONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return opens(secret, O_RDONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return opens(hba, O_RDONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return opens(hba, O_WRONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return truncate(hba.c_str(), 0) == 0 ? 0 : errno; }), EACCES);
  EXPECT_NE(inside([&] { return rename(own.c_str(), hba.c_str()) == 0 ? 0 : errno; }), 0);
  EXPECT_NE(inside([&] { return link(secret.c_str(), (folder.path() / "run/copy").c_str()) == 0 ? 0 : errno; }), 0);
  EXPECT_NE(inside([&] { return execl("/bin/true", "true", nullptr), errno; }), 0) << "no other program";
  const pid_t parent = getpid();
  EXPECT_EQ(inside([&] { return ptrace(PTRACE_ATTACH, parent, nullptr, nullptr) == 0 ? 0 : errno; }), EPERM);
  EXPECT_NE(inside([&] { return opens(fmt::format("/proc/{}/mem", parent), O_RDONLY); }), 0);
}

}  // namespace
}  // namespace deploy
