// tests/deploy/bursar/late_request_test.cpp: by real processes: an order's request is held up for 2.3 s and more
// between worker and venue, a person pauses or freezes meanwhile, then the request arrives. The venue holds nothing
// that the ledger does not know of, whichever way the venue treats ids and deadlines.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "machines/core/names.hpp"
#include "tests/deploy/bursar/free_port.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/deploy/bursar/late_line.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/venues/paper/support.hpp"
#include "workers/venues/paper/store.hpp"

namespace tests {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;
namespace venues = workers::venues;

struct Case {
  const char* name;
  std::string rules;        // of the venue, as TOML
  std::int64_t held_ms;     // the request, at least
  std::vector<Words> stop;  // what the person orders while the order is under way
  std::vector<Words> go_on;
};

constexpr std::int64_t request_life_ms = 5'000;  // the default
const std::string as_it_is;
const std::string as_real_ones = "ids = \"among_open\"\ntombstones = false\ndeadline = \"enforced\"\n";

class LateRequest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    for (const char* name : {"broker", "worker", "venue"})
      ASSERT_EQ(bursar({"keys", "generate", name, "--dir", at("keys")}).code, 0);
    house_config_ = file(
        "house.toml",
        fmt::format("[venue.paper]\n{}[sample]\nbars = 106\n[broker]\ncount = 0\n[workers]\ncount = 0\n[elsewhere]\n"
                    "venue = \"tcp://127.0.0.1:{}\"\nvenue_key_file = \"{}\"\n",
                    GetParam().rules, venue_port_, at("keys/venue.pub")));
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string file(const std::string& name, const std::string& text) const {
    write_text(at(name), text);
    return at(name);
  }
  [[nodiscard]] std::string postgres() const { return fmt::format("[postgres]\ndsn = \"{}\"\n", service_); }
  [[nodiscard]] static std::string peers() {
    return "[[peer]]\nname = \"worker\"\nrole = \"worker\"\nkey_file = \"keys/worker.pub\"\n"
           "[[peer]]\nname = \"house\"\nrole = \"client\"\nkey_file = \"data/keys/client.pub\"\n";
  }
  std::unique_ptr<Child> venue() {
    return start_bursar(
        {"venue", "--config",
         file("venue.toml",
              fmt::format("listen = \"tcp://127.0.0.1:{}\"\nkey_file = \"keys/venue\"\nsymbol = \"ETH/USDT\"\n"
                          "store = \"paper.db\"\nconfiguration = \"house.toml\"\n{}",
                          venue_port_, peers()))});
  }
  // Its way to the venue is the late line.
  std::unique_ptr<Child> worker() {
    return start_bursar(
        {"worker", "--config",
         file("worker.toml", fmt::format("name = \"worker-1\"\nkey_file = \"keys/worker\"\n{}[venue]\nendpoint = "
                                         "\"tcp://127.0.0.1:{}\"\nkey_file = \"keys/venue.pub\"\n{}[[broker]]\n"
                                         "endpoint = \"tcp://127.0.0.1:{}\"\nkey_file = \"keys/broker.pub\"\n",
                                         postgres(), line_port_, GetParam().rules, broker_port_))});
  }
  std::unique_ptr<Child> broker() {
    return start_bursar(
        {"broker", "--config",
         file("broker.toml", fmt::format("name = \"broker-1\"\nlisten = \"tcp://127.0.0.1:{}\"\nkey_file = "
                                         "\"keys/broker\"\n{}{}",
                                         broker_port_, postgres(), peers()))});
  }
  Said say(Words words) {
    words.insert(words.end(), {"--data-dir", at("data"), "--dsn", dsn(database_)});
    return bursar(words);
  }
  void order_all(const std::vector<Words>& what) {
    for (const Words& words : what) {
      const Said said = say(words);
      EXPECT_EQ(said.code, 0) << said.err;
    }
  }
  std::int64_t orders_in(const std::string& states) {
    return must_run(database_,
                    "SELECT count(*) FROM ledger.instance WHERE kind = 'order' AND state IN (" + states + ")")
        .number(0, 0);
  }

