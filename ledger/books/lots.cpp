#include "ledger/books/lots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "machines/core/names.hpp"

namespace ledger::books {
namespace {

using machines::Amount;
namespace costs = machines::costs;

Int128 fees_in(const costs::Fill& fill, machines::AssetId asset) {
  Int128 sum = 0;
  for (const Amount& fee : fill.fees) sum += fee.asset() == asset ? fee.minor() : 0;
  return sum;
}

// Its fees in one sum for each asset.
costs::Fill merged(costs::Fill fill) {
  std::map<machines::AssetId, Int128> sums;
  for (const Amount& fee : fill.fees) sums[fee.asset()] += fee.minor();
  fill.fees.clear();
  for (const auto& [asset, minor] : sums) fill.fees.emplace_back(asset, minor);
  return fill;
}

// What was sold came out of suspense: no lot has it, all of it is gain.
costs::Effect sold_of_nothing(const costs::Fill& fill) {
  const auto quote = fill.quote.asset();
  const Amount none = Amount::zero(quote);
  return {fill.quote, none, Amount(quote, fees_in(fill, quote)), none};
}

}  // namespace

void Bookkeeper::unbooked(const SleeveRow& row, Lots& lots, Day day, std::string_view why) {
  if (lots.sound) broken(day, row, fmt::format("its fills can't be booked: {}", why));
  lots.sound = false;
}

void Bookkeeper::book_trades(const Sleeve& sleeve, Lots& lots, SleeveDay& day) {
  for (; lots.next != sleeve.trades.end() && machines::day_of(lots.next->fill.at) == day.day; ++lots.next)
    lots.next->kind == Kind::trade ? book_trade(sleeve.row, *lots.next, lots, day)
                                   : book_explanation(sleeve.row, *lots.next, lots, day);
  day.cost = lots.book.cost().minor();
  day.open_fees = lots.paid.open_fees().minor();
}

void Bookkeeper::book_trade(const SleeveRow& row, const Trade& trade, Lots& lots, SleeveDay& day) {
  costs::Fill fill = trade.fill;
  const Int128 fees = fees_in(fill, row.quote.id);
  day.fees += fees;
  if (fill.base.is_zero() && fill.quote.is_zero() && fees_in(fill, row.base.id) == 0) {  // a fee without a trade
    day.closed_fees += fees;
    return;
  }
  ++day.fills;
  const bool of_nothing = !fill.is_buy && trade.own_base == 0;
  if (!fill.is_buy) fill.base = Amount(row.base.id, trade.own_base);
  const auto effect = of_nothing ? costs::Costed<costs::Effect>(sold_of_nothing(fill)) : lots.book.apply(fill);
  if (!effect) return unbooked(row, lots, day.day, machines::name_of(effect.error()));
  day.realised += effect->realised.minor();
  day.closed_fees += effect->fees.minor();
  day.fees += effect->paid_in_base.minor();
  if (of_nothing) return;
  fill.fees.emplace_back(row.quote.id, -trade.coin_fees);
  const auto paid = lots.paid.apply(merged(fill));
  if (!paid) return unbooked(row, lots, day.day, machines::name_of(paid.error()));
  if (trade.base_in == 0) return;
  const costs::Lot coins{fill.at, fill.base, effect->cost, effect->fees};
  const costs::Lot paid_coins{fill.at, fill.base, paid->cost, paid->fees};
  lots.explained[trade.instance].push_back(
      {Kind::trade, trade.base_in, trade.quote_in, coins, paid_coins, effect->realised.minor(), effect->fees.minor()});
}

// A fee is one, whatever it took; what an error took is lost at cost. Coins that came have cost nothing.
void Bookkeeper::book_explanation(const SleeveRow& row, const Trade& trade, Lots& lots, SleeveDay& day) {
  const machines::Instant at = trade.fill.at;
  Kind kind = trade.kind;
  Lots::Explained did{};
  if (kind == Kind::undo) {
    auto& before = lots.explained[trade.instance];
    if (before.empty() || before.back().base_in != -trade.base_in || before.back().quote_in != -trade.quote_in)
      return unbooked(row, lots, day.day, "an explanation that was never given is taken back");
    did = before.back();
    kind = did.kind;
    before.pop_back();
  }
  const bool undoes = trade.kind == Kind::undo;
  const Amount none = Amount::zero(row.quote.id);
  costs::Lot coins{at, Amount(row.base.id, trade.base_in < 0 ? -trade.base_in : trade.base_in), none, none};
  costs::Lot paid_coins = coins;
  if (undoes && trade.base_in > 0) {
    coins = did.coins;
    paid_coins = did.paid_coins;
  }
  if (trade.base_in < 0) {
    const auto taken = lots.book.remove(coins.base, at, undoes ? &did.coins : nullptr);
    const auto paid = taken ? lots.paid.remove(coins.base, at, undoes ? &did.paid_coins : nullptr) : taken;
    if (!paid) return unbooked(row, lots, day.day, machines::name_of(paid.error()));
    coins = *taken;
    paid_coins = *paid;
  } else if (trade.base_in > 0) {
    const auto put = lots.put(coins, paid_coins, at);
    if (!put) return unbooked(row, lots, day.day, machines::name_of(put.error()));
  }
  if (!undoes) lots.explained[trade.instance].push_back({kind, trade.base_in, trade.quote_in, coins, paid_coins, 0, 0});
  if (kind == Kind::trade) {
    day.realised -= did.realised;
    day.closed_fees -= did.closed_fees;
    return;
  }
  const Int128 gained = trade.quote_in + (trade.base_in < 0 ? -coins.cost.minor() : coins.cost.minor());
  day.closed_fees += trade.base_in < 0 ? coins.fees.minor() : -coins.fees.minor();
  if (kind == Kind::fee) {
    if (trade.base_in != 0) day.paid[row.base.id] -= trade.base_in;
    if (trade.quote_in != 0) day.paid[row.quote.id] -= trade.quote_in;
    day.fees -= gained;
    day.closed_fees -= gained;
  } else {
    day.corrected += gained;
  }
}

// As they were written: by the lines of its base account. What touches no coins goes first, purchases before sales.
void Bookkeeper::in_order(Sleeve& sleeve) const {
  const auto line = [&](const Trade& trade) {
    const auto found = sleeve.order.find({trade.instance, trade.version});
    return found == sleeve.order.end() ? 0 : found->second;
  };
  std::stable_sort(sleeve.trades.begin(), sleeve.trades.end(), [&](const Trade& a, const Trade& b) {
    return std::tuple(a.fill.at, line(a), !a.fill.is_buy) < std::tuple(b.fill.at, line(b), !b.fill.is_buy);
  });
}

}  // namespace ledger::books
