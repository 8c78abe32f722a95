#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "deploy/report/assets.hpp"
#include "deploy/report/books.hpp"
#include "deploy/report/chart.hpp"
#include "deploy/report/figures.hpp"
#include "deploy/report/page.hpp"
#include "machines/core/names.hpp"

namespace deploy::report {
namespace {

using ledger::books::DailyBooks;
using ledger::books::SleeveBooks;
using ledger::books::SleeveDay;
using ledger::books::VaultBooks;
using ledger::books::VaultDay;
using machines::Day;
using machines::Int128;

// ---- charts: one group for each asset that money is reckoned in

struct Picture {
  std::string id, title, note, unit;
  std::vector<Column> columns;
};

// The last value of each day in units; `before` until the first one.
template <class Of>
std::vector<double> by_day(const Books& books, const std::vector<Of>& days,
                           const std::function<double(const Of&)>& value) {
  std::vector<double> values;
  std::size_t next = 0;
  double last = 0;
  for (Day day = books.from; day <= books.to; ++day) {
    for (; next < days.size() && days[next].day <= day; ++next) last = value(days[next]);
    values.push_back(last);
  }
  return values;
}

std::vector<double> summed(std::vector<double> values) {
  for (std::size_t i = 1; i < values.size(); ++i) values[i] += values[i - 1];
  return values;
}

// Of the sleeves of one quote asset, each with its own colour.
class Pictures {
 public:
  Pictures(const Books& books, const machines::Asset& asset) : books_(books), asset_(asset) {}

  std::vector<Picture> draw() {
    Picture balance =
        picture("balance", "Value of each sleeve", "At the end of each day: its cash, and what it holds at market.");
    Picture gains = picture("gains", "Realised and unrealised",
                            "Realised after fees, summed up from the first day here; unrealised (dashed) at "
                            "the last close of each day.");
    Picture fees = picture("fees", "Fees, cumulative", "Fees in other assets are in the table below.");
    Picture returned =
        picture("returned", "Profit returned from flash, cumulative", "From the first day of the books.");
    std::size_t colour = 0;
    for (const SleeveBooks& one : books_.statement.sleeves) {
      if (one.sleeve.quote.id != asset_.id) continue;
      const std::string style = style_of_sleeve(colour++);
      const std::string& name = one.sleeve.name;
      add(balance, name, style, of(one, [](const SleeveDay& day) { return day.worth() + day.unrealised.value_or(0); }));
      add(gains, name, style, total(one, [](const SleeveDay& day) { return day.realised - day.closed_fees; }));
      add(gains, name + ", unrealised", style, of(one, [](const SleeveDay& day) { return day.unrealised.value_or(0); }),
          true);
      add(fees, name, style, total(one, [](const SleeveDay& day) { return day.fees; }));
      if (one.sleeve.kind == machines::SleeveKind::flash)
        add(returned, name, style, of(one, [](const SleeveDay& day) { return day.returned_so_far; }));
    }
    return {balance, gains, fees, returned, of_vaults()};
  }

 private:
  using Field = std::function<Int128(const SleeveDay&)>;

  [[nodiscard]] Picture picture(const std::string& id, const std::string& title, const std::string& note) const {
    return {id + "-" + asset_.code, title + ", " + asset_.code, note, asset_.code, {}};
  }
  static void add(Picture& to, const std::string& name, const std::string& style, std::vector<double> values,
                  bool dashed = false) {
    to.columns.push_back({name, style, 0, std::move(values), dashed});
  }
  [[nodiscard]] std::vector<double> of(const SleeveBooks& one, const Field& field) const {
    return by_day<SleeveDay>(books_, one.days, [&](const SleeveDay& day) { return units(field(day), asset_.scale); });
  }
  [[nodiscard]] std::vector<double> total(const SleeveBooks& one, const Field& field) const {
    return summed(of(one, field));
  }
  [[nodiscard]] Picture of_vaults() const {
    Picture made = picture(
        "vaults", "Total and tradeable",
        "At the end of each day: cash, and what its sleeves hold at cost with its open fees; tradeable is dashed.");
    std::size_t colour = 0;
    for (const VaultBooks& one : books_.statement.vaults) {
      if (one.vault.asset.id != asset_.id) continue;
      const std::string style = style_of_sleeve(colour++);
      const auto values = [&](Int128 VaultDay::*field) {
        return by_day<VaultDay>(books_, one.days, [&](const VaultDay& day) {
          return units(day.*field + day.held + day.open_fees, asset_.scale);
        });
      };
      add(made, one.vault.name + " total", style, values(&VaultDay::total));
      add(made, one.vault.name + " tradeable", style, values(&VaultDay::tradeable), true);
    }
    return made;
  }

