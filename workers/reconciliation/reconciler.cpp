#include "workers/reconciliation/reconciler.hpp"

#include <algorithm>
#include <thread>

#include "machines/core/names.hpp"

namespace workers::reconciliation {
namespace {

using ledger::Stored;
using ledger::StoreError;
using ledger::StoreFailure;
using ledger::books::SeenFill;
using ledger::books::SeenStatement;
using ledger::books::Wallet;
using ledger::books::WalletLine;
using machines::Amount;
using machines::Int128;
namespace reconciliation = machines::reconciliation;

// Somebody else booked it meanwhile, or the ledger moved: nothing stands, and a new comparison finds what is true now.
bool is_overtaken(const StoreError& error) {
  return error.failure == StoreFailure::conflict ||
         (error.failure == StoreFailure::refused &&
          (error.cause == ledger::StoreCause::moved_on || error.cause == ledger::StoreCause::duplicate));
}

bool is_of(const SeenFill& fill, const std::string& asset) {
  return fill.symbol.starts_with(asset + "/") || fill.symbol.ends_with("/" + asset);
}

class Pass {
 public:
  Pass(ledger::Connection& connection, const Reconciling& how)
      : connection_(connection), how_(how), books_(connection) {}

  // Whether it came to an end; false: compare again.
  Stored<bool> run(const AskStatement& ask, Reconciled& made) {
    const auto before = books_.wallet(how_.at.venue, how_.at.account);
    if (!before) return machines::fail(before.error());
    const auto said = ask();
    if (!said) {
      made.silent = said.error();
      return true;
    }
    auto after = books_.wallet(how_.at.venue, how_.at.account);
    if (!after) return machines::fail(after.error());
    wallet_ = std::move(*after);
    made.still = before->stamp == wallet_.stamp && before->in_flight == 0 && wallet_.in_flight == 0;
    compare(*said, made);
    const bool calm = made.still;
    if (!calm && differs(made)) return false;
    const auto kept = books_.keep(how_.at.venue, how_.at.account, wallet_.world_now, *said);
    if (!kept) return machines::fail(kept.error());
    made.statement = *kept;
    made.still = true;
    if (!calm) return true;  // nothing differs, and nothing is decided while orders are on their way
    const auto open = books_.unclaimed(how_.at.venue, how_.at.account);
    if (!open) return machines::fail(open.error());
    for (const SeenFill& fill : said->foreign)
      if (std::find(open->begin(), open->end(), fill.id) != open->end()) unclaimed_.push_back(fill);
    if (const auto done = book_fills(made); !done || !*done) return done;
    return make_breaks(*said, made);
  }

 private:
  void compare(const SeenStatement& said, Reconciled& made) const {
    made.lines.clear();
    made.unknown.clear();
    for (const WalletLine& line : wallet_.lines) {
      const Int128 total = total_of(said, line.asset.code);
      made.lines.push_back({line.asset, total, line.ledger, line.quarantined, total - line.ledger - line.quarantined});
    }
    for (const auto& line : said.lines)
      if (line.total != 0 && wallet_.line(line.asset) == nullptr) made.unknown.push_back(line);
  }

  static bool differs(const Reconciled& made) {
    return std::any_of(made.lines.begin(), made.lines.end(), [](const auto& line) { return line.difference != 0; });
  }

  static Int128 total_of(const SeenStatement& said, const std::string& asset) {
    for (const auto& line : said.lines)
      if (line.asset == asset) return line.total;
    return 0;
  }

  reconciliation::Data data_for(const Reconciled& made) const {
    reconciliation::Data data;
    data.venue = how_.at.venue;
    data.account = how_.at.account;
    data.statement = made.statement;
    data.who = how_.who;
    data.person = how_.person;
    return data;
  }

  // In the venue's order. A fill that can't be booked without doubt is left for a break, and so are those after it.
  Stored<bool> book_fills(Reconciled& made) {
    while (!unclaimed_.empty()) {
      const auto positions = positions_on(connection_, how_.at.venue, how_.at.account);
      if (!positions) return machines::fail(positions.error());
      const SeenFill fill = unclaimed_.front();
      const auto sale = sale_of(fill, *positions);
      if (!sale) return true;
      const auto done = book(fill, *sale, made);
      if (!done) {
        if (is_overtaken(done.error())) return false;
        return machines::fail(done.error());
      }
      if (!*done) return true;
      unclaimed_.erase(unclaimed_.begin());
      auto wallet = books_.wallet(how_.at.venue, how_.at.account);
      if (!wallet) return machines::fail(wallet.error());
      wallet_ = std::move(*wallet);
    }
    return true;
  }

