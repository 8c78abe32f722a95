#include "workers/handlers/allocation.hpp"

#include "machines/allocation/decide.hpp"
#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"

namespace workers::handlers {

namespace allocation = machines::allocation;
using ledger::journal::Facts;
using machines::LeasedJob;

namespace {

machines::sleeve_cycle::Data first_cycle(const machines::Instrument& instrument) {
  machines::sleeve_cycle::Data data;
  data.cost = data.proceeds = data.fees = data.realized = machines::Amount::zero(instrument.quote.id);
  data.base = machines::Amount::zero(instrument.base.id);
  return data;
}

// What the sleeve's own machine keeps from now on.
machines::Move sleeve_move(const Facts& facts, const allocation::Data& data, machines::Amount allocation) {
  const auto event = data.movement == allocation::Movement::reclaim ? machines::sleeve::Event::reclaim
                                                                    : machines::sleeve::Event::allocate;
  const auto row = machines::sleeve::transitions.find(machines::sleeve::State::open, event);
  CHECK(row.has_value());
  machines::Move made;
  made.instance = machines::Subject::of(facts.sleeve_instance);
  made.kind = "sleeve";
  made.version = facts.sleeve_version;
  made.from = machines::name_of(row->from);
  made.to = machines::name_of(row->to);
  made.event = machines::name_of(event);
  made.command = machines::name_of(row->then);
  made.data = schemas::write_sleeve({allocation});
  return made;
}

}  // namespace

schemas::Capability AllocationHandler::capability() const { return capability_of(allocation_kind); }

bool AllocationHandler::is_pure(std::string_view) const { return true; }

Decision AllocationHandler::on_job(const LeasedJob& job, const Facts& facts) const {
  const auto state = machines::from_name<allocation::State>(facts.state);
  const auto data = schemas::parse_allocation(facts.data);
  if (!state || !data) return give_up_for_good("the allocation's state or data can't be read");
  const auto sleeve = sleeves_.find({job.key.owner, facts.sleeve});
  const bool is_of_sleeve = facts.sleeve.value != 0;
  const auto kept = is_of_sleeve ? schemas::parse_sleeve(facts.sleeve_data) : machines::sleeve::Data{};
  const auto vault = schemas::parse_vault(facts.vault_data);
  if (is_of_sleeve && sleeve == sleeves_.end()) return not_known_here("the sleeve is not known here yet");
  if (!kept || !vault) return give_up_for_good("the sleeve's or the vault's data can't be read");
  const auto coins = [&](machines::Int128 minor) { return machines::Amount(data->amount.asset(), minor); };
  allocation::Facts own;
  own.data = *data;
  own.tradeable_available = coins(facts.tradeable_available);
  own.reserve_available = coins(facts.reserve_available);
  own.vault_total = coins(facts.vault_total);
  own.reserve = vault->reserve;
  own.frozen = frozen_of(facts);
  own.sleeve_available = own.sleeve_allocation = coins(0);
  if (is_of_sleeve) {
    own.sleeve_quote = sleeve->second.accounts.quote;
    own.sleeve_available = coins(facts.quote_available);
    own.sleeve_has_cycle = facts.sleeve_has_cycle;
    own.sleeve_allocation = kept->allocation;
  }
  const auto move = allocation::decide(*state, own);
  if (!move) return give_up_for_good("refused: " + std::string(machines::name_of(move.error())));
  machines::Step step = step_for(job, facts, machines::Fate::done);
  machines::Move made;
  made.instance = machines::Subject::of(job.key.instance);
  made.kind = allocation_kind;
  made.version = facts.version;
  made.from = machines::name_of(move->from);
  made.to = machines::name_of(move->to);
  made.event = machines::name_of(move->event);
  made.command = machines::name_of(move->then);
  made.is_final = true;
  made.data = schemas::write_allocation(move->data);
  step.moves.push_back(std::move(made));
  step.postings = move->postings;
  if (move->allocation) step.moves.push_back(sleeve_move(facts, *data, *move->allocation));
  if (move->starts_cycle) add_cycle_birth(step, facts.sleeve, first_cycle(sleeve->second.instrument), job.key.instance);
  return Commit{std::move(step), {}};
}

Decision AllocationHandler::on_answer(const LeasedJob&, const Facts&, const Answer&) const {
  return give_up_for_good("an allocation calls nobody");
}

}  // namespace workers::handlers
