// The whole of `bursar up` as a user meets it: a run, its report, looks at it, a stop in between and going on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "deploy/cluster/confine.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class House : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
  }
  // A look at the finished house, which is down.
  static Said look(Words words) {
    words.insert(words.end(), {"--data-dir", finished_house().data_dir});
    return bursar(words);
  }
  static Said up(const std::string& data_dir, Words words) {
    words.insert(words.begin(), {"up", "--data-dir", data_dir, "--exit-when-done"});
    return bursar(words);
  }
  static std::string digest() { return finished_house().said.last_line()["digest"]; }
  static bool verifies(const std::string& data_dir) {
    return bursar({"ledger", "verify", "--json", "--data-dir", data_dir}).last_line()["verified"] == true;
  }
};

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

void expect_keys(const json& object, const std::vector<std::string>& names) {
  const auto keys = keys_of(object);
  for (const std::string& name : names) EXPECT_THAT(keys, Contains(name));
}

TEST_F(House, TheLastLineIsOneObjectWithEveryFigure) {
  const json line = finished_house().said.last_line();
  ASSERT_TRUE(line.is_object()) << finished_house().said.out;
  expect_keys(line, {"import", "bars", "sleeves", "vault", "baseline", "transitions", "postings", "verified",
                     "elapsed_s", "digest", "suspense"});
  expect_keys(line["import"], {"rows", "hours", "duplicates", "gaps", "missing", "rejected", "rejections"});
  expect_keys(line["vault"],
              {"total", "tradeable", "cash", "held_at_cost", "open_fees", "held_at_market", "returned_from_flash"});
  expect_keys(line["baseline"], {"buy_and_hold", "cash"});
  ASSERT_EQ(line["sleeves"].size(), 2U);
  for (const json& sleeve : line["sleeves"])
    expect_keys(sleeve,
                {"name", "kind", "trades", "wins", "fees", "realized_pnl", "balance", "cash", "held_at_cost",
                 "open_fees", "held_at_market", "started_with", "moved_in", "result", "draw", "refused", "remarks"});
  EXPECT_EQ(line["bars"], 200);
  EXPECT_EQ(line["verified"], true);
  EXPECT_EQ(line["suspense"], "0.00000000");
  EXPECT_GT(line["sleeves"][0]["trades"], 0);
  EXPECT_GT(line["transitions"], line["postings"]);
  EXPECT_THAT(line["digest"].get<std::string>(), MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(House, AwayFromATerminalNothingIsDrawnOver) {
  const Said& said = finished_house().said;
  EXPECT_THAT(said.err, Not(HasSubstr("\r")));
  EXPECT_THAT(said.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(said.err, HasSubstr("our generator made"));
  EXPECT_THAT(said.err, HasSubstr("buy and hold"));
  EXPECT_THAT(said.out, StartsWith("{"));
}

TEST_F(House, TheReportPageNeedsNothingButItself) {
  const std::string page = read_text(finished_house().data_dir + "/report.html");
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr(digest()));
  for (const char* fetch : {"src=\"http", "href=\"http", "src='http", "@import", "<link", "fetch(", "XMLHttpRequest"})
    EXPECT_THAT(page, Not(HasSubstr(fetch)));
}

TEST_F(House, ASecondStartPrintsTheReportAgain) {
  const auto& house = finished_house();
  const Said again = up(house.data_dir, {"--config", house.config, "--json"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("is finished; its report again"));
  json first = house.said.last_line(), second = again.last_line();
  EXPECT_EQ(second["transitions"], first["transitions"].get<int>() + 2) << "that its checkpoint was signed";
  first.erase("transitions");
  second.erase("transitions");
  EXPECT_EQ(second, first);
  const Said plain = up(house.data_dir, {});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr(digest()));
}

TEST_F(House, OtherPricesOrSettingsOnTheSameFolderAreRefused) {
  const auto& house = finished_house();
  const TempFolder folder;
  const auto refused = [&](const Words& words, const std::string& what) {
    const Said said = up(house.data_dir, words);
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_THAT(complaints(said), testing::ElementsAre(testing::AllOf(HasSubstr(what), HasSubstr("--data-dir"))));
  };
  const auto other = folder.path() / "eth_usdt.csv";
  write_text(other, "unix,open,high,low,close\n1502942400,301,302,300,301\n");
  refused({"--config", house.config, "--replay", other.string()}, other.string() + " is another file");
  refused({"--config", config_file(folder, 201)}, "a sample of 200 bars, and [sample] asks for another one");
  const std::string fee = config_file(folder, 200, "[venue.paper]\ntaker_fee_percent = 0.2\n");
  refused({"--config", fee}, "taker_fee_percent is 0.2 here and was 0.1");
  EXPECT_TRUE(verifies(house.data_dir));
}

TEST_F(House, AStoppedHouseCanBeLookedAt) {
  const Said status = look({"status"});
  EXPECT_EQ(status.code, 0) << status.err;
  for (const char* word : {"sleeve_cycle  closed", "order         filled", "leased 0", "parked 0", "stranded   0",
                           "the house is not running"})
    EXPECT_THAT(status.out, HasSubstr(word));
  const json told = look({"status", "--json"}).last_line();
  expect_keys(told, {"instances", "jobs", "brokers", "workers", "stranded"});
  EXPECT_EQ(told["stranded"], 0);
  EXPECT_EQ(look({"ledger", "verify"}).out.substr(0, 4), "ok: ");
  const json verdict = look({"ledger", "verify", "--full", "--json"}).last_line();
  EXPECT_EQ(verdict["verified"], true);
  EXPECT_EQ(verdict["transitions"], finished_house().said.last_line()["transitions"].get<int>() + 2)
      << "that its checkpoint was signed";
}

TEST_F(House, OnlyItsOwnerStartsWhatIsInAFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder to someone else";
  const auto nobody = deploy::find_user("nobody");
  ASSERT_TRUE(nobody);
  const std::string data = finished_house().data_dir;
  ASSERT_EQ(chown(data.c_str(), nobody->uid, nobody->gid), 0);
  const Said said = look({"status"});
  ASSERT_EQ(chown(data.c_str(), geteuid(), getegid()), 0);
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(complaints(said), testing::ElementsAre(HasSubstr(data + " belongs to nobody")));
  EXPECT_EQ(look({"status"}).code, 0);
}

TEST_F(House, BalancesSumToZeroInEveryAsset) {
  EXPECT_THAT(look({"ledger", "balances"}).out, HasSubstr("sleeve/quiet/USDT"));
  const json balances = look({"ledger", "balances", "--json"}).last_line();
  ASSERT_GT(balances.size(), 10U);
  std::map<std::string, machines::Int128> sums;
  for (const json& one : balances) {
    const std::string balance = one["balance"];
    const int scale = one["asset"] == "USDT" ? 8 : 18;
    const auto amount = machines::parse_decimal(balance, scale);
    ASSERT_TRUE(amount) << balance;
    sums[one["asset"]] += *amount;
  }
  EXPECT_EQ(sums.size(), 2U);
  for (const auto& [asset, sum] : sums) EXPECT_TRUE(sum == 0) << asset;
}

TEST_F(House, AMachineTellsItsHistoryWithPostingsAndBothTimes) {
  const json list = look({"machine", "list", "--all", "--limit", "1000", "--json"}).last_line();
  const auto order = std::find_if(list.begin(), list.end(), [](const json& one) { return one["kind"] == "order"; });
  ASSERT_NE(order, list.end());
  const std::string id = std::to_string((*order)["id"].get<std::int64_t>());
  const json history = look({"machine", "history", id, "--json"}).last_line();
  ASSERT_EQ(history.size(), (*order)["version"].get<std::size_t>());
  std::size_t postings = 0;
  for (const json& step : history) {
    expect_keys(step, {"version", "from", "to", "event", "command", "jobs", "world_at", "wall_at", "postings"});
    for (const char* time : {"world_at", "wall_at"})
      EXPECT_THAT(step[time].get<std::string>(), MatchesRegex("20[0-9-]+T[0-9:.]+Z"));
    EXPECT_THAT(step["jobs"].get<std::string>(), Not(HasSubstr("@")));
    postings += step["postings"].size();
  }
  EXPECT_GT(postings, 0U);
  EXPECT_EQ(history.back()["to"], (*order)["state"]);
  const Said text = look({"machine", "history", id});
  for (const char* word :
       {"(born) -> drafted", "drafted -> sent", "world 2024-01", "wall 20", "USDT", "\n      jobs  "})
    EXPECT_THAT(text.out, HasSubstr(word));
  EXPECT_THAT(look({"machine", "show", id}).out, HasSubstr(id));
  EXPECT_EQ(look({"machine", "show", id, "--json"}).last_line()["id"], (*order)["id"]);
}

TEST_F(House, AnUnknownMachineIsRefusedWithTheWayToFindOne) {
  for (const char* command : {"show", "history"}) {
    const Said said = look({"machine", command, "987654321"});
    EXPECT_EQ(said.code, 1);
    EXPECT_THAT(complaints(said),
                testing::ElementsAre(HasSubstr("no machine has the id 987654321; `bursar machine list")));
    EXPECT_THAT(said.out, IsEmpty());
  }
}

TEST_F(House, DiagramsComeFromTheTables) {
  for (const char* kind : {"order", "sleeve_cycle", "allocation"}) {
    const Said said = bursar({"machine", "diagram", kind});
    EXPECT_EQ(said.code, 0);
    EXPECT_THAT(said.out, StartsWith("stateDiagram-v2\n"));
  }
  EXPECT_THAT(bursar({"machine", "diagram", "sleeve_cycle"}).out,
              HasSubstr("holding --> holding: reduce_outside (the timer that stands goes on looking)\n"));
}

TEST_F(House, TheExampleConfigurationIsTheDefault) {
  const TempFolder folder;
  write_text(folder.path() / "example.toml", bursar({"config"}).out);
  const Said said = bursar(
      {"status", "--config", (folder.path() / "example.toml").string(), "--data-dir", finished_house().data_dir});
  EXPECT_EQ(said.code, 0) << said.err;
}

// The third order is given no answer, so the replay waits for it while the signal arrives.
TEST_F(House, StoppedInTheMiddleItGoesOnToTheSameDigest) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string slow = config_file(folder, 200, "[venue.paper]\nfaults = [\"place:3:time_out\"]\n");
  {
    const auto run = start_bursar({"up", "--data-dir", data, "--config", slow, "--exit-when-done"});
    ledger::Connection connection(house_dsn(data));
    ASSERT_TRUE(wait_until([&] {
      const auto rows = connection.run("SELECT count(*) FROM ledger.instance WHERE kind = 'order'");
      return rows && rows->number(0, 0) >= 3;
    })) << run->output();
    run->send(SIGINT);
    EXPECT_EQ(run->wait().code, 0) << run->output();
    EXPECT_THAT(run->output(),
                MatchesRegex("(.|\n)*Draining after bar [1-9][0-9]* of 200(.|\n)*goes on from there(.|\n)*"));
    EXPECT_THAT(run->output(), Not(HasSubstr("bursar: ")));
  }
  EXPECT_FALSE(std::filesystem::exists(data + "/report.html"));
  EXPECT_TRUE(verifies(data));
  const Said rest = up(data, {"--config", finished_house().config, "--json"});
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.err, HasSubstr("Going on with"));
  EXPECT_EQ(rest.last_line()["digest"], digest());
  EXPECT_EQ(rest.last_line()["suspense"], "0.00000000");
}