  struct SleevesSale {
    const Position* of = nullptr;
    reconciliation::Sale sale;
  };

  // The one sleeve that can have sold it; nothing where a person has to say. Where base has come in that nobody has
  // explained, by a purchase or otherwise, the sale may be of that.
  std::optional<SleevesSale> sale_of(const SeenFill& fill, const std::vector<Position>& positions) const {
    for (const SeenFill& other : unclaimed_)
      if (other.symbol == fill.symbol && other.is_buy) return std::nullopt;
    SleevesSale found;
    for (const Position& position : positions) {
      const ledger::books::Sleeve& sleeve = position.sleeve;
      if (sleeve.symbol != fill.symbol) continue;
      const WalletLine* line = wallet_.line(sleeve.instrument.base.code);
      if (line == nullptr || line->quarantined != 0) return std::nullopt;
      const auto sale = read_sale(fill, position);
      if (!sale) return std::nullopt;
      const bool has_it = position.base >= sale->base.minor() + sale->fee_base.minor();
      if (!has_it || position.cycle_state != "holding") continue;
      if (found.of != nullptr) return std::nullopt;
      found = {&position, *sale};
    }
    return found.of == nullptr ? std::nullopt : std::optional(found);
  }

  // Nothing where a number is out of range, or the fee is in an asset that nobody foresaw.
  static std::optional<reconciliation::Sale> read_sale(const SeenFill& fill, const Position& position) {
    const ledger::books::Sleeve& sleeve = position.sleeve;
    const auto base = Amount::make(sleeve.instrument.base.id, fill.base);
    const auto quote = Amount::make(sleeve.instrument.quote.id, fill.quote);
    if (!base || !quote || !base->is_positive() || quote->is_negative() || fill.fee < 0) return std::nullopt;
    reconciliation::Sale sale;
    sale.base = *base;
    sale.quote = *quote;
    sale.fee_quote = Amount::zero(quote->asset());
    sale.fee_base = Amount::zero(base->asset());
    sale.fee_other = Amount::zero(sleeve.fee_asset.id);
    sale.fee_payer = position.fee_payer;
    sale.fee_funds = Amount(sleeve.fee_asset.id, position.fee_funds);
    const bool in_quote = fill.fee_asset.empty() || fill.fee_asset == sleeve.instrument.quote.code;
    const bool in_base = fill.fee_asset == sleeve.instrument.base.code;
    if (!in_quote && !in_base && (sleeve.fee_asset.id.value == 0 || fill.fee_asset != sleeve.fee_asset.code))
      return std::nullopt;
    Amount& fee = in_quote ? sale.fee_quote : in_base ? sale.fee_base : sale.fee_other;
    const auto taken = Amount::make(fee.asset(), fill.fee);
    if (!taken) return std::nullopt;
    fee = *taken;
    return sale;
  }

  // False where it does not fit after all: a break then.
  Stored<bool> book(const SeenFill& fill, const SleevesSale& found, Reconciled& made) {
    auto ground = ground_for(connection_, found.of->sleeve.owner);
    if (!ground) return machines::fail(ground.error());
    ground->step.world_at = std::max(ground->step.world_at, fill.at);
    reconciliation::Data data = data_for(made);
    data.statement_total = data.ledger_total = Amount::zero(found.sale.base.asset());
    data.sleeve = found.of->sleeve.name;
    data.why = "sold on the exchange, not by us: its fill " + fill.id;
    data.fills = {fill.id};
    const auto booked = reconciliation::booked(std::move(data), found.of->sleeve.accounts, found.sale);
    add_break_move(ground->step, booked, machines::Subject::birth(1), 0, found.of->sleeve.id);
    machines::OrderSummary sold;
    sold.base = found.sale.base;
    sold.quote = found.sale.quote;
    sold.fees = found.sale.fee_quote;
    sold.first_fill = fill.at;
    sold.fees_base = found.sale.fee_base;
    const auto why_not = add_outside_sale(connection_, ground->step, *found.of, sold);
    if (!why_not) return machines::fail(why_not.error());
    if (!why_not->empty()) return false;
    const bool closes = ground->step.moves.back().instance.is_birth();
    const auto result = commit_alone(connection_, *ground);
    if (!result) return machines::fail(result.error());
    if (result->outcome == machines::Outcome::refused) return false;
    if (result->outcome != machines::Outcome::committed)
      return machines::fail(StoreError{StoreFailure::conflict, std::string(machines::name_of(result->outcome))});
    made.booked.push_back({fill.id, found.of->sleeve.name, fill.symbol, result->born.front(), closes});
    return true;
  }

