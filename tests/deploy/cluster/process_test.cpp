// tests/deploy/cluster/process_test.cpp: real child processes: what they inherit, and that they die with us.
#include "deploy/cluster/process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/child.hpp"

namespace deploy {
namespace {

using testing::HasSubstr;

Finished ran(std::vector<std::string> argv) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  auto finished = run_to_end(std::move(spec));
  EXPECT_TRUE(finished.has_value()) << (finished ? "" : finished.error());
  return finished ? *finished : Finished{};
}

TEST(Process, OutputAndExitCodeComeBack) {
  const Finished finished = ran({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"});
  EXPECT_EQ(finished.exit.code, 7);
  EXPECT_EQ(finished.output, "out\nerr\n");
}

TEST(Process, AMissingExecutableIsAnErrorAndLeavesNoProcess) {
  ProcessSpec spec;
  spec.argv = {"/nowhere/program"};
  const auto started = spawn(spec);
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error(), "can't start /nowhere/program: No such file or directory");
  EXPECT_LT(waitpid(-1, nullptr, WNOHANG), 1);
}

TEST(Process, ALogThatCantBeWrittenIsAnError) {
  ProcessSpec spec;
  spec.argv = {"/bin/true"};
  spec.log_file = "/nowhere/log";
  const auto started = spawn(spec);
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error(), HasSubstr("/nowhere/log"));
}

TEST(Process, OpenFilesStayOurs) {
  const int ours = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GE(ours, 3);
  const Finished finished = ran({"/bin/ls", "/proc/self/fd"});
  close(ours);
  EXPECT_EQ(finished.output, "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

TEST(Process, SignalsAreDefaultInTheChild) {
  signal(SIGTERM, SIG_IGN);
  tests::Child child({"/bin/sleep", "1000"});
  signal(SIGTERM, SIG_DFL);
  child.send(SIGTERM);
  EXPECT_EQ(child.wait().text, "killed by signal 15");
}

TEST(Process, TheEnvironmentIsOursPlusWhatIsGiven) {
  setenv("BURSAR_TEST_A", "old", 1);
  setenv("BURSAR_TEST_B", "kept", 1);
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", "echo $BURSAR_TEST_A $BURSAR_TEST_B"};
  spec.environment = {"BURSAR_TEST_A=new"};
  const auto finished = run_to_end(spec);
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->output, "new kept\n");
}

TEST(Process, WhatItIsGivenToReadIsInNoArgumentAndNoEnvironment) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", "cat; tr '\\0' ' ' </proc/$$/environ; cat /proc/$$/cmdline; cat"};
  spec.input = "hunter2\n";
  const auto finished = run_to_end(spec);
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->output.find("hunter2"), 0U) << finished->output;
  EXPECT_EQ(finished->output.rfind("hunter2"), 0U) << "once alone";
}

// A process in between starts a sleeper with a death signal and is then killed: the sleeper must go too.
TEST(Process, AChildDiesWithTheOneThatStartedIt) {
  int report[2];
  ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
  const pid_t between = fork();
  if (between == 0) {
    ProcessSpec spec;
    spec.argv = {"/bin/sleep", "1000"};
    spec.death_signal = SIGTERM;
    const auto started = spawn(spec);
    const pid_t sleeper = started ? *started : -1;
    if (write(report[1], &sleeper, sizeof sleeper) != sizeof sleeper) _exit(1);
    while (true) pause();
  }
  pid_t sleeper = 0;
  ASSERT_EQ(read(report[0], &sleeper, sizeof sleeper), static_cast<ssize_t>(sizeof sleeper));
  ASSERT_GT(sleeper, 0);
  ASSERT_EQ(kill(sleeper, 0), 0);
  kill(between, SIGKILL);
  waitpid(between, nullptr, 0);
  close(report[0]);
  close(report[1]);
  // The kernel hands the orphan to init; a zombie that init has not yet reaped counts as dead.
  EXPECT_TRUE(tests::wait_until([&] {
    const std::string stat = tests::read_text("/proc/" + std::to_string(sleeper) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }));
}

TEST(Process, RootBecomesAnotherUserWithItsGroups) {
  const auto postgres = find_user("postgres");
  if (geteuid() != 0 || !postgres) GTEST_SKIP() << "needs root and the user postgres";
  ProcessSpec spec;
  spec.argv = {"/usr/bin/id", "-un"};
  spec.run_as = postgres;
  const auto finished = run_to_end(spec);
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->output, "postgres\n");
}

TEST(Process, AnUnknownUserIsNothing) { EXPECT_FALSE(find_user("no-such-user-here").has_value()); }

}  // namespace
}  // namespace deploy
