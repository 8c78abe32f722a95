// tests/ledger/controls_test.cpp: pauses and freezes beside writers at full speed, and who wakes when one is lifted.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "tests/ledger/treasury.hpp"
#include "tests/support/child.hpp"

namespace tests {
namespace {

using testing::ElementsAre;

class Controls : public Treasury {
 protected:
  // A cycle of this sleeve that rests paused.
  [[nodiscard]] InstanceId paused_cycle(std::int64_t sleeve) const {
    Step step = birth(owner);
    step.moves[0].kind = "sleeve_cycle";
    step.moves[0].to = "paused";
    step.moves[0].sleeve = {sleeve};
    return commit({step}).at(0).born.at(0);
  }
  // The instances that a job wakes, in order.
  [[nodiscard]] std::string woken() const {
    return ask(
        "SELECT string_agg(instance::text, ' ' ORDER BY instance) FROM ledger.job WHERE is_event AND command = "
        "'resume'");
  }
  [[nodiscard]] std::string history_of(std::int64_t control) const {
    return ask(
        fmt::format("SELECT string_agg(event || ' by ' || (data::json ->> 'who') || ' for ' || (data::json ->> "
                    "'why'), ', ' ORDER BY version) FROM ledger.transition WHERE owner = 1 AND instance = {} "
                    "AND kind = 'control' AND world_at > 0",
                    control));
  }
};

struct Writer {
  std::int64_t committed = 0;
  bool met_the_freeze = false;
  std::string wrong;
};

// Commits steps decided at `epoch` until one is stale; gives up after far too many.
void write_until_stale(const std::string& service, InstanceId till, std::int64_t epoch, Writer& writer,
                       std::atomic<int>& sum) {
  ledger::Connection connection(service);
  ledger::journal::Journal journal(connection);
  for (std::int64_t version = 1; version < 100'000; ++version) {
    Step step = with(next({1}, till, version), {pay({1}, {2}, 1)});
    step.control_epoch = epoch;
    const auto results = journal.commit(ledger_shard, 0, {&step, 1});
    if (!results || (results->at(0) != committed && results->at(0) != stale_epoch)) {
      writer.wrong = results ? testing::PrintToString(results->at(0)) : results.error().text;
      return;
    }
    if ((writer.met_the_freeze = results->at(0) == stale_epoch)) return;
    ++writer.committed, ++sum;
  }
}

TEST_F(Controls, Inv24AfterAFreezeHasReturnedNothingCommitsThatDidNotKnow) {
  constexpr std::size_t clients = 8;
  const std::int64_t epoch = control_epoch();
  std::vector<InstanceId> tills;
  for (std::size_t n = 0; n < clients; ++n) tills.push_back(new_till());
  std::vector<Writer> writers(clients);
  std::atomic<int> sum = 0;
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < clients; ++n)
    threads.emplace_back([&, n] { write_until_stale(service(), tills[n], epoch, writers[n], sum); });
  EXPECT_TRUE(wait_until([&] { return sum > 400; }));
  const std::int64_t control = impose("freeze", "", "", "all");
  const std::string at_return = ask("SELECT count(*) FROM ledger.posting WHERE code = 'pay'");
  for (std::thread& thread : threads) thread.join();
  for (const Writer& writer : writers) {
    EXPECT_EQ(writer.wrong, "");
    EXPECT_TRUE(writer.met_the_freeze);
    EXPECT_GT(writer.committed, 0);
  }
  EXPECT_EQ(ask("SELECT count(*) FROM ledger.posting WHERE code = 'pay'"), at_return) << "it came after the freeze";
  EXPECT_EQ(at_return, std::to_string(sum));
  // By the order of the chain, too: the freeze is in the shard's last link.
  EXPECT_EQ(ask(fmt::format("SELECT seq = (SELECT max(seq) FROM ledger.link WHERE shard = {0}) FROM ledger.link WHERE "
                            "shard = {0} AND {1} = ANY (instances)",
                            ledger_shard, control)),
            "t");
}

TEST_F(Controls, Inv24ATwiceImposedOrNeverImposedMeasureChangesNothing) {
  const std::int64_t frozen = impose("freeze", "", "", "entries+transfers");
  EXPECT_GT(frozen, 0);
  EXPECT_GT(impose("pause", "vault", "1"), 0);
  const std::int64_t epoch = control_epoch();
  EXPECT_EQ(impose("freeze", "", "", "entries+transfers"), 0);
  EXPECT_EQ(impose("pause", "vault", "1"), 0);
  EXPECT_EQ(lift("pause", "sleeve", "1"), 0);
  EXPECT_EQ(lift("pause", "venue", "paper"), 0);
  EXPECT_EQ(control_epoch(), epoch) << "what changes nothing makes no decision stale";
  const std::int64_t harder = impose("freeze", "", "", "all");
  EXPECT_GT(harder, frozen);
  EXPECT_EQ(ask("SELECT frozen FROM ledger.control WHERE owner = 1"), "all");
  EXPECT_EQ(history_of(frozen), "impose by ann for a drill, lift by ann for a drill")
      << "the other level took its place";
  EXPECT_EQ(lift("freeze", "", ""), harder);
  EXPECT_EQ(lift("freeze", "", ""), 0);
  EXPECT_EQ(history_of(harder), "impose by ann for a drill, lift by bob for drill over");
  EXPECT_EQ(ask("SELECT frozen FROM ledger.control WHERE owner = 1"), "no");
}

TEST_F(Controls, AWeakerFreezeNeverReplacesAStrongerOne) {
  const std::int64_t hard = impose("freeze", "", "", "all");
  const std::int64_t epoch = control_epoch();
  EXPECT_EQ(impose("freeze", "", "", "entries+transfers"), 0);
  EXPECT_EQ(ask("SELECT frozen || ' ' || reason FROM ledger.control WHERE owner = 1"), "all a drill");
  EXPECT_EQ(control_epoch(), epoch);
  EXPECT_EQ(history_of(hard), "impose by ann for a drill");
  EXPECT_EQ(lift("freeze", "", ""), hard);
  EXPECT_GT(impose("freeze", "", "", "entries+transfers"), 0) << "lifted, it may be frozen again as one likes";
}

// Of everybody, and of one owner: the facts of a job have the stronger.
TEST_F(Controls, TheStrongerOfTwoFreezesInForceIsWhatAJobSees) {
  const InstanceId till = new_till(), cycle = paused_cycle(1);
  const auto seen = [&](const std::string& everybody, const std::string& one) {
    ledger::Connection insider(dsn(database));
    const auto rows =
        insider.run(fmt::format("UPDATE ledger.control SET frozen = CASE owner WHEN 0 THEN '{}' ELSE '{}' END; "
                                "SELECT string_agg(DISTINCT frozen, ' ') FROM ledger.facts(ARRAY[1, 1], ARRAY[{}, "
                                "{}]::bigint[], ARRAY[0, 0]::bigint[])",
                                everybody, one, till.value, cycle.value));
    const auto alone = insider.run(
        fmt::format("SELECT frozen FROM ledger.facts(ARRAY[1], ARRAY[{}]::bigint[], ARRAY[0]::bigint[])", till.value));
    EXPECT_TRUE(insider.run("UPDATE ledger.control SET frozen = 'no'"));
    return rows && alone ? std::string(rows->text(0, 0)) + ", " + std::string(alone->text(0, 0)) : "failed";
  };
  EXPECT_EQ(seen("no", "no"), "no, no");
  EXPECT_EQ(seen("entries+transfers", "all"), "all, all");
  EXPECT_EQ(seen("all", "entries+transfers"), "all, all");
  EXPECT_EQ(seen("no", "entries+transfers"), "entries+transfers, entries+transfers");
}

// What a worker asks that could not send at once: the machine's own rule, over everything that is in force.
TEST_F(Controls, AnOrderMayLeaveLateOnlyUnderNothingThatForbidsIt) {
  const auto order = [&](const std::string& side, const std::string& state) {
    Step step = birth(owner);
    step.moves[0].kind = "order";
    step.moves[0].to = state;
    step.moves[0].sleeve = {1};
    step.moves[0].data = R"({"side":")" + side + R"("})";
    return commit({step}).at(0).born.at(0).value;
  };
  const std::int64_t buy = order("buy", "sent"), sell = order("sell", "sent");
  ledger::Connection worker(service());
  const auto may = [&](std::int64_t id) {
    const auto answer = worker.run(fmt::format("SELECT ledger.may_send(1, {})", id));
    return answer && answer->flag(0, 0);
  };
  const auto under = [&](const std::string& measure, const std::string& scope, const std::string& target,
                         const std::string& level) {
    EXPECT_GT(impose(measure, scope, target, level), 0);
    const std::string allowed = std::string(may(buy) ? "buy" : "") + (may(sell) ? "sell" : "");
    EXPECT_GT(lift(measure, scope, target), 0);
    return allowed;
  };
  EXPECT_TRUE(may(buy) && may(sell));
  EXPECT_EQ(under("freeze", "", "", "entries+transfers"), "sell");
  EXPECT_EQ(under("freeze", "", "", "all"), "");
  EXPECT_EQ(under("pause", "sleeve", "1", ""), "sell");
  EXPECT_EQ(under("pause", "sleeve", "2", ""), "buysell");
  EXPECT_EQ(under("pause", "vault", "1", ""), "sell");
  ASSERT_GT(ask_number("SELECT ledger.halt(1, 'kind', 'order', 'ann', 'a drill')"), 0);
  EXPECT_FALSE(may(buy) || may(sell));
  ASSERT_GT(lift("pause", "kind", "order"), 0);
  ASSERT_GT(ask_number(fmt::format("SELECT ledger.halt(1, 'instance', '{}', 'ann', 'a drill')", buy)), 0);
  EXPECT_TRUE(!may(buy) && may(sell));
  EXPECT_FALSE(may(order("buy", "drafted"))) << "nobody said that it was sent";
  EXPECT_FALSE(may(sell + 1'000)) << "there is none";
}

TEST_F(Controls, Inv24LiftingWakesOnlyWhoIsInNoOtherPausedScope) {
  const InstanceId one = paused_cycle(1), two = paused_cycle(2), three = paused_cycle(3);
  ASSERT_GT(impose("pause", "venue", "paper"), 0);
  ASSERT_GT(impose("pause", "vault", "1"), 0);
  ASSERT_GT(impose("pause", "sleeve", "1"), 0);
  EXPECT_EQ(ask("SELECT count(*) FROM ledger.stranded() WHERE kind <> 'till'"), "0") << "paused in sight";
  ASSERT_GT(lift("pause", "venue", "paper"), 0);
  EXPECT_EQ(woken(), fmt::format("{}", three.value)) << "the second vault's alone";
  ASSERT_GT(lift("pause", "sleeve", "1"), 0);
  EXPECT_EQ(woken(), fmt::format("{}", three.value)) << "its vault is paused still";
  ASSERT_GT(impose("pause", "sleeve", "2"), 0);
  ASSERT_GT(lift("pause", "vault", "1"), 0);
  EXPECT_EQ(woken(), fmt::format("{} {}", one.value, three.value));
  EXPECT_EQ(ask("SELECT ledger.is_paused(1, 1)::text || ledger.is_paused(1, 2)::text || ledger.is_paused(1, 3)::text"),
            "falsetruefalse");
  ASSERT_GT(lift("pause", "sleeve", "2"), 0);
  EXPECT_THAT(woken(), testing::HasSubstr(std::to_string(two.value)));
  EXPECT_EQ(ask("SELECT count(*) FROM ledger.stranded() WHERE kind <> 'till'"), "0");
}

}  // namespace
}  // namespace tests
