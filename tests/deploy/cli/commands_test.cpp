// tests/deploy/cli/commands_test.cpp: how a noun brings its words, and what is said of a line that can't be meant, by a
// noun of the test's own.
#include "deploy/cli/commands.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/ground.hpp"
#include "tests/support/captured.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Words = std::vector<std::string>;

constexpr const char* elsewhere = "host=/nowhere dbname=tea";

class Line : public testing::Test {
 protected:
  // The nouns: `tea brew` and `tea pour` work on a ledger, `ping` on nothing, `check` alone or with a word behind it.
  Captured line(Words words) {
    words.insert(words.begin(), "bursar");
    argv_.clear();
    words_ = std::move(words);
    for (std::string& word : words_) argv_.push_back(word.data());
    return captured([&] {
      deploy::Commands commands("a test");
      commands.add(commands.program(), "ping", "nothing else", [this] { return ran("ping", 0); });
      CLI::App& tea = commands.noun("tea", "what a test drinks");
      commands.look(tea, "brew", "hot", [this](const deploy::CommandContext& context) {
        where_ = context;
        return ran("brew", 0);
      });
      commands
          .look(tea, "pour", "with care",
                [this](const deploy::CommandContext& context, const deploy::Commands::Config& config) {
                  where_ = context;
                  config_ = config;
                  return ran("pour " + cup_, 1);
                })
          .add_option("--cup", cup_, "which");
      CLI::App& check = commands.look(commands.program(), "check", "a look",
                                      [this](const deploy::CommandContext&) { return ran("check", 0); });
      commands.look(check, "list", "all looks", [this](const deploy::CommandContext&) { return ran("check list", 0); });
      return commands.run(static_cast<int>(argv_.size()), argv_.data());
    });
  }
  int ran(const std::string& what, int code) {
    ran_.push_back(what);
    return code;
  }
  // Code 2, one complaint that says this, and nothing was run or printed for a program.
  void expect_refused(const Words& words, const std::string& why) {
    ran_.clear();
    const Captured said = line(words);
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_THAT(said.err, AllOf(StartsWith("bursar: "), HasSubstr(why)));
    EXPECT_EQ(std::count(said.err.begin(), said.err.end(), '\n'), 1) << said.err;
    EXPECT_THAT(said.out, IsEmpty());
    EXPECT_THAT(ran_, IsEmpty());
  }
  [[nodiscard]] std::string file(const std::string& toml) const {
    write_text(folder_.path() / "bursar.toml", toml);
    return (folder_.path() / "bursar.toml").string();
  }

  TempFolder folder_;
  std::vector<std::string> words_, ran_;
  std::vector<char*> argv_;
  std::string cup_;
  deploy::CommandContext where_;
  deploy::Commands::Config config_;
};

TEST_F(Line, TheChosenCommandRunsAndItsCodeIsTheProgramsOwn) {
  EXPECT_EQ(line({"ping"}).code, 0);
  EXPECT_EQ(line({"tea", "pour", "--cup", "blue", "--dsn", elsewhere}).code, 1);
  EXPECT_THAT(ran_, ElementsAre("ping", "pour blue"));
}

TEST_F(Line, AWordBehindACommandRunsInItsPlace) {
  EXPECT_EQ(line({"check", "--dsn", elsewhere}).code, 0);
  EXPECT_EQ(line({"check", "list", "--dsn", elsewhere}).code, 0);
  EXPECT_THAT(ran_, ElementsAre("check", "check list"));
}

