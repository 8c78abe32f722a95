#include "tests/workers/reconciliation/treasury_ground.hpp"

#include <fmt/format.h>

#include "ledger/audit/verify.hpp"
#include "ledger/books/read_daily_books.hpp"
#include "ledger/books/vaults.hpp"
#include "ledger/journal/journal.hpp"
#include "schemas/codec/data.hpp"
#include "tests/support/cluster.hpp"
#include "workers/harness/run_alone.hpp"

namespace tests {

using machines::Amount;
using machines::Int128;

namespace {

constexpr machines::OwnerId owner{1};
constexpr machines::AssetId usdt_id{1}, eth_id{2};

machines::allocation::Data movement(const ledger::books::VaultView& vault, machines::allocation::Movement kind,
                                    Int128 amount, Int128 reserve) {
  machines::allocation::Data data;
  data.movement = kind;
  data.amount = Amount(usdt_id, amount);
  data.reserve = Amount(usdt_id, reserve);
  data.who = data.why = "test";
  data.external = vault.external_account;
  data.vault_reserve = vault.reserve_account;
  data.tradeable = vault.tradeable_account;
  return data;
}

}  // namespace

Int128 TreasuryGround::usdt(std::int64_t whole) { return whole * machines::power_of_ten(8); }
Int128 TreasuryGround::eth(std::int64_t thousandths) { return thousandths * machines::power_of_ten(15); }

void TreasuryTest::SetUp() {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
}

TreasuryGround::TreasuryGround(std::int64_t reserve) : database(fresh_database()), connection(dsn(database)) {
  must_run(database,
           "SELECT ledger.open_asset('USDT', 8); SELECT ledger.open_asset('ETH', 18); SELECT ledger.open_owner("
           "'default', 3); SELECT ledger.open_instrument('ETH/USDT', 2, 1, 100000000000000, 1000000000, 1000, 1000)");
  must_run(database, fmt::format("SELECT ledger.open_vault(1, 'USDT', 'paper', 'main', 1, '{}', 'test', '', 1000)",
                                 schemas::write_vault({{{}, {}, {}, {}, Amount::zero(usdt_id)}, {}})));
  totals["USDT"] = usdt(reserve);
  if (reserve == 0) return;
  const auto vault = ledger::books::Vaults(connection).vaults()->front();
  const auto funded = workers::harness::do_movement(
      connection, false, owner, {0}, movement(vault, machines::allocation::Movement::fund, 0, usdt(reserve)));
  EXPECT_TRUE(funded && funded->settled);
}

void TreasuryGround::add_sleeve(const std::string& name, const std::string& kind, std::int64_t allocation,
                                std::int64_t base, std::int64_t cost) {
  const auto made =
      must_run(database, fmt::format("SELECT ledger.open_sleeve(1, 1, '{}', '{}', 1, '{}', NULL, 'test', '', 1000)",
                                     name, kind, schemas::write_momentum({})));
  const auto vault = ledger::books::Vaults(connection).vaults()->front();
  using Movement = machines::allocation::Movement;
  const auto funded = workers::harness::do_movement(connection, false, owner, {0},
                                                    movement(vault, Movement::fund, usdt(allocation), 0));
  const auto given = workers::harness::do_movement(connection, false, owner, {made.number(0, 0)},
                                                   movement(vault, Movement::allocate_to_sleeve, usdt(allocation), 0));
  EXPECT_TRUE(funded && funded->settled && given && given->settled);
  totals["USDT"] += usdt(allocation);
  if (base == 0) return;
  start_position(made.number(0, 0), eth(base), usdt(cost));
  totals["USDT"] -= usdt(cost);
  totals["ETH"] += eth(base);
}

// The cycle's two moves from watching to holding, with the postings of a purchase.
void TreasuryGround::start_position(std::int64_t sleeve, Int128 base, Int128 cost) {
  const auto sleeves = ledger::books::read_sleeves(connection);
  const auto& accounts = sleeves->at({owner, {sleeve}}).accounts;
  auto ground = workers::reconciliation::ground_for(connection, owner);
  machines::sleeve_cycle::Data data;
  data.cost = Amount(usdt_id, cost);
  data.base = Amount(eth_id, base);
  data.proceeds = data.fees = data.realized = Amount::zero(usdt_id);
  data.entry_price = machines::Price{2'000 * 100'000'000LL};
  machines::Move move;
  move.instance = machines::Subject::of({std::stoll(
      one(fmt::format("SELECT id::text FROM ledger.instance WHERE kind = 'sleeve_cycle' AND sleeve = {}", sleeve)))});
  move.kind = "sleeve_cycle";
  move.data = schemas::write_cycle(data);
  move.command = "none";
  const std::tuple<const char*, const char*, const char*> moves[] = {{"watching", "entering", "entry_signal"},
                                                                     {"entering", "holding", "entry_filled"}};
  for (const auto& [from, to, event] : moves) {
    ++move.version;
    move.from = from;
    move.to = to;
    move.event = event;
    ground->step.moves = {move};
    EXPECT_EQ(workers::reconciliation::commit_alone(connection, *ground)->outcome, machines::Outcome::committed);
    using machines::PostingKind;
    ground->step.postings = {
        {PostingKind::single, accounts.quote, accounts.trading_quote, Amount(usdt_id, cost), "buy_cost", {}},
        {PostingKind::single, accounts.trading_base, accounts.base, Amount(eth_id, base), "buy_base", {}}};
  }
}

void TreasuryGround::sell_by_hand(const std::string& id, std::int64_t base, std::int64_t quote, std::int64_t fee) {
  foreign.push_back({id, "ETH/USDT", {5'000}, false, eth(base), usdt(quote), usdt(fee), ""});
  totals["ETH"] -= eth(base);
  totals["USDT"] += usdt(quote) - usdt(fee);
}

workers::reconciliation::AskStatement TreasuryGround::asked() {
  return [this]() -> machines::Result<ledger::books::SeenStatement, std::string> {
    ledger::books::SeenStatement statement;
    for (const auto& [asset, total] : totals) statement.lines.push_back({asset, total});
    statement.foreign = foreign;
    return statement;
  };
}

workers::reconciliation::Reconciled TreasuryGround::reconcile() {
  const auto made =
      workers::reconciliation::reconcile(connection, {{}, "ana", "ben", std::chrono::milliseconds(500)}, asked());
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return made ? *made : workers::reconciliation::Reconciled{};
}

std::vector<ledger::books::BreakView> TreasuryGround::breaks(bool all) {
  auto views = ledger::books::Reconciliation(connection).breaks(all);
  EXPECT_TRUE(views.has_value()) << views.error().text;
  return views ? *views : std::vector<ledger::books::BreakView>{};
}

std::string TreasuryGround::explain(std::int64_t id, const std::string& as, const std::string& sleeve,
                                    const std::string& amount) {
  const auto said =
      workers::reconciliation::explain_break(connection, {id, as, sleeve, amount, "", "ana", "a test", ""});
  return said ? *said : "error: " + said.error().text;
}

std::string TreasuryGround::undo(std::int64_t id) {
  const auto said = workers::reconciliation::undo_break(connection, {id, "", "", "", "", "ana", "a test", ""});
  return said ? *said : "error: " + said.error().text;
}

std::string TreasuryGround::close(std::int64_t id) {
  const auto said = workers::reconciliation::close_break(connection, {id, "", "", "", "", "ana", "seen", ""});
  return said ? *said : "error: " + said.error().text;
}

std::string TreasuryGround::one(const std::string& sql) {
  const auto rows = must_run(database, sql);
  return rows.empty() ? "" : std::string(rows.text(0, 0));
}

Int128 TreasuryGround::balance(const std::string& path) {
  return machines::parse_whole(
             one(fmt::format("SELECT (credits_posted - debits_posted)::text FROM ledger.account WHERE path = '{}'",
                             path)))
      .value_or(-1);
}

std::string TreasuryGround::state_of(const std::string& sleeve) {
  return one(
      fmt::format("SELECT string_agg(i.state, ' ' ORDER BY i.id) FROM ledger.instance i JOIN ledger.sleeve s ON "
                  "s.id = i.sleeve WHERE i.kind = 'sleeve_cycle' AND s.name = '{}'",
                  sleeve));
}

Int128 TreasuryGround::expected(const std::string& asset) {
  const auto wallet = ledger::books::Reconciliation(connection).wallet("paper", "main");
  const auto* line = wallet ? wallet->line(asset) : nullptr;
  return line == nullptr ? 0 : line->ledger + line->quarantined;
}

// By average and first in, first out.
void TreasuryGround::expect_books_add_up() {
  for (const auto basis : {machines::costs::Basis::average, machines::costs::Basis::fifo}) {
    const auto statement = ledger::books::read_statement(connection, basis);
    ASSERT_TRUE(statement.has_value()) << statement.error().text;
    for (const auto& one : statement->breaks) ADD_FAILURE() << one.sleeve << ": " << one.what;
  }
}

void TreasuryGround::expect_sound() {
  expect_books_add_up();

  const auto verdict = ledger::audit::verify(connection);
  ASSERT_TRUE(verdict.has_value()) << verdict.error().text;
  EXPECT_TRUE(verdict->ok) << verdict->pass << ": " << verdict->problem;
  for (const auto& [asset, total] : totals) EXPECT_TRUE(expected(asset) == total) << asset;
  EXPECT_EQ(one("SELECT count(*)::text FROM ledger.stranded()"), "0");
}

}  // namespace tests
