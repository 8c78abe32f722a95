#include "workers/reconciliation/break_step.hpp"

#include "ledger/journal/epochs.hpp"
#include "ledger/journal/journal.hpp"
#include "machines/core/names.hpp"
#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"

namespace workers::reconciliation {

using ledger::Parameters;
using ledger::SqlStatement;
using ledger::Stored;
using machines::Amount;

namespace {

constexpr SqlStatement positions_statement = {
    "positions",
    "SELECT s.owner, s.id, q.credits_posted - q.debits_posted - q.debits_pending, b.credits_posted - b.debits_posted - "
    "b.debits_pending, coalesce(c.id, 0), coalesce(c.state, ''), coalesce(f.id, 0), coalesce(f.credits_posted - "
    "f.debits_posted - f.debits_pending, 0) "
    "FROM ledger.sleeve s JOIN ledger.vault v ON v.owner = s.owner AND v.id = s.vault "
    "JOIN ledger.account q ON q.owner = s.owner AND q.id = s.quote JOIN ledger.account b ON b.owner = s.owner AND "
    "b.id = s.base "
    "LEFT JOIN ledger.instance c ON c.owner = s.owner AND c.sleeve = s.id AND c.kind = 'sleeve_cycle' AND NOT "
    "c.is_final "
    "LEFT JOIN ledger.vault y ON y.owner = s.owner AND y.venue = v.venue AND y.account = v.account AND y.asset = "
    "s.fee_asset "
    "LEFT JOIN ledger.account f ON f.owner = y.owner AND f.id = y.reserve "
    "WHERE v.venue = $1 AND v.account = $2 ORDER BY s.owner, s.id",
    false};

}  // namespace

Stored<std::vector<Position>> positions_on(ledger::Connection& connection, const std::string& venue,
                                           const std::string& account) {
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  const auto rows = connection.call(positions_statement, Parameters().add(venue).add(account));
  if (!rows) return machines::fail(rows.error());
  std::vector<Position> positions;
  for (int row = 0; row < rows->size(); ++row) {
    const auto sleeve = sleeves->find({{static_cast<std::int32_t>(rows->number(row, 0))}, {rows->number(row, 1)}});
    if (sleeve == sleeves->end()) continue;  // opened between the two reads
    positions.push_back({sleeve->second,
                         rows->amount(row, 2),
                         rows->amount(row, 3),
                         {rows->number(row, 4)},
                         std::string(rows->text(row, 5)),
                         {rows->number(row, 6)},
                         rows->amount(row, 7)});
  }
  return positions;
}

Stored<StepContext> ground_for(ledger::Connection& connection, machines::OwnerId owner) {
  const auto world_at = ledger::journal::world_now(connection);
  if (!world_at) return machines::fail(world_at.error());
  const auto epochs = ledger::journal::epochs_of(connection, owner);
  if (!epochs) return machines::fail(epochs.error());
  if (!*epochs) return machines::fail(ledger::StoreError{ledger::StoreFailure::refused, "no such owner"});
  StepContext ground{(*epochs)->shard, (*epochs)->epoch, {}};
  ground.step.owner = owner;
  ground.step.control_epoch = (*epochs)->control_epoch;
  ground.step.world_at = *world_at;
  return ground;
}

Stored<machines::StepResult> commit_alone(ledger::Connection& connection, const StepContext& ground) {
  const auto results = ledger::journal::Journal(connection).commit(ground.shard, ground.epoch, {&ground.step, 1});
  if (!results) return machines::fail(results.error());
  return results->front();
}

void add_break_move(machines::Step& step, const machines::reconciliation::Step& move, machines::Subject instance,
                    std::int64_t version, machines::SleeveId sleeve) {
  machines::Move made;
  made.instance = instance;
  made.kind = break_kind;
  made.version = version;
  made.from = version == 0 ? std::string_view() : machines::name_of(move.from);
  made.to = machines::name_of(move.to);
  made.event = machines::name_of(move.event);
  made.command = machines::name_of(move.then);
  made.sleeve = sleeve;
  made.is_final = machines::reconciliation::transitions.is_final(move.to);
  made.data = schemas::write_break(move.data);
  step.moves.push_back(std::move(made));
  step.postings.insert(step.postings.end(), move.postings.begin(), move.postings.end());
}

Stored<std::string> add_outside_sale(ledger::Connection& connection, machines::Step& step, const Position& position,
                                     const machines::OrderSummary& sold) {
  namespace cycle = machines::sleeve_cycle;
  machines::LeasedJob look;  // nobody's job: only its address is read
  look.key.owner = position.sleeve.owner;
  look.key.instance = position.cycle;
  look.world_at = step.world_at;
  const auto facts = ledger::journal::Journal(connection).facts({&look, 1});
  if (!facts) return machines::fail(facts.error());
  if (!facts->front()) return std::string("its cycle can't be read");
  auto own = workers::handlers::cycle_facts(position.sleeve, *facts->front(), facts->front()->data, step.world_at);
  const auto state = machines::from_name<cycle::State>(facts->front()->state);
  if (!own || !state) return std::string("its cycle can't be read");
  const auto none = Amount::zero(position.sleeve.instrument.quote.id);
  const auto quote = machines::change_of_available(position.sleeve.accounts.quote, step.postings, none);
  const auto base = machines::change_of_available(position.sleeve.accounts.base, step.postings, none);
  if (!quote || !base) return std::string("overflow");
  own->quote_available = Amount(own->quote_available.asset(), own->quote_available.minor() + *quote);
  own->base_available = Amount(own->base_available.asset(), own->base_available.minor() + *base);
  const auto move = cycle::decide(*state, *own, {cycle::Told::sold_outside, sold});
  if (!move) return "its cycle is " + facts->front()->state + ", and only one that is holding has something to sell";
  workers::handlers::add_cycle_move(step, position.sleeve, position.cycle, facts->front()->version, **move);
  return std::string();
}

}  // namespace workers::reconciliation
