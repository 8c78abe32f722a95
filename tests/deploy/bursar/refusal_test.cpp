// What a user meets who gives `bursar` something that can't be: one line that says what, where and what to do.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "deploy/cluster/folder.hpp"
#include "deploy/cluster/process.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* header = "unix,date,symbol,open,high,low,close\n";

// One complaint that holds every one of the words, this exit code, and nothing for a program to misread.
void expect_refused(const Said& said, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(said.code, code) << said.err;
  EXPECT_THAT(said.out, IsEmpty());
  const auto found = complaints(said);
  ASSERT_EQ(found.size(), 1U) << said.err;
  for (const std::string& word : words) EXPECT_THAT(found[0], HasSubstr(word));
}

class Refusal : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string file(const std::string& name, const std::string& text) const {
    write_text(path(name), text);
    return path(name);
  }
  // `bursar up` on a folder that is not there, which a refusal must not have made.
  void expect_up_refused(const Words& words, const std::vector<std::string>& said_words, int code = 2) const {
    Words all = {"up", "--exit-when-done", "--data-dir", path("data")};
    all.insert(all.end(), words.begin(), words.end());
    expect_refused(bursar(all), code, said_words);
    EXPECT_FALSE(std::filesystem::exists(path("data")));
  }
  void expect_prices_refused(const std::string& text, const std::vector<std::string>& words) const {
    const std::string prices = file("prices.csv", text);
    auto all = words;
    all.push_back(prices);
    expect_up_refused({"--replay", prices}, all);
  }

  TempFolder folder_;
};

TEST_F(Refusal, PricesThatAreNoneAreRefusedBeforeAnythingIsMade) {
  expect_up_refused({"--replay", path("nowhere.csv")}, {path("nowhere.csv"), "No such file", "check the path"});
  expect_up_refused({"--replay", folder_.path().string()}, {"is a folder", "name a CSV file"});
  expect_prices_refused("", {"it is empty", "give a CSV file"});
  expect_prices_refused(header, {"it holds no prices", "at least one row"});
  expect_prices_refused(std::string("\x7f"
                                    "ELF\0\1\2\3",
                                    8) +
                            std::string(100, '\xff'),
                        {":1: ", "no text holds"});
  expect_prices_refused("a,b,c\n1,2,3\n", {":1: ", "no usable columns", "open, high, low, close"});
}

TEST_F(Refusal, ABadRowIsNamedByItsLineAndColumn) {
  const std::string good = std::string(header) + "1502942400,x,ETHUSDT,301,302,300,301\n";
  expect_prices_refused(good + "1502946000,x,ETHUSDT,301,299,300,301\n", {":3: high: ", "299 is below the low 300"});
  expect_prices_refused(good + "1502946000,x,ETHUSDT,301,302,0,301\n", {":3: low: ", "\"0\" is not above 0"});
  expect_prices_refused(good + "1502946000,x,ETHUSDT,-5,302,300,301\n", {":3: open: ", "\"-5\" is not above 0"});
  expect_prices_refused(good + "1502946000,x,ETHUSDT,301,302,300,wet\n", {":3: close: ", "\"wet\" is not a number"});
  expect_prices_refused(good + "1502946000,x,ETHU", {":3: ", "the line ends after 3 of 7 columns", "cut off"});
}

TEST_F(Refusal, PricesInAnotherCurrencyThanTheVaultsAreRefused) {
  expect_prices_refused(std::string(header) + "1502942400,x,ETHEUR,301,302,300,301\n",
                        {"ETH in EUR", "the vault holds USDT", "vault.asset = \"EUR\""});
}

TEST_F(Refusal, AConfigurationIsRefusedWithFileLineAndKey) {
  const std::string unknown = file("unknown.toml", "[vault]\n\ntotl = 3\n");
  expect_up_refused({"--config", unknown}, {unknown + ":3:1: ", "vault.totl is not known", "did you mean `total`?"});
  const std::string fee = file("fee.toml", "[venue.paper]\ntaker_fee_percent = -1\n");
  expect_up_refused({"--config", fee}, {fee + ":2:", "taker_fee_percent is -1", "must be at least 0"});
  const std::string broken = file("broken.toml", "[vault\n");
  expect_up_refused({"--config", broken}, {broken + ":1:", "is no TOML"});
  expect_up_refused({"--config", path("absent.toml")}, {path("absent.toml"), "is not there", "check --config"});
  expect_refused(bursar({"status", "--config", unknown}), 2, {unknown + ":3:1: "});
}

