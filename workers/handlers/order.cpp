#include <fmt/format.h>

#include <algorithm>

#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"
#include "workers/handlers/sleeve.hpp"

namespace workers::handlers {

namespace order = machines::order;
namespace cycle = machines::sleeve_cycle;
using ledger::books::Sleeve;
using ledger::journal::Facts;
using machines::Amount;
using machines::CallError;
using machines::LeasedJob;

namespace {

// An order is valid for the hour in which it was decided.
constexpr machines::Duration order_validity = machines::hours(1);
constexpr std::int64_t frozen_retry_ms = 1'000;

struct Known {
  const Sleeve& sleeve;
  order::State state;
  order::Data data;
};

// The sum that a fee in this asset goes to ("" is the quote); nothing for an asset that the sleeve has no account for.
Amount* fees_in(order::NewFills& fills, const std::string& asset, const Sleeve& sleeve) {
  if (asset.empty() || asset == sleeve.instrument.quote.code) return &fills.fees;
  if (asset == sleeve.instrument.base.code) return &fills.fees_base;
  return asset == sleeve.fee_asset.code ? &fills.fees_other : nullptr;
}

// Amounts of the report's fills that the order has not booked yet. Nothing when a number is
// out of range or a fee in an asset that nobody foresaw.
std::optional<order::NewFills> new_fills(const order::Data& data, const schemas::OrderReport& report,
                                         const Sleeve& sleeve) {
  const machines::Instrument& i = sleeve.instrument;
  order::NewFills fills;
  fills.base = fills.fees_base = Amount::zero(i.base.id);
  fills.quote = fills.fees = Amount::zero(i.quote.id);
  fills.fees_other = Amount::zero(sleeve.fee_asset.id);
  for (const schemas::Fill& fill : report.fills) {
    if (fill.number <= data.fills) continue;
    const auto base = Amount::make(i.base.id, fill.base);
    const auto quote = Amount::make(i.quote.id, fill.quote);
    Amount* fees = fees_in(fills, fill.fee_asset, sleeve);
    if (!base || !quote || fees == nullptr) return std::nullopt;
    const auto fee = Amount::make(fees->asset(), fill.fee);
    if (!fee) return std::nullopt;
    const auto base_sum = machines::plus(fills.base, *base);
    const auto quote_sum = machines::plus(fills.quote, *quote);
    const auto fee_sum = machines::plus(*fees, *fee);
    if (!base_sum || !quote_sum || !fee_sum) return std::nullopt;
    if (fills.count++ == 0) fills.first = fill.at;
    fills.base = *base_sum;
    fills.quote = *quote_sum;
    *fees = *fee_sum;
    fills.last = std::max(fills.last, fill.at);
  }
  return fills;
}

// The venue's word as an event of the machine; nothing when there is no news.
std::optional<order::Event> event_of(order::State state, const schemas::OrderReport& report,
                                     const order::NewFills& fills) {
  using schemas::OrderStatus;
  switch (report.status) {
    case OrderStatus::filled:
      return order::fill;
    case OrderStatus::cancelled:
      return order::confirm_cancel;
    case OrderStatus::rejected:
      return order::reject;
    case OrderStatus::not_found:
      return std::nullopt;
    case OrderStatus::resting:
      break;
  }
  if (fills.count > 0) return order::part_fill;
  if (state == order::sent || state == order::in_doubt) return order::accept;
  return std::nullopt;
}

// The order's move alone; its job, where its command is one, is due at `command_at`.
void add_order_move(machines::Step& step, const LeasedJob& job, const Facts& facts, const order::Step& move,
                    machines::Instant command_at) {
  machines::Move made;
  made.instance = machines::Subject::of(job.key.instance);
  made.kind = order_kind;
  made.version = facts.version;
  made.from = machines::name_of(move.from);
  made.to = machines::name_of(move.to);
  made.event = machines::name_of(move.event);
  made.command = machines::name_of(move.then);
  made.is_final = order::transitions.is_final(move.to);
  made.data = schemas::write_order(move.data);
  step.moves.push_back(std::move(made));
  step.postings = move.postings;
  if (move.then != order::none)
    step.jobs.push_back({machines::Subject::of(job.key.instance), machines::name_of(move.then), false, command_at, {}});
}

// The order has ended: its cycle learns what it came to, in the same step.
std::optional<std::string> add_cycle_end(machines::Step& step, const Known& known, const Facts& facts,
                                         const order::Step& move) {
  auto own = cycle_facts(known.sleeve, facts, facts.parent_data, step.world_at);
  const auto state = machines::from_name<cycle::State>(facts.parent_state);
  if (!own || !state) return "the order's cycle can't be read";
  const auto quote = machines::change_of_available(known.sleeve.accounts.quote, move.postings, move.resolved);
  const auto base = machines::change_of_available(known.sleeve.accounts.base, move.postings, move.resolved);
  if (!quote || !base) return "overflow";
  own->quote_available = Amount(own->quote_available.asset(), facts.quote_available + *quote);
  own->base_available = Amount(own->base_available.asset(), facts.base_available + *base);
  const auto ended = cycle::order_ended(*state, *own, order::summary_of(move.data));
  if (!ended) return "its cycle refused: " + std::string(machines::name_of(ended.error()));
  add_cycle_move(step, known.sleeve, facts.parent, facts.parent_version, *ended);
  return std::nullopt;
}

// The machine's answer to one message, as a step with everything that belongs to it.
Decision decide_on(const LeasedJob& job, const Facts& facts, const Known& known, const order::Message& message,
                   machines::Fate fate) {
  const order::Facts own{job.key.instance,        facts.version,   known.data,     known.sleeve.accounts,
                         known.sleeve.instrument, facts.fee_payer, facts.fee_funds};
  const auto move = order::decide(known.state, own, message);
  if (!move)
    return give_up_for_good(
        fmt::format("{} on {}: {}", facts.state, machines::name_of(message.event), machines::name_of(move.error())));
  machines::Step step = step_for(job, facts, fate);
  step.world_at = std::max(step.world_at, message.fills.last);
  // A resting order is looked at when the next bar opens; doubt and cancels are followed up at once.
  const auto command_at = move->to == order::resting ? machines::next_bar_open(step.world_at) : step.world_at;
  add_order_move(step, job, facts, *move, command_at);
  if (order::transitions.is_final(move->to))
    if (const auto wrong = add_cycle_end(step, known, facts, *move)) return give_up_for_good(*wrong);
  return Commit{std::move(step), {}};
}

Decision rearm(const LeasedJob& job, const Facts& facts) {
  machines::Step step = step_for(job, facts, machines::Fate::rearmed);
  step.rearm_at = machines::next_bar_open(job.world_at);
  return Commit{std::move(step), {}};
}

// Not found: final only after the settle window and a look among open orders, closed orders and fills.
Decision on_not_found(const LeasedJob& job, const Facts& facts, const Known& known, std::int64_t settle_ms) {
  if (known.state != order::in_doubt)
    return GiveUp{CallError::not_found, 0, "the venue does not know an order that it had accepted", false};
  if (job.tries == 0)
    return GiveUp{CallError::not_found, settle_ms, "not found yet; looking again after the settle window", false};
  const bool valid = job.world_at - known.data.placed_at < order_validity;
  return decide_on(job, facts, known, {valid ? order::absent : order::lapse, {}, ""}, machines::Fate::done);
}

}  // namespace

schemas::Capability OrderHandler::capability() const {
  return {
      std::string(order_kind), 1, {"place_order", "query_order", "cancel_order"}
  };
}

bool OrderHandler::is_pure(std::string_view) const { return false; }

std::string OrderHandler::client_id(machines::InstanceId id) const {
  return fmt::format("{}{:016x}", deployment_, id.value);
}

namespace {

std::optional<Known> known_order(const ledger::books::Sleeves& sleeves, const LeasedJob& job, const Facts& facts) {
  const auto sleeve = sleeves.find({job.key.owner, facts.sleeve});
  const auto state = machines::from_name<order::State>(facts.state);
  auto data = schemas::parse_order(facts.data);
  if (sleeve == sleeves.end() || !state || !data) return std::nullopt;
  return Known{sleeve->second, *state, std::move(*data)};
}

Decision place(const LeasedJob& job, const Facts& facts, const Known& known, std::string client_id) {
  if (known.state == order::sent)  // an earlier attempt sent it and was lost before it learnt the answer
    return decide_on(job, facts, known, {order::attempt_lost, {}, ""}, machines::Fate::done);
  if (known.state != order::drafted) return Commit{step_for(job, facts, machines::Fate::done), {}};
  // Not yet sent: a pause or a freeze stops a buy for good; what sells waits for the end of a freeze of everything.
  if (known.data.is_buy && (facts.paused || frozen_of(facts) != machines::Frozen::nothing))
    return decide_on(job, facts, known, {order::cancel, {}, facts.paused ? "paused" : "frozen"}, machines::Fate::done);
  if (frozen_of(facts) == machines::Frozen::all)
    return GiveUp{CallError::retry_later, frozen_retry_ms, "everything is frozen", false};
  Decision decision = decide_on(job, facts, known, {order::send, {}, ""}, machines::Fate::kept);
  if (auto* commit = std::get_if<Commit>(&decision))
    commit->then_call = schemas::PlaceOrder{std::move(client_id), known.data.symbol,
                                            known.data.is_buy ? schemas::Side::buy : schemas::Side::sell,
                                            known.data.size.minor(), known.data.placed_at};
  return decision;
}

Decision deliver(const LeasedJob& job, const Facts& facts, const Known& known) {
  const auto event = machines::from_name<order::Event>(job.command);
  if (!event) return give_up_for_good("unknown event " + job.command);
  if (known.state == order::sent || known.state == order::in_doubt)
    return GiveUp{CallError::retry_later, 50, "waiting for the venue's word first", false};
  if (!order::transitions.find(known.state, *event)) return Commit{step_for(job, facts, machines::Fate::done), {}};
  return decide_on(job, facts, known, {*event, {}, ""}, machines::Fate::done);
}

}  // namespace

Decision OrderHandler::on_job(const LeasedJob& job, const Facts& facts) const {
  const auto known = known_order(sleeves_, job, facts);
  if (!known)
    return GiveUp{CallError::retry_later, 100, "the order's sleeve is not known here, or its data can't be read",
                  false};
  const std::string id = client_id(job.key.instance);
  if (job.is_event) return deliver(job, facts, *known);
  if (job.command == "place_order") return place(job, facts, *known, id);
  if (job.command == "query_order" && (known->state == order::in_doubt || known->state == order::resting))
    return Call{
        schemas::QueryOrder{id, known->state == order::resting || job.tries > 0}
    };
  if (job.command == "cancel_order" && known->state == order::cancelling) return Call{schemas::CancelOrder{id}};
  return Commit{step_for(job, facts, machines::Fate::done), {}};  // overtaken by events
}

Decision OrderHandler::by_person(const LeasedJob& job, const Facts& facts, const order::Message& message) const {
  const auto known = known_order(sleeves_, job, facts);
  if (!known) return give_up_for_good("the order's data can't be read");
  const order::Facts own{job.key.instance,         facts.version,   known->data,    known->sleeve.accounts,
                         known->sleeve.instrument, facts.fee_payer, facts.fee_funds};
  if (const auto move = order::decide(known->state, own, message); !move)  // a person's mistake says nothing of it
    return give_up_for_good(
        fmt::format("{} on {}: {}", facts.state, machines::name_of(message.event), machines::name_of(move.error())));
  Decision decision = decide_on(job, facts, *known, message, machines::Fate::done);
  if (auto* commit = std::get_if<Commit>(&decision)) commit->step.job = {};  // its jobs end with it
  return decision;
}

Decision OrderHandler::on_answer(const LeasedJob& job, const Facts& facts, const Answer& answer) const {
  const auto known = known_order(sleeves_, job, facts);
  if (!known) return GiveUp{CallError::retry_later, 100, "the order's data can't be read", false};
  if (const auto* error = std::get_if<CallError>(&answer)) {
    if (job.command == "place_order" && known->state == order::sent)  // whatever went wrong, the venue may have it
      return decide_on(job, facts, *known, {order::fall_silent, {}, ""}, machines::Fate::done);
    return GiveUp{*error, 0, fmt::format("{}: {}", job.command, machines::name_of(*error)), false};
  }
  const auto& report = std::get<schemas::OrderReport>(answer);
  if (report.status == schemas::OrderStatus::not_found) return on_not_found(job, facts, *known, settle_ms_);
  const auto fills = new_fills(known->data, report, known->sleeve);
  if (!fills)
    return give_up_for_good(
        "the venue's fills are out of range, or a fee is in an asset that the sleeve has no account for");
  const auto event = event_of(known->state, report, *fills);
  if (!event)
    return job.command == "query_order" ? rearm(job, facts)
                                        : Decision{
                                              GiveUp{CallError::retry_later, 0, "no news yet", false}
    };
  return decide_on(job, facts, *known, {*event, *fills, report.reason}, machines::Fate::done);
}

}  // namespace workers::handlers
