#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "deploy/report/assets.hpp"
#include "deploy/report/figures.hpp"
#include "deploy/report/page.hpp"
#include "deploy/report/page_data.hpp"

namespace deploy::report {
namespace {

std::string tiles(const ReportData& data, const Figures& figures) {
  const double won =
      figures.trades > 0 ? 100.0 * static_cast<double>(figures.wins) / static_cast<double>(figures.trades) : 0;
  return tile(signed_percent(figures.all.gain_percent()), "result after fees", mood(figures.all.gain())) +
         tile(signed_percent(figures.held.gain_percent()), "buy and hold", mood(figures.held.gain())) +
         tile(signed_percent(figures.idle.gain_percent()), "cash", "") +
         tile(money(figures.fees), "fees, " + data.quote.code, "") +
         tile(percent(figures.all.deepest_percent), "worst fall", "") +
         tile(grouped(figures.trades), fmt::format("trades, {} won", percent(won)), "");
}

// The results first: a phone shows the left part of the table.
std::string sleeve_row(const Outcome& outcome, const std::string& kind, const std::string& trades,
                       const std::string& wins, const std::string& fees, const std::string& draw, const char* look) {
  const char* colour = mood(outcome.gain());
  std::string row = fmt::format("<tr class=\"{}\"><td class=\"name\">{}</td>", look, escaped(outcome.name));
  row += fmt::format("<td class=\"n {}\">{}</td>", colour, escaped(signed_percent(outcome.gain_percent())));
  row += fmt::format("<td class=\"n {}\">{}</td>", colour, signed_money(outcome.gain()));
  for (const std::string& cell :
       {percent(outcome.deepest_percent), money(outcome.start), signed_money(outcome.moved_in - outcome.moved_out),
        money(outcome.end), fees, draw, trades, wins, kind})
    row += fmt::format("<td class=\"n\">{}</td>", escaped(cell));
  return row + "</tr>";
}

std::string sleeve_table(const ReportData& data, const Figures& figures) {
  const std::string in_quote = ", " + escaped(data.quote.code);
  std::string rows = "<table><tr><th></th>";
  for (const std::string& name : {std::string("result"), "result" + in_quote, std::string("worst fall"),
                                  "start" + in_quote, "moved in" + in_quote, "end value" + in_quote, "fees" + in_quote,
                                  "draw" + in_quote, std::string("trades"), std::string("wins"), std::string("kind")})
    rows += fmt::format("<th class=\"n\">{}</th>", name);
  rows += "</tr>";
  double draw = 0;
  for (std::size_t i = 0; i < data.sleeves.size(); ++i) {
    const Sleeve& sleeve = data.sleeves[i];
    rows +=
        sleeve_row(figures.sleeve_outcomes[i], sleeve.kind, grouped(sleeve.trades), grouped(sleeve.wins),
                   money(units(sleeve.fees, data.quote.scale)), signed_money(units(sleeve.draw, data.quote.scale)), "");
    draw += units(sleeve.draw, data.quote.scale);
  }
  rows += sleeve_row(figures.all, "", grouped(figures.trades), grouped(figures.wins), money(figures.fees),
                     signed_money(draw), "sum");
  return rows + sleeve_row(figures.held, "", "", "", "", "", "") + sleeve_row(figures.idle, "", "", "", "", "", "") +
         "</table>";
}

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string pair_table(const Rows& rows) {
  std::string made = "<table>";
  for (const auto& [name, value] : rows)
    made += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td></tr>", escaped(name), escaped(value));
  return made + "</table>";
}

std::string facts_table(const ReportData& data) {
  const auto amount = [&](machines::Int128 minor) {
    return money(units(minor, data.quote.scale)) + " " + data.quote.code;
  };
  Rows rows;
  rows.emplace_back("Total", amount(data.vault.total));
  rows.emplace_back("Cash", amount(data.vault.cash));
  rows.emplace_back("Held at cost", amount(data.vault.held_at_cost));
  rows.emplace_back("Open fees", amount(data.vault.open_fees));
  rows.emplace_back("Held at market", amount(data.vault.held_at_market));
  rows.emplace_back("Tradeable", amount(data.vault.tradeable));
  rows.emplace_back("Returned from flash", amount(data.vault.returned_from_flash));
  rows.emplace_back("Suspense", amount(data.suspense));
  rows.emplace_back("Transitions", grouped(data.transitions));
  rows.emplace_back("Postings", grouped(data.postings));
  rows.emplace_back("Ledger", data.verified ? "verified" : "NOT VERIFIED");
  rows.emplace_back("Bars played", grouped(data.bars));
  rows.emplace_back("First bar to verified", fmt::format("{:.1f} s", data.elapsed_s));
  return pair_table(rows);
}

// Each absurd number; the table above has named the first.
std::string rejection_note(const ReportData& data) {
  const auto& all = data.import.rejections;
  if (all.size() < 2) return "";
  std::string made;
  for (const auto& one : all) made += (made.empty() ? "" : "; ") + rejection(one);
  const bool is_cut = data.import.rejected > static_cast<std::int64_t>(all.size());
  return fmt::format("<p class=\"note\">Absurd{}: {}.</p>", is_cut ? ", the first of them" : "", escaped(made));
}

std::string flaw_table(const ReportData& data) {
  std::string made = "<table><tr><th class=\"count\">count</th><th>what</th><th>what was done</th></tr>";
  const std::vector<Flaw> found = flaws(data);
  for (const Flaw& flaw : found)
    made += fmt::format("<tr><td class=\"count\">{}</td><td>{}</td><td>{}</td></tr>", grouped(flaw.count),
                        escaped(flaw.what), escaped(flaw.treatment));
  return found.empty() ? "<p class=\"note\">None was found.</p>" : made + "</table>" + rejection_note(data);
}

std::string range(const ReportData& data, const Figures& figures) {
  if (figures.times.empty()) return "no bar was played";
  return fmt::format("{} to {} UTC, {} hourly bars", date_time(figures.times.front()), date_time(figures.times.back()),
                     grouped(data.bars));
}

std::string file_line(const ReportData& data) {
  return fmt::format("{}: {} rows, {} distinct hours, {} to {}. SHA-256 {}", data.file, grouped(data.import.rows),
                     grouped(data.import.hours), date(data.import.first), date(data.import.last), data.sha256);
}

}  // namespace

std::string html(const ReportData& data) {
  const Figures figures = figures_of(data);
  const auto amount = [&](machines::Int128 minor) { return money(units(minor, data.quote.scale)); };
  std::map<std::string_view, std::string> values;
  values["title"] = escaped(data.title);
  values["range"] = range(data, figures);
  values["notice"] = data.sample
                         ? "<p class=\"notice\">These prices were made by Bursar's own generator: they say nothing "
                           "about a market.</p>"
                         : "";
  for (const Sleeve& sleeve : data.sleeves)
    for (const std::string& one : sleeve.remarks) values["notice"] += "<p class=\"notice\">" + escaped(one) + "</p>";
  values["mood"] = mood(figures.all.gain());
  values["verdict"] = escaped(verdict(data, figures));
  values["tiles"] = tiles(data, figures);
  values["quote"] = escaped(data.quote.code);
  values["base"] = escaped(data.base.code);
  values["returned_note"] = fmt::format(
      "{} {} in all. Each time a position is fully closed, a flash sleeve hands all that it holds above its allocation "
      "to the vault.",
      amount(data.vault.returned_from_flash), escaped(data.quote.code));
  values["sleeves"] = sleeve_table(data, figures);
  values["facts"] = facts_table(data);
  values["params"] = pair_table(data.params);
  values["file"] = escaped(file_line(data));
  values["flaws"] = flaw_table(data);
  values["digest"] = escaped(data.digest);
  std::map<std::string_view, std::string> frame;
  for (const char* name : {"title", "range", "notice", "mood", "verdict"}) frame[name] = values[name];
  frame["cards"] = filled(assets::replay_html, values);
  frame["data"] = page_data(data, figures);
  return framed(std::move(frame));
}

}  // namespace deploy::report
