#include "deploy/report/books.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "deploy/report/figures.hpp"
#include "machines/core/names.hpp"
#include "machines/core/visible.hpp"

namespace deploy::report {
namespace {

using ledger::books::Break;
using ledger::books::DailyBooks;
using ledger::books::SleeveBooks;
using ledger::books::SleeveDay;
using ledger::books::VaultBooks;
using ledger::books::VaultDay;
using machines::Day;
using machines::Int128;
using nlohmann::ordered_json;

constexpr std::size_t most_single_days = 62;

std::string day_text(Day day) { return date(machines::start_of(day)); }

std::string decimal(Int128 minor, const machines::Asset& asset) {
  return machines::format(machines::Amount(asset.id, minor), asset.scale);
}

template <class Of>
void keep(std::vector<Of>& days, Day from, Day to) {
  std::erase_if(days, [&](const Of& one) { return one.day < from || one.day > to; });
}

// ---- the table

constexpr const char* row = "{:<10}{:>12}{:>11}{:>12}{:>12}{:>13}{:>14}{:>13}{:>13}\n";

std::string line_of(const std::string& name, const SleeveDay& day, int scale) {
  const auto amount = [&](Int128 minor) { return money(units(minor, scale)); };
  return fmt::format(row, name, amount(day.realised), amount(day.fees),
                     amount(day.allocated - day.reclaimed + day.other + day.suspense), amount(day.returned),
                     amount(day.balance), amount(day.cost), day.unrealised ? amount(*day.unrealised) : "no price",
                     day.result() ? amount(*day.result()) : "no price");
}

std::string paid_text(const SleeveDay& total, const DailyBooks& statement) {
  std::string text;
  for (const auto& [asset, minor] : total.paid) {
    if (minor == 0) continue;  // taken back
    const machines::Asset& of = statement.assets.at(asset);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", money(units(minor, of.scale)), of.code);
  }
  return text.empty() ? "none" : text;
}

std::string sleeve_text(const SleeveBooks& books, const DailyBooks& statement) {
  const auto& sleeve = books.sleeve;
  std::string text =
      fmt::format("\n{} ({}, {} of {}), in {}\n", machines::visible(sleeve.name), machines::name_of(sleeve.kind),
                  sleeve.symbol, machines::visible(sleeve.owner_name), sleeve.quote.code);
  if (books.days.empty()) return text + "nothing on these days\n";
  text +=
      fmt::format(row, "", "realised", "fees", "moved in", "returned", "cash", "held at cost", "unrealised", "result");
  for (const auto& [name, days] : periods_of(books.days)) text += line_of(name, total_of(days), sleeve.quote.scale);
  const SleeveDay total = total_of(books.days);
  text += line_of("in all", total, sleeve.quote.scale);
  return text + fmt::format("fees paid {}; of all that was sold {}{}\n", paid_text(total, statement),
                            money(units(total.closed_fees, sleeve.quote.scale)),
                            total.unvalued ? "; a coin without a known price is not valued" : "");
}

std::string vault_text(const VaultBooks& books) {
  if (books.days.empty()) return "";
  const VaultDay& last = books.days.back();
  const auto amount = [&](Int128 minor) { return money(units(minor, books.vault.asset.scale)); };
  return fmt::format(
      "vault {} of {}, in {}: total {}, tradeable {}\n  cash {}, held at cost {}, open fees {}, held at market {}\n",
      machines::visible(books.vault.name), machines::visible(books.vault.owner_name), books.vault.asset.code,
      amount(last.total_coins()), amount(last.tradeable_coins()), amount(last.total), amount(last.held),
      amount(last.open_fees), last.held_market ? amount(*last.held_market) : "no price");
}

// ---- JSON and CSV

ordered_json paid_json(const SleeveDay& day, const DailyBooks& statement) {
  ordered_json made = ordered_json::object();
  for (const auto& [asset, minor] : day.paid) {
    if (minor == 0) continue;
    const machines::Asset& of = statement.assets.at(asset);
    made[of.code] = decimal(minor, of);
  }
  return made;
}

ordered_json figures_json(const SleeveDay& day, const SleeveBooks& books, const DailyBooks& statement) {
  const auto quote = [&](Int128 minor) { return decimal(minor, books.sleeve.quote); };
  ordered_json made;
  made["opening"] = quote(day.opening);
  made["realised"] = quote(day.realised);
  made["fees"] = quote(day.fees);
  made["allocated"] = quote(day.allocated);
  made["reclaimed"] = quote(day.reclaimed);
  made["returned"] = quote(day.returned);
  made["corrected"] = quote(day.corrected);
  made["other"] = quote(day.other);
  made["suspense"] = quote(day.suspense);
  made["closing"] = quote(day.worth());
  made["cash"] = quote(day.balance);
  made["held"] = decimal(day.base, books.sleeve.base);
  made["held_at_cost"] = quote(day.cost);
  made["open_fees"] = quote(day.open_fees);
  made["balance"] = quote(day.coins());
  made["held_at_market"] = nullptr;
  if (day.unrealised) made["held_at_market"] = quote(day.cost + *day.unrealised);
  made["unrealised"] = nullptr;
  if (day.unrealised) made["unrealised"] = quote(*day.unrealised);
  made["result"] = nullptr;
  if (const auto result = day.result()) made["result"] = quote(*result);
  made["coin_fees"] = quote(day.coin_fees);
  made["realised_after_fees"] = quote(day.realised - day.closed_fees);
  made["returned_so_far"] = quote(day.returned_so_far);
  made["fills"] = day.fills;
  made["fees_paid"] = paid_json(day, statement);
  return made;
}

ordered_json sleeve_json(const SleeveBooks& books, const DailyBooks& statement) {
  const auto& sleeve = books.sleeve;
  ordered_json made = {
      {"owner", sleeve.owner_name}, {"name", sleeve.name},        {"kind", machines::name_of(sleeve.kind)},
      {"symbol", sleeve.symbol},    {"quote", sleeve.quote.code}, {"base", sleeve.base.code}};
  made["total"] = books.days.empty() ? ordered_json(nullptr) : figures_json(total_of(books.days), books, statement);
  made["days"] = ordered_json::array();
  for (const SleeveDay& day : books.days) {
    ordered_json one;
    one["day"] = day_text(day.day);
    one.update(figures_json(day, books, statement));
    made["days"].push_back(std::move(one));
  }
  return made;
}

ordered_json vault_json(const VaultBooks& books) {
  ordered_json made = {
      {"owner", books.vault.owner_name}, {"name", books.vault.name}, {"asset", books.vault.asset.code}};
  made["days"] = ordered_json::array();
  const auto coins = [&](Int128 minor) { return decimal(minor, books.vault.asset); };
  for (const VaultDay& day : books.days) {
    ordered_json one;
    one["day"] = day_text(day.day);
    one["total"] = coins(day.total_coins());
    one["tradeable"] = coins(day.tradeable_coins());
    one["cash"] = coins(day.total);
    one["held_at_cost"] = coins(day.held);
    one["open_fees"] = coins(day.open_fees);
    one["held_at_market"] = nullptr;
    if (day.held_market) one["held_at_market"] = coins(*day.held_market);
    made["days"].push_back(std::move(one));
  }
  return made;
}

// Quoted where a comma, a quote or a line's end would part it.
std::string csv_field(std::string text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
  return "\"" + text + "\"";
}

std::string csv_value(const ordered_json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_field(value.get<std::string>());
  if (!value.is_object()) return value.dump();
  std::string text;  // fees by asset: "USDT 1.50 BNB 0.01"
  for (const auto& [name, amount] : value.items())
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", name, amount.get<std::string>());
  return csv_field(text);
}

}  // namespace

Books books_of(DailyBooks statement, Day from, Day to) {
  CHECK(from <= to);
  for (SleeveBooks& books : statement.sleeves) keep(books.days, from, to);
  for (VaultBooks& books : statement.vaults) keep(books.days, from, to);
  std::erase_if(statement.breaks, [&](const Break& one) { return one.day > to; });
  return {std::move(statement), from, to};
}

SleeveDay total_of(const std::vector<SleeveDay>& days) {
  if (days.empty()) return {};
  SleeveDay total = days.back();
  total.opening = days.front().opening;
  total.opening_unrealised = days.front().opening_unrealised;
  for (std::size_t i = 0; i + 1 < days.size(); ++i) {
    const SleeveDay& day = days[i];
    for (const auto field :
         {&SleeveDay::realised, &SleeveDay::fees, &SleeveDay::coin_fees, &SleeveDay::closed_fees, &SleeveDay::allocated,
          &SleeveDay::reclaimed, &SleeveDay::corrected, &SleeveDay::returned, &SleeveDay::other, &SleeveDay::suspense})
      total.*field += day.*field;
    total.fills += day.fills;
    total.unvalued = total.unvalued || day.unvalued;
    for (const auto& [asset, minor] : day.paid) total.paid[asset] += minor;
  }
  return total;
}

std::vector<Period> periods_of(const std::vector<SleeveDay>& days) {
  const std::size_t length = days.size() <= most_single_days ? 10 : 7;
  std::vector<Period> made;
  for (const SleeveDay& day : days) {
    const std::string name = day_text(day.day).substr(0, length);
    if (made.empty() || made.back().name != name) made.push_back({name, {}});
    made.back().days.push_back(day);
  }
  return made;
}

std::string break_text(const Break& one) {
  const std::string whose = one.sleeve.empty() ? "" : fmt::format(", sleeve {} of {}", one.sleeve, one.owner);
  return fmt::format("{}{}: {}", day_text(one.day), whose, one.what);
}

std::string books_table(const Books& books) {
  const DailyBooks& statement = books.statement;
  std::string text = fmt::format("The books from {} to {} UTC, costs by {}\n", day_text(books.from), day_text(books.to),
                                 statement.basis == machines::costs::Basis::fifo ? "first in, first out" : "average");
  for (const SleeveBooks& one : statement.sleeves) text += sleeve_text(one, statement);
  text += "\n";
  for (const VaultBooks& one : statement.vaults) text += vault_text(one);
  if (statement.breaks.empty())
    return text +
           "every day adds up: opening + realised - fees + corrected + moved in - returned = cash + held at cost\n";
  text += "DOES NOT ADD UP:\n";
  for (const Break& one : statement.breaks) text += break_text(one) + "\n";
  return text;
}

ordered_json books_json(const Books& books) {
  const DailyBooks& statement = books.statement;
  ordered_json made = {{"from", day_text(books.from)},
                       {"to", day_text(books.to)},
                       {"cost_basis", machines::name_of(statement.basis)},
                       {"adds_up", statement.breaks.empty()},
                       {"breaks", ordered_json::array()},
                       {"sleeves", ordered_json::array()},
                       {"vaults", ordered_json::array()}};
  for (const Break& one : statement.breaks)
    made["breaks"].push_back(
        ordered_json{{"day", day_text(one.day)}, {"owner", one.owner}, {"sleeve", one.sleeve}, {"what", one.what}});
  for (const SleeveBooks& one : statement.sleeves) made["sleeves"].push_back(sleeve_json(one, statement));
  for (const VaultBooks& one : statement.vaults) made["vaults"].push_back(vault_json(one));
  return made;
}

std::string books_csv(const Books& books) {
  std::string text = "day,owner,sleeve,kind,symbol,quote,base";
  const SleeveBooks none;
  const ordered_json names = figures_json({}, none, books.statement);
  for (const auto& [name, value] : names.items()) text += "," + name;
  text += "\n";
  for (const SleeveBooks& one : books.statement.sleeves)
    for (const SleeveDay& day : one.days) {
      const auto& sleeve = one.sleeve;
      text += fmt::format("{},{},{},{},{},{},{}", day_text(day.day), csv_field(sleeve.owner_name),
                          csv_field(sleeve.name), machines::name_of(sleeve.kind), csv_field(sleeve.symbol),
                          csv_field(sleeve.quote.code), csv_field(sleeve.base.code));
      const ordered_json figures = figures_json(day, one, books.statement);
      for (const auto& [name, value] : figures.items()) text += "," + csv_value(value);
      text += "\n";
    }
  return text;
}

}  // namespace deploy::report
