// tests/bench/bench_test.cpp: tests/bench/run does what it says: every figure is measured and printed in its form, what
// can't be measured is skipped aloud, nothing is left behind. Never looks at a time: how fast is for people to read.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Ran {
  int code = 0;
  std::string output;
  std::map<std::string, json> rows;  // by name
};

// Runs the script on the executables of this build.
Ran run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  std::vector<std::string> argv{BURSAR_SOURCE_DIR "/tests/bench/run", "--build", BURSAR_BINARY_DIR};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Child child(argv, environment);
  Ran ran;
  ran.code = child.wait(std::chrono::seconds(1400)).code;
  ran.output = child.output();
  std::istringstream lines(ran.output);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("{")) continue;
    const json row = json::parse(line, nullptr, false);
    const bool has_name = row.is_object() && row.contains("name");
    EXPECT_TRUE(has_name && ran.rows.emplace(row.value("name", ""), row).second) << "broken, or twice: " << line;
  }
  return ran;
}

// A price file as its publishers write it: newest first, prices that swing enough for trades.
void write_prices(const fs::path& folder, int hours) {
  constexpr std::int64_t first_hour = 1'600'000'000 / 3600;
  std::string text = "unix,date,symbol,open,high,low,close,Volume ETH,Volume USDT,tradecount\n";
  const auto price = [](int hour) { return 400.0 + 60.0 * std::sin(hour / 12.0); };
  for (int hour = hours - 1; hour >= 0; --hour) {
    const double open = price(hour), close = price(hour + 1);
    const std::int64_t day_hour = (first_hour + hour) % 24;
    text += fmt::format("{}000,2020-09-13 {:02}:00:00,ETH/USDT,{:.8f},{:.8f},{:.8f},{:.8f},1000.0,400000.0,100\n",
                        (first_hour + hour) * 3600, day_hour, open, std::max(open, close) + 1,
                        std::min(open, close) - 1, close);
  }
  fs::create_directories(folder / "prices");
  write_text(folder / "prices" / "eth_usdt_1h.csv", text);
}

bool raw_limit_is_here() {
  const char* given = std::getenv("BURSAR_BENCH");
  return fs::exists(given != nullptr ? fs::path(given) / "run"
                                     : fs::path(BURSAR_SOURCE_DIR) / ".." / "shared" / "bench" / "run");
}

std::set<std::string> expected_names() {
  std::set<std::string> names{"full_path",
                              "one_step_single_shard",
                              "replay",
                              "replay_bars",
                              "replay_transitions",
                              "memory",
                              "hot_account",
                              "job_list",
                              "memory_broker",
                              "memory_worker-1",
                              "memory_worker-2",
                              "broker",
                              "broker_batched",
                              "scale_resting_10000"};
  for (const char* workers : {"1", "2", "4", "8"}) names.insert(std::string("scale_workers_") + workers);
  for (const char* load : {"10", "50", "90"})
    for (const char* part : {"_p50", "_p99"}) names.insert(std::string("load_latency_") + load + part);
  if (raw_limit_is_here()) names.insert({"full_path_vs_raw", "idle_latency", "verify_full"});
  return names;
}

TEST(Run, MeasuresEverythingAndLeavesNothing) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  TempFolder data, space;
  write_prices(data.path(), 120);
  const Ran ran = run({"--json", "--seconds", "1", "--runs", "1", "--resting", "10000"},
                      {"BURSAR_DATA=" + data.path().string(), "TMPDIR=" + space.path().string()});
  ASSERT_EQ(ran.code, 0) << ran.output;
  std::set<std::string> names;
  for (const auto& [name, row] : ran.rows) {
    names.insert(name);
    std::set<std::string> fields;
    for (const auto& field : row.items()) fields.insert(field.key());
    EXPECT_EQ(fields, (std::set<std::string>{"name", "value", "unit", "baseline", "ratio", "runs"})) << row;
    for (const char* field : {"value", "baseline", "ratio"})
      EXPECT_TRUE(row[field].is_number() && row[field].get<double>() > 0) << field << " of " << row;
    EXPECT_TRUE(row["unit"].is_string() && !row["unit"].get<std::string>().empty()) << row;
    EXPECT_EQ(row["runs"], 1) << row;
  }
  EXPECT_EQ(names, expected_names()) << ran.output;
  for (const auto& entry : fs::directory_iterator(space.path()))
    EXPECT_EQ(entry.path().filename(), "lock") << "left behind";
}

