#include "deploy/report/vault_page.hpp"

#include <fmt/format.h>

#include "ledger/env/times.hpp"
#include "machines/core/names.hpp"
#include "machines/core/visible.hpp"

namespace deploy::report {

using ledger::env::utc;
using machines::visible;

using ledger::books::SleeveView;
using ledger::books::VaultView;
using machines::Amount;
using nlohmann::ordered_json;

std::string plain_amount(Amount amount, int scale) {
  std::string text = machines::format(amount, scale);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

namespace {

constexpr std::size_t label_width = 34;

std::string percent(machines::Rate rate) { return fmt::format("{:.4g} %", static_cast<double>(rate.ppm) / 10'000.0); }

std::size_t shown_width(const std::string& text) {
  std::size_t width = 0;
  for (const char byte : text) width += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  return width;
}

std::string line(const std::string& label, const std::string& amount, const std::string& remark = "") {
  const std::size_t width = shown_width(label);
  const std::string gap(width < label_width ? label_width - width : 1, ' ');
  return fmt::format("{}{}{:>22}{}\n", label, gap, amount, remark.empty() ? "" : "  " + remark);
}

std::string remark_on(const SleeveView& sleeve, int scale) {
  std::string text = sleeve.pair;
  if (sleeve.state.empty()) return text + ", nothing allocated yet";
  text += ", " + sleeve.state;
  if (sleeve.paused && sleeve.state != "paused") text += " (paused: no new buys)";
  if (sleeve.position.is_positive())
    text += fmt::format(": {} {} at cost {} with fees", plain_amount(sleeve.position, sleeve.base.scale),
                        sleeve.base.code, plain_amount(sleeve.cost, scale));
  if (sleeve.is_too_small())
    text += fmt::format(", can't trade: the smallest order is {}", plain_amount(sleeve.smallest_order, scale));
  if (sleeve.held.is_positive()) text += fmt::format(", {} in an open order", plain_amount(sleeve.held, scale));
  return text + ", allocated " + plain_amount(sleeve.allocation, scale);
}

// What the venue says of the wallet: the coins of open positions are not there, they are another asset.
std::string statement_text(const VaultView& vault) {
  if (!vault.on_wallet) return "the venue has not been asked yet";
  return fmt::format("on the wallet {}, by the statement of {}", plain_amount(*vault.on_wallet, vault.asset.scale),
                     utc(vault.stated_at));
}

std::string reserve_text(const VaultView& vault) {
  using machines::policy::Rule;
  if (vault.reserve.rule == Rule::none) return "no reserve asked for";
  const std::string share = percent(machines::policy::share(vault.reserve));
  const std::string kept = plain_amount(vault.must_stay, vault.asset.scale);
  if (vault.reserve.rule == Rule::fixed) return fmt::format("reserve: {} of the total must stay, {}", share, kept);
  return fmt::format(
      "reserve: {} of the total must stay, {} (flexing from {} to {}, volatility {})", share, kept,
      percent(vault.reserve.least), percent(vault.reserve.most),
      vault.reserve.volatility.ppm == 0 ? "not measured yet" : percent(vault.reserve.volatility) + " a year");
}

std::string sleeves_of(const VaultView& vault, machines::SleeveKind kind, const std::string& stem) {
  std::vector<const SleeveView*> of_kind;
  for (const SleeveView& sleeve : vault.sleeves)
    if (sleeve.kind == kind) of_kind.push_back(&sleeve);
  std::string text;
  for (const SleeveView* sleeve : of_kind)
    text += line(stem + (sleeve == of_kind.back() ? "└─ " : "├─ ") + visible(sleeve->name),
                 plain_amount(sleeve->balance, vault.asset.scale), remark_on(*sleeve, vault.asset.scale));
  return text;
}

std::string fees_text(const SleeveView& sleeve) {
  std::string text;
  for (const auto& fee : sleeve.fees)
    text += fmt::format("{}{} {}", text.empty() ? "" : " + ",
                        plain_amount(Amount(fee.asset.id, fee.minor), fee.asset.scale), fee.asset.code);
  return text;
}

ordered_json sleeve_json(const SleeveView& sleeve, int scale) {
  ordered_json fees = ordered_json::object();
  for (const auto& fee : sleeve.fees)
    fees[fee.asset.code] = plain_amount(Amount(fee.asset.id, fee.minor), fee.asset.scale);
  return {{"name", sleeve.name},
          {"kind", machines::name_of(sleeve.kind)},
          {"pair", sleeve.pair},
          {"state", sleeve.state},
          {"paused", sleeve.paused},
          {"too_small", sleeve.is_too_small()},
          {"allocation", plain_amount(sleeve.allocation, scale)},
          {"balance", plain_amount(sleeve.balance, scale)},
          {"cash", plain_amount(sleeve.coins, scale)},
          {"in_orders", plain_amount(sleeve.held, scale)},
          {"held", plain_amount(sleeve.position, sleeve.base.scale)},
          {"held_at_cost_with_fees", plain_amount(sleeve.cost, scale)},
          {"returned_so_far", plain_amount(sleeve.returned, scale)},
          {"fees", fees}};
}

}  // namespace

std::string vaults_table(const std::vector<VaultView>& vaults) {
  std::string text = fmt::format("{:<10} {:<10} {:<14} {:<6} {:>20} {:>20} {:>20} {:>20}  {}\n", "owner", "vault",
                                 "wallet", "asset", "total", "tradeable", "quiet", "flash", "");
  for (const VaultView& vault : vaults) {
    const auto coins = [&](Amount amount) { return plain_amount(amount, vault.asset.scale); };
    text += fmt::format("{:<10} {:<10} {:<14} {:<6} {:>20} {:>20} {:>20} {:>20}  {}\n", visible(vault.owner_name),
                        visible(vault.name), vault.venue + "/" + vault.account, vault.asset.code, coins(vault.total),
                        coins(vault.tradeable), coins(vault.quiet), coins(vault.flash),
                        vault.idle.empty() ? "" : "idle: " + vault.idle);
  }
  return text;
}

std::string vault_diagram(const VaultView& vault) {
  const auto coins = [&](Amount amount) { return plain_amount(amount, vault.asset.scale); };
  std::string text = fmt::format("vault {} of {}, {} on {}/{}\n", visible(vault.name), visible(vault.owner_name),
                                 vault.asset.code, vault.venue, vault.account);
  text += line("Total Coins", coins(vault.total), statement_text(vault));
  text += line("├─ Tradeable Coins", coins(vault.tradeable));
  text += line("│  ├─ not allocated", coins(vault.unallocated));
  text += line("│  ├─ Quiet", coins(vault.quiet));
  text += sleeves_of(vault, machines::SleeveKind::quiet, "│  │  ");
  text += line("│  └─ Flash", coins(vault.flash));
  text += sleeves_of(vault, machines::SleeveKind::flash, "│     ");
  text += line("└─ not at risk", coins(vault.not_at_risk), reserve_text(vault));
  for (const SleeveView& sleeve : vault.sleeves)
    if (const std::string fees = fees_text(sleeve); !fees.empty())
      text += fmt::format("fees of {}: {}\n", visible(sleeve.name), fees);
  for (const SleeveView& sleeve : vault.sleeves)
    if (sleeve.returned.is_positive())
      text += fmt::format("returned by {}: {}\n", visible(sleeve.name), coins(sleeve.returned));
  if (!vault.idle.empty()) text += "idle: " + vault.idle + "\n";
  return text;
}

ordered_json vaults_json(const std::vector<VaultView>& vaults) {
  ordered_json all = ordered_json::array();
  for (const VaultView& vault : vaults) {
    const int scale = vault.asset.scale;
    ordered_json sleeves = ordered_json::array();
    for (const SleeveView& sleeve : vault.sleeves) sleeves.push_back(sleeve_json(sleeve, scale));
    all.push_back(
        {{"owner", vault.owner_name},
         {"name", vault.name},
         {"venue", vault.venue},
         {"account", vault.account},
         {"asset", vault.asset.code},
         {"total", plain_amount(vault.total, scale)},
         {"statement",
          vault.on_wallet ? ordered_json{{"total", plain_amount(*vault.on_wallet, scale)}, {"at", utc(vault.stated_at)}}
                          : ordered_json(nullptr)},
         {"tradeable", plain_amount(vault.tradeable, scale)},
         {"not_allocated", plain_amount(vault.unallocated, scale)},
         {"quiet", plain_amount(vault.quiet, scale)},
         {"flash", plain_amount(vault.flash, scale)},
         {"not_at_risk", plain_amount(vault.not_at_risk, scale)},
         {"reserve",
          {{"rule", machines::name_of(vault.reserve.rule)}, {"must_stay", plain_amount(vault.must_stay, scale)}}},
         {"idle", vault.idle},
         {"sleeves", sleeves}});
  }
  return all;
}

}  // namespace deploy::report
