// tests/deploy/house/house_test.cpp: a house by its processes: whom they log in as, what they may reach, and that one
// database serves one house.
#include "deploy/house/house.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "deploy/cluster/confine.hpp"
#include "ledger/store/connection.hpp"
#include "tests/deploy/bursar/finished.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

using House = OnFinishedHouse;

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
