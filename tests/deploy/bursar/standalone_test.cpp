// tests/deploy/bursar/standalone_test.cpp: broker, workers and venue as processes of their own, each with its TOML
// file, over TCP: a replay that goes through them does what a house of one folder does, also when a broker is killed on
// the way; and who may not speak is turned away and counted.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/deploy/bursar/free_port.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Apart : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    for (const char* name : {"broker-1", "broker-2", "worker", "venue", "stranger"})
      ASSERT_EQ(bursar({"keys", "generate", name, "--dir", at("keys")}).code, 0);
  }

  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string file(const std::string& name, const std::string& text) const {
    write_text(at(name), text);
    return at(name);
  }
  [[nodiscard]] std::string postgres() const { return fmt::format("[postgres]\ndsn = \"{}\"\n", service_); }
  // The house makes its client's key at its start.
  [[nodiscard]] static std::string peers(const std::string& house_is = "client") {
    return "[[peer]]\nname = \"worker\"\nrole = \"worker\"\nkey_file = \"keys/worker.pub\"\n"
           "[[peer]]\nname = \"house\"\nrole = \"" +
           house_is + "\"\nkey_file = \"data/keys/client.pub\"\n";
  }
  std::unique_ptr<Child> broker(int number, const std::string& house_is = "client") {
    const std::string path =
        file(fmt::format("broker-{}.toml", number),
             fmt::format("name = \"broker-{0}\"\nlisten = \"tcp://127.0.0.1:{1}\"\nkey_file = \"keys/broker-{0}\"\n{2}"
                         "[broker]\nseat_ttl_ms = 1000\nheartbeat_ms = 200\nttl_ms = 1000\n{3}",
                         number, ports_[number], postgres(), peers(house_is)));
    return start_bursar({"broker", "--config", path});
  }
  // `rules`: of the venue, as this worker takes them to be.
  std::unique_ptr<Child> worker(int number, const std::string& key = "worker", const std::string& more = "",
                                const std::string& rules = "") {
    std::string text = fmt::format("name = \"worker-{}\"\nkey_file = \"keys/{}\"\n{}{}", number, key, more, postgres());
    text +=
        fmt::format("[venue]\nendpoint = \"tcp://127.0.0.1:{}\"\nkey_file = \"keys/venue.pub\"\n{}", ports_[0], rules);
    for (int broker = 1; broker <= 2; ++broker)
      text += fmt::format("[[broker]]\nendpoint = \"tcp://127.0.0.1:{}\"\nkey_file = \"keys/broker-{}.pub\"\n",
                          ports_[broker], broker);
    return start_bursar({"worker", "--config", file(fmt::format("worker-{}-{}.toml", number, key), text)});
  }
  // `rules`: of its [venue.paper]; `symbol` and what follows it: more lines of its own file.
  std::unique_ptr<Child> venue(const std::string& rules = "", const std::string& symbol = "ETH/USDT",
                               const std::string& more = "") {
    file("venue-rules.toml", "[venue.paper]\n" + rules);
    return start_bursar({"venue", "--config",
                         file("venue.toml", fmt::format("listen = \"tcp://127.0.0.1:{}\"\nkey_file = \"keys/venue\"\n"
                                                        "symbol = \"{}\"\nstore = \"paper.db\"\n"
                                                        "configuration = \"venue-rules.toml\"\n{}{}",
                                                        ports_[0], symbol, more, peers()))});
  }
  // `bursar up` that plays the bars and runs nothing itself.
  std::unique_ptr<Child> house(int bars) {
    const std::string config = file("house.toml", fmt::format("[sample]\nbars = {}\n[broker]\ncount = 0\n[workers]\n"
                                                              "count = 0\n[elsewhere]\nvenue = \"tcp://127.0.0.1:{}\"\n"
                                                              "venue_key_file = \"{}\"\n",
                                                              bars, ports_[0], at("keys/venue.pub")));
    return start_bursar(
        {"up", "--config", config, "--data-dir", at("data"), "--dsn", dsn(database_), "--exit-when-done", "--json"});
  }
  [[nodiscard]] static std::string digest_in(const std::string& output) {
    const auto from = output.find("\"digest\":\"");
    return from == std::string::npos ? "" : output.substr(from + 10, 64);
  }

  TempFolder folder_;
  std::string database_ = fresh_database(), service_ = dsn(database_, "bursar_service");
  int ports_[3] = {free_port(), free_port(), free_port()};
};

