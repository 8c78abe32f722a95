#include "deploy/cli/jobs/orders.hpp"

#include <fmt/format.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "deploy/cli/reconciliation.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/transaction.hpp"
#include "schemas/codec/data.hpp"
#include "schemas/codec/resolution_data.hpp"
#include "workers/handlers/compose.hpp"
#include "workers/handlers/order.hpp"
#include "workers/reconciliation/break_step.hpp"
#include "workers/reconciliation/resolutions.hpp"

namespace deploy {

using ledger::env::age_text;
using workers::reconciliation::commit_alone;
using workers::reconciliation::ground_for;
using workers::reconciliation::open_resolutions;
using workers::reconciliation::Resolution;
using workers::reconciliation::resolution_kind;
using workers::reconciliation::StepContext;

namespace {

namespace order_machine = machines::order;
using ledger::Parameters;
using ledger::SqlStatement;
using ledger::Stored;
using machines::Amount;
using machines::name_of;
using nlohmann::ordered_json;

// $1: one order, or 0. $2: those alone that have not ended.
constexpr SqlStatement orders_statement = {
    "orders_seen",
    "SELECT i.owner, o.name, i.id, i.version, i.state, i.is_final, i.data, i.sleeve, coalesce(s.name, ''), coalesce("
    "extract(epoch FROM clock_timestamp() - t.wall_at)::bigint, 0), coalesce(j.text, ''), coalesce(j.reason, ''), "
    "coalesce(j.leased, false) FROM ledger.instance i JOIN ledger.owner o ON o.id = i.owner "
    "LEFT JOIN ledger.sleeve s ON s.owner = i.owner AND s.id = i.sleeve "
    "LEFT JOIN ledger.transition t ON t.owner = i.owner AND t.instance = i.id AND t.version = i.version "
    "LEFT JOIN LATERAL (SELECT min(j.owner || '/' || j.instance || '/' || j.version || '/' || j.ordinal) AS text, "
    "min(coalesce(j.parked, j.last_error)) AS reason, bool_or(j.token IS NOT NULL) AS leased FROM ledger.job j WHERE "
    "j.owner = i.owner AND j.instance = i.id) AS j ON true "
    "WHERE i.kind = 'order' AND ($1 = 0 OR i.id = $1) AND NOT (i.is_final AND $2) ORDER BY i.owner, i.id",
    false};
constexpr SqlStatement paths_statement = {
    "account_paths",
    "SELECT a.id, a.path, s.code, s.scale FROM ledger.account a JOIN ledger.asset s "
    "ON s.id = a.asset WHERE a.owner = $1",
    false};
constexpr SqlStatement hold_statement = {"hold_for_person", "SELECT ledger.hold_for_person($1, $2, $3)"};
constexpr SqlStatement record_statement = {"record_resolution", "SELECT ledger.record_resolution($1, $2)"};

struct OrderView {
  machines::OwnerId owner;
  std::string owner_name;
  machines::InstanceId id;
  std::int64_t version = 0;
  std::string state;
  bool is_final = false;
  std::optional<order_machine::Data> data;
  machines::SleeveId sleeve;
  std::string sleeve_name;
  std::int64_t age_s = 0;  // since its last step
  std::string job, reason;
  bool is_leased = false;
};

Stored<std::vector<OrderView>> look_at(ledger::Connection& connection, std::int64_t id) {
  const auto rows = connection.call(orders_statement, Parameters().add(id).add(id == 0));
  if (!rows) return machines::fail(rows.error());
  std::vector<OrderView> views;
  views.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    views.push_back({{static_cast<std::int32_t>(rows->number(row, 0))},
                     std::string(rows->text(row, 1)),
                     {rows->number(row, 2)},
                     rows->number(row, 3),
                     std::string(rows->text(row, 4)),
                     rows->flag(row, 5),
                     schemas::parse_order(rows->text(row, 6)),
                     {rows->number(row, 7)},
                     std::string(rows->text(row, 8)),
                     rows->number(row, 9),
                     std::string(rows->text(row, 10)),
                     std::string(rows->text(row, 11)),
                     rows->flag(row, 12)});
  return views;
}

// Nobody knows whether the venue has it, or what became of it there: the last question was not answered.
bool is_in_doubt(const OrderView& view) {
  if (view.state == name_of(order_machine::drafted)) return false;
  return view.state == name_of(order_machine::sent) || view.state == name_of(order_machine::in_doubt) ||
         !view.reason.empty();
}

std::string size_text(const OrderView& view, const ledger::books::Sleeves& sleeves) {
  const auto sleeve = sleeves.find({view.owner, view.sleeve});
  if (!view.data || sleeve == sleeves.end()) return "?";
  const auto& asset = view.data->is_buy ? sleeve->second.instrument.quote : sleeve->second.instrument.base;
  return machines::format(view.data->size, asset.scale) + " " + asset.code;
}

ordered_json order_json(const OrderView& view, const ledger::books::Sleeves& sleeves) {
  return {{"id", view.id.value},
          {"owner", view.owner_name},
          {"sleeve", view.sleeve_name},
          {"symbol", view.data ? view.data->symbol : ""},
          {"side", !view.data          ? ""
                   : view.data->is_buy ? "buy"
                                       : "sell"},
          {"size", size_text(view, sleeves)},
          {"state", view.state},
          {"in_doubt", is_in_doubt(view)},
          {"age_s", view.age_s},
          {"job", view.job},
          {"reason", view.reason}};
}

void print_waiting(const Resolution& one) {
  print_text("{:>8}  {:<11} by {}, who saw: {}; {} ago; waits for the venue's own word\n", one.data.order.value,
             one.data.as, one.data.who, one.data.evidence, age_text(one.age_s));
}

// ---- a person's word

// What the person said, as a message to the machine; or what is wrong with it.
struct Said {
  order_machine::Message message;
  std::string wrong;
};

std::optional<Amount> amount_in(const std::string& text, const machines::Asset& asset) {
  const auto amount = machines::parse_amount(text, asset);
  return amount && !amount->is_negative() ? std::optional(*amount) : std::nullopt;
}

// The amounts are of the whole order, as the venue's own pages show it: what was booked before is taken off.
Said filled(const ResolveArgs& word, const OrderView& view, const ledger::books::Sleeve& sleeve,
            machines::Instant world_now) {
  const machines::Instrument& pair = sleeve.instrument;
  const order_machine::Data& data = *view.data;
  Said said{{order_machine::person_filled, {}, ""}, ""};
  const auto base = amount_in(word.base, pair.base), quote = amount_in(word.quote, pair.quote);
  const auto fee = amount_in(word.fee.empty() ? "0" : word.fee, pair.quote);
  if (!base || !quote || !fee) {
    said.wrong = fmt::format("--base `{}`, --quote `{}` and --fee `{}` are numbers of {} and of {}", word.base,
                             word.quote, word.fee, pair.base.code, pair.quote.code);
    return said;
  }
  auto& fills = said.message.fills;
  fills.count = 1;
  fills.base = Amount(base->asset(), base->minor() - data.base.minor());
  fills.quote = Amount(quote->asset(), quote->minor() - data.quote.minor());
  fills.fees = Amount(fee->asset(), fee->minor() - data.fees.minor());
  fills.fees_base = Amount::zero(pair.base.id);
  fills.fees_other = Amount::zero(sleeve.fee_asset.id);
  fills.first = fills.last = world_now;
  const auto spent = data.is_buy ? quote->minor() + fee->minor() : base->minor();
  if (spent > data.size.minor())
    said.wrong = fmt::format("that is more than the order's {} {}",
                             machines::format(data.size, data.is_buy ? pair.quote.scale : pair.base.scale),
                             data.is_buy ? pair.quote.code : pair.base.code);
  else if (!fills.base.is_positive() || !fills.quote.is_positive() || fills.fees.is_negative())
    said.wrong = fmt::format("{} {} for {} {} are booked of it already, with {} of fees: say what it came to in all",
                             machines::format(data.base, pair.base.scale), pair.base.code,
                             machines::format(data.quote, pair.quote.scale), pair.quote.code,
                             machines::format(data.fees, pair.quote.scale));
  return said;
}

Said word_about(const ResolveArgs& word, const OrderView& view, const ledger::books::Sleeve& sleeve,
                machines::Instant world_now) {
  if (word.as == "filled") return filled(word, view, sleeve, world_now);
  const auto event = word.as == "cancelled" ? order_machine::person_cancelled : order_machine::person_not_placed;
  const auto state = machines::from_name<order_machine::State>(view.state);
  Said said{{event, {}, "by " + who_asks() + ": " + word.evidence}, ""};
  if (event == order_machine::person_not_placed && view.data->fills > 0)
    said.wrong = "fills of it are booked already: it was placed";
  else if (!state || !order_machine::transitions.find(*state, event))
    said.wrong = fmt::format("it is {}: the venue has taken it", view.state);
  return said;
}

// Why a person's word ends nothing here; empty where it may.
std::string objection(const OrderView& view) {
  if (view.is_final) return fmt::format("order {} has ended: {}", view.id.value, view.state);
  if (view.state == name_of(order_machine::drafted))
    return fmt::format("order {} was never sent: `bursar job cancel {} --why TEXT` withdraws it", view.id.value,
                       view.job.empty() ? "JOB" : view.job);
  if (view.is_leased)
    return fmt::format(
        "a worker holds job {} of order {} and may be asking the venue just now: again in a moment, or `bursar pause "
        "instance {}` first",
        view.job, view.id.value, view.id.value);
  if (!view.data) return fmt::format("the data of order {} can't be read", view.id.value);
  return "";
}

void add_resolution(machines::Step& step, const OrderView& view, const ResolveArgs& word) {
  int births = 0;
  for (const auto& move : step.moves) births += move.instance.is_birth();
  machines::Move move;
  move.instance = machines::Subject::birth(births + 1);
  move.kind = resolution_kind;
  move.to = name_of(machines::resolution::State::unconfirmed);
  move.event = name_of(machines::resolution::Event::resolve);
  move.command = name_of(machines::resolution::Command::none);
  move.parent = view.id;
  move.sleeve = view.sleeve;
  move.data = schemas::write_resolution({view.id, word.as, who_asks(), word.evidence, ""});
  step.moves.push_back(std::move(move));
}

// The order's step, with its cycle's and the resolution's; or why there is none.
struct Planned {
  StepContext ground;
  std::string why_not;
};

Stored<Planned> plan(ledger::Connection& connection, const OrderView& view, const ResolveArgs& word) {
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return machines::fail(sleeves.error());
  auto ground = ground_for(connection, view.owner);
  if (!ground) return machines::fail(ground.error());
  const auto sleeve = sleeves->find({view.owner, view.sleeve});
  if (sleeve == sleeves->end()) return Planned{*ground, "its sleeve can't be read"};
  const Said said = word_about(word, view, sleeve->second, ground->step.world_at);
  if (!said.wrong.empty()) return Planned{*ground, said.wrong};
  machines::LeasedJob job;  // nobody's job: only its address is read
  job.key.owner = view.owner;
  job.key.instance = view.id;
  job.world_at = ground->step.world_at;
  const auto facts = ledger::journal::Journal(connection).facts({&job, 1});
  if (!facts) return machines::fail(facts.error());
  if (!facts->front() || facts->front()->version != view.version) return Planned{*ground, "it moves just now: again"};
  const auto decision = workers::handlers::OrderHandler(*sleeves, "", {}).by_person(job, *facts->front(), said.message);
  const auto* commit = std::get_if<workers::handlers::Commit>(&decision);
  if (commit == nullptr) return Planned{*ground, std::get<workers::handlers::GiveUp>(decision).reason};
  ground->step = commit->step;
  add_resolution(ground->step, view, word);
  return Planned{std::move(*ground), ""};
}

// All of it in one transaction. Empty, or why nothing was done.
Stored<std::string> carry_out(ledger::Connection& connection, const OrderView& view, const ResolveArgs& word,
                              const StepContext& ground) {
  auto transaction = ledger::Transaction::open(connection);
  if (!transaction) return machines::fail(transaction.error());
  const auto held = connection.call(
      hold_statement, Parameters().add(std::int64_t{view.owner.value}).add(view.id.value).add(view.version));
  if (!held) return machines::fail(held.error());
  if (held->text(0, 0) == "in_flight") return std::string("a worker has taken its job just now: again in a moment");
  if (!held->text(0, 0).empty()) return std::string("it moves just now: look again with `bursar order list`");
  const auto result = commit_alone(connection, ground);
  // A step that does not fit ends the transaction before the checked call can say why: 25P02.
  if (!result && result.error().cause == ledger::StoreCause::transaction_over)
    return std::string("the books moved at the same moment: again");
  if (!result) return machines::fail(result.error());
  if (result->outcome != machines::Outcome::committed)
    return fmt::format("the ledger answers {} {}: again", name_of(result->outcome), name_of(result->refusal));
  const ordered_json record = {
      {"what", "resolve"}, {"order", view.id.value}, {"as", word.as}, {"who", who_asks()}, {"why", word.evidence}};
  const auto kept =
      connection.call(record_statement, Parameters().add(std::int64_t{view.owner.value}).add(record.dump()));
  if (!kept) return machines::fail(kept.error());
  if (const auto stood = transaction->commit(); !stood) return machines::fail(stood.error());
  return std::string();
}

// ---- what it would do, or did

Stored<ordered_json> step_json(ledger::Connection& connection, const OrderView& view, const ResolveArgs& word,
                               const machines::Step& step) {
  const auto rows = connection.call(paths_statement, Parameters().add(std::int64_t{view.owner.value}));
  if (!rows) return machines::fail(rows.error());
  std::map<std::int64_t, int> at;
  for (int row = 0; row < rows->size(); ++row) at[rows->number(row, 0)] = row;
  const auto path = [&](machines::AccountId id) { return std::string(rows->text(at.at(id.value), 1)); };
  ordered_json json = {{"order", view.id.value},
                       {"as", word.as},
                       {"who", who_asks()},
                       {"evidence", word.evidence},
                       {"moves", ordered_json::array()},
                       {"postings", ordered_json::array()}};
  for (const auto& move : step.moves)
    json["moves"].push_back({{"machine", move.instance.id.value},
                             {"kind", move.kind},
                             {"from", move.from},
                             {"to", move.to},
                             {"event", move.event}});
  for (const auto& posting : step.postings)
    json["postings"].push_back(
        {{"kind", posting.kind == machines::PostingKind::void_ ? "void" : name_of(posting.kind)},
         {"debit", path(posting.debit)},
         {"credit", path(posting.credit)},
         {"amount", machines::format(posting.amount, static_cast<int>(rows->number(at.at(posting.debit.value), 3)))},
         {"asset", rows->text(at.at(posting.debit.value), 2)},
         {"code", posting.code}});
  return json;
}

void print_step(const ordered_json& json, std::FILE* out) {
  const auto word = [](const ordered_json& from, const char* name) { return from[name].get<std::string>(); };
  print_text(out, "order {}, {} by {}, who saw: {}\n", json["order"].dump(), word(json, "as"), word(json, "who"),
             word(json, "evidence"));
  for (const auto& move : json["moves"]) {
    const std::string from = word(move, "from");
    print_text(out, "  {} {}: {} -> {}\n", word(move, "kind"), move["machine"] == 0 ? "(new)" : move["machine"].dump(),
               from.empty() ? "(born)" : from, word(move, "to"));
  }
  for (const auto& one : json["postings"])
    print_text(out, "  {} {} {} from {} to {} ({})\n", word(one, "kind"), word(one, "amount"), word(one, "asset"),
               word(one, "debit"), word(one, "credit"), word(one, "code"));
}

int refuse(const CommandContext& context, const ResolveArgs& word, const std::string& why,
           ErrorCode code = ErrorCode::refused) {
  return refused(context, fmt::format("order resolve: order {}: {}", word.id, why), code);
}

}  // namespace

int list_orders(const CommandContext& context, bool in_doubt) {
  ledger::Connection connection(context.dsn);
  const auto views = look_at(connection, 0);
  if (!views) return failed(context, "order list", views.error());
  const auto sleeves = ledger::books::read_sleeves(connection);
  if (!sleeves) return failed(context, "order list", sleeves.error());
  const auto waiting = open_resolutions(connection);
  if (!waiting) return failed(context, "order list", waiting.error());
  ordered_json json = {{"orders", ordered_json::array()}, {"unconfirmed", ordered_json::array()}};
  for (const OrderView& view : *views)
    if (!in_doubt || is_in_doubt(view)) json["orders"].push_back(order_json(view, *sleeves));
  for (const Resolution& one : *waiting)
    json["unconfirmed"].push_back({{"order", one.data.order.value},
                                   {"as", one.data.as},
                                   {"who", one.data.who},
                                   {"evidence", one.data.evidence},
                                   {"age_s", one.age_s}});
  if (context.json) {
    std::cout << json.dump() << "\n";
    return 0;
  }
  if (json["orders"].empty()) print_text("no order {}\n", in_doubt ? "is in doubt" : "is on its way");
  for (const OrderView& view : *views)
    if (!in_doubt || is_in_doubt(view))
      print_text("{:>8}  {:<11} {:<10} {:<4} {:>26}  {} ago{}{}\n", view.id.value, view.state, view.sleeve_name,
                 view.data && view.data->is_buy ? "buy" : "sell", size_text(view, *sleeves), age_text(view.age_s),
                 view.reason.empty() ? "" : ": ", view.reason);
  for (const Resolution& one : *waiting) print_waiting(one);
  return 0;
}

int resolve_order(const CommandContext& context, const ResolveArgs& word) {
  const bool has_amounts = !word.base.empty() || !word.quote.empty() || !word.fee.empty();
  if (word.evidence.empty()) return wrong(context, "order resolve: --evidence is empty: what was seen, and where?");
  if (word.as == "filled" && (word.base.empty() || word.quote.empty()))
    return wrong(
        context,
        "order resolve: filled needs --base and --quote: what it came to in all, and --fee where there was one");
  if (word.as != "filled" && has_amounts)
    return wrong(context,
                 "order resolve: --base, --quote and --fee are for an order that was filled, in whole or in part");
  ledger::Connection connection(context.dsn);
  const auto views = look_at(connection, word.id);
  if (!views) return failed(context, "order resolve", views.error());
  if (views->empty())
    return refuse(context, word, "there is none of that number; `bursar order list` shows those on their way",
                  ErrorCode::not_found);
  const OrderView& view = views->front();
  if (const std::string why = objection(view); !why.empty()) return refuse(context, word, why);
  const auto planned = plan(connection, view, word);
  if (!planned) return failed(context, "order resolve", planned.error());
  if (!planned->why_not.empty()) return refuse(context, word, planned->why_not);
  auto shown = step_json(connection, view, word, planned->ground.step);
  if (!shown) return failed(context, "order resolve", shown.error());
  if (word.yes) {
    const auto why_not = carry_out(connection, view, word, planned->ground);
    if (!why_not) return failed(context, "order resolve", why_not.error());
    if (!why_not->empty()) return refuse(context, word, *why_not);
  }
  (*shown)["carried_out"] = word.yes;
  if (!word.yes) put_error(context, ErrorCode::not_confirmed, "order resolve: nothing was changed");
  if (context.json)
    std::cout << shown->dump() << "\n";
  else
    print_step(*shown, word.yes ? stdout : stderr);
  if (!word.yes) print_text(stderr, "nothing was changed; add --yes\n");
  return word.yes ? 0 : 2;
}

}  // namespace deploy
