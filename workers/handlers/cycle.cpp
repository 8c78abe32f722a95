#include "workers/handlers/cycle.hpp"

#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"

namespace workers::handlers {

namespace cycle = machines::sleeve_cycle;
using ledger::journal::Facts;
using machines::LeasedJob;

namespace {

// `resume`: where the cycle rests and no pause holds it any more, it watches again; elsewhere the word came too late.
Decision wake_up(const LeasedJob& job, const Facts& facts, const ledger::books::Sleeve& sleeve, cycle::State state) {
  machines::Step step = step_for(job, facts, machines::Fate::done);
  if (job.command != machines::name_of(cycle::Event::resume)) return give_up_for_good("unknown event " + job.command);
  if (state != cycle::State::paused || facts.paused) return Commit{std::move(step), {}};
  const auto own = cycle_facts(sleeve, facts, facts.data, job.world_at);
  if (!own) return give_up_for_good("the cycle's data or its sleeve's rules can't be read");
  const auto move = cycle::decide(state, *own, {cycle::Told::resume});
  if (!move) return give_up_for_good("refused: " + std::string(machines::name_of(move.error())));
  add_cycle_move(step, sleeve, job.key.instance, facts.version, **move);
  return Commit{std::move(step), {}};
}

}  // namespace

schemas::Capability CycleHandler::capability() const { return capability_of(cycle_kind); }

bool CycleHandler::is_pure(std::string_view) const { return true; }

Decision CycleHandler::on_job(const LeasedJob& job, const Facts& facts) const {
  const auto sleeve = sleeves_.find({job.key.owner, facts.sleeve});
  if (sleeve == sleeves_.end()) return not_known_here("the sleeve is not known here yet");
  const auto state = machines::from_name<cycle::State>(facts.state);
  if (!state) return give_up_for_good("unknown state " + facts.state);
  if (job.is_event) return wake_up(job, facts, sleeve->second, *state);
  if (*state != cycle::State::watching && *state != cycle::State::holding)
    return Commit{step_for(job, facts, machines::Fate::done), {}};  // a look that came too late: nothing to look for
  const auto own = cycle_facts(sleeve->second, facts, facts.data, job.world_at);
  if (!own) return give_up_for_good("the cycle's data or its sleeve's rules can't be read");
  const auto move = cycle::decide(*state, *own, {cycle::Told::look});
  if (!move) return give_up_for_good("refused: " + std::string(machines::name_of(move.error())));
  if (!move->has_value()) {
    machines::Step step = step_for(job, facts, machines::Fate::rearmed);
    step.rearm_at = cycle::next_look(job.world_at);
    return Commit{std::move(step), {}};
  }
  machines::Step step = step_for(job, facts, machines::Fate::done);
  add_cycle_move(step, sleeve->second, job.key.instance, facts.version, **move);
  return Commit{std::move(step), {}};
}

Decision CycleHandler::on_answer(const LeasedJob&, const Facts&, const Answer&) const {
  return give_up_for_good("a sleeve cycle calls nobody");
}

}  // namespace workers::handlers
