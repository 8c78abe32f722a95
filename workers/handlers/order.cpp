#include "workers/handlers/order.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"
#include "workers/handlers/venue_report.hpp"

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
// From a question to the venue to its answer.
constexpr std::int64_t longest_answer_us = 5'000'000;
// How often a report that may be half of the venue's word is asked for again before it counts as all of it.
constexpr int most_doubtful_reports = 5;

struct OrderState {
  const Sleeve& sleeve;
  std::string client_id;
  order::State state;
  order::Data data;
};

// A buy may not go out under a pause or a freeze; a sale only under no freeze of everything.
bool is_held_back(const OrderState& known, const Facts& facts) {
  const machines::Frozen frozen = frozen_of(facts);
  if (frozen == machines::Frozen::all) return true;
  return known.data.is_buy && (facts.paused || frozen != machines::Frozen::nothing);
}

// Back to the queue, and no try is counted: the job waits for something that is not its own.
Decision wait_for(CallError error, std::int64_t ms, std::string reason) {
  return GiveUp{error, ms, std::move(reason), false, true};
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
std::optional<std::string> add_cycle_end(machines::Step& step, const OrderState& known, const Facts& facts,
                                         const order::Step& move) {
  auto own = cycle_facts(known.sleeve, facts, facts.parent_data, step.world_at);
  const auto state = machines::from_name<cycle::State>(facts.parent_state);
  if (!own || !state) return "the order's cycle can't be read";
  const auto quote = machines::change_of_available(known.sleeve.accounts.quote, move.postings, move.resolved);
  const auto base = machines::change_of_available(known.sleeve.accounts.base, move.postings, move.resolved);
  if (!quote || !base) return "overflow";
  own->quote_available = Amount(own->quote_available.asset(), facts.quote_available + *quote);
  own->base_available = Amount(own->base_available.asset(), facts.base_available + *base);
  const auto ended = cycle::decide(*state, *own, {cycle::Told::order_ended, order::summary_of(move.data)});
  if (!ended) return "its cycle refused: " + std::string(machines::name_of(ended.error()));
  add_cycle_move(step, known.sleeve, facts.parent, facts.parent_version, **ended);
  return std::nullopt;
}

// The machine's answer to one message, as a step with everything that belongs to it.
Decision decide_on(const LeasedJob& job, const Facts& facts, const OrderState& known, const order::Message& message,
                   machines::Fate fate) {
  const order::Facts own{job.key.instance,        facts.version,   known.data,     known.sleeve.accounts,
                         known.sleeve.instrument, facts.fee_payer, facts.fee_funds};
  const auto move = order::decide(known.state, own, message);
  if (!move) {
    const std::string reason =
        fmt::format("{} on {}: {}", facts.state, machines::name_of(message.event), machines::name_of(move.error()));
    // What the venue said can't be booked: it is put aside for a person, and the hold is free.
    if (message.event != order::contradict && order::transitions.find(known.state, order::contradict))
      return decide_on(job, facts, known, {order::contradict, {}, reason}, fate);
    return give_up_for_good(reason);
  }
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

// The report may be half of the venue's word. Asked for often enough, it is all of it.
Decision doubt_report(const LeasedJob& job, const Facts& facts, const OrderState& known, const std::string& reason,
                      std::int64_t settle_ms) {
  if (known.state == order::sent || job.tries + 1 < most_doubtful_reports)
    return GiveUp{CallError::retry_later, settle_ms, reason, false};
  return decide_on(job, facts, known, {order::contradict, {}, reason}, machines::Fate::done);
}

}  // namespace

schemas::Capability OrderHandler::capability() const { return capability_of(order_kind); }

bool OrderHandler::is_pure(std::string_view) const { return false; }

std::string OrderHandler::client_id(machines::InstanceId id) const {
  return fmt::format("{}{:016x}", deployment_, id.value);
}

namespace {

std::optional<OrderState> known_order(const ledger::books::Sleeves& sleeves, const LeasedJob& job, const Facts& facts,
                                      std::string client_id) {
  const auto sleeve = sleeves.find({job.key.owner, facts.sleeve});
  const auto state = machines::from_name<order::State>(facts.state);
  auto data = schemas::parse_order(facts.data);
  if (sleeve == sleeves.end() || !state || !data) return std::nullopt;
  return OrderState{sleeve->second, std::move(client_id), *state, std::move(*data)};
}

// Until when a request that is decided now can be taken. 0 where the venue needs no such moment: it bars ids.
std::int64_t good_until(const Facts& facts, const venues::VenueProperties& venue) {
  if (venue.tombstones || venue.request_life_ms == 0) return 0;
  const std::int64_t before_leaving_ms = venue.enforces_deadline ? 0 : send_deadline_ms;
  return facts.wall_us + (before_leaving_ms + venue.request_life_ms) * 1'000;
}

// Commits that the request leaves, then lets it leave, under the one id of its order.
Decision let_leave(const LeasedJob& job, const Facts& facts, const OrderState& known, order::Event event,
                   const venues::VenueProperties& venue) {
  const std::int64_t until_us = good_until(facts, venue);
  Decision decision = decide_on(job, facts, known, {event, {}, "", until_us}, machines::Fate::kept);
  if (auto* commit = std::get_if<Commit>(&decision))
    commit->then_call = schemas::PlaceOrder{
        known.client_id,         known.data.symbol,    known.data.is_buy ? schemas::Side::buy : schemas::Side::sell,
        known.data.size.minor(), known.data.placed_at, venue.enforces_deadline ? until_us : 0};
  return decision;
}

Decision place(const LeasedJob& job, const Facts& facts, const OrderState& known,
               const venues::VenueProperties& venue) {
  if (known.state != order::drafted) return Commit{step_for(job, facts, machines::Fate::done), {}};
  // It never left: a pause or a freeze stops a buy for good; what sells waits for the end of a freeze of everything.
  if (known.data.is_buy && is_held_back(known, facts))
    return decide_on(job, facts, known, {order::cancel, {}, facts.paused ? "paused" : "frozen"}, machines::Fate::done);
  if (is_held_back(known, facts)) return wait_for(CallError::retry_later, frozen_retry_ms, "everything is frozen");
  return let_leave(job, facts, known, order::send, venue);
}

// Whether the order is still worth placing: world time may have gone on since it was decided.
bool is_valid(const LeasedJob& job, const Facts& facts, const OrderState& known) {
  return std::max(job.world_at, facts.world_now) - known.data.placed_at < order_validity;
}

// No request of it can be taken any more, and what had been taken would show. By the venue's own clock where it told
// the time; else by PostgreSQL's, less the longest time that an answer takes.
bool is_final(const Facts& facts, const OrderState& known, const schemas::OrderReport& report,
              const venues::VenueProperties& venue) {
  if (known.data.good_until_us == 0) return false;
  const std::int64_t said_us = report.venue_us != 0 ? report.venue_us : facts.wall_us - longest_answer_us;
  return said_us > known.data.good_until_us + venue.settle_ms * 1'000;
}

// Asked again once a request of it can't be taken any more, or after the settle window where there is no such moment.
Decision ask_later(const Facts& facts, const OrderState& known, const schemas::OrderReport& report,
                   const venues::VenueProperties& venue) {
  const std::int64_t now_us = report.venue_us != 0 ? report.venue_us : facts.wall_us;
  const std::int64_t left_ms = (known.data.good_until_us - now_us) / 1'000 + 1;
  return wait_for(CallError::not_found, std::max<std::int64_t>(left_ms, 0) + venue.settle_ms,
                  "the venue does not know it; a request of it may still come there");
}

// In doubt, and the venue does not know it. What was sent may arrive yet: it is sent again only where the venue makes
// one order of both, is cancelled by its id only where that bars what comes later, and else has to outlive its request.
Decision on_unknown(const LeasedJob& job, const Facts& facts, const OrderState& known,
                    const schemas::OrderReport& report, const venues::VenueProperties& venue) {
  const bool is_wanted = !is_held_back(known, facts) && is_valid(job, facts, known);
  if (is_final(facts, known, report, venue))
    return decide_on(job, facts, known, {order::lapse, {}, "the venue never got it"}, machines::Fate::done);
  if (venue.ids == venues::VenueProperties::Ids::for_ever && is_wanted) {
    if (facts.halted) return wait_for(CallError::not_found, frozen_retry_ms, "paused by kind or instance");
    return let_leave(job, facts, known, order::resend, venue);
  }
  if (venue.tombstones)
    return decide_on(job, facts, known, {order::cancel, {}, "no longer to be placed"}, machines::Fate::done);
  return ask_later(facts, known, report, venue);
}

Decision on_not_found(const LeasedJob& job, const Facts& facts, const OrderState& known,
                      const schemas::OrderReport& report, const venues::VenueProperties& venue) {
  switch (known.state) {
    case order::sent:
      return decide_on(job, facts, known, {order::fall_silent, {}, ""}, machines::Fate::done);
    case order::in_doubt:
      return on_unknown(job, facts, known, report, venue);
    case order::cancelling:
      if (!is_final(facts, known, report, venue)) return ask_later(facts, known, report, venue);
      return decide_on(job, facts, known, {order::lapse, {}, "the venue never got it"}, machines::Fate::done);
    default:
      return doubt_report(job, facts, known, "the venue does not know an order that it had accepted", venue.settle_ms);
  }
}

Decision deliver(const LeasedJob& job, const Facts& facts, const OrderState& known) {
  const auto event = machines::from_name<order::Event>(job.command);
  if (!event) return give_up_for_good("unknown event " + job.command);
  if (known.state == order::sent || known.state == order::in_doubt)
    return wait_for(CallError::retry_later, 50, "waiting for the venue's word first");
  if (!order::transitions.find(known.state, *event)) return Commit{step_for(job, facts, machines::Fate::done), {}};
  return decide_on(job, facts, known, {*event, {}, ""}, machines::Fate::done);
}

}  // namespace

Decision OrderHandler::on_job(const LeasedJob& job, const Facts& facts) const {
  const auto known = known_order(sleeves_, job, facts, client_id(job.key.instance));
  if (!known) return not_known_here("the order's sleeve is not known here, or its data can't be read");
  if (job.is_event) return deliver(job, facts, *known);
  // An earlier attempt sent it, by whatever job, and was lost before it learnt the answer.
  if (known->state == order::sent && job.command != "cancel_order")
    return decide_on(job, facts, *known, {order::attempt_lost, {}, ""}, machines::Fate::done);
  if (job.command == "place_order") return place(job, facts, *known, venue_);
  if (job.command == "query_order" && (known->state == order::in_doubt || known->state == order::resting))
    return Call{schemas::QueryOrder{known->client_id, true}};
  if (job.command == "cancel_order" && known->state == order::cancelling)
    return Call{schemas::CancelOrder{known->client_id}};
  return Commit{step_for(job, facts, machines::Fate::done), {}};  // overtaken by events
}

Decision OrderHandler::by_person(const LeasedJob& job, const Facts& facts, const order::Message& message) const {
  const auto known = known_order(sleeves_, job, facts, client_id(job.key.instance));
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
  const auto known = known_order(sleeves_, job, facts, client_id(job.key.instance));
  if (!known) return GiveUp{CallError::retry_later, 100, "the order's data can't be read"};
  if (order::transitions.is_final(known->state)) return Commit{step_for(job, facts, machines::Fate::done), {}};
  if (const auto* error = std::get_if<CallError>(&answer)) {
    if (known->state == order::sent)  // whatever went wrong, the venue may have it
      return decide_on(job, facts, *known, {order::fall_silent, {}, ""}, machines::Fate::done);
    return GiveUp{*error, 0, fmt::format("{}: {}", job.command, machines::name_of(*error))};
  }
  const auto& report = std::get<schemas::OrderReport>(answer);
  if (report.status == schemas::OrderStatus::not_found) return on_not_found(job, facts, *known, report, venue_);
  const auto fills = new_fills(known->data, known->client_id, report, known->sleeve);
  if (!fills && fills.error().may_pass) return doubt_report(job, facts, *known, fills.error().reason, venue_.settle_ms);
  if (!fills) return decide_on(job, facts, *known, {order::contradict, {}, fills.error().reason}, machines::Fate::done);
  const auto event = event_of(known->state, report, *fills);
  if (!event)
    return job.command == "query_order" ? rearm(job, facts)
                                        : Decision{GiveUp{CallError::retry_later, 0, "no news yet"}};
  return decide_on(job, facts, *known, {*event, *fills, report.reason}, machines::Fate::done);
}

}  // namespace workers::handlers
