#include "workers/reconciliation/explain.hpp"

#include <fmt/format.h>

#include "machines/core/names.hpp"

namespace workers::reconciliation {
namespace {

namespace reconciliation = machines::reconciliation;
using ledger::Parameters;
using ledger::SqlStatement;
using ledger::Stored;
using ledger::books::BreakView;
using machines::Amount;
using reconciliation::Explanation;

constexpr SqlStatement reserve_statement = {
    "break_reserve",
    "SELECT a.id, a.credits_posted - a.debits_posted - a.debits_pending, v.name FROM ledger.vault v JOIN "
    "ledger.account a ON a.owner = v.owner AND a.id = v.reserve "
    "WHERE v.owner = $1 AND v.venue = $2 AND v.account = $3 AND v.asset = $4",
    false};

std::string coins(const BreakView& view, machines::Int128 minor) {
  return machines::format(Amount(view.asset.id, minor), view.asset.scale) + " " + view.asset.code;
}

machines::Int128 size_of(machines::Int128 minor) { return minor < 0 ? -minor : minor; }

reconciliation::State state_of(const BreakView& view) {
  const auto state = machines::from_name<reconciliation::State>(view.state);
  CHECK(state.has_value());
  return *state;
}

// A break, or why there is none.
struct Looked {
  BreakView view;
  std::string why_not;
};

Stored<Looked> look_at(ledger::Connection& connection, const BreakArgs& order) {
  auto views = ledger::books::Reconciliation(connection).break_of({order.id});
  if (!views) return machines::fail(views.error());
  if (order.why.empty()) return Looked{{}, "--why is missing: whoever reads the history wants to know"};
  if (views->empty())
    return Looked{{},
                  fmt::format("no break has the id {}; `bursar reconcile list` shows those that are open", order.id)};
  return Looked{std::move(views->front()), ""};
}

void sign(reconciliation::Data& data, const BreakArgs& order) {
  data.who = order.who;
  data.why = order.why;
}

Stored<std::string> commit_it(ledger::Connection& connection, const StepContext& ground) {
  const auto result = commit_alone(connection, ground);
  if (!result) return machines::fail(result.error());
  if (result->outcome == machines::Outcome::committed) return std::string();
  if (result->outcome == machines::Outcome::refused)
    return "refused by the ledger: " + std::string(machines::name_of(result->refusal));
  return std::string("the books moved at the same moment; look again with `bursar reconcile list`");
}

// A move without postings.
Stored<std::string> move_it(ledger::Connection& connection, const BreakView& view, reconciliation::Step move,
                            const BreakArgs& order) {
  auto ground = ground_for(connection, view.owner);
  if (!ground) return machines::fail(ground.error());
  sign(move.data, order);
  add_break_move(ground->step, move, machines::Subject::of(view.id), view.version);
  return commit_it(connection, *ground);
}

std::string told(reconciliation::Refusal refusal, const BreakView& view, const std::string& place,
                 machines::Int128 available) {
  using reconciliation::Refusal;
  switch (refusal) {
    case Refusal::no_such_row:
      return fmt::format("break {} is {}{}", view.id.value, view.state,
                         view.data.done.empty() ? "" : "; `bursar reconcile undo` takes its last explanation back");
    case Refusal::not_positive:
      return "an explanation is of a positive number of coins";
    case Refusal::wrong_direction:
      return view.data.rest.is_positive()
                 ? fmt::format("{} came, and a withdrawal takes coins away", coins(view, view.data.rest.minor()))
                 : fmt::format("{} are missing, and a deposit brings coins", coins(view, -view.data.rest.minor()));
    case Refusal::above_rest:
      return fmt::format("only {} of break {} are left to explain", coins(view, size_of(view.data.rest.minor())),
                         view.id.value);
    case Refusal::above_available:
      return fmt::format("{} has {} free", place, coins(view, available));
    case Refusal::no_counterpart:
      return "a sale has coins that went and others that came, on one wallet";
    case Refusal::nothing_done:
      return view.data.fills.empty() || view.state != "closed"
                 ? fmt::format("nothing explains break {}", view.id.value)
                 : fmt::format("break {} is a trade that the venue reports, booked as it was: no person explained it",
                               view.id.value);
    case Refusal::overflow:
      break;
  }
  return "the numbers are beyond every ledger";
}

// The sleeve on the break's wallet, or why there is none.
const Position* sleeve_named(const std::vector<Position>& positions, const BreakView& view, const std::string& name,
                             std::string& why) {
  std::string names;
  for (const Position& one : positions) {
    if (one.sleeve.owner != view.owner) continue;
    if (one.sleeve.name == name) return &one;
    names += (names.empty() ? "" : ", ") + one.sleeve.name;
  }
  why = name.empty() ? "--sleeve is missing: whose is it? there are: " + names
                     : fmt::format("no sleeve `{}` trades on {}/{}; there are: {}", name, view.data.venue,
                                   view.data.account, names.empty() ? "none" : names);
  return nullptr;
}

bool is_busy(const Position& position) {
  return position.cycle_state == "entering" || position.cycle_state == "leaving";
}

std::string busy(const Position& position) {
  return fmt::format("{} is {}: an order of it is on its way; again when that has ended", position.sleeve.name,
                     position.cycle_state);
}

// deposit, withdrawal: against what the vault has outside Tradeable Coins.
Stored<std::string> explain_by_vault(ledger::Connection& connection, const BreakView& view, Explanation as, Amount part,
                                     const BreakArgs& order) {
  const auto rows = connection.call(reserve_statement, Parameters()
                                                           .add(std::int64_t{view.owner.value})
                                                           .add(view.data.venue)
                                                           .add(view.data.account)
                                                           .add(std::int64_t{view.asset.id.value}));
  if (!rows) return machines::fail(rows.error());
  if (rows->empty())
    return fmt::format("no vault of {} holds {} on {}/{}; `bursar vault create {}` opens one", view.owner_name,
                       view.asset.code, view.data.venue, view.data.account, view.asset.code);
  const machines::Int128 available = rows->amount(0, 1);
  auto move = reconciliation::explain_coins(
      state_of(view), {view.id, view.data, {rows->number(0, 0)}, Amount(view.asset.id, available)}, as, part);
  if (!move)
    return told(move.error(), view, fmt::format("outside Tradeable the vault {}", rows->text(0, 2)), available);
  move->data.sleeve.clear();
  return move_it(connection, view, std::move(*move), order);
}

// fee, error: the sleeve bears it, or has it. What its position loses, its cycle learns.
Stored<std::string> explain_by_sleeve(ledger::Connection& connection, const BreakView& view, Explanation as,
                                      Amount part, const BreakArgs& order) {
  const auto positions = positions_on(connection, view.data.venue, view.data.account);
  if (!positions) return machines::fail(positions.error());
  std::string why;
  const Position* position = sleeve_named(*positions, view, order.sleeve, why);
  if (position == nullptr) return why;
  const machines::Instrument& pair = position->sleeve.instrument;
  const bool is_base = view.asset.id == pair.base.id;
  if (!is_base && view.asset.id != pair.quote.id)
    return fmt::format("{} trades {} and has no {}", position->sleeve.name, position->sleeve.symbol, view.asset.code);
  const bool takes_base = is_base && view.data.rest.is_negative();
  if (takes_base && is_busy(*position)) return busy(*position);
  const machines::Int128 available = is_base ? position->base : position->quote;
  const auto& accounts = position->sleeve.accounts;
  auto move = reconciliation::explain_coins(
      state_of(view), {view.id, view.data, is_base ? accounts.base : accounts.quote, Amount(view.asset.id, available)},
      as, part);
  if (!move) return told(move.error(), view, position->sleeve.name, available);
  move->data.sleeve = move->data.done.back().sleeve = position->sleeve.name;
  move->data.done.back().cycle = position->cycle;
  sign(move->data, order);
  auto ground = ground_for(connection, view.owner);
  if (!ground) return machines::fail(ground.error());
  add_break_move(ground->step, *move, machines::Subject::of(view.id), view.version);
  if (takes_base && position->cycle_state == "holding") {
    const auto none = Amount::zero(pair.quote.id);
    const auto wrong =
        add_outside_sale(connection, ground->step, *position, {part, none, none, {}, Amount::zero(pair.base.id)});
    if (!wrong || !wrong->empty()) return wrong;
  }
  return commit_it(connection, *ground);
}

// The other side of a sale: of the same statement where there is one, else the only one.
const BreakView* counterpart(const std::vector<BreakView>& open, const BreakView& view, machines::AssetId asset) {
  const BreakView* found = nullptr;
  int others = 0;
  for (const BreakView& one : open) {
    const bool fits = one.owner == view.owner && one.state == "open" && one.asset.id == asset &&
                      one.data.venue == view.data.venue && one.data.account == view.data.account &&
                      one.data.rest.is_negative() != view.data.rest.is_negative();
    if (!fits) continue;
    if (one.data.statement == view.data.statement) return &one;
    found = &one;
    ++others;
  }
  return others == 1 ? found : nullptr;
}

// How much of each side of a sale: all that is left, or the amount that was named and its share of the other side.
struct Parts {
  Amount base, quote;
};
std::optional<Parts> parts_of(const BreakView& named, const BreakView& base, const BreakView& quote,
                              const BreakArgs& order, std::string& why) {
  Parts parts{Amount(base.asset.id, -base.data.rest.minor()), quote.data.rest};
  const bool is_base = &named == &base;
  Amount& own = is_base ? parts.base : parts.quote;
  Amount& other = is_base ? parts.quote : parts.base;
  const BreakView& counter = is_base ? quote : base;
  if (!order.amount.empty()) {
    const auto asked = machines::parse_amount(order.amount, named.asset);
    if (!asked) why = fmt::format("amount `{}` is no number of {}", order.amount, named.asset.code);
    if (!asked) return std::nullopt;
    const auto share = machines::multiply_divide(other.minor(), asked->minor(), own.minor(), machines::Rounding::down);
    if (asked->minor() != own.minor()) other = Amount(other.asset(), share.value_or(0));
    own = *asked;
  }
  if (order.other_amount.empty()) return parts;
  const auto asked = machines::parse_amount(order.other_amount, counter.asset);
  if (asked) other = *asked;
  if (!asked) why = fmt::format("amount `{}` is no number of {}", order.other_amount, counter.asset.code);
  return asked ? std::optional(parts) : std::nullopt;
}

// trade: both sides at once, at what the statement shows.
Stored<std::string> explain_as_sale(ledger::Connection& connection, const BreakView& view, const BreakArgs& order) {
  const auto positions = positions_on(connection, view.data.venue, view.data.account);
  if (!positions) return machines::fail(positions.error());
  std::string why;
  const Position* position = sleeve_named(*positions, view, order.sleeve, why);
  if (position == nullptr) return why;
  const machines::Instrument& pair = position->sleeve.instrument;
  const bool is_base = view.asset.id == pair.base.id;
  if (!is_base && view.asset.id != pair.quote.id)
    return fmt::format("{} trades {} and has no {}", position->sleeve.name, position->sleeve.symbol, view.asset.code);
  if (view.state == "open" && view.data.rest.is_negative() != is_base)
    return fmt::format("a purchase is explained as a withdrawal of {} and a deposit of {}", pair.quote.code,
                       pair.base.code);
  if (is_busy(*position)) return busy(*position);
  const auto open = ledger::books::Reconciliation(connection).breaks(false);
  if (!open) return machines::fail(open.error());
  const BreakView* other = counterpart(*open, view, is_base ? pair.quote.id : pair.base.id);
  if (other == nullptr && view.state == "open")
    return fmt::format("a sale has two sides, and no one open break of {} fits; is it a fee, an error, a withdrawal?",
                       is_base ? pair.quote.code : pair.base.code);
  if (other == nullptr) return told(reconciliation::Refusal::no_such_row, view, "", 0);
  const BreakView& base = is_base ? view : *other;
  const BreakView& quote = is_base ? *other : view;
  const auto parts = parts_of(view, base, quote, order, why);
  if (!parts) return why;
  auto sides = reconciliation::explain_sale(
      state_of(base), {base.id, base.data, position->sleeve.accounts.base, Amount(pair.base.id, position->base)},
      state_of(quote), {quote.id, quote.data, position->sleeve.accounts.quote, Amount(pair.quote.id, position->quote)},
      parts->base, parts->quote);
  const bool quote_is_too_much = parts->base.minor() <= size_of(base.data.rest.minor());
  if (!sides)
    return told(sides.error(), sides.error() == reconciliation::Refusal::above_rest && quote_is_too_much ? quote : base,
                position->sleeve.name, position->base);
  auto ground = ground_for(connection, view.owner);
  if (!ground) return machines::fail(ground.error());
  for (reconciliation::Step* side : {&sides->base, &sides->quote}) {
    side->data.sleeve = side->data.done.back().sleeve = position->sleeve.name;
    side->data.done.back().cycle = position->cycle;
    sign(side->data, order);
  }
  add_break_move(ground->step, sides->base, machines::Subject::of(base.id), base.version);
  add_break_move(ground->step, sides->quote, machines::Subject::of(quote.id), quote.version);
  if (position->cycle_state != "holding") return commit_it(connection, *ground);  // coins that no cycle counts
  const auto wrong =
      add_outside_sale(connection, ground->step, *position,
                       {parts->base, parts->quote, Amount::zero(pair.quote.id), {}, Amount::zero(pair.base.id)});
  if (!wrong || !wrong->empty()) return wrong;
  return commit_it(connection, *ground);
}

// The vault's free coins outside Tradeable, or the sleeve's.
Stored<Amount> available_for(ledger::Connection& connection, const BreakView& view, const Position* position) {
  if (position != nullptr)
    return Amount(view.asset.id,
                  view.asset.id == position->sleeve.instrument.base.id ? position->base : position->quote);
  const auto rows = connection.call(reserve_statement, Parameters()
                                                           .add(std::int64_t{view.owner.value})
                                                           .add(view.data.venue)
                                                           .add(view.data.account)
                                                           .add(std::int64_t{view.asset.id.value}));
  if (!rows) return machines::fail(rows.error());
  return Amount(view.asset.id, rows->empty() ? 0 : rows->amount(0, 1));
}

// Its cycle unlearns what it was told: the money of a sale, or coins that it was given.
Stored<std::string> unlearn(ledger::Connection& connection, machines::Step& step, const Position& position,
                            const std::vector<const BreakView*>& views) {
  const auto& pair = position.sleeve.instrument;
  machines::OrderSummary back{Amount::zero(pair.base.id),
                              Amount::zero(pair.quote.id),
                              Amount::zero(pair.quote.id),
                              {},
                              Amount::zero(pair.base.id)};
  bool says = false;
  for (const BreakView* view : views) {
    const reconciliation::Done& done = view->data.done.back();
    const bool is_base = view->asset.id == pair.base.id;
    const bool is_sale = done.with.value != 0;
    const bool takes_base = is_base && done.part.is_positive();
    // Not of a cycle that has ended since.
    const bool was_told = is_sale ? done.cycle == position.cycle : takes_base;
    if (position.cycle_state != "holding" || !was_told) continue;
    if (!is_base) back.quote = Amount(pair.quote.id, -done.part.minor());
    if (takes_base) back.base = done.part;
    says = true;
  }
  return says ? add_outside_sale(connection, step, position, back) : Stored<std::string>(std::string());
}

Stored<std::string> undo_all(ledger::Connection& connection, const std::vector<const BreakView*>& views,
                             const BreakArgs& order) {
  const BreakView& first = *views.front();
  const std::string sleeve = first.data.done.back().sleeve;
  const auto positions = positions_on(connection, first.data.venue, first.data.account);
  if (!positions) return machines::fail(positions.error());
  std::string why;
  const Position* position = sleeve.empty() ? nullptr : sleeve_named(*positions, first, sleeve, why);
  if (position == nullptr && !sleeve.empty()) return why;
  if (position != nullptr && is_busy(*position)) return busy(*position);
  auto ground = ground_for(connection, first.owner);
  if (!ground) return machines::fail(ground.error());
  for (const BreakView* view : views) {
    const auto available = available_for(connection, *view, position);
    if (!available) return machines::fail(available.error());
    auto move =
        reconciliation::take_back(state_of(*view), {view->id, view->data, view->data.done.back().place, *available});
    if (!move)
      return told(move.error(), *view, sleeve.empty() ? "outside Tradeable the vault" : sleeve, available->minor());
    sign(move->data, order);
    add_break_move(ground->step, *move, machines::Subject::of(view->id), view->version);
  }
  if (position != nullptr) {
    const auto wrong = unlearn(connection, ground->step, *position, views);
    if (!wrong || !wrong->empty()) return wrong;
  }
  return commit_it(connection, *ground);
}

}  // namespace

Stored<std::string> explain_break(ledger::Connection& connection, const BreakArgs& order) {
  const auto as = machines::from_name<Explanation>(order.as);
  if (!as) return fmt::format("`{}` explains nothing; it is deposit, withdrawal, trade, fee or error", order.as);
  const auto looked = look_at(connection, order);
  if (!looked) return machines::fail(looked.error());
  if (!looked->why_not.empty()) return looked->why_not;
  const BreakView& view = looked->view;
  const machines::Int128 rest = view.data.rest.minor();
  Amount part(view.asset.id, size_of(rest));
  if (*as == Explanation::trade) return explain_as_sale(connection, view, order);
  if (!order.amount.empty()) {
    const auto asked = machines::parse_amount(order.amount, view.asset);
    if (!asked) return fmt::format("amount `{}` is no number of {}", order.amount, view.asset.code);
    part = *asked;
  }
  const bool is_vaults = *as == Explanation::deposit || *as == Explanation::withdrawal;
  return is_vaults ? explain_by_vault(connection, view, *as, part, order)
                   : explain_by_sleeve(connection, view, *as, part, order);
}

Stored<std::string> undo_break(ledger::Connection& connection, const BreakArgs& order) {
  const auto looked = look_at(connection, order);
  if (!looked) return machines::fail(looked.error());
  if (!looked->why_not.empty()) return looked->why_not;
  const BreakView& view = looked->view;
  if (view.data.done.empty()) return told(reconciliation::Refusal::nothing_done, view, "", 0);
  const auto with = view.data.done.back().with;
  if (with.value == 0) return undo_all(connection, {&view}, order);
  const auto others = ledger::books::Reconciliation(connection).break_of(with);
  if (!others) return machines::fail(others.error());
  if (others->empty()) return fmt::format("its other side, break {}, is not there", with.value);
  const BreakView& other = others->front();
  if (other.data.done.empty() || other.data.done.back().with != view.id)
    return fmt::format("its other side, break {}, has a later explanation: undo that first", with.value);
  const bool is_base = view.data.done.back().part.is_negative();
  return undo_all(connection, {is_base ? &view : &other, is_base ? &other : &view}, order);
}

Stored<std::string> hand_over_break(ledger::Connection& connection, const BreakArgs& order) {
  const auto looked = look_at(connection, order);
  if (!looked) return machines::fail(looked.error());
  if (!looked->why_not.empty()) return looked->why_not;
  auto move = reconciliation::hand_over(state_of(looked->view), looked->view.data, order.person);
  if (!move) return told(move.error(), looked->view, "", 0);
  return move_it(connection, looked->view, std::move(*move), order);
}

Stored<std::string> close_break(ledger::Connection& connection, const BreakArgs& order) {
  const auto looked = look_at(connection, order);
  if (!looked) return machines::fail(looked.error());
  if (!looked->why_not.empty()) return looked->why_not;
  auto move = reconciliation::finish(state_of(looked->view), looked->view.data);
  if (!move)
    return fmt::format("break {} is {}; only one that is explained can be closed", order.id, looked->view.state);
  return move_it(connection, looked->view, std::move(*move), order);
}

}  // namespace workers::reconciliation
