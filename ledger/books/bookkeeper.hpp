// ledger/books/bookkeeper.hpp: Bookkeeper, which makes the DailyBooks from the rows of the ledger by two independent
// roads: what the postings moved, by their codes, and where the running balances of ledger.entry arrived. A day adds up
// when both agree to the last unit:
//
//   each account    opening (entries) + what its postings moved = closing (entries), line by line and day by day
//   each sleeve     opening worth + realised - fees + moved in - moved out + spent by suspense = closing worth, where
//                   the worth at cost is the quote balance (entries) + the cost of the lots (postings), and the fees
//                   are those that the sleeve paid, not another vault's coins
//   its base        what the lots hold (postings) = the base balance (entries)
//
// What does not add up is named as a Break; nothing is repaired. Which account is whose is read from its path:
// sleeve/NAME/ASSET, sleeve/NAME/fees/ASSET, sleeve/NAME/trading/ASSET. Pure: no I/O, no throw.
#pragma once

#include <string_view>

#include "ledger/books/daily_books.hpp"
#include "ledger/books/fee_prices.hpp"

namespace ledger::books {

// An account as ledger.account has it.
struct AccountRow {
  machines::OwnerId owner;
  machines::AccountId id;
  std::string path;
  machines::AssetId asset;
  Int128 posted = 0;  // credits_posted - debits_posted now
};

// The assets, accounts, vaults and sleeves that the rows name by id.
struct Registry {
  std::vector<machines::Asset> assets;
  std::vector<AccountRow> accounts;
  std::vector<VaultRow> vaults;
  std::vector<SleeveRow> sleeves;
  FeePrices fee_prices;  // of coins that fees are taken in
};

// A posting that moved posted counters: kind single or post.
struct Movement {
  machines::Instant at;
  machines::OwnerId owner;
  machines::InstanceId instance;
  std::int64_t version = 0;
  std::string code;
  machines::AccountId debit, credit;
  Int128 amount = 0;
};

// A line of an account: its running balance, and what its posting moves (0 for a hold or a void).
struct Line {
  machines::OwnerId owner;
  machines::AccountId account;
  std::int64_t version = 0;
  machines::Instant at;
  Int128 balance = 0;
  Int128 moves = 0;
  machines::InstanceId instance{0};  // of its posting, with the step's version
  std::int64_t step_version = 0;
};

class Bookkeeper {
 public:
  // REQUIRES: every account and sleeve of the registry is of an asset that is in it (CHECK, where one is told).
  Bookkeeper(machines::costs::Basis basis, Registry registry);

  // Books one posting. REQUIRES: the postings of one step come one after the other, and
  // its accounts are in the registry (CHECK).
  void add(const Movement& movement);
  // Books one entry. A version that does not follow, or a change that is not its posting's, becomes a Break. REQUIRES:
  // the lines of an account come in the order of their versions; its account is in the registry (CHECK).
  void add(const Line& line);
  // The last sound close of a day, at which what is held is valued from then on.
  void mark(machines::InstrumentId instrument, Day day, machines::Price close);
  // The books of all sleeves and vaults, with every Break found. Call it once, at the end. Days run on to the last
  // movement, line or mark of all.
  DailyBooks finish();

 private:
  using Key = std::pair<machines::OwnerId, machines::AccountId>;
  enum class Role { own, fees, trading, other };
  struct Account {
    AccountRow row;
    Role role = Role::other;
    std::optional<std::size_t> sleeve;  // which of sleeves_
    std::map<Day, Int128> moved;        // by postings
    std::map<Day, Int128> entered;      // by entries
    Int128 balance = 0;                 // of the last line
    std::int64_t version = 0;
    std::optional<Day> last;
  };
  // What came to the sleeve's coins and went in one step: the fills of an order, or an explanation of a difference.
  // `own_base` is without what suspense gave.
  enum class Kind { trade, fee, error, undo };
  struct Trade {
    machines::InstanceId instance;
    std::int64_t version = 0;
    machines::costs::Fill fill;
    Int128 own_base = 0;
    Kind kind = Kind::trade;
    Int128 base_in = 0, quote_in = 0;  // by an explanation
    Int128 coin_fees = 0;              // that fill.fees has in quote, and another vault paid
  };
  struct Sleeve {
    SleeveRow row;
    std::map<Day, SleeveDay> days;
    std::vector<Trade> trades;
    std::map<std::pair<machines::InstanceId, std::int64_t>, std::int64_t> order;  // lines of its base, by step
  };

  Account account_of(AccountRow row) const;
  Account& find(machines::OwnerId owner, machines::AccountId id);
  void see(Day day);
  void book(const Movement& movement, const Account& debit, const Account& credit, Sleeve& sleeve);
  bool book_explained(const Movement& movement, const Account& debit, const Account& credit, Sleeve& sleeve);
  void book_other(const Movement& movement, bool goes_out, SleeveDay& day);
  Trade& trade_of(const Movement& movement, Sleeve& sleeve);
  void book_fee(const Movement& movement, machines::AssetId asset, Sleeve& sleeve, SleeveDay& day);
  struct Lots;
  void in_order(Sleeve& sleeve) const;
  void book_trade(const SleeveRow& row, const Trade& trade, Lots& lots, SleeveDay& day);
  void book_explanation(const SleeveRow& row, const Trade& trade, Lots& lots, SleeveDay& day);
  void unbooked(const SleeveRow& row, Lots& lots, Day day, std::string_view why);
  void book_trades(const Sleeve& sleeve, Lots& lots, SleeveDay& day);
  void check(const Account& account);
  void check(const SleeveRow& row, const Lots& lots, const SleeveDay& day);
  void broken(Day day, const Account& account, std::string_view what);
  void broken(Day day, const SleeveRow& sleeve, std::string what);
  SleeveBooks close(Sleeve& sleeve);
  std::optional<machines::Price> price_at(machines::InstrumentId instrument, Day day) const;
  VaultBooks close(const VaultRow& vault, const std::vector<SleeveBooks>& sleeves) const;
  [[nodiscard]] std::string amount(Int128 minor, machines::AssetId asset) const;

  machines::costs::Basis basis_;
  std::map<machines::AssetId, machines::Asset> assets_;
  std::map<Key, Account> accounts_;
  FeePrices fee_prices_;
  std::vector<VaultRow> vaults_;
  std::vector<Sleeve> sleeves_;
  std::map<machines::InstrumentId, std::map<Day, machines::Price>> marks_;
  std::vector<Break> breaks_;
  std::optional<Day> last_;
};

}  // namespace ledger::books
