// Standard streams that are closed, full, or have lost their reader; an environment that speaks to libpq; words that
// nobody can keep. By the real executable, through a shell.
#include <gmock/gmock.h>
#include <pwd.h>
#include <signal.h>

#include "deploy/cluster/process.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Runs `script`, where $0 is bursar and $1 the data folder of a house with a finished replay.
struct Shell {
  int code = 0;
  std::string said;
};
Shell shell(const std::string& script, Words environment = {}) {
  environment.push_back("PATH=/usr/bin:/bin");
  Child child({"/bin/bash", "-c", script, BURSAR_EXECUTABLE, finished_house().data_dir}, environment);
  const int code = child.wait(std::chrono::seconds(300)).code;
  return {code, child.output()};
}

class Streams : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(Streams, AResultThatCouldNotBeWrittenIsAFailure) {
  for (const char* command : {"report --csv", "report --json", "ledger balances", "status --json", "machine list --all",
                              "ledger export --format hledger", "config"})
    for (const char* nowhere : {">/dev/full", ">&-"}) {
      const std::string folder = std::string(command) == "config" ? "" : " --data-dir \"$1\"";
      const Shell ran = shell(std::string("\"$0\" ") + command + folder + " " + nowhere);
      EXPECT_EQ(ran.code, 1) << command << nowhere << "\n" << ran.said;
      EXPECT_THAT(ran.said, HasSubstr("standard output")) << command << nowhere;
    }
}

TEST_F(Streams, AHouseEndsWellWhateverBecameOfStandardError) {
  for (const char* nowhere : {"2>&-", "2>/dev/full", "2> >(exec /bin/true)"}) {
    TempFolder folder;
    const std::string config = config_file(folder, 60);
    const Shell ran = shell("\"$0\" up --exit-when-done --config " + config + " --data-dir " +
                            (folder.path() / "d").string() + " " + nowhere);
    EXPECT_EQ(ran.code, 0) << nowhere << "\n" << ran.said;
    EXPECT_THAT(ran.said, HasSubstr("digest")) << nowhere;
    EXPECT_THAT(read_text(folder.path() / "d" / "lock"), Not(HasSubstr(" "))) << "the lock holds a number alone";
  }
}

TEST_F(Streams, AnInterruptedRunTellsItsProgramThatItIsNotDone) {
  TempFolder folder;
  const std::string config = config_file(folder, 20000);
  auto child = start_bursar({"up", "--json", "--config", config, "--data-dir", (folder.path() / "d").string()});
  ASSERT_TRUE(child->wait_for_output("No --replay given")) << child->output();
  child->send(SIGINT);
  EXPECT_EQ(child->wait().code, 1);
  EXPECT_THAT(child->output(), AllOf(HasSubstr("\"finished\":false"), HasSubstr("Draining after bar")));
}

const Words misleading = {"PGPORT=1",
                          "PGSERVICE=nowhere",
                          "PGHOSTADDR=127.0.0.9",
                          "PGREQUIREPEER=nobody",
                          "PGGSSENCMODE=require",
                          "PGCHANNELBINDING=require",
                          "PGSSLMODE=verify-full",
                          "PGTARGETSESSIONATTRS=standby",
                          "PGOPTIONS=-c search_path=nowhere",
                          "PGUSER=nobody"};

TEST_F(Streams, ThePrivatePostgresIsReachedWhateverTheEnvironmentSays) {
  const Shell plain = shell("\"$0\" ledger balances --data-dir \"$1\"");
  ASSERT_EQ(plain.code, 0) << plain.said;
  const Shell spoken = shell("\"$0\" ledger balances --data-dir \"$1\"", misleading);
  EXPECT_EQ(spoken.code, 0);
  EXPECT_EQ(spoken.said, plain.said);
}

TEST_F(Streams, AHouseOpensItsPrivatePostgresWhateverTheEnvironmentSays) {
  TempFolder folder;
  const Shell ran = shell("\"$0\" up --exit-when-done --config " + config_file(folder, 60) + " --data-dir " +
                              (folder.path() / "d").string(),
                          misleading);
  EXPECT_EQ(ran.code, 0) << ran.said;
  EXPECT_THAT(ran.said, HasSubstr("digest"));
}

// A server that stays in recovery: a standby that answers nobody, on a copy of a finished house.
TEST_F(Streams, WhoIsInterruptedWhilePostgresStartsHearsItAndLeavesNothingRunning) {
  for (const int signal_number : {SIGINT, SIGTERM}) {
    TempFolder folder;
    const std::string data = (folder.path() / "d").string();
    ASSERT_EQ(shell("cp -a \"$1\" " + data + " && touch " + data +
                    "/postgres/standby.signal && chown --reference=" + data + "/postgres " + data +
                    "/postgres/standby.signal && echo hot_standby=off >>" + data + "/postgres/postgresql.auto.conf")
                  .code,
              0);
    auto child = start_bursar({"up", "--data-dir", data});
    ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(data + "/postgres/postmaster.pid"); }))
        << child->output();
    child->send(signal_number);
    EXPECT_EQ(child->wait(std::chrono::seconds(300)).code, 1);
    EXPECT_THAT(child->output(), HasSubstr("interrupted while PostgreSQL was starting; nothing is lost"));
    EXPECT_FALSE(std::filesystem::exists(data + "/postgres/postmaster.pid"));
  }
}