TEST_F(House, ARunningHouseIsSeenAndItsFolderIsItsOwn) {
  const auto& house = finished_house();
  const auto run = start_bursar({"up", "--data-dir", house.data_dir});
  ASSERT_TRUE(run->wait_for_output("The house stays open")) << run->output();
  EXPECT_THAT(run->output(), HasSubstr(digest()));
  const Said second = up(house.data_dir, {});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(complaints(second), testing::ElementsAre(testing::AllOf(
                                      HasSubstr(house.data_dir + " is in use by process " + std::to_string(run->pid())),
                                      HasSubstr("stop that run"))));
  json told;
  EXPECT_TRUE(wait_until([&] {
    told = look({"status", "--json"}).last_line();
    return told.is_object() && told["workers"].size() == 2;
  })) << told;
  ASSERT_EQ(told["brokers"].size(), 1U) << told;
  EXPECT_EQ(told["brokers"][0]["refused_peers"], 0);
  EXPECT_THAT(look({"status"}).out,
              testing::AllOf(HasSubstr("worker     worker-1"), Not(HasSubstr("brokers and workers log in"))));
  EXPECT_EQ(look({"ledger", "verify"}).code, 0);
  run->send(SIGTERM);
  EXPECT_EQ(run->wait().code, 0) << run->output();
}

