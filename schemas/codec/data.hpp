// schemas/codec/data.hpp: the machines' own variables as the ledger keeps them: canonical JSON (sorted keys, no spaces,
// amounts as decimal text of minor units, times in microseconds). parse never throws: nothing where the text isn't that
// machine's data (a field is missing, of another type, out of range, or a word that the machine does not have).
//
// For each kind: parse(write(data)) is the data, and write(parse(text)) of a text that write() made is that text, byte
// for byte: digests are taken over it. A field that came later has a default where an older text lacks it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/allocation/decide.hpp"
#include "machines/order/decide.hpp"
#include "machines/reconciliation/decide.hpp"
#include "machines/sleeve/sleeve.hpp"
#include "machines/sleeve_cycle/decide.hpp"
#include "machines/strategy/momentum/momentum.hpp"
#include "machines/vault/decide.hpp"

namespace schemas {

// An order: machines/order.
std::string write_order(const machines::order::Data& data);
std::optional<machines::order::Data> parse_order(std::string_view text);

// A cycle of a sleeve: machines/sleeve_cycle.
std::string write_cycle(const machines::sleeve_cycle::Data& data);
std::optional<machines::sleeve_cycle::Data> parse_cycle(std::string_view text);

// A movement of coins: machines/allocation.
std::string write_allocation(const machines::allocation::Data& data);
std::optional<machines::allocation::Data> parse_allocation(std::string_view text);

// A break: machines/reconciliation.
std::string write_break(const machines::reconciliation::Data& data);
std::optional<machines::reconciliation::Data> parse_break(std::string_view text);

// The machine that stands for a sleeve. What its first transition says besides (what was opened) is not read here.
std::string write_sleeve(const machines::sleeve::Data& data);
std::optional<machines::sleeve::Data> parse_sleeve(std::string_view text);

// The machine that stands for a vault, likewise.
std::string write_vault(const machines::vault::Data& data);
std::optional<machines::vault::Data> parse_vault(std::string_view text);
// What ledger.vault_sleeves and the facts of a vault say: its sleeves; its accounts (external, not at risk, tradeable).
std::optional<std::vector<machines::policy::SleeveState>> parse_sleeve_states(std::string_view text,
                                                                              machines::AssetId asset);
std::optional<std::array<machines::AccountId, 3>> parse_vault_accounts(std::string_view text);

// The rules of a sleeve, as ledger.sleeve keeps them. They are not validated here: ask Momentum::validate().
std::string write_momentum(const machines::strategy::Momentum& rules);
std::optional<machines::strategy::Momentum> parse_momentum(std::string_view text);

}  // namespace schemas
