#include "machines/allocation/decide.hpp"
#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"
#include "workers/handlers/sleeve.hpp"

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

}  // namespace

schemas::Capability AllocationHandler::capability() const { return {std::string(allocation_kind), 1, {}}; }

bool AllocationHandler::is_pure(std::string_view) const { return true; }

Decision AllocationHandler::on_job(const LeasedJob& job, const Facts& facts) const {
  const auto state = machines::from_name<allocation::State>(facts.state);
  const auto data = schemas::parse_allocation(facts.data);
  if (!state || !data) return give_up_for_good("the allocation's state or data can't be read");
  const auto sleeve = sleeves_.find({job.key.owner, facts.sleeve});
  if (data->movement != allocation::Movement::fund && sleeve == sleeves_.end())
    return GiveUp{machines::CallError::retry_later, 100, "the sleeve is not known here yet", false};
  allocation::Facts own{*data, {}, data->amount, data->amount, facts.sleeve_has_cycle};
  if (sleeve != sleeves_.end()) {
    own.sleeve_quote = sleeve->second.accounts.quote;
    own.tradeable_available = machines::Amount(data->amount.asset(), facts.tradeable_available);
    own.sleeve_available = machines::Amount(data->amount.asset(), facts.quote_available);
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
  if (move->starts_cycle) add_cycle_birth(step, facts.sleeve, first_cycle(sleeve->second.instrument), job.key.instance);
  return Commit{std::move(step), {}};
}

Decision AllocationHandler::on_answer(const LeasedJob&, const Facts&, const Answer&) const {
  return give_up_for_good("an allocation calls nobody");
}

}  // namespace workers::handlers
