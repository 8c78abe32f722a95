// tests/deploy/cli/keys/key_commands_test.cpp: `bursar key` as a user meets it, against a running house and its paper
// venue; and that a secret which went in by file, pipe or prompt comes out nowhere (INV36).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "deploy/cluster/logins.hpp"
#include "tests/deploy/bursar/canaries.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A house that runs, and everything that was said to its user.
class KeysOfAHouse : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!no_cluster_because().empty()) return;
    folder_ = std::make_unique<TempFolder>();
    data_ = folder_->path() / "data";
    start();
  }
  static void TearDownTestSuite() {
    house_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_TRUE(house_) << "the house does not run";
  }
  static void start() {
    house_ = start_bursar({"up", "--config", config_file(*folder_, 12), "--data-dir", data_.string()});
    CHECK(house_->wait_for_output("The house stays open"));
  }
  static void stop() {
    house_->send(SIGTERM);
    (void)house_->wait();
    heard_ += house_->output();
    house_.reset();
  }
  static Said key(Words words) {
    words.insert(words.begin(), "key");
    words.insert(words.end(), {"--data-dir", data_.string()});
    const Said said = bursar(words);
    heard_ += said.out + said.err;
    return said;
  }
  static std::string secret_file(const std::string& api_key, const std::string& secret) {
    const fs::path file = folder_->path() / "credential";
    write_text(file, api_key + "\n" + secret + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    return file.string();
  }
  // The exchange's settings page: which keys there are, and what each may do.
  static void venue_knows(const std::vector<std::string>& lines) {
    std::string text = "# account key sha256(secret) rights\n";
    for (const std::string& line : lines) text += line + "\n";
    write_text(data_ / "venue" / "keys", text);
  }
  static std::string line(const std::string& api_key, const std::string& secret, const std::string& rights) {
    return "spot " + api_key + " " + sha256_of(secret) + " " + rights;
  }
  static Said add(const std::string& name, const std::string& purpose, const std::string& file, Words more = {}) {
    Words words = {"add", "--account", "spot", "--purpose", purpose, "--name", name, "--secret-file", file, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return key(words);
  }
  static std::string state_of(const Said& said) {
    const auto json = said.last_line();
    return json.is_array() && !json.empty() ? json[0]["state"].get<std::string>() : said.err;
  }

  static std::unique_ptr<TempFolder> folder_;
  static std::unique_ptr<Child> house_;
  static fs::path data_;
  static std::string heard_;
};
std::unique_ptr<TempFolder> KeysOfAHouse::folder_;
std::unique_ptr<Child> KeysOfAHouse::house_;
fs::path KeysOfAHouse::data_;
std::string KeysOfAHouse::heard_;

TEST(Canaries, Inv36AreFoundInEveryForm) {
  EXPECT_EQ(leaks_in("nothing to see"), "");
  for (const std::string& canary : canaries) {
    EXPECT_NE(leaks_in("a" + canary + "b"), "");
    EXPECT_NE(leaks_in(hex_of("a" + canary)), "");
    for (const std::string before : {"", "a", "ab", "abc"})
      EXPECT_NE(leaks_in(base64_of(before + canary + "abc")[0]), "") << before;
  }
}

TEST_F(KeysOfAHouse, AHealthyLifeFromEnrolmentToRetirement) {
  venue_knows({line("life", canaries[0], "read,trade")});
  const Said added = add("life", "trade", secret_file("life", canaries[0]));
  ASSERT_EQ(added.code, 0) << added.err;
  const auto json = added.last_line()[0];
  EXPECT_EQ(json["state"], "healthy");
  EXPECT_THAT(json["fingerprint"].get<std::string>(), testing::MatchesRegex("[0-9a-f]{8}"));
  EXPECT_EQ(key({"test", "life"}).code, 0);

  venue_knows({line("life", canaries[0], "read,trade"), line("life-b", canaries[1], "read,trade")});
  const Said rotated = key({"rotate", "life", "--secret-file", secret_file("life-b", canaries[1]), "--json"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  const auto versions = rotated.last_line();
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0]["state"], "resting");
  EXPECT_EQ(versions[0]["replaced"], true);
  EXPECT_EQ(versions[1]["state"], "healthy");
  EXPECT_EQ(versions[1]["version"], 2);
  EXPECT_THAT(complaints(key({"retire", "life"})), ElementsAre(HasSubstr("2 versions of life are left")));
  EXPECT_EQ(key({"retire", "life", "--version", "1"}).code, 0);
  EXPECT_EQ(key({"retire", "life"}).code, 0);
  EXPECT_THAT(complaints(key({"test", "life"})), ElementsAre(HasSubstr("no live key is called life")));

  const Said history =
      bursar({"machine", "history", std::to_string(json["machine"].get<int>()), "--data-dir", data_.string()});
  for (const char* event : {"on enrol", "on prove", "on succeed", "on replace", "on retire, then forget_secret"})
    EXPECT_THAT(history.out, HasSubstr(event));
  EXPECT_EQ(bursar({"ledger", "verify", "--data-dir", data_.string()}).code, 0);
  const Said status = bursar({"status", "--json", "--data-dir", data_.string()});
  EXPECT_EQ(status.code, 0) << status.out;
  EXPECT_EQ(status.last_line()["stranded"], 0);
}

TEST_F(KeysOfAHouse, RightsBeyondThePurposeAreRefusedAtTheDoorAndAnIncidentLater) {
  venue_knows({line("wide", canaries[0], "read,trade,withdraw")});
  const std::string file = secret_file("wide", canaries[0]);
  const Said refused = add("wide", "trade", file);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(complaints(refused), ElementsAre(AllOf(HasSubstr("withdraw coins"), HasSubstr("nothing was stored"))));
  EXPECT_THAT(key({"list"}).out, Not(HasSubstr("wide")));

  venue_knows({line("wide", canaries[0], "read,trade")});
  EXPECT_EQ(state_of(add("wide", "trade", file)), "healthy");
  venue_knows({line("wide", canaries[0], "read,trade,withdraw")});
  const Said gained = key({"test", "wide", "--json"});
  EXPECT_EQ(gained.code, 1);
  EXPECT_EQ(state_of(gained), "resting");
  EXPECT_THAT(complaints(gained),
              ElementsAre(HasSubstr("has rights that it was not given for: read, trade, withdraw")));
  venue_knows({line("wide", canaries[0], "read,trade")});
  EXPECT_THAT(complaints(key({"test", "wide"})), ElementsAre(HasSubstr("it rests for an incident")));
  EXPECT_EQ(state_of(key({"test", "wide", "--acknowledge", "--json"})), "degraded");
  EXPECT_EQ(state_of(key({"test", "wide", "--json"})), "healthy");
  venue_knows({});
  EXPECT_EQ(state_of(key({"test", "wide", "--json"})), "degraded") << "one refusal";
  EXPECT_EQ(state_of(key({"test", "wide", "--json"})), "resting") << "two";
}

TEST_F(KeysOfAHouse, AMoveKeyNeedsItsListsAndABoundAddress) {
  venue_knows({line("mover", canaries[0], "read,withdraw")});
  const std::string file = secret_file("mover", canaries[0]);
  const Words lists = {"--allow-address", "192.0.2.1", "--allow-destination", "bc1q"};
  EXPECT_EQ(add("mover", "move", file).code, 2);
  EXPECT_THAT(complaints(add("mover", "move", file, lists)),
              ElementsAre(HasSubstr("does not bind this key to addresses")));
  venue_knows({line("mover", canaries[0], "read,withdraw bound")});
  EXPECT_EQ(state_of(add("mover", "move", file, lists)), "healthy");
}

TEST_F(KeysOfAHouse, ANewSecretThatTheVenueRefusesChangesNothing) {
  venue_knows({line("stay", canaries[0], "read")});
  ASSERT_EQ(state_of(add("stay", "read", secret_file("stay", canaries[0]))), "healthy");
  const Said refused = key({"rotate", "stay", "--secret-file", secret_file("stay", canaries[1])});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(complaints(refused), ElementsAre(HasSubstr("the new secret is not fit")));
  EXPECT_THAT(complaints(key({"rotate", "stay", "--secret-file", secret_file("stay", canaries[0])})),
              ElementsAre(HasSubstr("this is the secret that it has already")));
  EXPECT_EQ(state_of(key({"test", "stay", "--json"})), "healthy");
}

TEST_F(KeysOfAHouse, Inv36ASecretOnTheCommandLineIsRefusedAndNotRepeated) {
  const Words base = {"add", "--account", "spot", "--purpose", "read", "--name", "argument"};
  for (const Words& more : {Words{"--secret", canaries[0]}, Words{canaries[0]}, Words{"--secret-key", canaries[0]},
                            Words{"--secret=" + canaries[0]}}) {
    Words words = base;
    words.insert(words.end(), more.begin(), more.end());
    const Said said = key(words);
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, HasSubstr("a secret is never taken from the command line"));
    EXPECT_EQ(leaks_in(said.out + said.err), "");
  }
}

