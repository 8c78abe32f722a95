#include "ledger/books/bookkeeper.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/books/lots.hpp"
#include "machines/core/names.hpp"

namespace ledger::books {
namespace {

using machines::Amount;
namespace costs = machines::costs;

// Wraps around: what somebody made of a row by hand may be any number, and equal sums stay equal.
Int128 sum(Int128 a, Int128 b) {
  return static_cast<Int128>(static_cast<machines::UInt128>(a) + static_cast<machines::UInt128>(b));
}

void add_to(std::map<Day, Int128>& days, Day day, Int128 by) {
  Int128& value = days[day];
  value = sum(value, by);
}

Int128 on(const std::map<Day, Int128>& days, Day day) {
  const auto found = days.find(day);
  return found == days.end() ? 0 : found->second;
}

// What the day's change depends on besides the two ends.
Int128 explained(const SleeveDay& day) {
  return day.realised - (day.fees - day.coin_fees) + day.allocated - day.reclaimed - day.returned + day.other +
         day.suspense + day.corrected;
}

}  // namespace

std::optional<std::pair<Day, Day>> DailyBooks::range() const {
  std::optional<std::pair<Day, Day>> found;
  const auto widen = [&](Day day) {
    if (!found) found.emplace(day, day);
    found->first = std::min(found->first, day);
    found->second = std::max(found->second, day);
  };
  for (const auto& books : sleeves)
    for (const SleeveDay& day : books.days) widen(day.day);
  for (const auto& books : vaults)
    for (const VaultDay& day : books.days) widen(day.day);
  for (const Break& one : breaks) widen(one.day);
  return found;
}

Bookkeeper::Bookkeeper(costs::Basis basis, Registry registry)
    : basis_(basis), fee_prices_(std::move(registry.fee_prices)), vaults_(std::move(registry.vaults)) {
  for (auto& asset : registry.assets) assets_.emplace(asset.id, std::move(asset));
  for (auto& row : registry.sleeves) sleeves_.push_back({std::move(row), {}, {}, {}});
  for (auto& row : registry.accounts) {
    const Key key{row.owner, row.id};
    accounts_.emplace(key, account_of(std::move(row)));
  }
}

Bookkeeper::Account Bookkeeper::account_of(AccountRow row) const {
  Account made;
  made.row = std::move(row);
  for (std::size_t i = 0; i < sleeves_.size(); ++i) {
    const SleeveRow& sleeve = sleeves_[i].row;
    const std::string home = "sleeve/" + sleeve.name + "/";
    if (made.row.owner != sleeve.owner || !made.row.path.starts_with(home)) continue;
    const std::string_view rest = std::string_view(made.row.path).substr(home.size());
    made.sleeve = i;
    made.role = rest.starts_with("fees/")                  ? Role::fees
                : rest.starts_with("trading/")             ? Role::trading
                : rest.find('/') == std::string_view::npos ? Role::own
                                                           : Role::other;
  }
  return made;
}

Bookkeeper::Account& Bookkeeper::find(machines::OwnerId owner, machines::AccountId id) {
  const auto found = accounts_.find({owner, id});
  CHECK(found != accounts_.end());
  return found->second;
}

void Bookkeeper::see(Day day) { last_ = std::max(last_.value_or(day), day); }

void Bookkeeper::mark(machines::InstrumentId instrument, Day day, machines::Price close) {
  marks_[instrument][day] = close;
  see(day);
}

// ---- the first road: postings

void Bookkeeper::add(const Movement& movement) {
  const Day day = machines::day_of(movement.at);
  see(day);
  Account& debit = find(movement.owner, movement.debit);
  Account& credit = find(movement.owner, movement.credit);
  add_to(debit.moved, day, -movement.amount);
  add_to(credit.moved, day, movement.amount);
  if (debit.sleeve) book(movement, debit, credit, sleeves_[*debit.sleeve]);
  if (credit.sleeve && credit.sleeve != debit.sleeve) book(movement, debit, credit, sleeves_[*credit.sleeve]);
}

Bookkeeper::Trade& Bookkeeper::trade_of(const Movement& movement, Sleeve& sleeve) {
  const bool known = !sleeve.trades.empty() && sleeve.trades.back().instance == movement.instance &&
                     sleeve.trades.back().version == movement.version;
  if (!known) {
    const Amount none = Amount::zero(sleeve.row.base.id);
    const costs::Fill fill{movement.at, false, none, Amount::zero(sleeve.row.quote.id), {}};
    Trade trade;
    trade.instance = movement.instance;
    trade.version = movement.version;
    trade.fill = fill;
    sleeve.trades.push_back(std::move(trade));
  }
  return sleeve.trades.back();
}

void Bookkeeper::book(const Movement& movement, const Account& debit, const Account& credit, Sleeve& sleeve) {
  const auto is_of = [&](const Account& account, Role role) {
    return account.role == role && account.sleeve && &sleeves_[*account.sleeve] == &sleeve;
  };
  const Day date = machines::day_of(movement.at);
  SleeveDay& day = sleeve.days[date];
  day.day = date;
  const machines::AssetId asset = debit.row.asset;
  const bool is_quote = asset == sleeve.row.quote.id;
  const bool by_suspense = debit.role == Role::other && movement.code == "suspense";
  if (is_quote && by_suspense) day.suspense += movement.amount;
  if (is_of(credit, Role::fees)) return book_fee(movement, asset, sleeve, day);
  if (book_explained(movement, debit, credit, sleeve)) return;
  const bool out = is_of(credit, Role::trading);
  if (out || is_of(debit, Role::trading)) {
    Trade& trade = trade_of(movement, sleeve);
    Amount& side = is_quote ? trade.fill.quote : trade.fill.base;
    side = Amount(side.asset(), side.minor() + movement.amount);
    if (!is_quote) trade.fill.is_buy = !out;
    if (!is_quote && !by_suspense) trade.own_base += movement.amount;
    return;
  }
  const machines::AccountId own = sleeve.row.quote_account;
  if (debit.row.id == own || credit.row.id == own) book_other(movement, debit.row.id == own, day);
}

// Between quarantine and the sleeve's own coins: a person said what a difference was.
bool Bookkeeper::book_explained(const Movement& movement, const Account& debit, const Account& credit, Sleeve& sleeve) {
  const std::map<std::string_view, Kind> kinds = {{"marked_difference", Kind::trade},
                                                  {"correct_fee", Kind::fee},
                                                  {"correct_error", Kind::error},
                                                  {"correct_undo", Kind::undo}};
  const auto kind = kinds.find(movement.code);
  if (kind == kinds.end()) return false;
  const SleeveRow& row = sleeve.row;
  const bool is_base = debit.row.id == row.base_account || credit.row.id == row.base_account;
  if (!is_base && debit.row.id != row.quote_account && credit.row.id != row.quote_account) return false;
  const bool comes = credit.row.id == (is_base ? row.base_account : row.quote_account);
  Trade& trade = trade_of(movement, sleeve);
  trade.kind = kind->second;
  (is_base ? trade.base_in : trade.quote_in) += comes ? movement.amount : -movement.amount;
  if (kind->second != Kind::trade) return true;
  Amount& side = is_base ? trade.fill.base : trade.fill.quote;
  side = Amount(side.asset(), side.minor() + movement.amount);
  if (is_base) trade.own_base += movement.amount;
  return true;
}

// A fee in a third asset is another vault's to pay; at the price of its fill it is the trade's fee as any other.
void Bookkeeper::book_fee(const Movement& movement, machines::AssetId asset, Sleeve& sleeve, SleeveDay& day) {
  day.paid[asset] += movement.amount;
  Amount fee(asset, movement.amount);
  const machines::Asset& quote = sleeve.row.quote;
  if (asset != quote.id && asset != sleeve.row.base.id) {
    const auto price = fee_prices_.find(asset);
    const auto value = price == fee_prices_.end() ? machines::AmountResult(Amount::zero(quote.id))
                                                  : machines::value_at(fee, price->second, assets_.at(asset), quote,
                                                                       machines::Rounding::half_even);
    day.unvalued = day.unvalued || price == fee_prices_.end();
    fee = value.value_or(Amount::zero(quote.id));
    day.coin_fees += fee.minor();
    trade_of(movement, sleeve).coin_fees += fee.minor();
  }
  trade_of(movement, sleeve).fill.fees.push_back(fee);
}

void Bookkeeper::book_other(const Movement& movement, bool goes_out, SleeveDay& day) {
  if (!goes_out && movement.code == "allocate")
    day.allocated += movement.amount;
  else if (goes_out && movement.code == "reclaim")
    day.reclaimed += movement.amount;
  else if (goes_out && movement.code == "sweep")
    day.returned += movement.amount;
  else
    day.other += goes_out ? -movement.amount : movement.amount;
}

// ---- the second road: entries

void Bookkeeper::add(const Line& line) {
  Account& account = find(line.owner, line.account);
  const Day day = machines::day_of(line.at);
  see(day);
  const Int128 change = sum(line.balance, -account.balance);
  add_to(account.entered, day, change);
  if (line.version != account.version + 1)
    broken(day, account, fmt::format("has line {} after line {}", line.version, account.version));
  else if (change != line.moves)
    broken(day, account,
           fmt::format("its line {} changes the balance by {} and its posting by {}", line.version,
                       amount(change, account.row.asset), amount(line.moves, account.row.asset)));
  if (account.sleeve && line.moves != 0 && line.instance.value != 0 &&
      line.account == sleeves_[*account.sleeve].row.base_account)
    sleeves_[*account.sleeve].order.emplace(std::pair(line.instance, line.step_version), line.version);
  account.balance = line.balance;
  account.version = line.version;
  account.last = std::max(account.last.value_or(day), day);
}

// ---- both together

std::string Bookkeeper::amount(Int128 minor, machines::AssetId asset) const {
  const auto found = assets_.find(asset);
  CHECK(found != assets_.end());
  if (!Amount::in_range(minor)) return "an impossible amount of " + found->second.code;
  return machines::format(Amount(asset, minor), found->second.scale) + " " + found->second.code;
}

// One sentence for an account and day is enough: the first.
void Bookkeeper::broken(Day day, const Account& account, std::string_view what) {
  const std::string begins = "account " + account.row.path + ":";
  for (const Break& one : breaks_)
    if (one.day == day && one.what.starts_with(begins)) return;
  std::string owner, sleeve;
  if (account.sleeve) {
    owner = sleeves_[*account.sleeve].row.owner_name;
    sleeve = sleeves_[*account.sleeve].row.name;
  }
  breaks_.push_back({day, owner, sleeve, fmt::format("{} {}", begins, what)});
}

void Bookkeeper::broken(Day day, const SleeveRow& sleeve, std::string what) {
  breaks_.push_back({day, sleeve.owner_name, sleeve.name, std::move(what)});
}

void Bookkeeper::check(const Account& account) {
  std::map<Day, Int128> days = account.moved;
  days.insert(account.entered.begin(), account.entered.end());
  Int128 opening = 0;
  for (const auto& [day, unused] : days) {
    const Int128 moved = on(account.moved, day);
    const Int128 entered = on(account.entered, day);
    if (moved != entered)
      broken(
          day, account,
          fmt::format("opens with {}, its postings move {}, and it closes with {}", amount(opening, account.row.asset),
                      amount(moved, account.row.asset), amount(sum(opening, entered), account.row.asset)));
    opening = sum(opening, entered);
  }
  if (account.row.posted == account.balance) return;
  broken(account.last.value_or(last_.value_or(0)), account,
         fmt::format("ends with {} and has {}", amount(account.balance, account.row.asset),
                     amount(account.row.posted, account.row.asset)));
}

std::optional<machines::Price> Bookkeeper::price_at(machines::InstrumentId instrument, Day day) const {
  const auto marks = marks_.find(instrument);
  if (marks == marks_.end()) return std::nullopt;
  const auto after = marks->second.upper_bound(day);
  if (after == marks->second.begin()) return std::nullopt;
  return std::prev(after)->second;
}

void Bookkeeper::check(const SleeveRow& row, const Lots& lots, const SleeveDay& day) {
  if (!lots.sound) return;
  if (lots.book.held().minor() != day.base)
    broken(day.day, row,
           fmt::format("its lots hold {} and its account {}", amount(lots.book.held().minor(), row.base.id),
                       amount(day.base, row.base.id)));
  if (day.opening + explained(day) != day.worth())
    broken(day.day, row,
           fmt::format("it opens with {}, realised, fees and movements come to {}, and it closes with {}",
                       amount(day.opening, row.quote.id), amount(explained(day), row.quote.id),
                       amount(day.worth(), row.quote.id)));
}

// Day by day from the first: lots by postings, balances by entries.
SleeveBooks Bookkeeper::close(Sleeve& sleeve) {
  const SleeveRow& row = sleeve.row;
  in_order(sleeve);
  const Account& quote = find(row.owner, row.quote_account);
  const Account& base = find(row.owner, row.base_account);
  SleeveBooks made{row, {}};
  Lots lots{costs::Book(basis_, row.base, row.quote),
            costs::Book(basis_, row.base, row.quote),
            sleeve.trades.begin(),
            true,
            {}};
  SleeveDay before;
  if (sleeve.days.empty()) return made;
  for (Day date = sleeve.days.begin()->first; date <= *last_; ++date) {
    SleeveDay day = sleeve.days[date];
    day.day = date;
    day.balance = sum(before.balance, on(quote.entered, date));
    day.base = sum(before.base, on(base.entered, date));
    day.opening = before.worth();
    day.opening_unrealised = date == sleeve.days.begin()->first ? std::optional<Int128>(0) : before.unrealised;
    day.returned_so_far = before.returned_so_far + day.returned;
    book_trades(sleeve, lots, day);
    if (lots.sound && lots.book.held().minor() == 0) day.unrealised = 0;  // whatever the price
    if (const auto price = price_at(row.instrument, date); price && lots.sound)
      if (const auto gain = lots.book.unrealised(*price)) day.unrealised = gain->minor();
    check(row, lots, day);
    made.days.push_back(before = day);
  }
  CHECK(lots.next == sleeve.trades.end());  // no fill is left out of the books
  return made;
}

VaultBooks Bookkeeper::close(const VaultRow& vault, const std::vector<SleeveBooks>& sleeves) const {
  std::vector<const Account*> of_sleeves;
  for (const auto& [key, account] : accounts_)
    if (account.role == Role::own && account.row.owner == vault.owner && account.row.asset == vault.asset.id &&
        sleeves_[*account.sleeve].row.vault == vault.id)
      of_sleeves.push_back(&account);
  const auto own = [&](machines::AccountId id) -> const Account& { return accounts_.at({vault.owner, id}); };
  const Account& reserve = own(vault.reserve);
  const Account& tradeable = own(vault.tradeable);
  VaultBooks made{vault, {}};
  const auto begins = [](const Account& account) {
    return account.entered.empty() ? std::optional<Day>() : account.entered.begin()->first;
  };
  std::optional<Day> first;
  for (const auto& day : {begins(reserve), begins(tradeable)})
    if (day) first = std::min(first.value_or(*day), *day);
  VaultDay sum;
  for (Day date = first.value_or(1); first && last_ && date <= *last_; ++date) {
    sum.day = date;
    Int128 change = on(tradeable.entered, date);
    for (const Account* account : of_sleeves) change += on(account->entered, date);
    sum.tradeable += change;
    sum.total += change + on(reserve.entered, date);
    sum.held = sum.open_fees = 0;
    sum.held_market = 0;
    for (const SleeveBooks& one : sleeves) {
      const bool has = one.sleeve.owner == vault.owner && one.sleeve.vault == vault.id && !one.days.empty() &&
                       one.sleeve.quote.id == vault.asset.id && date >= one.days.front().day;
      if (!has) continue;
      const auto at = static_cast<std::size_t>(date - one.days.front().day);
      CHECK(at < one.days.size());  // close() has a day for each from its first to last_
      const SleeveDay& day = one.days[at];
      sum.held += day.cost;
      sum.open_fees += day.open_fees;
      if (day.cost != 0 && !day.unrealised) sum.held_market = std::nullopt;
      if (sum.held_market) *sum.held_market += day.cost + day.unrealised.value_or(0);
    }
    made.days.push_back(sum);
  }
  return made;
}

DailyBooks Bookkeeper::finish() {
  DailyBooks made;
  made.basis = basis_;
  for (const auto& [key, account] : accounts_) check(account);
  for (Sleeve& sleeve : sleeves_) made.sleeves.push_back(close(sleeve));
  for (const VaultRow& vault : vaults_) made.vaults.push_back(close(vault, made.sleeves));
  std::stable_sort(breaks_.begin(), breaks_.end(), [](const Break& a, const Break& b) { return a.day < b.day; });
  made.breaks = std::move(breaks_);
  made.assets = assets_;
  return made;
}

}  // namespace ledger::books
