#include "deploy/report/report.hpp"

#include <algorithm>

#include "deploy/report/figures.hpp"

namespace deploy::report {
namespace {

using nlohmann::ordered_json;

// 2017-08-17T04:00Z
std::string at_text(machines::Instant at) {
  std::string text = date_time(at) + "Z";
  std::replace(text.begin(), text.end(), ' ', 'T');
  return text;
}

std::string price_text(machines::Price price) { return machines::format(machines::Amount({}, price.e8), 8); }

ordered_json import_of(const workers::market::ImportReport& import) {
  ordered_json made = {
      {"rows", import.rows},
      {"hours", import.hours},
      {"duplicates", import.duplicates},
      {"gaps", import.gaps},
      {"missing", import.missing},
      {"rejected", import.rejected},
      {"level_changes", import.level_changes},
      {"differing_duplicates", import.differing_duplicates},
      {"out_of_order", import.out_of_order},
      {"newest_first", import.newest_first},
      {"outside_range", import.outside_range},
      {"rounded", import.rounded},
      {"in_seconds", import.in_seconds},
      {"in_milliseconds", import.in_milliseconds},
      {"in_microseconds", import.in_microseconds},
      {"iso_dates", import.iso_dates},
      {"twelve_hour_dates", import.twelve_hour_dates},
      {"other_dates", import.other_dates},
      {"first", at_text(import.first)},
      {"last", at_text(import.last)},
  };
  made["rejections"] = ordered_json::array();
  for (const auto& one : import.rejections)
    made["rejections"].push_back(ordered_json{{"at", at_text(one.opens_at)},
                                              {"field", one.field},
                                              {"value", price_text(one.value)},
                                              {"reference", price_text(one.reference)}});
  made["levels"] = ordered_json::array();
  for (const auto& one : import.levels)
    made["levels"].push_back(
        ordered_json{{"at", at_text(one.opens_at)}, {"from", price_text(one.from)}, {"to", price_text(one.to)}});
  return made;
}

}  // namespace

nlohmann::ordered_json summary(const ReportData& data) {
  const auto decimal = [&](machines::Int128 minor) {
    return machines::format(machines::Amount(data.quote.id, minor), data.quote.scale);
  };
  const auto last = [&](const Series& series) { return decimal(series.empty() ? 0 : series.back().minor); };
  const workers::market::ImportReport& import = data.import;
  ordered_json made;
  made["import"] = import_of(import);
  made["bars"] = data.bars;
  made["sleeves"] = ordered_json::array();
  for (const Sleeve& sleeve : data.sleeves)
    made["sleeves"].push_back(ordered_json{{"name", sleeve.name},
                                           {"kind", sleeve.kind},
                                           {"trades", sleeve.trades},
                                           {"wins", sleeve.wins},
                                           {"fees", decimal(sleeve.fees)},
                                           {"realized_pnl", decimal(sleeve.realized_pnl)},
                                           {"balance", decimal(sleeve.cash + sleeve.held_at_cost + sleeve.open_fees)},
                                           {"cash", decimal(sleeve.cash)},
                                           {"held_at_cost", decimal(sleeve.held_at_cost)},
                                           {"open_fees", decimal(sleeve.open_fees)},
                                           {"held_at_market", decimal(sleeve.held_at_market)},
                                           {"started_with", decimal(sleeve.started_with)},
                                           {"moved_in", last(sleeve.moved)},
                                           {"result", decimal(result_of(sleeve))},
                                           {"draw", decimal(sleeve.draw)},
                                           {"refused", sleeve.refused},
                                           {"remarks", sleeve.remarks}});
  made["vault"] = ordered_json{{"total", decimal(data.vault.total)},
                               {"tradeable", decimal(data.vault.tradeable)},
                               {"cash", decimal(data.vault.cash)},
                               {"held_at_cost", decimal(data.vault.held_at_cost)},
                               {"open_fees", decimal(data.vault.open_fees)},
                               {"held_at_market", decimal(data.vault.held_at_market)},
                               {"returned_from_flash", decimal(data.vault.returned_from_flash)}};
  made["baseline"] = ordered_json{{"buy_and_hold", last(data.buy_and_hold)}, {"cash", last(data.cash)}};
  made["transitions"] = data.transitions;
  made["postings"] = data.postings;
  made["verified"] = data.verified;
  made["elapsed_s"] = data.elapsed_s;
  made["digest"] = data.digest;
  made["suspense"] = decimal(data.suspense);
  return made;
}

}  // namespace deploy::report
