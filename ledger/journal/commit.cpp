#include <algorithm>

#include "ledger/journal/journal.hpp"
#include "machines/core/names.hpp"

namespace ledger::journal {
namespace {

using machines::Move;
using machines::Posting;
using machines::Step;

constexpr SqlStatement commit_statement = {
    "commit",
    "SELECT outcomes, refusals, ids FROM "
    "ledger.commit($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,"
    "$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,$33,$34,$35,$36,$37,$38,$39,$40,$41,$42,$43,$44,$45)",
    true, true};

struct StepArrays {
  ArrayText owner, instance, version, ordinal, token, fate, rearm, world, control, own;

  void add(const Step& step, std::int64_t own_move) {
    owner.add(step.owner.value);
    instance.add(step.job.instance.value);
    version.add(step.job.version);
    ordinal.add(step.job.ordinal);
    token.add_token(step.token);
    fate.add_text(machines::name_of(step.fate));
    rearm.add(step.rearm_at.us);
    world.add(step.world_at.us);
    control.add(step.control_epoch);
    own.add(own_move);
  }
  void give(Parameters& to) {
    for (ArrayText* array : {&owner, &instance, &version, &ordinal, &token, &fate, &rearm, &world, &control, &own})
      to.add(*array);
  }
};

struct MoveArrays {
  ArrayText step, instance, born, kind, machine, version, from, to, event, command, parent, sleeve, final, data, jobs;

  void add(int number, const Step& of, const Move& move) {
    step.add(number);
    instance.add(move.instance.id.value);
    born.add(move.instance.born);
    kind.add_text(move.kind);
    machine.add(move.machine_version);
    version.add(move.version);
    from.add_text(move.from);
    to.add_text(move.to);
    event.add_text(move.event);
    command.add_text(move.command);
    parent.add(move.parent.value);
    sleeve.add(move.sleeve.value);
    final.add_bool(move.is_final);
    data.add_text(move.data);
    jobs.add_text(machines::describe_jobs(of, move.instance));
  }
  void give(Parameters& to_parameters) {
    for (ArrayText* array : {&step, &instance, &born, &kind, &machine, &version, &from, &to, &event, &command, &parent,
                             &sleeve, &final, &data, &jobs})
      to_parameters.add(*array);
  }
};

struct PostingArrays {
  ArrayText step, leg, kind, debit, credit, asset, amount, code, hold_instance, hold_version, hold_leg;

  void add(int number, int leg_number, const Posting& posting) {
    step.add(number);
    leg.add(leg_number);
    kind.add_text(machines::name_of(posting.kind));
    debit.add(posting.debit.value);
    credit.add(posting.credit.value);
    asset.add(posting.amount.asset().value);
    amount.add_amount(posting.amount.minor());
    code.add_text(posting.code);
    hold_instance.add(posting.hold.instance.value);
    hold_version.add(posting.hold.version);
    hold_leg.add(posting.hold.leg);
  }
  void give(Parameters& to) {
    for (ArrayText* array :
         {&step, &leg, &kind, &debit, &credit, &asset, &amount, &code, &hold_instance, &hold_version, &hold_leg})
      to.add(*array);
  }
};

struct JobArrays {
  ArrayText move, ordinal, command, event, world, token;

  void add(int move_index, int ordinal_number, const machines::NewJob& job) {
    move.add(move_index);
    ordinal.add(ordinal_number);
    command.add_text(job.command);
    event.add_bool(job.is_event);
    world.add(job.world_at.us);
    token.add_token(job.eager);
  }
  void give(Parameters& to) {
    for (ArrayText* array : {&move, &ordinal, &command, &event, &world, &token}) to.add(*array);
  }
};

struct Batch {
  StepArrays steps;
  MoveArrays moves;
  PostingArrays postings;
  JobArrays jobs;
  int move_count = 0;

