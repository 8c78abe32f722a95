// tests/machines/book.hpp: accounts and holds in memory, strict about what a ledger is strict about: a hold resolves
// once, never for more than it reserves, from and to its own accounts, and no limited account goes below zero.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "machines/core/names.hpp"
#include "machines/core/sleeve.hpp"

namespace tests {

inline constexpr machines::AssetId usdt{1};
inline constexpr machines::AssetId eth{2};
inline constexpr machines::AssetId bnb{3};  // the third asset, for fees

inline machines::SleeveAccounts sleeve_accounts() { return {{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {11}, {12}, {13}}; }

// The vault's other accounts.
inline constexpr machines::AccountId outside{9};
inline constexpr machines::AccountId vault_reserve{10};
// Of the vault of the third asset.
inline constexpr machines::AccountId coins{14};
inline constexpr machines::AccountId outside_base{15}, quarantine_quote{16}, quarantine_base{17};

inline constexpr std::string_view account_names[] = {"?",
                                                     "quote",
                                                     "base",
                                                     "trading_quote",
                                                     "trading_base",
                                                     "fees",
                                                     "suspense_quote",
                                                     "suspense_base",
                                                     "tradeable",
                                                     "outside",
                                                     "reserve",
                                                     "fees_base",
                                                     "fees_other",
                                                     "suspense_other",
                                                     "coins",
                                                     "outside_base",
                                                     "quarantine_quote",
                                                     "quarantine_base"};

inline std::string_view account_name(machines::AccountId account) {
  return account.value < 1 || account.value > 17 ? account_names[0] : account_names[account.value];
}

class Book {
 public:
  using Int128 = machines::Int128;
  explicit Book(std::set<machines::AccountId> limited) : limited_(std::move(limited)) {}

  void put(machines::AccountId account, Int128 minor) { balances_[account] += minor; }

  // All of it or nothing; the legs are numbered from 1. Returns what is wrong, or nothing.
  std::optional<std::string> apply(const std::vector<machines::Posting>& postings, machines::InstanceId instance,
                                   std::int64_t version);

  [[nodiscard]] Int128 balance(machines::AccountId account) const { return find(balances_, account); }
  [[nodiscard]] Int128 available(machines::AccountId account) const {
    return balance(account) - find(reserved_, account);
  }
  [[nodiscard]] std::size_t open_holds() const { return holds_.size(); }
  // What the open holds reserve, all together.
  [[nodiscard]] Int128 reserved() const;

 private:
  struct Hold {
    machines::AccountId debit, credit;
    machines::Amount amount;
  };
  static Int128 find(const std::map<machines::AccountId, Int128>& in, machines::AccountId account) {
    const auto at = in.find(account);
    return at == in.end() ? 0 : at->second;
  }
  std::optional<std::string> apply_one(const machines::Posting& posting, machines::HoldKey own);
  std::optional<std::string> resolve(const machines::Posting& posting);

  std::set<machines::AccountId> limited_;
  std::map<machines::AccountId, Int128> balances_, reserved_;
  std::map<machines::HoldKey, Hold> holds_;
};

// "single 450 quote>trading_quote buy_cost", joined by "; ". Amounts have 8 decimals (USDT) or 18 (ETH), zeros cut off.
std::string describe(const std::vector<machines::Posting>& postings);
std::string describe(const machines::Posting& posting);
std::string describe(machines::Amount amount);

}  // namespace tests