// What a process of the house was started with, and what the kernel says of it.
std::vector<std::string> status_of_nodes(const std::string& data) {
  std::vector<std::string> found;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    std::ifstream command_line(entry.path() / "cmdline"), status(entry.path() / "status");
    std::ostringstream words, text;
    words << command_line.rdbuf();
    text << status.rdbuf();
    if (words.str().find(std::string("\0node\0", 6)) != std::string::npos &&
        words.str().find(data) != std::string::npos)
      found.push_back(text.str());
  }
  return found;
}

// Whoever takes one over finds neither the owner's login nor a file to get it from.
TEST_F(House, ItsProcessesLogInAsWhatTheyAreAndAreConfined) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const auto run = start_bursar({"up", "--data-dir", data, "--config", finished_house().config});
  ASSERT_TRUE(run->wait_for_output("The house stays open")) << run->output();
  ledger::Connection owner(house_dsn(data));
  const auto logins = [&] {
    std::string names;
    const auto rows = owner.run(
        "SELECT string_agg(DISTINCT usename::text, ' ') FROM pg_stat_activity WHERE datname = 'bursar' AND "
        "backend_type "
        "= 'client backend'");
    return rows ? std::string(rows->text(0, 0)) : rows.error().text;
  };
  EXPECT_TRUE(wait_until([&] { return logins() == "bursar_keeper bursar_owner bursar_service"; })) << logins();
  const auto nodes = status_of_nodes(data);
  EXPECT_GE(nodes.size(), 4U) << "venue, broker, workers, and what looks after keys";
