#include "workers/handlers/compose.hpp"

#include "schemas/codec/data.hpp"

namespace workers::handlers {

namespace cycle = machines::sleeve_cycle;
namespace order = machines::order;
using machines::Amount;
using machines::Subject;

namespace {

int births_in(const machines::Step& step) {
  int births = 0;
  for (const auto& move : step.moves) births += move.instance.is_birth();
  return births;
}

void add_order_birth(machines::Step& step, const ledger::books::Sleeve& sleeve, machines::InstanceId parent,
                     machines::HoldKey hold, const machines::OrderDraft& draft) {
  order::Data data;
  data.symbol = sleeve.symbol;
  data.is_buy = draft.is_buy;
  data.size = data.held = draft.size;
  data.hold = hold;
  data.base = Amount::zero(sleeve.instrument.base.id);
  data.fees_base = data.base;
  data.quote = data.fees = Amount::zero(sleeve.instrument.quote.id);
  data.placed_at = step.world_at;
  machines::Move move;
  move.instance = Subject::birth(births_in(step) + 1);
  move.kind = order_kind;
  move.to = machines::name_of(order::State::drafted);
  move.event = machines::name_of(order::Event::draft);
  move.command = machines::name_of(order::Command::place_order);
  move.parent = parent;
  move.sleeve = sleeve.id;
  move.data = schemas::write_order(data);
  step.jobs.push_back({move.instance, move.command, false, step.world_at, {}});
  step.moves.push_back(std::move(move));
}

}  // namespace

machines::Frozen frozen_of(const ledger::journal::Facts& facts) {
  if (facts.frozen == "no") return machines::Frozen::nothing;
  return facts.frozen == "entries+transfers" ? machines::Frozen::entries : machines::Frozen::all;
}

std::optional<cycle::Facts> cycle_facts(const ledger::books::Sleeve& sleeve, const ledger::journal::Facts& facts,
                                        std::string_view data, machines::Instant world_at) {
  const auto own = schemas::parse_cycle(data);
  const auto rules = schemas::parse_momentum(sleeve.strategy);
  const auto own_sleeve = schemas::parse_sleeve(facts.sleeve_data);
  if (!own || !rules || !own_sleeve) return std::nullopt;
  cycle::Facts made;
  made.world_at = world_at;
  made.data = *own;
  made.kind = sleeve.kind;
  made.allocation = own_sleeve->allocation;
  made.accounts = sleeve.accounts;
  made.instrument = sleeve.instrument;
  made.rules = *rules;
  made.window = {facts.close_now, facts.close_1h, facts.close_4h};
  made.high_since = facts.high_since;
  made.quote_available = Amount(sleeve.instrument.quote.id, facts.quote_available);
  made.base_available = Amount(sleeve.instrument.base.id, facts.base_available);
  made.paused = facts.paused;
  made.frozen = frozen_of(facts);
  return made;
}

void add_cycle_birth(machines::Step& step, machines::SleeveId sleeve, const cycle::Data& data,
                     machines::InstanceId parent) {
  machines::Move move;
  move.instance = Subject::birth(births_in(step) + 1);
  move.kind = cycle_kind;
  move.to = machines::name_of(cycle::State::watching);
  move.event = machines::name_of(cycle::Event::start);
  move.command = machines::name_of(cycle::Command::evaluate);
  move.parent = parent;
  move.sleeve = sleeve;
  move.data = schemas::write_cycle(data);
  step.jobs.push_back({move.instance, move.command, false, cycle::next_look(step.world_at), {}});
  step.moves.push_back(std::move(move));
}

void add_cycle_move(machines::Step& step, const ledger::books::Sleeve& sleeve, machines::InstanceId instance,
                    std::int64_t version, const cycle::Step& move) {
  machines::Move made;
  made.instance = Subject::of(instance);
  made.kind = cycle_kind;
  made.version = version;
  made.from = machines::name_of(move.from);
  made.to = machines::name_of(move.to);
  made.event = machines::name_of(move.event);
  made.command = machines::name_of(move.then);
  made.is_final = cycle::transitions.is_final(move.to);
  made.data = schemas::write_cycle(move.data);
  step.moves.push_back(std::move(made));
  const auto first_leg = static_cast<std::int32_t>(step.postings.size()) + 1;
  step.postings.insert(step.postings.end(), move.postings.begin(), move.postings.end());
  if (move.then == cycle::Command::evaluate)
    step.jobs.push_back(
        {Subject::of(instance), machines::name_of(move.then), false, cycle::next_look(step.world_at), {}});
  if (move.order) add_order_birth(step, sleeve, instance, {instance, version + 1, first_leg}, *move.order);
  if (move.next_cycle) add_cycle_birth(step, sleeve.id, *move.next_cycle, instance);
}

}  // namespace workers::handlers