TEST_F(Line, HelpAndVersionAreNoRefusals) {
  const Captured help = line({"--help"}), of_tea = line({"tea", "--help"}), version = line({"--version"});
  for (const Captured* said : {&help, &of_tea, &version}) {
    EXPECT_EQ(said->code, 0);
    EXPECT_THAT(said->err, IsEmpty());
  }
  EXPECT_THAT(help.out, AllOf(HasSubstr("ping"), HasSubstr("tea"), HasSubstr("what a test drinks")));
  EXPECT_THAT(of_tea.out, AllOf(HasSubstr("brew"), HasSubstr("with care")));
  EXPECT_THAT(version.out, StartsWith("bursar "));
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(Line, AWordThatIsMissingOrUnknownIsAnsweredWithThoseThereAre) {
  expect_refused({}, "`bursar` needs a command: ping, tea, check; see `bursar --help`");
  expect_refused({"tea"}, "`bursar tea` needs a command: brew, pour; see `bursar tea --help`");
  expect_refused({"te"}, "`bursar` has no command `te`; there are ping, tea, check");
  expect_refused({"tea", "bru"}, "`bursar tea` has no command `bru`; there are brew, pour; see `bursar tea --help`");
  expect_refused({"ping", "--loud"}, "see `bursar ping --help`");
  expect_refused({"ping", "--json"}, "--json");
}

TEST_F(Line, AnOptionThatIsGivenTwiceIsRefused) {
  const std::string one = file("");
  expect_refused({"tea", "brew", "--config", one, "--config", one, "--dsn", elsewhere}, "--config");
  expect_refused({"tea", "brew", "--dsn", elsewhere, "--dsn", elsewhere}, "--dsn");
}

TEST_F(Line, AnEmptyArgumentIsRefusedByName) {
  for (const char* option : {"--data-dir", "--config", "--dsn"})
    for (const Words& given : {Words{option, ""}, Words{option, " \t"}, Words{std::string(option) + "="}}) {
      Words words{"tea", "brew"};
      words.insert(words.end(), given.begin(), given.end());
      expect_refused(words, std::string(option) + " is empty; give it something, or leave it out");
    }
  expect_refused({"tea", "pour", "--cup", "", "--dsn", elsewhere}, "--cup is empty");
}

TEST_F(Line, TextThatIsNoUtf8IsRefused) {
  expect_refused({"tea", "pour", "--cup", "\xff", "--dsn", elsewhere}, "is no UTF-8 text");
}

TEST_F(Line, JsonIsForThisCommandAndThisLineAlone) {
  EXPECT_EQ(line({"tea", "brew", "--json", "--dsn", elsewhere}).code, 0);
  EXPECT_TRUE(where_.json);
  EXPECT_EQ(line({"tea", "brew", "--dsn", elsewhere}).code, 0);
  EXPECT_FALSE(where_.json);
}

TEST_F(Line, ADatabaseIsReachedByItsNameOrByItsFolder) {
  const std::string data = (folder_.path() / "data").string();
  ASSERT_EQ(line({"tea", "brew", "--dsn", elsewhere, "--data-dir", data}).code, 0);
  EXPECT_EQ(where_.dsn, elsewhere);
  EXPECT_FALSE(where_.by_folder);
  EXPECT_TRUE(where_.folder_is_named);
  EXPECT_TRUE(where_.house_may_run);
  EXPECT_EQ(where_.layout.folder, data);
  ASSERT_EQ(line({"tea", "brew", "--dsn", elsewhere}).code, 0);
  EXPECT_FALSE(where_.folder_is_named);
  EXPECT_EQ(where_.layout.folder, home() / "bursar") << "the default one";
  expect_refused({"tea", "brew", "--data-dir", data}, data + " is not there; `bursar up` makes a data folder");
  expect_refused({"tea", "brew"}, (home() / "bursar").string() + " is not there");
}

TEST_F(Line, AConnectionStringIsTakenFromTheEnvironmentAndSeenNowhereAfterwards) {
  setenv("BURSAR_DSN", elsewhere, 1);
  EXPECT_EQ(line({"tea", "brew"}).code, 0);
  EXPECT_EQ(where_.dsn, elsewhere);
  EXPECT_EQ(std::getenv("BURSAR_DSN"), nullptr);
  EXPECT_EQ(line({"tea", "brew", "--dsn", elsewhere}).code, 0);
  EXPECT_EQ(where_.dsn, elsewhere);
  EXPECT_EQ(words_.back(), std::string(words_.back().size(), '*')) << "any user of the machine may look there";
}

TEST_F(Line, ADatabaseInPlainTextOverANetworkNeedsTheConfigurationsWord) {
  const Words words{"tea", "brew", "--dsn", "host=192.0.2.1 dbname=x"};
  expect_refused(words, "192.0.2.1 is reached over a network");
  Words allowed = words;
  allowed.insert(allowed.end(), {"--config", file("[postgres]\nallow_plain_postgres = true\n")});
  EXPECT_EQ(line(allowed).code, 0);
  EXPECT_THAT(ran_, ElementsAre("brew"));
}

TEST_F(Line, TheConfigurationIsReadAndWhatIsWrongIsSaidLineByLine) {
  EXPECT_EQ(line({"tea", "pour", "--dsn", elsewhere}).code, 1);
  EXPECT_EQ(config_.sample.bars, 500) << "without a file the defaults";
  const std::string good =
      file("[sample]\nbars = 7\n[elsewhere]\nvenue = \"tcp://192.0.2.1:5\"\nvenue_key_file = \"v.pub\"\n");
  EXPECT_EQ(line({"tea", "pour", "--config", good, "--dsn", elsewhere}).code, 1);
  EXPECT_EQ(config_.sample.bars, 7);
  EXPECT_EQ(where_.layout.venue_endpoint(), "tcp://192.0.2.1:5");
  ran_.clear();
  const std::string bad = file("[vault]\ntotl = 3\n[paper]\n");
  const Captured said = line({"tea", "pour", "--config", bad, "--dsn", elsewhere});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err,
              AllOf(HasSubstr("bursar: " + bad + ":2:1: vault.totl"), HasSubstr("bursar: " + bad + ":3:2: paper")));
  EXPECT_THAT(ran_, IsEmpty());
  const std::string absent = (folder_.path() / "absent.toml").string();
  expect_refused({"tea", "pour", "--config", absent, "--dsn", elsewhere}, absent);
}

}  // namespace
}  // namespace tests