#ifdef BURSAR_COVERAGE  // its processes write their counts as they end, anywhere in the build
  const bool confines = false;
#else
  const bool confines = deploy::can_confine();
#endif
  for (const std::string& status : nodes)
    EXPECT_EQ(status.find("NoNewPrivs:\t1") != std::string::npos, confines) << status;
  EXPECT_FALSE(ledger::Connection("host='" + data + "/pg' dbname=bursar user=bursar_owner").connect());
  run->send(SIGTERM);
  EXPECT_EQ(run->wait().code, 0) << run->output();
  EXPECT_THAT(read_text(data + "/log/broker.log"), Not(HasSubstr("not confined")));
}

// Two houses on one database would each lease the other's jobs, and each ask its own venue.
TEST_F(House, ADatabaseServesOneHouseAtATime) {
  const TempFolder folder;
  const std::string one = (folder.path() / "one").string(), other = (folder.path() / "other").string();
  const std::string database = dsn(empty_database());
  const auto run = start_bursar({"up", "--data-dir", one, "--config", finished_house().config, "--dsn", database});
  ASSERT_TRUE(run->wait_for_output("The house stays open")) << run->output();
  EXPECT_THAT(bursar({"status", "--dsn", database}).out, HasSubstr("brokers and workers log in as the owner"));
  const Said second = up(other, {"--config", finished_house().config, "--dsn", database});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(complaints(second),
              testing::ElementsAre(testing::AllOf(HasSubstr("in use by another `bursar up`"),
                                                  HasSubstr("PostgreSQL session"), HasSubstr("stop that run"))));
  run->send(SIGKILL);
  (void)run->wait();
  // It moves to another folder only with a person's word: the checkpoints stay behind.
  const Said bare = up(other, {"--config", finished_house().config, "--dsn", database});
  EXPECT_EQ(bare.code, 1);
  EXPECT_THAT(complaints(bare), testing::ElementsAre(HasSubstr("the checkpoints of this house are gone")));
  const Said anew =
      bursar({"ledger", "checkpoint", "--anew", "--why", "the host died", "--dsn", database, "--data-dir", other});
  EXPECT_EQ(anew.code, 0) << anew.err;
  const Said third = up(other, {"--config", finished_house().config, "--dsn", database, "--json"});
  EXPECT_EQ(third.code, 0) << third.err;
  EXPECT_EQ(third.last_line()["digest"], digest());
}

