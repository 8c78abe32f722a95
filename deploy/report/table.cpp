#include <fmt/format.h>

#include "deploy/report/figures.hpp"
#include "machines/core/visible.hpp"

namespace deploy::report {
namespace {

constexpr const char* row = "{:<14}{:<7}{:>8}{:>7}{:>12}{:>14}{:>12}{:>12}{:>14}\n";

std::string line_of(const Outcome& outcome, const std::string& kind, const std::string& trades, const std::string& wins,
                    const std::string& fees) {
  return fmt::format(row, machines::visible(outcome.name).substr(0, 13), kind, trades, wins, fees,
                     signed_money(outcome.gain()), signed_percent(outcome.gain_percent()),
                     percent(outcome.deepest_percent), money(outcome.end));
}

std::string comparison(const ReportData& data, const Figures& figures) {
  std::string text =
      fmt::format(row, "", "kind", "trades", "wins", "fees", "result", "in percent", "worst fall", "end value");
  for (std::size_t i = 0; i < data.sleeves.size(); ++i) {
    const Sleeve& sleeve = data.sleeves[i];
    text += line_of(figures.sleeve_outcomes[i], sleeve.kind, grouped(sleeve.trades), grouped(sleeve.wins),
                    money(units(sleeve.fees, data.quote.scale)));
  }
  // Named where there are any; results and percentages are without them.
  const auto moved = [&](const Outcome& one) {
    return one.moved_in == 0 && one.moved_out == 0
               ? ""
               : fmt::format("{}: moved in {} ({} given, {} taken back); no gain or loss\n",
                             machines::visible(one.name).substr(0, 13), signed_money(one.moved_in - one.moved_out),
                             money(one.moved_in), money(one.moved_out));
  };
  text += line_of(figures.all, "", grouped(figures.trades), grouped(figures.wins), money(figures.fees));
  text += line_of(figures.held, "", "", "", "");
  text += line_of(figures.idle, "", "", "", "");
  for (const Outcome& one : figures.sleeve_outcomes) text += moved(one);
  for (std::size_t i = 0; i < data.sleeves.size(); ++i) {
    const double draw = units(data.sleeves[i].draw, data.quote.scale);
    if (!data.sleeves[i].fills.empty())
      text += fmt::format("{}: draw {}; at the mean fill the same decisions make {}\n",
                          machines::visible(data.sleeves[i].name).substr(0, 13), signed_money(draw),
                          signed_money(figures.sleeve_outcomes[i].gain() - draw));
  }
  for (const Sleeve& sleeve : data.sleeves)
    for (const std::string& one : sleeve.remarks) text += "NOTE: " + machines::visible(one) + "\n";
  return text;
}

// On two lines where one would pass 100 columns.
std::string flaw_line(const Flaw& flaw) {
  const std::string line = fmt::format("{:>16} {}", grouped(flaw.count), flaw.what);
  const bool fits = line.size() + flaw.treatment.size() + 3 <= 100;
  return fmt::format("{}{}({})\n", line, fits ? " " : "\n" + std::string(17, ' '), flaw.treatment);
}

std::string ledger_lines(const ReportData& data) {
  const auto amount = [&](machines::Int128 minor) { return money(units(minor, data.quote.scale)); };
  const Vault& vault = data.vault;
  std::string text =
      fmt::format("vault    total {} {}: cash {}, held at cost {}, open fees {}\n", amount(vault.total),
                  data.quote.code, amount(vault.cash), amount(vault.held_at_cost), amount(vault.open_fees));
  text += fmt::format("         tradeable {}, held at market {}, returned from flash {}\n", amount(vault.tradeable),
                      amount(vault.held_at_market), amount(vault.returned_from_flash));
  text += fmt::format("ledger   {} transitions, {} postings, {}, suspense {}\n", grouped(data.transitions),
                      grouped(data.postings), data.verified ? "verified" : "NOT VERIFIED", amount(data.suspense));
  text += fmt::format("digest   {}\n", data.digest);
  const double rate = data.elapsed_s > 0 ? static_cast<double>(data.bars) / data.elapsed_s : 0;
  text += fmt::format("time     {:.1f} s for {} bars ({} a second)\n", data.elapsed_s, grouped(data.bars),
                      grouped(static_cast<std::int64_t>(rate)));
  return text;
}

}  // namespace

std::string table(const ReportData& data) {
  const Figures figures = figures_of(data);
  std::string text = "\n" + data.title + "\n";
  if (!figures.times.empty())
    text +=
        fmt::format("{} to {} UTC, {} hourly bars{}\n", date_time(figures.times.front()),
                    date_time(figures.times.back()), grouped(data.bars),
                    data.sample ? "\nThe prices were made by our own generator: they say nothing about a market." : "");
  std::string said = verdict(data, figures);
  said.replace(said.find(". Buying") + 1, 1, "\n");
  text += fmt::format("\n{}\n\n{}\n", said, comparison(data, figures));
  text += fmt::format("prices   {}: {} rows, {} distinct hours\n", data.file, grouped(data.import.rows),
                      grouped(data.import.hours));
  for (const Flaw& flaw : flaws(data)) text += flaw_line(flaw);
  return text + ledger_lines(data);
}

}  // namespace deploy::report