// Whether any process names something below `folder` in its arguments.
bool is_used(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error))
    if (read_text(entry.path() / "cmdline").find(folder.string()) != std::string::npos) return true;
  return false;
}

TEST(Run, TerminatedInTheMiddleItLeavesNothing) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  TempFolder space;
  Child child({BURSAR_SOURCE_DIR "/tests/bench/run", "full_path", "--build", BURSAR_BINARY_DIR},
              {"TMPDIR=" + space.path().string()});
  const auto is_at_work = [&] {
    for (const auto& entry : fs::directory_iterator(space.path()))
      if (fs::exists(entry.path() / "keys" / "broker.sock")) return true;
    return !child.is_running();
  };
  ASSERT_TRUE(wait_until(is_at_work)) << child.output();
  EXPECT_TRUE(is_used(space.path()));
  child.send(SIGTERM);
  EXPECT_EQ(child.wait().code, 143) << child.output();
  for (const auto& entry : fs::directory_iterator(space.path()))
    EXPECT_EQ(entry.path().filename(), "lock") << "left behind";
  EXPECT_TRUE(wait_until([&] { return !is_used(space.path()); })) << "a process that dies may take a moment";
}

TEST(Run, SkipsAloudWhatCanNotBeMeasuredHere) {
  const Ran none = run({"--json", "full_path_vs_raw", "idle_latency", "replay", "memory"},
                       {"BURSAR_DATA=/nowhere", "BURSAR_BENCH=/nowhere"});
  EXPECT_EQ(none.code, 0) << none.output;
  EXPECT_TRUE(none.rows.empty()) << none.output;
  for (const char* name : {"full_path_vs_raw", "idle_latency", "replay", "memory"})
    EXPECT_THAT(none.output, testing::HasSubstr(fmt::format("{}: skipped: ", name)));
}

TEST(Results, AreWrittenFromTheFiguresOfARun) {
  if (!fs::exists("/usr/bin/gnuplot")) GTEST_SKIP() << "gnuplot-nox is not installed (deploy/packages.txt, [bench])";
  TempFolder space;
  std::string lines = "run 1 of 1: noise that is no figure\n";
  for (const char* name :
       {"scale_workers_1", "scale_workers_2", "scale_resting_10000", "load_latency_10_p50", "load_latency_10_p99"})
    lines += fmt::format(R"({{"name":"{}","value":7,"unit":"u","baseline":2,"ratio":3.5,"runs":1}})"
                         "\n",
                         name);
  write_text(space.path() / "figures", lines);
  const std::string script = BURSAR_SOURCE_DIR "/tests/bench/write_results";
  Child child({script, (space.path() / "figures").string(), space.path().string()});
  ASSERT_EQ(child.wait().code, 0) << child.output();
  EXPECT_THAT(read_text(space.path() / "RESULTS.md"),
              testing::HasSubstr("| `scale_workers_2` | 7 | u | 2 | 3.5 | 1 |\n"));
  EXPECT_THAT(read_text(space.path() / "results.svg"), testing::HasSubstr("Durable steps/s by workers"));
  write_text(space.path() / "figures", "nothing\n");
  Child none({script, (space.path() / "figures").string(), space.path().string()});
  EXPECT_EQ(none.wait().code, 1);
  EXPECT_THAT(none.output(), testing::HasSubstr("was --json given?"));
}

TEST(Run, SaysWhatIsWrongWithItsArguments) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"full_pth"}, "there is no benchmark full_pth"},
      {{"--jsn"}, "there is no option --jsn"},
      {{"--runs"}, "--runs needs a whole number"},
      {{"--runs", "0"}, "--runs needs a whole number"},
      {{"--seconds", "x"}, "--seconds needs a whole number"},
      {{"--resting", "-1"}, "--resting needs a whole number"},
      {{"--build"}, "--build needs a folder"},
  };
  for (const auto& [arguments, words] : cases) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, 2) << ran.output;
    EXPECT_THAT(ran.output, testing::HasSubstr(words));
    EXPECT_THAT(ran.output, testing::HasSubstr("usage: tests/bench/run"));
  }
}

TEST(Run, ABuildFolderWithoutExecutablesIsNamed) {
  TempFolder empty;
  const Ran ran = run({"full_path", "--build", empty.path().string()});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.output, testing::HasSubstr("is not built"));
}

}  // namespace
}  // namespace tests::bench