TEST_F(House, AnExistingPostgresServesAsWell) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string database = dsn(empty_database());
  const Said said = up(data, {"--config", finished_house().config, "--dsn", database, "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.last_line()["digest"], digest());
  EXPECT_THAT(said.err, Not(HasSubstr("keep all of its rights")));
  EXPECT_THAT(said.err, HasSubstr("Give them a login of their own: --service-dsn")) << "said loudly";
  EXPECT_FALSE(std::filesystem::exists(data + "/postgres"));
  EXPECT_EQ(bursar({"ledger", "verify", "--dsn", database, "--data-dir", data}).code, 0);
  const Said elsewhere = bursar({"ledger", "verify", "--dsn", database});
  EXPECT_EQ(elsewhere.code, 1) << "a host that has none of its checkpoints";
  EXPECT_THAT(elsewhere.out,
              testing::AllOf(HasSubstr("REFUSED: "), HasSubstr("the checkpoints of this house are gone")));
  EXPECT_EQ(bursar({"ledger", "verify", "--dsn", database, "--without-checkpoints"}).code, 0);
  EXPECT_EQ(bursar({"status", "--data-dir", data}, {"BURSAR_DSN=" + database}).code, 0);
  const Said without = bursar({"status", "--data-dir", data});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(complaints(without), testing::ElementsAre(HasSubstr("holds no ledger of its own; name the database")));
}

// The machine's default data folder may be the home of another house: what is asked of a database is not judged, signed
// or compared by what lies there.
TEST_F(House, AnotherHouseInTheDefaultFolderSaysNothingOfADatabase) {
  const TempFolder folder;
  const std::string data = (folder.path() / "data").string();
  const std::string name = empty_database();
  ASSERT_EQ(up(data, {"--config", finished_house().config, "--dsn", dsn(name)}).code, 0);
  const Words others = {"BURSAR_DATA_DIR=" + finished_house().data_dir, "BURSAR_DSN=" + dsn(name)};
  const std::string signed_before = read_text(finished_house().data_dir + "/checkpoints");
  const Said refused_alone = bursar({"ledger", "verify", "--json"}, others);
  EXPECT_EQ(refused_alone.code, 1);
  EXPECT_THAT(
      refused_alone.last_line()["problem"].get<std::string>(),
      testing::AllOf(HasSubstr("the checkpoints of this database are not here"), HasSubstr("--without-checkpoints")));
  const Said verified = bursar({"ledger", "verify", "--json", "--without-checkpoints"}, others);
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.last_line()["verdict"], "not_judged");
  EXPECT_THAT(verified.err, HasSubstr("Verified without checkpoints: the default data folder"));
  EXPECT_EQ(verified.last_line()["since_us"], 0);
  EXPECT_EQ(verified.last_line()["checkpoint"], false);
  EXPECT_EQ(bursar({"status"}, others).code, 0);
  const Words refused[] = {{"ledger", "checkpoint"}, {"reconcile"}, {"key", "test", "a"}};
  for (const Words& words : refused) {
    const Said said = bursar(words, others);
    EXPECT_EQ(said.code, 2) << words[0];
    EXPECT_THAT(complaints(said), testing::ElementsAre(HasSubstr("name its own folder with --data-dir"))) << words[0];
  }
  EXPECT_EQ(read_text(finished_house().data_dir + "/checkpoints"), signed_before);

  // Its own folder as the default: its memory counts, and a new name does not get the database out of it.
  const Words own = {"BURSAR_DATA_DIR=" + data, "BURSAR_DSN=" + dsn(name)};
  EXPECT_THAT(bursar({"ledger", "verify"}, own).out, HasSubstr("since the checkpoint of"));
  must_run(name,
           "SET LOCAL session_replication_role = replica; UPDATE ledger.deployment SET name = '\\x00000000000000aa'");
  const Said renamed = bursar({"ledger", "verify"}, own);
  EXPECT_EQ(renamed.code, 1);
  EXPECT_THAT(renamed.out, HasSubstr("connect to the right database"));
}