TEST_F(Refusal, EveryProblemOfAConfigurationHasItsLine) {
  const std::string twice = file("twice.toml", "[vault]\ntotl = 3\n[paper]\n");
  const Said said = bursar({"up", "--config", twice, "--data-dir", path("data")});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(complaints(said), ElementsAre(HasSubstr(":2:1: vault.totl"), HasSubstr(":3:2: paper")));
}

TEST_F(Refusal, AFolderThatIsNotOursIsLeftAlone) {
  const std::string theirs = path("theirs");
  std::filesystem::create_directory(theirs);
  write_text(theirs + "/letter", "dear");
  expect_refused(bursar({"up", "--data-dir", theirs}), 2,
                 {theirs, "not a data folder of Bursar", "another --data-dir"});
  expect_refused(bursar({"up", "--data-dir", theirs + "/letter"}), 2, {"is not a folder", "another --data-dir"});
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder to someone else";
  const auto nobody = deploy::find_user("nobody");
  ASSERT_TRUE(nobody);
  std::filesystem::remove(theirs + "/letter");
  ASSERT_EQ(chown(theirs.c_str(), nobody->uid, nobody->gid), 0);
  expect_refused(bursar({"up", "--data-dir", theirs}), 2, {theirs, "belongs to nobody", "another --data-dir"});
  EXPECT_TRUE(std::filesystem::is_empty(theirs));
}

TEST_F(Refusal, AWayThatPostgresCannotPassIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "PostgreSQL runs as this user";
  if (!deploy::find_user("postgres")) GTEST_SKIP() << "there is no user postgres";
  std::filesystem::create_directory(path("closed"));
  ASSERT_EQ(chmod(path("closed").c_str(), 0700), 0);
  expect_refused(bursar({"up", "--data-dir", path("closed/data")}), 2,
                 {"can't pass through " + path("closed"), "chmod o+x"});
  EXPECT_FALSE(std::filesystem::exists(path("closed/data")));
}

TEST_F(Refusal, ASocketPathThatIsTooLongIsSaidBeforeAFolderIsMade) {
  const std::string data = path(std::string(100, 'x'));
  expect_refused(bursar({"up", "--data-dir", data}), 2, {data, "107 bytes", "shorter --data-dir"});
  EXPECT_FALSE(std::filesystem::exists(data));
}

TEST_F(Refusal, PostgresThatIsAbsentIsNamedWithItsPackage) {
  const Said said = bursar({"up", "--data-dir", path("data")}, {"BURSAR_POSTGRES=" + path("none")});
  expect_refused(said, 1, {"PostgreSQL 15 is not installed", path("none"), "apt-get install postgresql-15", "--dsn"});
}

TEST_F(Refusal, ADatabaseThatCannotBeReachedIsSaid) {
  const Words dsn = {"--dsn", "host=" + path("none"), "--data-dir", path("data")};
  const auto with = [&](Words words) {
    words.insert(words.end(), dsn.begin(), dsn.end());
    return bursar(words);
  };
  expect_refused(with({"up"}), 1, {"PostgreSQL of --dsn", path("none"), "No such file", "check --dsn"});
  expect_refused(with({"status"}), 1, {"status: ", path("none"), "check --dsn"});
  expect_refused(with({"machine", "list"}), 1, {"machine list: ", "check --dsn"});
  expect_refused(with({"ledger", "balances"}), 1, {"ledger balances: ", "check --dsn"});
  const Said verified = with({"ledger", "verify"});
  expect_refused(verified, 1, {"incomplete", "check --dsn"});
  EXPECT_EQ(with({"ledger", "verify", "--json"}).last_line()["verdict"], "incomplete");
}

TEST_F(Refusal, ALookAtNothingMakesNothing) {
  for (const Words& words : {Words{"status"}, {"machine", "list"}, {"ledger", "verify"}, {"machine", "show", "1"}}) {
    Words all = words;
    all.insert(all.end(), {"--data-dir", path("data")});
    expect_refused(bursar(all), 2, {path("data"), "is not there", "`bursar up` makes"});
  }
  expect_refused(bursar({"status", "--data-dir", folder_.path().string()}), 2, {"is not a data folder of Bursar"});
  EXPECT_FALSE(std::filesystem::exists(path("data")));
}

TEST_F(Refusal, AWrongCommandLineSaysWhereToLook) {
  const auto refused = [](const Words& words, const std::vector<std::string>& said) {
    expect_refused(bursar(words), 2, said);
  };
  refused({}, {"needs a command: up, status, machine, ledger, config", "see `bursar --help`"});
  refused({"upp"}, {"no command `upp`", "up, status"});
  refused({"machine", "lst"}, {"`bursar machine` has no command `lst`", "list, show, history, migrate, diagram"});
  refused({"ledger"}, {"`bursar ledger` needs a command: balances, verify"});
  refused({"up", "--repaly", "x"}, {"--repaly", "see `bursar up --help`"});
  refused({"machine", "show"}, {"id is required"});
  refused({"machine", "show", "seven"}, {"seven", "see `bursar machine show --help`"});
  refused({"machine", "diagram", "teapot"},
          {"`teapot`",
           "order, sleeve_cycle, allocation, vault, sleeve, control, intervention, resolution, key, firing and break"});
  refused({"machine", "list", "--limit", "0"}, {"--limit", "1 to 1000000"});
}