  // One step each: a break's first posting is its own. False: overtaken.
  Stored<bool> make_breaks(const SeenStatement& said, Reconciled& made) {
    compare(said, made);
    for (const WalletLine& line : wallet_.lines) {
      const auto total = Amount::make(line.asset.id, total_of(said, line.asset.code));
      if (!total)
        return machines::fail(
            StoreError{StoreFailure::refused, "the venue's total of " + line.asset.code + " is beyond every ledger"});
      const auto difference = reconciliation::difference(
          {*total, Amount(line.asset.id, line.ledger), Amount(line.asset.id, line.quarantined)});
      if (!difference)
        return machines::fail(
            StoreError{StoreFailure::refused, "the difference of " + line.asset.code + " is beyond every ledger"});
      if (difference->is_zero()) continue;
      const auto done = make_break(line, *total, *difference, made);
      if (!done) {
        if (is_overtaken(done.error())) return false;
        return done;
      }
    }
    return true;
  }

  Stored<bool> make_break(const WalletLine& line, Amount total, Amount difference, Reconciled& made) {
    auto ground = ground_for(connection_, line.owner);
    if (!ground) return machines::fail(ground.error());
    reconciliation::Data data = data_for(made);
    data.amount = difference;
    data.statement_total = total;
    data.ledger_total = Amount(line.asset.id, line.ledger + line.quarantined);
    data.external = line.external;
    data.quarantine = line.quarantine;
    data.why = "the venue's statement differs";
    for (const Heard& one : made.heard)
      if (one.word == Heard::Word::other) data.why += "; " + text_of(one);
    std::vector<SeenFill> left;
    for (const SeenFill& fill : unclaimed_)
      is_of(fill, line.asset.code) ? data.fills.push_back(fill.id) : left.push_back(fill);
    add_break_move(ground->step, reconciliation::found(std::move(data)), machines::Subject::birth(1), 0);
    const auto result = commit_alone(connection_, *ground);
    if (!result) return machines::fail(result.error());
    if (result->outcome != machines::Outcome::committed)
      return machines::fail(StoreError{StoreFailure::conflict, std::string(machines::name_of(result->outcome))});
    unclaimed_ = std::move(left);
    made.found.push_back(result->born.front());
    return true;
  }

  ledger::Connection& connection_;
  const Reconciling& how_;
  ledger::books::Reconciliation books_;
  Wallet wallet_;
  std::vector<SeenFill> unclaimed_;  // in the venue's order
};

// A word that differs is recorded once what it differs by is in quarantine: killed before that, it is asked for again.
Stored<Reconciled> settled(ledger::Connection& connection, Reconciled made) {
  if (!made.silent.empty()) return made;
  for (const Heard& one : made.heard)
    if (const auto done = settle(connection, one); !done) return machines::fail(done.error());
  return made;
}

}  // namespace

Stored<Reconciled> reconcile(ledger::Connection& connection, const Reconciling& how, const AskStatement& ask) {
  const auto until = std::chrono::steady_clock::now() + how.patience;
  Reconciled made;
  auto heard = hear(connection, how.at.venue, how.at.account, how.ask_order);
  if (!heard) return machines::fail(heard.error());
  made.heard = std::move(*heard);
  while (true) {
    const auto ended = Pass(connection, how).run(ask, made);
    if (!ended) return machines::fail(ended.error());
    if (*ended) return settled(connection, std::move(made));
    made.still = false;
    if (std::chrono::steady_clock::now() >= until) return made;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace workers::reconciliation