TEST_F(Apart, KeysAreMadeOnceAndForTheirOwnerAlone) {
  struct stat secret {};
  ASSERT_EQ(::stat(at("keys/worker").c_str(), &secret), 0);
  EXPECT_EQ(secret.st_mode & 0777, 0400);
  const std::string before = read_text(at("keys/worker"));
  const auto again = bursar({"keys", "generate", "worker", "--dir", at("keys")});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_EQ(read_text(at("keys/worker")), before);
  EXPECT_EQ(again.out.find(before.substr(41, 40)), std::string::npos);
}

TEST_F(Apart, AFileThatCannotBeMeantIsRefusedWithItsLine) {
  const auto said = bursar({"broker", "--config", file("bad.toml", "name = \"b\"\nlistn = \"tcp://127.0.0.1:1\"\n")});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("bad.toml:2:1: listn is not known; did you mean `listen`?"));
}

TEST_F(Apart, APublicKeyThatIsNoZ85IsRefusedWithItsFile) {
  const std::string odd = "0123456789012345678901234567890123456~89";
  const std::string peer = "[[peer]]\nname = \"w\"\nrole = \"worker\"\npublic_key = \"" + odd + "\"\n";
  const auto broker = bursar({"broker", "--config",
                              file("odd.toml",
                                   "name = \"b\"\nlisten = \"ipc://b.sock\"\nkey_file = "
                                   "\"keys/broker-1\"\n" +
                                       postgres() + peer)});
  EXPECT_EQ(broker.code, 2);
  EXPECT_THAT(broker.err, HasSubstr("bursar: " + at("odd.toml") + ": public_key \"" + odd +
                                    "\" has `~` as character 38, which is no Z85"));
  const auto worker =
      bursar({"worker", "--config",
              file("odd-worker.toml", "name = \"w\"\nkey_file = \"keys/worker\"\n" + postgres() +
                                          "[venue]\nendpoint = \"tcp://127.0.0.1:1\"\npublic_key = \"" + odd +
                                          "\"\n[[broker]]\nendpoint = \"tcp://127.0.0.1:2\"\nkey_file = "
                                          "\"keys/broker-1.pub\"\n")});
  EXPECT_EQ(worker.code, 2);
  EXPECT_THAT(worker.err, HasSubstr("has `~` as character 38, which is no Z85"));
}

TEST_F(Apart, APostgresqlInPlainTextOverANetworkIsRefused) {
  fs::create_directories(at("data/keys"));
  fs::copy_file(at("keys/stranger.pub"), at("data/keys/client.pub"));
  const auto text = [&](const std::string& more) {
    return fmt::format(
        "name = \"b\"\nlisten = \"ipc://b.sock\"\nkey_file = \"keys/broker-1\"\n[postgres]\n"
        "dsn = \"host=db.example dbname=bursar\"\n{}{}",
        more, peers());
  };
  const auto refused = bursar({"broker", "--config", file("plain.toml", text(""))});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("sslmode=verify-full"));
  EXPECT_THAT(refused.err, HasSubstr("allow_plain_postgres"));
}

