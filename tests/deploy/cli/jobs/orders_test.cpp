// tests/deploy/cli/jobs/orders_test.cpp: on a real PostgreSQL: a person's word ends an order that nobody can ask about,
// once, in the chain; the venue's own word confirms it later or overrules it, and nothing is booked twice.
#include "deploy/cli/jobs/orders.hpp"

#include <gmock/gmock.h>

#include "schemas/codec/data.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"

namespace tests {
namespace {

using machines::Amount;
using schemas::OrderReport;
using schemas::OrderStatus;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto usdt = TreasuryGround::usdt;
constexpr auto eth = TreasuryGround::eth;
constexpr machines::OwnerId owner{1};

// A sleeve whose buy of 1,000 USDT was sent, and nobody answered.
class Orders : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ground_ = std::make_unique<TreasuryGround>(0);
    ground_->add_sleeve("flash", "flash", 1'000, 0, 0);
    where_.dsn = dsn(ground_->database);
    where_.json = true;
    draft();
  }

  // The cycle enters: its order is drafted, with its hold and its job.
  void draft() {
    const auto sleeves = ledger::books::read_sleeves(ground_->connection);
    const auto& sleeve = sleeves->begin()->second;
    const std::int64_t cycle =
        std::stoll(ground_->one("SELECT id::text FROM ledger.instance WHERE kind = 'sleeve_cycle'"));
    auto ground = workers::reconciliation::ground_for(ground_->connection, owner);
    machines::Move enters;
    enters.instance = machines::Subject::of({cycle});
    enters.kind = "sleeve_cycle";
    enters.version = 1;
    enters.from = "watching";
    enters.to = "entering";
    enters.event = "entry_signal";
    enters.command = "none";
    enters.data = ground_->one("SELECT data FROM ledger.instance WHERE kind = 'sleeve_cycle'");
    machines::order::Data data;
    data.symbol = "ETH/USDT";
    data.size = data.held = Amount({1}, usdt(1'000));
    data.hold = {{cycle}, 2, 1};
    data.base = data.fees_base = Amount::zero({2});
    data.quote = data.fees = Amount::zero({1});
    machines::Move drafted;
    drafted.instance = machines::Subject::birth(1);
    drafted.kind = "order";
    drafted.to = "drafted";
    drafted.event = "draft";
    drafted.command = "place_order";
    drafted.parent = {cycle};
    drafted.sleeve = sleeve.id;
    drafted.data = schemas::write_order(data);
    data_ = drafted.data;
    ground->step.moves = {enters, drafted};
    ground->step.postings = {
        {machines::PostingKind::hold, sleeve.accounts.quote, sleeve.accounts.trading_quote, data.held, "buy", {}}};
    ground->step.jobs = {{machines::Subject::birth(1), "place_order", false, {0}, {}}};
    const auto result = workers::reconciliation::commit_alone(ground_->connection, *ground);
    ASSERT_TRUE(result && result->outcome == machines::Outcome::committed) << name_of(result->refusal);
    order_ = result->born.at(0);
  }
  // Without a word to anybody: the order's next state, with the job of its command.
  void move(std::int64_t version, const char* from, const char* event, const char* to, const char* command) {
    auto ground = workers::reconciliation::ground_for(ground_->connection, owner);
    machines::Move made;
    made.instance = machines::Subject::of(order_);
    made.kind = "order";
    made.version = version;
    made.from = from;
    made.to = to;
    made.event = event;
    made.command = command;
    made.data = data_;
    if (std::string_view(command) != "none") ground->step.jobs = {{made.instance, command, false, {0}, {}}};
    ground->step.moves = {made};
    const auto result = workers::reconciliation::commit_alone(ground_->connection, *ground);
    ASSERT_TRUE(result && result->outcome == machines::Outcome::committed) << name_of(result->refusal);
  }
  void send_into_silence() {
    move(1, "drafted", "send", "sent", "none");
    must_run(ground_->database, "DELETE FROM ledger.job WHERE command = 'place_order'");
    move(2, "sent", "fall_silent", "in_doubt", "query_order");
  }

  // As the order stands from now on: with this in its data.
  void send_into_silence(const std::function<void(machines::order::Data&)>& change) {
    auto data = *schemas::parse_order(data_);
    change(data);
    data_ = schemas::write_order(data);
    send_into_silence();
  }

  // The exit code; what was printed is in said_.
  int resolve(const std::string& as, bool yes = true, const std::string& base = "", const std::string& quote = "",
              const std::string& fee = "") {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = deploy::resolve_order(where_, {order_.value, as, "a screen shot", base, quote, fee, yes});
    said_ = testing::internal::GetCapturedStdout();
    said_ += testing::internal::GetCapturedStderr();
    return code;
  }
  std::string list(bool in_doubt) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(deploy::list_orders(where_, in_doubt), 0);
    return testing::internal::GetCapturedStdout();
  }
  std::string state() { return ground_->one("SELECT state FROM ledger.instance WHERE kind = 'order'"); }
  std::string resolution() {
    return ground_->one("SELECT coalesce(max(state), 'none') FROM ledger.instance WHERE kind = 'resolution'");
  }
  // The venue's word about the order from now on.
  workers::reconciliation::Reconciled reconcile(const OrderReport& report) {
    workers::reconciliation::Reconciling how{{}, "ana", "ben", std::chrono::milliseconds(500)};
    how.ask_order = [&](const std::string&, bool cancel) -> machines::Result<OrderReport, std::string> {
      cancels_ += cancel;
      return report;
    };
    const auto made = workers::reconciliation::reconcile(ground_->connection, how, ground_->asked());
    EXPECT_TRUE(made.has_value()) << made.error().text;
    return made ? *made : workers::reconciliation::Reconciled{};
  }
  static OrderReport word(OrderStatus status, std::int64_t venue_us = 0) {
    OrderReport report;
    report.status = status;
    report.venue_us = venue_us;
    return report;
  }
  static OrderReport filled_there() {
    OrderReport report = word(OrderStatus::filled);
    schemas::Fill fill;
    fill.number = 1;
    fill.base = eth(400);
    fill.quote = usdt(900);
    fill.fee = usdt(1);
    report.fills = {fill};
    return report;
  }

  std::unique_ptr<TreasuryGround> ground_;
  deploy::CommandContext where_;
  machines::InstanceId order_{0};
  std::string data_, said_;
  int cancels_ = 0;
};

TEST_F(Orders, WhatWasNeverSentHasEndedOrIsInAWorkersHandIsRefusedByName) {
  EXPECT_EQ(resolve("not_placed"), 1);
  EXPECT_THAT(said_, AllOf(HasSubstr("was never sent"), HasSubstr("bursar job cancel 1/")));
  send_into_silence();
  must_run(ground_->database, "UPDATE ledger.job SET token = gen_random_uuid()");
  EXPECT_EQ(resolve("not_placed"), 1);
  EXPECT_THAT(said_, HasSubstr("a worker holds job"));
  must_run(ground_->database, "UPDATE ledger.job SET token = NULL");
  EXPECT_EQ(resolve("filled", true, "0.4", "1000", "1"), 1);
  EXPECT_THAT(said_, HasSubstr("more than the order's 1000.00000000 USDT"));
  EXPECT_EQ(resolve("filled", true, "0", "900", "1"), 1);
  EXPECT_EQ(resolve("filled"), 2);
  EXPECT_EQ(resolve("cancelled", true, "0.4", "900"), 2);
  EXPECT_EQ(resolve("not_placed"), 0) << said_;
  EXPECT_EQ(resolve("not_placed"), 1);
  EXPECT_THAT(said_, HasSubstr("has ended: not_placed"));
  ground_->expect_sound();
}

TEST_F(Orders, AWordIsShownFirstAndThenEndsTheOrderWithItsCycleAndItsJobs) {
  EXPECT_THAT(list(true), Not(HasSubstr("drafted")));
  send_into_silence();
  EXPECT_THAT(list(true), AllOf(HasSubstr(R"("state":"in_doubt")"), HasSubstr("1000.00000000 USDT")));
  EXPECT_EQ(resolve("not_placed", false), 2);
  EXPECT_THAT(said_, AllOf(HasSubstr(R"("to":"not_placed")"), HasSubstr(R"("kind":"void")"), HasSubstr("add --yes")));
  EXPECT_EQ(state(), "in_doubt") << "it was only shown";
  EXPECT_EQ(resolve("not_placed"), 0) << said_;
  EXPECT_EQ(state(), "not_placed");
  EXPECT_EQ(ground_->state_of("flash"), "watching");
  EXPECT_EQ(ground_->one("SELECT count(*)::text FROM ledger.job WHERE kind = 'order'"), "0");
  EXPECT_EQ(ground_->one("SELECT data::json ->> 'why' FROM ledger.instance WHERE kind = 'intervention'"),
            "a screen shot");
  EXPECT_EQ(ground_->one("SELECT count(*)::text FROM ledger.stranded()"), "0") << "a resolution waits in sight";
  EXPECT_THAT(list(true), AllOf(HasSubstr(R"("orders":[])"), HasSubstr("a screen shot")));
  ground_->expect_sound();
}

TEST_F(Orders, TheSameWordOfTheVenueConfirmsIt) {
  send_into_silence();
  ASSERT_EQ(resolve("filled", true, "0.4", "900", "1"), 0) << said_;
  EXPECT_EQ(ground_->state_of("flash"), "holding");
  ground_->totals["ETH"] += eth(400);
  ground_->totals["USDT"] -= usdt(901);
  EXPECT_EQ(resolution(), "unconfirmed");
  const auto made = reconcile(filled_there());
  EXPECT_THAT(made.found, IsEmpty());
  EXPECT_EQ(resolution(), "confirmed");
  EXPECT_THAT(reconcile(word(OrderStatus::cancelled)).heard, IsEmpty()) << "asked once";
  ground_->expect_sound();
}

TEST_F(Orders, AnotherWordOverrulesItAndWhatDiffersWaitsInQuarantineByName) {
  send_into_silence();
  ASSERT_EQ(resolve("not_placed"), 0) << said_;
  ground_->totals["ETH"] += eth(400);
  ground_->totals["USDT"] -= usdt(901);
  for (int times = 0; times < 2; ++times) reconcile(filled_there());
  EXPECT_EQ(resolution(), "overruled");
  const auto open = ground_->breaks();
  ASSERT_THAT(open, SizeIs(2)) << "booked once";
  for (const auto& one : open)
    EXPECT_THAT(one.data.why, HasSubstr("order " + std::to_string(order_.value) + ", not_placed by"));
  EXPECT_EQ(open[0].data.person, "ben");
  EXPECT_TRUE(ground_->balance("sleeve/flash/ETH") == 0) << "what is in quarantine is not traded";
  ground_->expect_sound();
}

TEST_F(Orders, AFillThatTheVenueNeverMadeIsOverruledToo) {
  send_into_silence();
  ASSERT_EQ(resolve("filled", true, "0.4", "900", "1"), 0) << said_;
  const auto made = reconcile(word(OrderStatus::not_found));
  EXPECT_EQ(cancels_, 1) << "what is not known there is barred by its id before it counts as its word";
  EXPECT_THAT(made.found, SizeIs(2));
  EXPECT_EQ(resolution(), "overruled");
  ground_->expect_sound();
}

// Where no cancel bars an id, a request may come until its life has ended, and takes a while to show.
TEST_F(Orders, NotFoundIsNoWordWhileARequestOfItMayStillCome) {
  constexpr std::int64_t until_us = 1'700'000'005'000'000, settled_us = until_us + 60'000'000;
  send_into_silence([](auto& data) { data.good_until_us = until_us; });
  ASSERT_EQ(resolve("not_placed"), 0) << said_;
  for (const std::int64_t venue_us : {until_us - 5'000'000, until_us + 1, settled_us}) {
    const auto made = reconcile(word(OrderStatus::not_found, venue_us));
    ASSERT_THAT(made.heard, SizeIs(1));
    EXPECT_THAT(made.heard[0].text, HasSubstr("not_found: a request of it may still be taken, or show, for "));
    EXPECT_EQ(resolution(), "unconfirmed");
  }
  reconcile(word(OrderStatus::not_found, settled_us + 1));
  EXPECT_EQ(resolution(), "confirmed");
  ground_->expect_sound();
}

TEST_F(Orders, ARequestThatComesAfterAPersonsWordOverrulesIt) {
  send_into_silence([](auto& data) { data.good_until_us = 1'700'000'005'000'000; });
  ASSERT_EQ(resolve("not_placed"), 0) << said_;
  reconcile(word(OrderStatus::not_found, 1'700'000'000'000'000));
  ground_->totals["ETH"] += eth(400);
  ground_->totals["USDT"] -= usdt(901);
  EXPECT_THAT(reconcile(filled_there()).found, SizeIs(2));
  EXPECT_EQ(resolution(), "overruled");
}

TEST_F(Orders, WithoutTheVenuesTimePostgresqlsCounts) {
  send_into_silence([](auto& data) { data.good_until_us = 1; });  // long ago
  ASSERT_EQ(resolve("not_placed"), 0) << said_;
  reconcile(word(OrderStatus::not_found));
  EXPECT_EQ(resolution(), "confirmed");
}

// A person says what it came to in all, as the venue's own pages show it.
TEST_F(Orders, OnlyWhatIsNotBookedYetIsBooked) {
  send_into_silence([](auto& data) {
    data.fills = 1;
    data.base = Amount({2}, eth(100));
    data.quote = Amount({1}, usdt(225));
    data.fees = Amount({1}, usdt(1));
  });
  ASSERT_EQ(resolve("filled", true, "0.4", "900", "3"), 0) << said_;
  EXPECT_TRUE(ground_->balance("sleeve/flash/ETH") == eth(300));
  EXPECT_TRUE(ground_->balance("sleeve/flash/USDT") == usdt(1'000 - 675 - 2));
}

TEST_F(Orders, AnotherFeeIsAnotherWord) {
  send_into_silence();
  ASSERT_EQ(resolve("filled", true, "0.4", "900", "2"), 0) << said_;
  ground_->totals["ETH"] += eth(400);
  ground_->totals["USDT"] -= usdt(901);
  reconcile(filled_there());
  EXPECT_EQ(resolution(), "overruled");
}

// What differs is in quarantine before the word that says so is recorded.
TEST_F(Orders, WithoutAStatementNoWordIsRecorded) {
  send_into_silence();
  ASSERT_EQ(resolve("not_placed"), 0) << said_;
  workers::reconciliation::Reconciling how{{}, "ana", "ben", std::chrono::milliseconds(500)};
  how.ask_order = [&](const std::string&, bool) -> machines::Result<OrderReport, std::string> {
    return filled_there();
  };
  const auto made = workers::reconciliation::reconcile(ground_->connection, how,
                                                       [] { return machines::fail(std::string("it is silent")); });
  ASSERT_TRUE(made.has_value());
  EXPECT_THAT(made->heard, SizeIs(1));
  EXPECT_EQ(resolution(), "unconfirmed");
}

TEST_F(Orders, WithoutEvidenceNothingIsResolved) {
  send_into_silence();
  testing::internal::CaptureStderr();
  EXPECT_EQ(deploy::resolve_order(where_, {order_.value, "not_placed", "", "", "", "", true}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--evidence is empty"));
  EXPECT_EQ(state(), "in_doubt");
}

// The database's own look, under its locks: a worker may have taken the job since the person looked.
TEST_F(Orders, TheDatabaseHoldsAnOrderForAPersonOnlyWhileNobodyAsksAboutIt) {
  send_into_silence();
  const auto held = [&](std::int64_t version) {
    return ground_->one("SELECT ledger.hold_for_person(1, " + std::to_string(order_.value) + ", " +
                        std::to_string(version) + ")");
  };
  EXPECT_EQ(held(3), "");
  EXPECT_EQ(held(2), "moved_on");
  must_run(ground_->database, "UPDATE ledger.job SET token = gen_random_uuid() WHERE kind = 'order'");
  EXPECT_EQ(held(3), "in_flight");
}

TEST_F(Orders, WhatRestsAtTheVenueIsCancelledThereAndAskedAboutAgain) {
  send_into_silence();
  ASSERT_EQ(resolve("cancelled"), 0) << said_;
  EXPECT_EQ(state(), "cancelled");
  reconcile(word(OrderStatus::resting));
  EXPECT_EQ(cancels_, 1);
  EXPECT_EQ(resolution(), "unconfirmed");
  reconcile(word(OrderStatus::cancelled));
  EXPECT_EQ(resolution(), "confirmed");
  ground_->expect_sound();
}

}  // namespace
}  // namespace tests