  const Books& books_;
  const machines::Asset& asset_;
};

std::vector<Picture> pictures(const Books& books) {
  std::vector<Picture> made;
  for (const auto& [id, asset] : books.statement.assets)
    for (Picture& one : Pictures(books, asset).draw())
      if (!one.columns.empty()) made.push_back(std::move(one));
  return made;
}

std::string cards(const std::vector<Picture>& all) {
  std::string text;
  for (const Picture& one : all)
    text += fmt::format(
        "<section class=\"card\">\n<h2>{0}</h2>\n<p class=\"note\">{1}</p>\n<div class=\"plot\"><canvas id=\"{2}\" "
        "role=\"img\" aria-label=\"{0}\"></canvas></div>\n</section>\n\n",
        escaped(one.title), escaped(one.note), escaped(one.id));
  return text;
}

std::string data_of(const Books& books, const std::vector<Picture>& all) {
  std::vector<machines::Instant> times;
  for (Day day = books.from; day <= books.to; ++day)
    times.push_back(machines::start_of(day + 1) - machines::seconds(1));
  std::string text = "{\"plain\":[";
  for (const Picture& one : all) {
    std::string drawn = chart(times, one.columns);
    text += fmt::format("{}{{\"id\":{},\"unit\":{},{}", &one == all.data() ? "" : ",", quoted(one.id), quoted(one.unit),
                        drawn.substr(1));
  }
  return text + "]}";
}

// ---- tables

std::string table_row(const std::string& name, const std::vector<std::string>& cells, const char* cell = "td") {
  std::string text = fmt::format("<tr><{0} class=\"name\">{1}</{0}>", cell, escaped(name));
  for (const std::string& one : cells) text += fmt::format("<{0} class=\"n\">{1}</{0}>", cell, escaped(one));
  return text + "</tr>";
}

const std::vector<std::string> columns{"realised", "fees",         "moved in",   "returned",
                                       "cash",     "held at cost", "unrealised", "result"};

std::vector<std::string> cells_of(const SleeveDay& day, int scale) {
  const auto amount = [&](Int128 minor) { return money(units(minor, scale)); };
  return {amount(day.realised),
          amount(day.fees),
          amount(day.allocated - day.reclaimed + day.other + day.suspense),
          amount(day.returned),
          amount(day.balance),
          amount(day.cost),
          day.unrealised ? amount(*day.unrealised) : "no price",
          day.result() ? amount(*day.result()) : "no price"};
}

std::string name_of_sleeve(const SleeveBooks& one, const DailyBooks& statement) {
  const auto owners = std::count_if(statement.sleeves.begin(), statement.sleeves.end(),
                                    [&](const SleeveBooks& other) { return other.sleeve.owner != one.sleeve.owner; });
  return owners == 0 ? one.sleeve.name : one.sleeve.owner_name + ": " + one.sleeve.name;
}

std::string sleeve_table(const DailyBooks& statement) {
  std::string text = "<table>" + table_row("", columns, "th");
  for (const SleeveBooks& one : statement.sleeves)
    text += table_row(name_of_sleeve(one, statement) + ", " + one.sleeve.quote.code,
                      cells_of(total_of(one.days), one.sleeve.quote.scale));
  return text + "</table>";
}

std::string fee_table(const DailyBooks& statement) {
  std::string text = "<table>" + table_row("", {"asset", "paid"}, "th");
  for (const SleeveBooks& one : statement.sleeves)
    for (const auto& [asset, minor] : total_of(one.days).paid) {
      const machines::Asset& of = statement.assets.at(asset);
      text += table_row(name_of_sleeve(one, statement), {of.code, money(units(minor, of.scale))});
    }
  return text + "</table>";
}

std::string period_cards(const DailyBooks& statement) {
  std::string text;
  for (const SleeveBooks& one : statement.sleeves) {
    text += fmt::format("<section class=\"card\">\n<h2>{}, {}</h2>\n<div class=\"scroll\"><table>",
                        escaped(name_of_sleeve(one, statement)), escaped(one.sleeve.quote.code));
    text += table_row("", columns, "th");
    for (const auto& [name, days] : periods_of(one.days))
      text += table_row(name, cells_of(total_of(days), one.sleeve.quote.scale));
    text += "</table></div>\n</section>\n\n";
  }
  return text;
}

std::string break_card(const DailyBooks& statement) {
  if (statement.breaks.empty()) return "";
  std::string text = "<section class=\"card\">\n<h2 class=\"bad\">What does not add up</h2>\n<ul>";
  for (const auto& one : statement.breaks) text += "<li>" + escaped(break_text(one)) + "</li>";
  return text + "</ul>\n</section>\n";
}

std::string tiles(const Books& books) {
  std::string text = tile(grouped(books.to - books.from + 1), "days", "");
  for (const SleeveBooks& one : books.statement.sleeves) {
    const SleeveDay total = total_of(one.days);
    const double gain = units(total.realised - total.closed_fees, one.sleeve.quote.scale);
    text +=
        tile(signed_money(gain),
             "realised after fees, " + name_of_sleeve(one, books.statement) + ", " + one.sleeve.quote.code, mood(gain));
  }
  for (const VaultBooks& one : books.statement.vaults)
    if (!one.days.empty())
      text += tile(money(units(one.days.back().total_coins(), one.vault.asset.scale)), "total, " + one.vault.asset.code,
                   "");
  return text;
}

}  // namespace

std::string books_html(const Books& books) {
  const DailyBooks& statement = books.statement;
  const std::vector<Picture> all = pictures(books);
  std::map<std::string_view, std::string> values;
  values["tiles"] = tiles(books);
  values["breaks"] = break_card(statement);
  values["charts"] = cards(all);
  values["basis"] = statement.basis == machines::costs::Basis::fifo ? "first in, first out" : "average";
  values["sleeves"] = sleeve_table(statement);
  values["fees"] = fee_table(statement);
  values["periods"] = period_cards(statement);
  std::map<std::string_view, std::string> frame;
  frame["title"] = "The books of sleeves and vaults";
  frame["range"] =
      fmt::format("{} to {}, UTC", date(machines::start_of(books.from)), date(machines::start_of(books.to)));
  frame["notice"] = "";
  frame["mood"] = statement.breaks.empty() ? "good" : "bad";
  frame["verdict"] = statement.breaks.empty() ? "Every day of every sleeve adds up to the last unit."
                                              : fmt::format("{} thing{} not add up.",
                                                            grouped(static_cast<std::int64_t>(statement.breaks.size())),
                                                            statement.breaks.size() == 1 ? " does" : "s do");
  frame["cards"] = filled(assets::books_html, values);
  frame["data"] = data_of(books, all);
  return framed(std::move(frame));
}

}  // namespace deploy::report