  void add(int number, const Step& step) {
    const int first = move_count + 1;
    steps.add(step, step.moves.empty() ? 0 : first);
    for (const Move& move : step.moves) moves.add(number, step, move);
    move_count += static_cast<int>(step.moves.size());
    int leg = 0;
    for (const Posting& posting : step.postings) postings.add(number, ++leg, posting);
    std::vector<int> ordinals(step.moves.size(), 0);
    for (const machines::NewJob& job : step.jobs) {
      const auto of = std::find_if(step.moves.begin(), step.moves.end(),
                                   [&](const Move& move) { return move.instance == job.instance; });
      CHECK(of != step.moves.end());
      const auto at = static_cast<std::size_t>(of - step.moves.begin());
      jobs.add(first + static_cast<int>(at), ordinals[at]++, job);
    }
  }
};

std::vector<machines::StepResult> read_results(const Rows& rows, std::span<const Step> steps) {
  const auto outcomes = array_items(rows.text(0, 0));
  const auto refusals = array_items(rows.text(0, 1));
  const auto ids = array_items(rows.text(0, 2));
  std::vector<machines::StepResult> results(steps.size());
  std::size_t move_at = 0;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    const auto outcome = machines::from_name<machines::Outcome>(*outcomes[at]);
    CHECK(outcome.has_value());
    results[at].outcome = *outcome;
    const auto refusal = machines::refusal_of(*refusals[at]);
    CHECK(refusal.has_value());
    results[at].refusal = *refusal;
    for (const Move& move : steps[at].moves) {
      if (move.instance.is_birth() && *outcome == machines::Outcome::committed)
        results[at].born.push_back({std::stoll(*ids[move_at])});
      ++move_at;
    }
  }
  return results;
}

Parameters parameters_of(bool checked, int shard, std::int64_t epoch, std::span<const Step> steps) {
  Batch batch;
  int number = 0;
  for (const Step& step : steps) batch.add(++number, step);
  Parameters parameters;
  parameters.add_bool(checked).add(static_cast<std::int64_t>(shard)).add(epoch);
  batch.steps.give(parameters);
  batch.moves.give(parameters);
  batch.postings.give(parameters);
  batch.jobs.give(parameters);
  return parameters;
}

// By the checks of the unchecked call, or by what stands behind them in the tables.
bool does_not_fit(const StoreError& error) {
  switch (error.cause) {
    case StoreCause::does_not_fit:
    case StoreCause::step_epoch:
    case StoreCause::crossing:
    case StoreCause::duplicate:
    case StoreCause::constraint:
      return error.failure == StoreFailure::refused;
    default:
      return false;
  }
}

// A call that PostgreSQL ended to resolve a deadlock has done nothing: asked again, a few times at most.
Stored<Rows> ask(Connection& connection, const Parameters& parameters) {
  auto rows = connection.call(commit_statement, parameters);
  for (int again = 0; again < 3 && !rows && rows.error().failure == StoreFailure::conflict; ++again)
    rows = connection.call(commit_statement, parameters);
  return rows;
}

}  // namespace

Stored<std::vector<machines::StepResult>> Journal::commit(int shard, std::int64_t epoch, std::span<const Step> steps) {
  // At full speed first; when somebody in the batch does not fit, nothing of it stands, and the checked call tells each
  // its outcome.
  for (const bool checked : {false, true}) {
    const auto rows = ask(connection_, parameters_of(checked, shard, epoch, steps));
    if (rows) return read_results(*rows, steps);
    const StoreError& error = rows.error();
    // The broker lost the shard between the first look and the last lock: nothing of this call stands.
    if (error.failure == StoreFailure::refused && error.cause == StoreCause::epoch_moved)
      return std::vector<machines::StepResult>(steps.size(),
                                               {machines::Outcome::stale_epoch, machines::Refusal::none, {}});
    if (checked || !does_not_fit(error)) return machines::fail(error);
  }
  return machines::fail(StoreError{StoreFailure::refused, "unreachable"});
}

}  // namespace ledger::journal