  // What the venue has under each order's id, where it is not what the ledger says of it: an order that rests there
  // unwatched is in no statement. Of the stopped venue's own file.
  std::vector<std::string> differences() {
    venues::paper::Book book;
    book.markets = {eth_usdt()};
    book.starting = {{usdt, Amount(usdt.id, 20'000 * one_usdt)}};
    if (GetParam().rules != as_it_is)
      book.properties = {venues::VenueProperties::Ids::among_open, false, 5'000, true, 200};
    auto store = venues::paper::Store::open(at("paper.db"), book);
    if (!store) return {store.error().text};
    const auto rows =
        must_run(database_,
                 "SELECT encode(d.name, 'hex') || lpad(to_hex(i.id), 16, '0'), i.state FROM ledger.instance i, "
                 "ledger.deployment d WHERE i.kind = 'order' ORDER BY i.id");
    std::vector<std::string> found;
    std::int64_t known = 0;
    for (int row = 0; row < rows.size(); ++row) {
      const std::string id(rows.text(row, 0)), state(rows.text(row, 1));
      const auto report = store->query({id, true});
      if (!report) return {report.error().text};
      const std::string there(machines::name_of(report->status));
      known += report->symbol.empty() ? 0 : 1;
      const bool never_came = there == "not_found" && (state == "cancelled" || state == "not_placed");
      if (there != state && !never_came) found.push_back(id + " is " + state + ", at the venue " + there);
    }
    { const auto closed = std::move(store); }
    const auto all = venues::paper::Database::open(at("paper.db"))->number("SELECT count(*) FROM orders");
    if (*all != known) found.push_back(fmt::format("the venue has {} orders, the ledger {} of them", *all, known));
    return found;
  }

  TempFolder folder_;
  std::string database_ = fresh_database(), service_ = dsn(database_, "bursar_service"), house_config_;
  int venue_port_ = free_port(), broker_port_ = free_port(), line_port_ = free_port();
};

TEST_P(LateRequest, LeavesTheVenuesStatementWhatTheLedgerSays) {
  const auto up = start_bursar({"up", "--config", house_config_, "--data-dir", at("data"), "--dsn", dsn(database_)});
  ASSERT_TRUE(wait_until([&] { return fs::exists(at("data/keys/client.pub")); })) << up->output();
  const auto the_venue = venue();
  ASSERT_TRUE(the_venue->wait_for_output("serves")) << the_venue->output();
  LateLine line(line_port_, venue_port_);
  const auto the_worker = worker();
  ASSERT_TRUE(wait_until([&] { return line.answered(); })) << the_worker->output();
  std::this_thread::sleep_for(milliseconds(300));  // for the rest of their handshake
  line.hold_all();
  const auto the_broker = broker();

  ASSERT_TRUE(wait_until([&] { return orders_in("'sent'") > 0; })) << up->output() << the_worker->output();
  const auto sent = Clock::now();
  order_all(GetParam().stop);
  EXPECT_TRUE(line.holds_something());
  line.hold_old();  // what is asked about the order from now on gets through; the request itself stays on its way
  const auto for_ms = [&](std::int64_t ms) { return Clock::now() - sent >= milliseconds(ms); };
  ASSERT_TRUE(wait_until([&] { return for_ms(1'800) && orders_in("'sent'") == 0; })) << the_worker->output();
  (void)wait_until([&] { return for_ms(GetParam().held_ms) && (orders_in("'in_doubt'") == 0 || for_ms(4'000)); });
  line.release();
  ASSERT_TRUE(wait_until([&] { return !line.holds_something(); }));
  std::this_thread::sleep_for(milliseconds(500));  // it is there, whatever the venue makes of it
  order_all(GetParam().go_on);

  ASSERT_TRUE(up->wait_for_output("stays open", std::chrono::seconds(120)))
      << up->output() << the_worker->output() << the_broker->output();
  EXPECT_EQ(orders_in("'drafted', 'sent', 'in_doubt'"), 0);
  const Said reconciled = say({"reconcile", "--json", "--config", house_config_});
  EXPECT_EQ(reconciled.code, 0) << reconciled.err;
  EXPECT_EQ(reconciled.last_line()["breaks"].size(), 0U) << reconciled.out;
  EXPECT_EQ(say({"reconcile", "list", "--all", "--json"}).last_line().size(), 0U);
  const Said verified = say({"ledger", "verify", "--full"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_EQ(orders_in("'quarantined'"), 0);
  if (GetParam().held_ms > request_life_ms) {
    EXPECT_GT(orders_in("'not_placed'"), 0) << "no request could come any more: that word was final";
  }
  the_venue->send(SIGTERM);
  EXPECT_EQ(the_venue->wait().code, 0);
  EXPECT_THAT(differences(), testing::IsEmpty());
}

const std::vector<Words> pause_sleeves{{"pause", "sleeve", "quiet", "--why", "test"},
                                       {"pause", "sleeve", "flash", "--why", "test"}};
const std::vector<Words> resume_sleeves{{"resume", "sleeve", "quiet", "--why", "test"},
                                        {"resume", "sleeve", "flash", "--why", "test"}};
const std::vector<Words> pause_all{{"pause", "all", "--why", "test"}};
const std::vector<Words> resume_all{{"resume", "all", "--why", "test"}};
const std::vector<Words> freeze{{"freeze", "--level", "all", "--why", "test"}};
const std::vector<Words> unfreeze{{"unfreeze", "--why", "test"}};

INSTANTIATE_TEST_SUITE_P(Venue, LateRequest,
                         testing::Values(Case{"AsItIsPauseSleeve", as_it_is, 2'300, pause_sleeves, resume_sleeves},
                                         Case{"AsItIsPauseAll", as_it_is, 2'300, pause_all, resume_all},
                                         Case{"AsItIsFreeze", as_it_is, 2'300, freeze, unfreeze},
                                         Case{"RealPauseSleeve", as_real_ones, 2'300, pause_sleeves, resume_sleeves},
                                         Case{"RealPauseAll", as_real_ones, 2'300, pause_all, resume_all},
                                         Case{"RealFreeze", as_real_ones, 2'300, freeze, unfreeze},
                                         Case{"RealPastItsDeadline", as_real_ones, 6'500, pause_all, resume_all}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace tests