// A login without any grant held up every commit with an advisory lock: it may not even connect.
TEST_F(House, ALoginWithoutAnyGrantCantConnect) {
  const TempFolder folder;
  const std::string database = empty_database();
  const std::string stranger = new_login(database, "stranger");
  ASSERT_TRUE(ledger::Connection(stranger).connect()) << "before";
  const Said said =
      up((folder.path() / "data").string(), {"--config", finished_house().config, "--dsn", dsn(database), "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  ledger::Connection connection(stranger);
  const auto locked = connection.run("SELECT pg_advisory_lock(7001, 1)");
  ASSERT_FALSE(locked) << "a stranger holds what commits wait for";
  EXPECT_THAT(locked.error().text, HasSubstr("permission denied for database"));
  EXPECT_TRUE(ledger::Connection(dsn(database, "bursar_service")).connect());
}

// SET ROLE none gave a broker all that the owner may do. A login of its own has nothing to go back to.
TEST_F(House, BrokersAndWorkersHaveALoginOfTheirOwn) {
  const TempFolder folder;
  const std::string database = empty_database(), data = (folder.path() / "data").string();
  const std::string deckhand_dsn = new_login(database, "deckhand");
  const auto with = [&](const std::string& service) {
    return up(data, {"--config", finished_house().config, "--dsn", dsn(database), "--service-dsn", service, "--json"});
  };
  const Said stranger = with(deckhand_dsn);
  EXPECT_EQ(stranger.code, 1);
  EXPECT_THAT(stranger.err, testing::AllOf(HasSubstr("bursar: --service-dsn: "), HasSubstr("GRANT bursar_service TO")));
  const Said owner = with(dsn(database));
  EXPECT_EQ(owner.code, 2);
  EXPECT_THAT(owner.err, HasSubstr("the login bursar_owner is a superuser"));
  must_run(database, "GRANT bursar_service TO deckhand");
  const Said said = with(deckhand_dsn);
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.last_line()["digest"], digest());
  EXPECT_THAT(said.err, Not(HasSubstr("Give them a login of their own")));
  ledger::Connection deckhand(deckhand_dsn + " options='-c role=bursar_service'");
  EXPECT_THAT(deckhand.run("SET ROLE none; UPDATE ledger.account SET limited = false").error().text,
              HasSubstr("permission denied"));
}

TEST_F(House, AUserWhoMayNotActAsTheServiceKeepsItsRightsAndIsTold) {
  const TempFolder folder;
  const std::string database = empty_database();
  const std::string data_source = new_login(database, "landlord");
  must_run(database, fmt::format("ALTER ROLE landlord CREATEROLE; ALTER DATABASE {} OWNER TO landlord", database));
  const Said said =
      up((folder.path() / "data").string(), {"--config", finished_house().config, "--dsn", data_source, "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("can't act as bursar_service: broker and workers keep all of its rights"));
  EXPECT_NE(said.out.find(digest()), std::string::npos);
}

}  // namespace
}  // namespace tests
