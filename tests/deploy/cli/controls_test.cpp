// tests/deploy/cli/controls_test.cpp: what stops by a person's word, on a real PostgreSQL: pauses and freezes by name,
// what is in force, and what they come too late for.
#include "deploy/cli/controls.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "deploy/cli/jobs/jobs.hpp"
#include "deploy/cli/status.hpp"
#include "tests/deploy/cli/line.hpp"
#include "tests/deploy/operations/treasury.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

using Words = std::vector<std::string>;

class Controls : public OperationsTest {
 protected:
  [[nodiscard]] Captured say(Words words) const {
    words.insert(words.end(), {"--dsn", dsn(ground_->database)});
    return line({deploy::add_control_commands, deploy::add_job_commands, deploy::add_status_command}, words);
  }
  [[nodiscard]] json told(Words words) const {
    words.emplace_back("--json");
    const Captured said = say(std::move(words));
    EXPECT_EQ(said.err, "");
    return json::parse(said.out, nullptr, false);
  }
  void expect_said(const Words& words, int code, const std::string& what) const {
    const Captured said = say(words);
    EXPECT_EQ(said.code, code) << said.out << said.err;
    EXPECT_THAT(code == 2 ? said.err : said.out, HasSubstr(what)) << testing::PrintToString(words);
  }
  // The id of a new order of a sleeve (0: of none), with its job.
  [[nodiscard]] std::string order(const std::string& state, int sleeve = 0) const {
    return ground_->one(fmt::format(
        "SELECT ledger.record_move(1, 'order', 0, 0, '', '{}', 'draft', {}, false, '{{\"side\": \"buy\"}}', "
        "1000, 'place_order', 1000)::text",
        state, sleeve));
  }
  // How many orders a broker gets.
  [[nodiscard]] std::string taken() const {
    return ground_->one("SELECT count(*)::text FROM ledger.take('{3}', 5000, 10, 'b') WHERE kind = 'order'");
  }
};

TEST_F(Controls, APauseIsOfOneNameAndStandsUntilItIsLifted) {
  expect_said({"pause", "sleeve", "quiet", "--why", "a look"}, 0, "the sleeve quiet of default is paused: no new buys");
  EXPECT_EQ(ground_->one("SELECT ledger.is_paused(1, 1)::text || ledger.is_paused(1, 2)::text"), "truefalse");
  expect_said({"pause", "sleeve", "quiet", "--why", "a look"}, 0, "the sleeve quiet of default was paused already");
  const json controls = told({"controls"});
  ASSERT_THAT(controls, SizeIs(1));
  EXPECT_EQ(controls[0]["measure"], "pause");
  EXPECT_EQ(controls[0]["scope"], "sleeve");
  EXPECT_EQ(controls[0]["target"], "quiet");
  EXPECT_EQ(controls[0]["why"], "a look");
  EXPECT_THAT(say({"controls"}).out, MatchesRegex("20[^ ]+Z  pause sleeve quiet of default, by [^ ]+: a look\n"));
  expect_said({"resume", "sleeve", "quiet", "--why", "looked"}, 0, "the sleeve quiet of default is resumed");
  expect_said({"resume", "sleeve", "quiet", "--why", "looked"}, 1, "the sleeve quiet of default was not paused");
  EXPECT_EQ(ground_->one("SELECT ledger.is_paused(1, 1)::text"), "false");
  EXPECT_EQ(say({"controls"}).out, "nothing is paused or frozen\n");
  ground_->expect_sound();
}

TEST_F(Controls, AllIsEveryOwnerByItself) {
  ground_->one("SELECT ledger.open_owner('dao', 5)::text");
  const Captured paused = say({"pause", "all", "--why", "a look"});
  EXPECT_EQ(paused.code, 0);
  EXPECT_THAT(paused.out,
              testing::AllOf(HasSubstr("everything of default is paused"), HasSubstr("everything of dao is paused")));
  EXPECT_THAT(told({"controls"}), SizeIs(2));
  expect_said({"resume", "owner", "--owner", "dao", "--why", "looked"}, 0, "everything of dao is resumed");
  EXPECT_THAT(told({"controls"}), SizeIs(1));
}