TEST_F(Refusal, AForeignDatabaseIsNotTakenForALedger) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const std::string other = dsn(empty_database());
  expect_refused(bursar({"status", "--dsn", other}), 1, {"holds no ledger of Bursar", "check --dsn"});
  expect_refused(bursar({"ledger", "verify", "--dsn", other}), 1, {"incomplete", "holds no ledger of Bursar"});
}

// As the schema looked before there were sets of functions: the table of what was applied, and nothing of sets.
constexpr const char* before_the_sets =
    "CREATE SCHEMA ledger; CREATE TABLE ledger.migration (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT "
    "NULL, applied_at timestamptz NOT NULL DEFAULT now()); INSERT INTO ledger.migration (number, name, sha256) VALUES "
    "(1, '0001_ledger.sql', 'x'), (2, '0002_commit.sql', 'x')";

const std::vector<std::string> remedy_of_before = {"a schema of before the sets of functions", "0002_commit.sql",
                                                   "make a new data folder", "a new database for --dsn"};

TEST_F(Refusal, ADataFolderOfBeforeTheSetsIsNamedAndLeftAsItIs) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const auto data = deploy::open_folder(path("data"));
  ASSERT_TRUE(data) << data.error().text;
  const auto on_server = [&](const std::function<void(deploy::Cluster&)>& act) {
    auto server = deploy::Cluster::open(*data);
    ASSERT_TRUE(server) << server.error().text;
    act(*server);
  };
  on_server([&](deploy::Cluster& server) {
    ASSERT_TRUE(ledger::Connection(server.dsn()).call({"make_house", "CREATE DATABASE bursar"}));
    ASSERT_TRUE(ledger::Connection(server.dsn("bursar")).run(before_the_sets));
  });
  for (const Words& words : {Words{"up", "--exit-when-done"}, {"status"}, {"ledger", "verify"}, {"vault", "list"}}) {
    Words all = words;
    all.insert(all.end(), {"--data-dir", data->string()});
    expect_refused(bursar(all), 1, remedy_of_before);
  }
  on_server([&](deploy::Cluster& server) {
    const auto tables = ledger::Connection(server.dsn("bursar"))
                            .run(
                                "SELECT string_agg(c.relname, ' ') FROM pg_class c WHERE c.relkind = 'r' "
                                "AND c.relnamespace = 'ledger'::regnamespace");
    ASSERT_TRUE(tables) << tables.error().text;
    EXPECT_EQ(tables->text(0, 0), "migration");
  });
}

TEST_F(Refusal, ASchemaThatIsNotThisProgramsIsNamed) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const auto said = [&](const Words& words, const std::string& database) {
    Words all = words;
    all.insert(all.end(), {"--dsn", dsn(database), "--data-dir", path("data")});
    return bursar(all);
  };
  const std::string old = empty_database();
  must_run(old, before_the_sets);
  const std::string newer_set = fresh_database(), newer_file = fresh_database(), older_set = fresh_database();
  must_run(newer_set, "INSERT INTO ledger.function_set (number, sha256) VALUES (1000, 'x')");
  must_run(newer_file,
           "INSERT INTO ledger.migration (number, name, sha256) SELECT max(number) + 1, 'x', 'x' FROM "
           "ledger.migration");
  must_run(older_set, "DELETE FROM ledger.function_set");
  for (const Words& words : {Words{"up", "--exit-when-done"}, {"status"}, {"machine", "list"}, {"ledger", "verify"}}) {
    expect_refused(said(words, old), 1, remedy_of_before);
    expect_refused(said(words, newer_set), 1,
                   {"has set 1000 of the functions, newer than this program's", "use the newer bursar"});
    expect_refused(said(words, newer_file), 1, {"the database is at migration", "newer than this program"});
  }
  expect_refused(said({"status"}, older_set), 1,
                 {"with set 0 of the functions, older than this program", "`bursar up` brings it up"});
  const std::string passer_by = new_login(older_set, "passer_by");
  expect_refused(bursar({"status", "--dsn", passer_by}), 1, {"status: ", "GRANT bursar_operator TO passer_by"});
}

}  // namespace
}  // namespace tests