// A peer that speaks ZMTP without CURVE: greeting, READY of a DEALER.
void knock_without_curve(int port) {
  std::string words("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16);
  words.resize(64, '\0');
  words += std::string(
      "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
      "DEALER",
      30);
  const int plain = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ASSERT_EQ(::connect(plain, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::send(plain, words.data(), words.size(), MSG_NOSIGNAL), static_cast<ssize_t>(words.size()));
  char byte = 0;
  while (::recv(plain, &byte, 1, 0) > 0) {
  }
  ::close(plain);
}

TEST_F(Apart, WhoMayNotSpeakIsTurnedAwayAndCountedByReason) {
  const auto up = house(200);
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("data/keys/client.pub")); })) << up->output();
  const auto one = broker(1, "approver");  // may look, and not move world time
  ASSERT_TRUE(one->wait_for_output("listens")) << one->output();
  const auto stranger = worker(1, "stranger");
  knock_without_curve(ports_[1]);
  nlohmann::json refusals;
  EXPECT_TRUE(wait_until([&] {
    const auto told = bursar({"status", "--json", "--data-dir", at("data"), "--dsn", dsn(database_)}).last_line();
    const bool answers = told.is_object() && told.contains("brokers") && !told["brokers"].empty();
    refusals = answers ? told["brokers"][0]["refusals"] : nlohmann::json::object();
    return refusals.contains("unknown key") && refusals.contains("wrong role") && refusals.contains("no CURVE");
  })) << refusals
      << one->output();
  EXPECT_EQ(must_run(database_, "SELECT count(*) FROM ledger.job WHERE attempt > 0").number(0, 0), 0)
      << "nobody was given anything";
}

TEST_F(Apart, ABrokerRemembersWhichLedgerItWorkedOn) {
  fs::create_directories(at("data/keys"));
  fs::copy_file(at("keys/stranger.pub"), at("data/keys/client.pub"));
  auto one = broker(1);
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("broker-broker-1.seen")); })) << one->output();
  one->send(SIGTERM);
  EXPECT_EQ(one->wait().code, 0) << one->output();
  auto seen = nlohmann::json::parse(read_text(at("broker-broker-1.seen")));
  EXPECT_EQ(seen["deployment"].get<std::string>().size(), 16U);
  one = broker(1);
  EXPECT_TRUE(one->wait_for_output("listens")) << one->output();
  one->send(SIGTERM);
  (void)one->wait();
  seen["deployment"] = "00000000000000ff";
  write_text(at("broker-broker-1.seen"), seen.dump());
  one = broker(1);
  EXPECT_TRUE(one->wait_for_output("has worked on 00000000000000ff: connect to the right database")) << one->output();
  one->send(SIGTERM);
  (void)one->wait();
}

TEST_F(Apart, ThreeBrokersInOneHouseDoWhatOneDoes) {
  const auto said = bursar({"up", "--config", config_file(folder_, 200, "[broker]\ncount = 3\nseat_ttl_ms = 1000\n"),
                            "--data-dir", at("data"), "--exit-when-done", "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.last_line()["digest"], finished_house().said.last_line()["digest"]);
}

TEST_F(Apart, AReplayThroughThemEqualsOneInASingleFolderAlsoWhenABrokerIsKilled) {
  const auto up = house(200);
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("data/keys/client.pub")); })) << up->output();
  const auto the_venue = venue();
  auto one = broker(1);
  ASSERT_TRUE(one->wait_for_output("listens")) << one->output();
  const auto w1 = worker(1), w2 = worker(2), w3 = worker(3);
  const auto holder = [&] {
    const auto rows =
        must_run(database_, "SELECT coalesce(max(broker), '') FROM ledger.seats() WHERE cardinality(shards) > 0");
    return std::string(rows.text(0, 0));
  };
  const auto played = [&] { return must_run(database_, "SELECT count(*) FROM ledger.transition").number(0, 0); };
  ASSERT_TRUE(wait_until([&] { return holder() == "broker-1" && played() > 20; })) << up->output() << one->output();
  const auto two = broker(2);
  ASSERT_TRUE(two->wait_for_output("listens")) << two->output();
  one->send(SIGKILL);
  (void)one->wait();
  const auto died = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_until([&] { return holder() == "broker-2"; })) << two->output();
  const auto moved = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - died);
  RecordProperty("moved_after_ms", std::to_string(moved.count()));
  EXPECT_EQ(up->wait(std::chrono::seconds(240)).code, 0) << up->output() << two->output() << w1->output();
  EXPECT_NE(digest_in(up->output()), "");
  EXPECT_EQ(digest_in(up->output()), finished_house().said.last_line()["digest"].get<std::string>());
}

