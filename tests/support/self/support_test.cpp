// tests/support/self/support_test.cpp: the tests' own tools do what they promise.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "tests/ground.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace {

TEST(Support, ATempFolderGoesWithItsContents) {
  std::filesystem::path path;
  {
    const tests::TempFolder folder;
    path = folder.path();
    tests::write_text(path / "a", "text\n");
    EXPECT_EQ(tests::read_text(path / "a"), "text\n");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

// What a test leaves in its home, or in the default data folder, fails its program.
TEST(Support, TheGroundIsAnEmptyHomeWithoutDefaults) {
  EXPECT_EQ(tests::left_in(tests::home()), "");
  tests::Child child(
      {"/bin/sh", "-c", "echo \"$HOME ${BURSAR_DSN-none} ${XDG_STATE_HOME-none}\"; touch \"$BURSAR_DATA_DIR\""});
  EXPECT_EQ(child.wait().code, 0) << child.output();
  EXPECT_EQ(child.output(), tests::home().string() + " none none\n");
  EXPECT_EQ(tests::left_in(tests::home()), "bursar\n");
  std::filesystem::remove(tests::home() / "bursar");
}

// What tests/run ends with: three programs, of which one tells its skips, one crashes and one is skipped as a whole.
TEST(Support, TheLastLineCountsWhatPassedFailedAndWasSkipped) {
  const tests::TempFolder folder;
  tests::write_text(folder.path() / "log",
                    "1/3 Testing: one\n[  SKIPPED ] A.B: no gnuplot\n[  FAILED  ] A.C (3 ms)\n"
                    "[==========] 5 tests from 1 test suite ran. (9 ms total)\n[  PASSED  ] 2 tests.\nTest Failed.\n"
                    "2/3 Testing: two\nTest Failed.\n3/3 Testing: three\nTest Skipped.\n");
  tests::write_text(folder.path() / "allowed", "# few\nA.B: no gnuplot\none: a case\nthree: nothing\n");
  const auto summary = [&](const std::string& allowed) {
    std::vector<std::string> argv = {BURSAR_SOURCE_DIR "/tests/summary", (folder.path() / "log").string()};
    if (!allowed.empty()) argv.push_back((folder.path() / allowed).string());
    tests::Child child(argv);
    const int code = child.wait().code;
    return std::to_string(code) + "\n" + child.output();
  };
  EXPECT_EQ(summary(""),
            "0\nskipped: A.B: no gnuplot\nskipped: one: a case that gave no name\n"
            "skipped: three: the whole program\n2 passed, 2 failed, 3 skipped\n");
  EXPECT_THAT(summary("allowed"), testing::StartsWith("0\n"));
  tests::write_text(folder.path() / "fewer", "A.B: no gnuplot\none: a case\n");
  EXPECT_THAT(summary("fewer"),
              testing::AllOf(testing::StartsWith("1\n"), testing::HasSubstr("not allowed to be skipped here: three"),
                             testing::EndsWith("2 passed, 2 failed, 3 skipped\n")));
}

TEST(Support, AChildSpeaksAndEnds) {
  tests::Child child({"/bin/sh", "-c", "echo hello; exit 3"});
  EXPECT_TRUE(child.wait_for_output("hello"));
  EXPECT_EQ(child.wait().code, 3);
}

TEST(Support, AChildDiesByItsSignal) {
  tests::Child child({"/bin/sleep", "1000"});
  child.send(SIGKILL);
  EXPECT_EQ(child.wait().text, "killed by signal 9");
}

TEST(Support, FreshDatabasesAreMigratedAndApart) {
  if (const auto reason = tests::no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
  const std::string one = tests::fresh_database();
  const std::string two = tests::fresh_database();
  EXPECT_NE(one, two);
  tests::must_run(one, "CREATE TABLE only_here (x int)");
  EXPECT_EQ(tests::must_run(one, "SELECT to_regclass('only_here') IS NULL").text(0, 0), "f");
  EXPECT_EQ(tests::must_run(two, "SELECT to_regclass('only_here') IS NULL").text(0, 0), "t");
  EXPECT_GT(tests::must_run(two, "SELECT count(*) FROM ledger.migration").number(0, 0), 0);
  ledger::Connection service(tests::dsn(two, "bursar_service"));
  const auto who = service.run("SELECT current_user");
  ASSERT_TRUE(who.has_value()) << who.error().text;
  EXPECT_EQ(who->text(0, 0), "bursar_service");
  EXPECT_FALSE(service.run("INSERT INTO ledger.asset VALUES (99, 'ABC', 2)").has_value());
}

}  // namespace