TEST_F(Streams, AnEmptyArgumentIsRefusedByName) {
  for (const char* option : {"--data-dir", "--dsn", "--config", "--replay", "--service-dsn"}) {
    for (const char* nothing : {" ''", "=", " ' '"}) {
      const Shell ran = shell(std::string("\"$0\" up ") + option + nothing);
      EXPECT_EQ(ran.code, 2);
      EXPECT_THAT(ran.said, HasSubstr(std::string(option) + " is empty"));
    }
  }
}

TEST_F(Streams, TextThatIsNoUtf8IsRefusedAndNothingIsMade) {
  TempFolder folder;
  const std::string base = (folder.path() / "d").string();
  for (const std::string& words :
       {"up --data-dir " + base + "$'\\xff'", "up --data-dir " + base + " --replay $'\\xc3\\x28.csv'",
        std::string("pause all --data-dir \"$1\" --why $'broken \\xe2\\x28\\xa1'")}) {
    const Shell ran = shell("\"$0\" " + words);
    EXPECT_EQ(ran.code, 2) << words;
    EXPECT_THAT(ran.said, HasSubstr("is no UTF-8 text"));
  }
  const Shell within = shell("mkdir -p " + base + "/$'\\xff' && cd " + base + "/$'\\xff' && \"$0\" up --data-dir here");
  EXPECT_EQ(within.code, 2);
  EXPECT_THAT(within.said, HasSubstr("is no UTF-8 text"));
}

// As a user whom no password file knows, and without HOME: never the current folder.
TEST_F(Streams, WithoutAHomeTheFolderMustBeNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root becomes another user";
  TempFolder folder;
  for (const char* none : {"-u HOME", "HOME=", "HOME=here"}) {
    const Shell ran = shell("cd " + folder.path().string() +
                            " && exec setpriv --reuid=65001 --regid=65001 --clear-groups env -u BURSAR_DATA_DIR " +
                            none + " \"$0\" up");
    EXPECT_EQ(ran.code, 2) << ran.said;
    EXPECT_THAT(ran.said, HasSubstr("name the data folder with --data-dir"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(Streams, WithoutHomeTheHomeIsThatOfThePasswordFile) {
  const auto postgres = deploy::find_user("postgres");
  if (geteuid() != 0 || !postgres) GTEST_SKIP() << "needs root and the user postgres";
  const passwd* entry = getpwuid(postgres->uid);
  ASSERT_NE(entry, nullptr);
  const Shell ran = shell(
      "exec setpriv --reuid=postgres --regid=postgres --clear-groups env -u HOME -u BURSAR_DATA_DIR "
      "\"$0\" up --help");
  EXPECT_EQ(ran.code, 0) << ran.said;
  EXPECT_THAT(ran.said, HasSubstr("(default " + std::string(entry->pw_dir) + "/.local/state/bursar)"));
}

// On a disk of its own, in a mount namespace of its own: filled while bars are played, and emptied again.
TEST_F(Streams, AFullDiskIsSaidWhileTheBarStandsAndTheReplayGoesOnByItself) {
  TempFolder folder;
  std::filesystem::create_directories(folder.path() / "disk");
  const std::string config = config_file(folder, 20000), disk = (folder.path() / "disk").string();
  const std::string mount = "mount -t tmpfs -o size=400m,mode=755 none " + disk;
  if (geteuid() != 0 || shell("exec unshare -m " + mount).code != 0) GTEST_SKIP() << "no mounts can be made here";
  const Shell ran = shell("exec unshare -m /bin/bash -c '" + mount + R"( && cd )" + disk + R"( || exit 3
    "$0" up --exit-when-done --config )" +
                          config + R"( --data-dir $PWD/d 2>said &
    bursar=$!
    for ((n = 0; n < 600; ++n)); do grep -qs "bar [1-9]" said && break; sleep 0.1; done
    dd if=/dev/zero of=)" +
                          disk + R"(/fill bs=1M 2>/dev/null
    for ((n = 0; n < 600; ++n)); do grep -qs "The replay waits" said && break; sleep 0.1; done
    rm )" + disk + R"(/fill
    wait $bursar; code=$?; cat said; exit $code' "$0")");
  EXPECT_EQ(ran.code, 0) << ran.said;
  EXPECT_THAT(ran.said, AllOf(HasSubstr("The replay waits: the disk of"), HasSubstr("is full"), HasSubstr("digest")));
}

}  // namespace
}  // namespace tests