TEST_F(Apart, AVenueFitsItsMarketToThePricesOrSaysWhatItLacks) {
  fs::create_directories(at("data/keys"));
  fs::copy_file(at("keys/stranger.pub"), at("data/keys/client.pub"));
  file("doge.csv",
       "unix,symbol,open,high,low,close\n1704067200,DOGE/USDT,0.081,0.0812,0.0808,0.0811\n"
       "1704070800,DOGE/USDT,0.0811,0.0813,0.0786,0.079\n");
  const auto said = [&](const std::string& rules, const std::string& symbol, const std::string& more) {
    const auto refused = venue(rules, symbol, more);
    EXPECT_EQ(refused->wait().code, 2);
    return refused->output();
  };
  EXPECT_THAT(said("", "DOGE/USDT", ""), HasSubstr("venue.toml: symbol: what DOGE/USDT trades in is not known here "
                                                   "(tick, lot, min_notional); name the file"));
  EXPECT_THAT(said("", "XRP/USDT", "prices = \"doge.csv\"\n"), HasSubstr("has DOGE/USDT, and symbol is XRP/USDT"));
  EXPECT_THAT(said("", "DOGE/USDT", "prices = \"none.csv\"\n"), HasSubstr("none.csv: can't be opened"));
  EXPECT_THAT(said("tick = 0.01\n", "DOGE/USDT", "prices = \"doge.csv\"\n"),
              HasSubstr("venue.paper.tick is 0.01 USDT, which is 12.7 % of the lowest price, 0.079"));
  const auto serves = venue("lot = 10\n", "DOGE/USDT", "prices = \"doge.csv\"\n");
  EXPECT_TRUE(serves->wait_for_output("serves")) << serves->output();
  EXPECT_THAT(serves->output(), HasSubstr("DOGE/USDT in ticks of 0.00001, lots of 10, orders from 10\n"));
}

TEST_F(Apart, AWorkerThatCountsOnMoreThanTheVenuePromisesSendsNothing) {
  const std::string real = "ids = \"among_open\"\ntombstones = false\ndeadline = \"enforced\"\nsettle_ms = 250\n";
  const auto up = house(200);
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("data/keys/client.pub")); })) << up->output();
  const auto the_venue = venue(real);
  const auto one = broker(1);
  ASSERT_TRUE(one->wait_for_output("listens")) << one->output();
  const auto refused = [&](const std::string& rules) {
    const auto claims_more = worker(1, "worker", "", rules);
    EXPECT_EQ(claims_more->wait().code, 2);
    return claims_more->output();
  };
  EXPECT_THAT(refused(""), HasSubstr("venue.ids is \"for_ever\" in the worker's configuration, and the venue promises "
                                     "\"among_open\": nothing is sent"));
  EXPECT_THAT(refused("tombstones = false\n"), HasSubstr("venue.ids is"));
  EXPECT_THAT(refused("ids = \"among_open\"\ntombstones = false\n"),
              HasSubstr("venue.settle_ms is 200 in the worker's configuration, and the venue promises 250"));
  EXPECT_EQ(must_run(database_, "SELECT count(*) FROM ledger.transition WHERE event = 'send'").number(0, 0), 0);
  const auto right = worker(1, "worker", "", real);
  EXPECT_EQ(up->wait(std::chrono::seconds(240)).code, 0) << up->output() << one->output() << right->output();
  EXPECT_GT(must_run(database_, "SELECT count(*) FROM ledger.transition WHERE event = 'send'").number(0, 0), 0);
}

}  // namespace
}  // namespace tests
