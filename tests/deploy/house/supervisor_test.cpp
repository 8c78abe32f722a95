// tests/deploy/house/supervisor_test.cpp: real child processes, stepped through time that the test makes up.
#include "deploy/house/supervisor.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/child.hpp"

namespace deploy {
namespace {

using testing::HasSubstr;

ProcessSpec shell(const std::string& script, const std::string& log = "/dev/null") {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.log_file = log;
  return spec;
}

// Steps at one moment until the child has ended (its exit takes the kernel a moment of real time).
bool ends_at(Supervisor& supervisor, const std::string& name, std::int64_t now_ms) {
  return tests::wait_until([&] {
    supervisor.step(now_ms);
    return supervisor.child(name).pid == 0;
  });
}

TEST(Supervisor, StartsWhatWasAddedAndStopsIt) {
  Supervisor supervisor;
  supervisor.add("one", shell("exec sleep 1000"));
  supervisor.add("two", shell("exec sleep 1000"));
  EXPECT_EQ(supervisor.child("one").pid, 0);
  supervisor.step(0);
  const pid_t one = supervisor.child("one").pid;
  EXPECT_GT(one, 0);
  EXPECT_GT(supervisor.child("two").pid, 0);
  EXPECT_EQ(supervisor.stop(), 0);
  EXPECT_NE(kill(one, 0), 0);
  EXPECT_EQ(supervisor.children()[0].last_end, "killed by signal 15");
  supervisor.step(1'000'000);
  EXPECT_EQ(supervisor.child("one").pid, 0) << "what was stopped stays so";
}

TEST(Supervisor, AKilledChildComesBackAfterTheBackOff) {
  Supervisor supervisor;
  supervisor.add("one", shell("exec sleep 1000"));
  supervisor.step(0);
  const pid_t first = supervisor.child("one").pid;
  kill(first, SIGKILL);
  ASSERT_TRUE(ends_at(supervisor, "one", 100));
  EXPECT_EQ(supervisor.child("one").last_end, "killed by signal 9");
  supervisor.step(149);
  EXPECT_EQ(supervisor.child("one").pid, 0) << "50 ms after the first death";
  supervisor.step(150);
  EXPECT_GT(supervisor.child("one").pid, 0);
  EXPECT_NE(supervisor.child("one").pid, first);
  EXPECT_EQ(supervisor.child("one").restarts, 1);
}

TEST(Supervisor, TheBackOffDoublesAndIsForgottenAfterALongLife) {
  Supervisor supervisor(BackOff{50, 150, 10'000, 8});
  supervisor.add("one", shell("exec sleep 1000"));
  std::int64_t now = 0;
  for (const std::int64_t wait : {50, 100, 150, 150}) {
    supervisor.step(now);
    ASSERT_GT(supervisor.child("one").pid, 0) << "at " << now;
    kill(supervisor.child("one").pid, SIGKILL);
    ASSERT_TRUE(ends_at(supervisor, "one", now));
    supervisor.step(now + wait - 1);
    EXPECT_EQ(supervisor.child("one").pid, 0) << "at " << now;
    now += wait;
  }
  supervisor.step(now);
  kill(supervisor.child("one").pid, SIGKILL);
  ASSERT_TRUE(ends_at(supervisor, "one", now + 10'000));
  supervisor.step(now + 10'050);
  EXPECT_GT(supervisor.child("one").pid, 0);
}

TEST(Supervisor, AChildThatKeepsFailingIsHopelessAndKilledOnesAreNot) {
  Supervisor supervisor(BackOff{1, 1, 10'000, 3});
  tests::TempFolder folder;
  const std::string log = (folder.path() / "bad.log").string();
  supervisor.add("good", shell("exec sleep 1000"));
  supervisor.add("bad", shell("echo no keys; exit 2", log));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(supervisor.hopeless(), "");
    supervisor.step(round * 10);
    kill(supervisor.child("good").pid, SIGKILL);
    ASSERT_TRUE(ends_at(supervisor, "bad", round * 10));
    ASSERT_TRUE(ends_at(supervisor, "good", round * 10));
  }
  EXPECT_EQ(supervisor.hopeless(), "bad ended 3 times in a row, the last time with: exit code 2; see " + log);
  EXPECT_THAT(tests::read_text(log), HasSubstr("no keys\nno keys\nno keys\n")) << "the log is appended to";
}

TEST(Supervisor, AnExecutableThatIsNotThereIsTold) {
  Supervisor supervisor(BackOff{1, 1, 10'000, 2});
  ProcessSpec spec;
  spec.argv = {"/nowhere/bursar"};
  supervisor.add("one", spec);
  supervisor.step(0);
  supervisor.step(10);
  EXPECT_THAT(supervisor.hopeless(), HasSubstr("can't start /nowhere/bursar: No such file or directory"));
}

TEST(Supervisor, AStubbornChildIsKilledAfterTheBound) {
  Supervisor supervisor;
  tests::TempFolder folder;
  const auto log = folder.path() / "log";
  supervisor.add("stubborn", shell("trap '' TERM; echo ready; while :; do sleep 1000 & wait; done", log.string()));
  supervisor.step(0);
  ASSERT_TRUE(tests::wait_until([&] { return tests::read_text(log) == "ready\n"; }));
  const pid_t pid = supervisor.child("stubborn").pid;
  EXPECT_EQ(supervisor.stop(50), 1);
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(Supervisor, OneAskedToEndIsNotStartedAgain) {
  Supervisor supervisor;
  supervisor.add("one", shell("exec sleep 1000"));
  supervisor.add("two", shell("exec sleep 1000"));
  supervisor.step(0);
  supervisor.ask_to_end("one");
  ASSERT_TRUE(ends_at(supervisor, "one", 1));
  supervisor.step(1'000'000);
  EXPECT_EQ(supervisor.child("one").pid, 0);
  EXPECT_GT(supervisor.child("two").pid, 0);
}

TEST(Supervisor, OtherChildrenOfThisProcessAreLeftAlone) {
  Supervisor supervisor;
  const pid_t other = fork();
  if (other == 0) _exit(5);
  supervisor.add("one", shell("exit 0"));
  ASSERT_TRUE(ends_at(supervisor, "one", 0));
  int status = 0;
  EXPECT_EQ(waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST(Supervisor, LogsAreSetAsideAtTheirLimitAndTheWriterGoesOn) {
  const tests::TempFolder folder;
  const auto log = folder.path() / "one.log";
  const auto size = [&](const std::string& end) {
    std::error_code none;
    const auto bytes = std::filesystem::file_size(log.string() + end, none);
    return none ? std::int64_t{-1} : static_cast<std::int64_t>(bytes);
  };
  constexpr std::int64_t limit = 10'000;
  Supervisor supervisor({}, LogLimits{limit, 2});
  // A line of 100 bytes each time somebody asks for one: the test sets the pace.
  tests::write_text(folder.path() / "asked", "");
  supervisor.add("one", shell("n=0; while :; do while [ $n -ge $(wc -l <" + (folder.path() / "asked").string() +
                                  ") ]; do sleep 0.01; done; n=$((n+1)); printf '%099d\\n' $n; done",
                              log.string()));
  std::string asked;
  std::int64_t now_ms = 0, most = 0;
  for (int round = 1; round <= 8; ++round) {
    for (int line = 0; line < 60; ++line) asked += "\n";
    const std::string last = fmt::format("{:099}\n", round * 60);
    tests::write_text(folder.path() / "asked", asked);
    ASSERT_TRUE(tests::wait_until([&] {
      supervisor.step(now_ms);
      return tests::read_text(log).ends_with(last);
    })) << round;
    supervisor.step(now_ms += 1'000);
    most = std::max(most, size("") + std::max<std::int64_t>(size(".1"), 0) + std::max<std::int64_t>(size(".2"), 0));
    EXPECT_LE(size(""), limit) << round;
  }
  EXPECT_LE(most, 3 * limit + 6'000) << "bounded, whatever is written";
  EXPECT_EQ(size(".1"), 12'000) << "two rounds, whole";
  EXPECT_EQ(size(".2"), 12'000);
  EXPECT_EQ(size(".3"), -1);
  EXPECT_THAT(tests::read_text(log.string() + ".1"), HasSubstr(fmt::format("{:099}\n", 480))) << "nothing was lost";
  EXPECT_GT(supervisor.child("one").pid, 0);
  EXPECT_EQ(supervisor.child("one").restarts, 0);
}

}  // namespace
}  // namespace deploy