TEST_F(Controls, AFreezeHasOneStrengthAtATime) {
  expect_said({"freeze", "--why", "who is that?"}, 0, "is frozen: no buys, no transfers; exits still run");
  expect_said({"freeze", "--level", "all", "--why", "stop"}, 0, "everything of default is frozen: nothing leaves");
  const json controls = told({"controls"});
  ASSERT_THAT(controls, SizeIs(1)) << "the stronger one took its place";
  EXPECT_EQ(controls[0]["level"], "all");
  const Captured again = say({"freeze", "--level", "all", "--why", "again"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out,
              MatchesRegex("everything of default is already frozen at level all since 20[^ ]+Z, by .+: stop\n"));
  expect_said({"unfreeze", "--why", "it was me"}, 0, "everything of default is no longer frozen");
  expect_said({"unfreeze", "--why", "it was me"}, 1, "everything of default was not frozen");
  ground_->expect_sound();
}

TEST_F(Controls, WhatIsNotThereIsRefusedWithWhatIs) {
  const Words why{"--why", "x"};
  const auto refused = [&](Words words, const std::string& what) {
    words.insert(words.end(), why.begin(), why.end());
    expect_said(words, 2, what);
  };
  refused({"pause", "sleeve", "teapot"}, "default has no sleeve `teapot`; there are: quiet, flash");
  refused({"pause", "vault", "teapot"}, "default has no vault `teapot`; there are: USDT");
  refused({"pause", "venue", "teapot"}, "default has no venue `teapot`; there are: paper");
  refused({"pause", "owner", "--owner", "nobody"}, "there is no owner `nobody`; there are: default");
  refused({"pause", "kind", "teapot"}, "there is no machine `teapot`; there are: ");
  refused({"pause", "instance", "99999"}, "default has no live instance `99999`; `bursar machine list` shows them");
  refused({"pause", "teapot", "quiet"}, "teapot");
  refused({"freeze", "--level", "solid"}, "level `solid` is unknown; it is entries+transfers (exits still run) or all");
  for (const Words& words : {Words{"pause", "all"}, Words{"resume", "all"}, Words{"freeze"}, Words{"unfreeze"}})
    expect_said(words, 2, words[0] + ": --why is missing");
  EXPECT_THAT(told({"controls"}), IsEmpty());
}

TEST_F(Controls, AMachineOrAnInstanceIsPausedAndResumedByName) {
  const std::string instance = order("drafted");
  expect_said({"pause", "kind", "order", "--why", "a look"}, 0,
              "everything of kind order of default is paused: nothing of it is dispatched");
  EXPECT_EQ(say({"pause", "instance", instance, "--why", "a look"}).code, 0);
  EXPECT_THAT(told({"controls"}), SizeIs(2));
  EXPECT_EQ(taken(), "0");
  EXPECT_EQ(told({"job", "list", "--kind", "order"})[0]["state"], "held");
  EXPECT_EQ(told({"status"})["jobs"]["held"], 1);
  EXPECT_EQ(say({"resume", "kind", "order", "--why", "looked"}).code, 0);
  EXPECT_EQ(told({"job", "list", "--kind", "order"})[0]["state"], "held") << "its instance is paused still";
  EXPECT_EQ(say({"resume", "instance", instance, "--why", "looked"}).code, 0);
  EXPECT_EQ(taken(), "1");
}

// A stop can't call back what has left, or may have: it is named.
TEST_F(Controls, WhatAStopComesTooLateForIsNamed) {
  const std::string sent = order("sent", 1), drafted = order("drafted", 2);
  const Captured paused = say({"pause", "sleeve", "quiet", "--why", "x"});
  EXPECT_THAT(paused.out, HasSubstr("\n  on its way: order " + sent + " of quiet, buy, sent\n"));
  EXPECT_THAT(paused.out, testing::Not(HasSubstr("order " + drafted))) << "it has not left";
  EXPECT_EQ(taken(), "2");
  const json halted = told({"pause", "kind", "order", "--why", "x"});
  ASSERT_THAT(halted["in_flight"], SizeIs(1)) << "the other lease was taken back";
  EXPECT_EQ(halted["in_flight"][0]["machine"], std::stoll(sent));
  EXPECT_EQ(halted["in_flight"][0]["state"], "sent");
}

}  // namespace
}  // namespace tests