TEST_F(KeysOfAHouse, WhatIsNotFitIsRefusedInOneLine) {
  const std::string good = secret_file("fit", canaries[0]);
  const auto refused = [&](const Said& said, const std::string& what) {
    EXPECT_EQ(said.code, 2) << what;
    EXPECT_THAT(complaints(said), ElementsAre(HasSubstr(what)));
    EXPECT_EQ(leaks_in(said.out + said.err), "");
  };
  refused(add("fit", "steal", good), "--purpose is read, trade or move");
  refused(add("a b", "read", good), "--name has");
  refused(add("fit", "read", good, {"--venue", "kraken"}), "--venue is paper");
  refused(add("fit", "read", good, {"--allow-address", "192.0.2.1"}), "for move keys only");
  refused(add("fit", "read", "/nowhere/at/all"), "No such file");
  refused(add("fit", "read", secret_file(canaries[0], "")), "a credential has two lines");
  refused(add("fit", "read", secret_file(std::string(5'000, 'x'), canaries[0])), "longer than a credential can be");
  const std::string open = secret_file("fit", canaries[0]);
  fs::permissions(open, fs::perms::group_read, fs::perm_options::add);
  refused(add("fit", "read", open), "others may read this secret (mode 0640)");
}

// A terminal: what is typed is not shown.
TEST_F(KeysOfAHouse, Inv36ThePromptShowsNothing) {
  venue_knows({line("prompt", canaries[2], "read")});
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    execl(BURSAR_EXECUTABLE, "bursar", "key", "add", "--account", "spot", "--purpose", "read", "--name", "prompt",
          "--data-dir", data_.c_str(), nullptr);
    _exit(3);
  }
  std::string shown;
  bool typed = false;
  std::array<char, 512> part{};
  for (;;) {
    const ssize_t got = read(terminal, part.data(), part.size());
    if (got <= 0) break;
    shown.append(part.data(), static_cast<std::size_t>(got));
    if (typed || shown.find("nothing is shown") == std::string::npos) continue;
    typed = true;
    const std::string lines = "prompt\n" + canaries[2] + "\n";
    ASSERT_EQ(write(terminal, lines.data(), lines.size()), static_cast<ssize_t>(lines.size()));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  close(terminal);
  EXPECT_EQ(WEXITSTATUS(status), 0) << shown;
  EXPECT_THAT(shown, HasSubstr("healthy"));
  EXPECT_EQ(leaks_in(shown), "");
}

// While a secret is open in a process: as root, whom nothing stops from looking, what a core file would hold.
TEST_F(KeysOfAHouse, Inv36ACoreFileWouldHoldNoSecret) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may look into a process that forbids it";
  venue_knows({line("core", canaries[1], "read")});
  ASSERT_EQ(state_of(add("core", "read", secret_file("core", canaries[1]))), "healthy");
  stop();
  // Without a house it opens the secret, makes the proof, and waits for a venue that does not answer.
  const auto waiting = start_bursar({"key", "test", "core", "--data-dir", data_.string()});
  Memory memory;
  EXPECT_TRUE(wait_until([&] {
    memory = memory_of(waiting->pid());
    return memory.left_out.find(canaries[1]) != std::string::npos || !waiting->is_running();
  }));
  EXPECT_NE(memory.left_out.find(canaries[1]), std::string::npos) << "else this test shows nothing";
  memory = memory_of(waiting->pid());
  EXPECT_GT(memory.dumped.size(), std::size_t{1} << 20);
  EXPECT_EQ(leaks_in(memory.dumped), "");
  EXPECT_THAT(read_text(fmt::format("/proc/{}/limits", waiting->pid())),
              testing::ContainsRegex("Max core file size +0 +0 "));
  EXPECT_EQ(waiting->wait().code, 1);
  EXPECT_THAT(waiting->output(), HasSubstr("the paper venue can't be asked"));
  heard_ += waiting->output();
  start();
}

// The last word: all that was said, every file of the house (its database's own among them), and a dump of it.
TEST_F(KeysOfAHouse, Inv36NoSecretIsInAnyOutputLogFileOrDump) {
  venue_knows({line("last", canaries[0], "read")});
  Child piped(
      {"/bin/sh", "-c",
       "printf 'last\\n%s\\n' \"$2\" | \"$1\" key add --account spot --purpose read --name last --data-dir \"$3\"",
       "sh", BURSAR_EXECUTABLE, canaries[0], data_.string()});
  ASSERT_EQ(piped.wait().code, 0) << piped.output();
  heard_ += piped.output() + key({"list"}).out + key({"list", "--json"}).out;
  EXPECT_THAT(heard_, HasSubstr("\"fingerprint\""));
  EXPECT_EQ(leaks_in(heard_), "");

  const Said dump = [&] {
    Child child({"/bin/sh", "-c",
                 "for f in /usr/lib/postgresql/*/bin/pg_dump /usr/bin/pg_dump; do test -x $f && PGPASSFILE=\"$2\" exec "
                 "$f -h \"$1\" -U "
                 "bursar_owner bursar; done",
                 "sh",
                 [&] {
                   for (const auto& entry : fs::recursive_directory_iterator(data_))
                     if (entry.path().filename().string().starts_with(".s.PGSQL."))
                       return entry.path().parent_path().string();
                   return std::string();
                 }(),
                 deploy::password_file(data_).string()});
    const int code = child.wait().code;
    return Said{code, child.output(), ""};
  }();
  ASSERT_EQ(dump.code, 0) << dump.out.substr(0, 500);
  EXPECT_THAT(dump.out, HasSubstr("COPY sealed.seal")) << "the keys were dumped";
  EXPECT_EQ(leaks_in(dump.out), "");

  stop();
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data_)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_EQ(leaks_in(read_text(entry.path())), "") << entry.path();
  }
  EXPECT_GT(files, 500U);
  EXPECT_EQ(leaks_in(heard_), "");
  start();
}

// A wrong master key is named, and nothing is changed.
TEST_F(KeysOfAHouse, TheMasterKeyIsMadeOnceGuardedAndChanged) {
  venue_knows({line("master", canaries[0], "read")});
  ASSERT_EQ(state_of(add("master", "read", secret_file("master", canaries[0]))), "healthy");
  const fs::path file = data_ / "keys" / "master.key";
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read);
  const fs::path fresh = folder_->path() / "fresh.key";
  const Said rewrapped = key({"rewrap", "--new-master-key", fresh.string(), "--json"});
  ASSERT_EQ(rewrapped.code, 0) << rewrapped.err;
  EXPECT_GT(rewrapped.last_line()["rewrapped"], 0);
  EXPECT_THAT(complaints(key({"test", "master"})), ElementsAre(HasSubstr("this is the wrong master key")));
  fs::rename(fresh, file);
  EXPECT_EQ(key({"test", "master"}).code, 0);
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  EXPECT_THAT(complaints(key({"test", "master"})), ElementsAre(HasSubstr("wider than 0400")));
  fs::rename(file, fresh);
  const Said missing = key({"test", "master"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(complaints(missing), ElementsAre(HasSubstr("is missing; put it back")));
  EXPECT_FALSE(fs::exists(file)) << "another one would open nothing";
  fs::permissions(fresh, fs::perms::owner_read);
  fs::rename(fresh, file);
  EXPECT_EQ(key({"test", "master"}).code, 0);
}

}  // namespace
}  // namespace tests
