#include "tests/simulation/spoilt.hpp"

#include <algorithm>

#include "schemas/codec/data.hpp"

namespace tests::simulation {
namespace {

using ledger::books::Sleeve;
using ledger::books::Sleeves;
using ledger::journal::Facts;
using machines::Amount;
using machines::Posting;
using machines::PostingKind;
using machines::Step;

machines::Move* move_of(Step& step, std::string_view kind, std::string_view event) {
  const auto found = std::find_if(step.moves.begin(), step.moves.end(),
                                  [&](const auto& move) { return move.kind == kind && move.event == event; });
  return found == step.moves.end() ? nullptr : &*found;
}

void again(Step& step, std::string_view code) {
  for (std::size_t at = step.postings.size(); at-- > 0;)
    if (step.postings[at].code == code) step.postings.push_back(Posting(step.postings[at]));
}

// The order's data without its hold.
void forget_hold(machines::Move& move, machines::order::Data data) {
  data.hold = {};
  data.held = Amount::zero(data.held.asset());
  move.data = schemas::write_order(data);
}

void release_on_cancel(Step& step, const Sleeve& sleeve) {
  machines::Move* move = move_of(step, "order", "cancel");
  if (move == nullptr || move->is_final) return;
  const auto data = schemas::parse_order(move->data);
  CHECK(data.has_value());
  const auto& a = sleeve.accounts;
  step.postings.push_back({PostingKind::void_, data->is_buy ? a.quote : a.base,
                           data->is_buy ? a.trading_quote : a.trading_base, Amount::zero(data->held.asset()), "release",
                           data->hold});
  forget_hold(*move, *data);
}

void drop_the_rest(Step& step) {
  machines::Move* move = move_of(step, "order", "part_fill");
  if (move == nullptr) return;
  std::erase_if(step.postings, [](const Posting& posting) { return posting.code == "rehold"; });
  const auto data = schemas::parse_order(move->data);
  CHECK(data.has_value());
  forget_hold(*move, *data);
}

void pay_other_sleeve(Step& step, const Facts& facts, const Sleeves& sleeves) {
  for (const auto& [key, other] : sleeves)
    if (key.first == step.owner && key.second != facts.sleeve)
      for (Posting& posting : step.postings)
        if (posting.code == "sell_proceeds") {
          posting.debit = other.accounts.trading_quote;
          posting.credit = other.accounts.quote;
        }
}

void set_timer_twice(Step& step) {
  const auto is_timer = [](const machines::NewJob& job) { return job.command == "evaluate" && !job.is_event; };
  if (const auto timer = std::find_if(step.jobs.begin(), step.jobs.end(), is_timer); timer != step.jobs.end())
    step.jobs.push_back(machines::NewJob(*timer));
}

void count_allocation_twice(Step& step, const Facts& facts) {
  machines::Move* move = move_of(step, "sleeve", "allocate");
  if (move == nullptr) return;
  const auto before = schemas::parse_sleeve(facts.sleeve_data), after = schemas::parse_sleeve(move->data);
  CHECK(before.has_value() && after.has_value());
  const machines::Int128 given = after->allocation.minor() - before->allocation.minor();
  move->data = schemas::write_sleeve({Amount(after->allocation.asset(), after->allocation.minor() + given)});
}

void sweep(Step& step, const Sleeve& sleeve, machines::Int128 minor) {
  if (minor <= 0) return;
  const auto& a = sleeve.accounts;
  step.postings.push_back(
      {PostingKind::single, a.quote, a.tradeable, Amount(sleeve.instrument.quote.id, minor), "sweep", {}});
}

}  // namespace

void spoil(Plant plant, Step& step, const Facts& facts, const Sleeves& sleeves) {
  const auto found = sleeves.find({step.owner, facts.sleeve});
  if (found == sleeves.end()) return;
  const Sleeve& sleeve = found->second;
  const bool is_flash = sleeve.kind == machines::SleeveKind::flash;
  if (plant == Plant::double_sweep) again(step, "sweep");
  if (plant == Plant::book_fee_twice) again(step, "fee");
  if (plant == Plant::keep_the_hold)
    std::erase_if(step.postings, [](const Posting& posting) { return posting.kind == PostingKind::void_; });
  if (plant == Plant::release_on_cancel) release_on_cancel(step, sleeve);
  if (plant == Plant::drop_the_rest) drop_the_rest(step);
  if (plant == Plant::pay_other_sleeve) pay_other_sleeve(step, facts, sleeves);
  if (plant == Plant::set_timer_twice) set_timer_twice(step);
  if (plant == Plant::count_allocation_twice) count_allocation_twice(step, facts);
  if (plant == Plant::sweep_quiet && !is_flash && move_of(step, "sleeve_cycle", "exit_filled") != nullptr)
    sweep(step, sleeve, 1);
  if (plant == Plant::sweep_while_open && is_flash && move_of(step, "sleeve_cycle", "exit_signal") != nullptr)
    sweep(step, sleeve, facts.quote_available);
}

}  // namespace tests::simulation
