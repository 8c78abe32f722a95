// ledger/export/names.hpp: what our accounts and assets are called in a plain-text journal: names that both hledger and
// beancount accept, that never collide, and from which ours can be read back. Pure, no throw.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "machines/core/ids.hpp"

// Not `export`, after the folder: that is a word of the language.
namespace ledger::exports {

// An account as we know it. Owner names are unique, paths are so for one owner.
struct Account {
  std::string owner, path;
  bool limited = false;
  bool has_children = false;  // another path of the owner begins with this one and a slash
};

// "Assets:Treasury:Vault:USDT:Tradeable" for vault/USDT/tradeable of `treasury`.
//
// The root: Expenses for what was paid away (a part of the path is "fees"), Assets for every other account that can't
// fall below zero, Equity for the outside, contra and suspense accounts.
//
// A component: ASCII letters and digits stand; '-' is "--"; any other byte is '-' and two hex digits. The first letter
// is raised where that can be undone ("vault": Vault; "USDT", with no small letter, stands); where it can't ("a",
// "Vault", "-x", nothing at all), the whole follows "X-x".
//
// An account with children is their sibling "X-own": beancount would count its children into its balance.
std::string account_name(const Account& account);

// Owner and path of such a name; nothing when account_name() made no such name.
struct Place {
  std::string owner, path;
  bool operator==(const Place&) const = default;
};
std::optional<Place> place_of(std::string_view name);

// The asset's code where it is a legal commodity of beancount and doesn't end like the others; else what is legible of
// it, then "-X" and the asset's id, which is unique. The journal states the code beside it.
std::string commodity_name(std::string_view code, machines::AssetId id);

// Text for a description, a tag or a string: ASCII letters, digits and "_-./" stand, any other byte is '%' and two hex
// digits.
std::string plain(std::string_view text);

}  // namespace ledger::exports
