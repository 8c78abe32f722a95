#include "deploy/replay/import_record.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace deploy {
namespace {

using nlohmann::json;
using workers::market::ImportReport;
using workers::market::Rejection;

// Every count of the report by its name: written and read by the same list.
constexpr std::pair<const char*, std::int64_t ImportReport::*> counts[] = {
    {"rows", &ImportReport::rows},
    {"hours", &ImportReport::hours},
    {"duplicates", &ImportReport::duplicates},
    {"differing_duplicates", &ImportReport::differing_duplicates},
    {"gaps", &ImportReport::gaps},
    {"missing", &ImportReport::missing},
    {"rejected", &ImportReport::rejected},
    {"level_changes", &ImportReport::level_changes},
    {"out_of_order", &ImportReport::out_of_order},
    {"outside_range", &ImportReport::outside_range},
    {"rounded", &ImportReport::rounded},
    {"in_seconds", &ImportReport::in_seconds},
    {"in_milliseconds", &ImportReport::in_milliseconds},
    {"in_microseconds", &ImportReport::in_microseconds},
    {"iso_dates", &ImportReport::iso_dates},
    {"twelve_hour_dates", &ImportReport::twelve_hour_dates},
    {"other_dates", &ImportReport::other_dates},
};

// A number of that name, or 0.
std::int64_t number(const json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Rejection rejection_of(const json& from) {
  Rejection made{{number(from, "opens_at")}, "", {number(from, "value")}, {number(from, "reference")}};
  if (const auto field = from.find("field"); field != from.end() && field->is_string()) made.field = *field;
  return made;
}

}  // namespace

std::string write_import(const ImportReport& report) {
  json made;
  for (const auto& [name, count] : counts) made[name] = report.*count;
  made["newest_first"] = report.newest_first;
  made["first"] = report.first.us;
  made["last"] = report.last.us;
  made["rejections"] = json::array();
  for (const Rejection& one : report.rejections)
    made["rejections"].push_back({{"opens_at", one.opens_at.us},
                                  {"field", one.field},
                                  {"value", one.value.e8},
                                  {"reference", one.reference.e8}});
  made["levels"] = json::array();
  for (const auto& one : report.levels)
    made["levels"].push_back({{"opens_at", one.opens_at.us}, {"from", one.from.e8}, {"to", one.to.e8}});
  return made.dump();
}

ImportReport parse_import(const std::string& text) {
  ImportReport report;
  const json from = json::parse(text, nullptr, false);
  if (!from.is_object()) return report;
  for (const auto& [name, count] : counts) report.*count = number(from, name);
  if (const auto newest = from.find("newest_first"); newest != from.end()) report.newest_first = *newest == true;
  report.first = {number(from, "first")};
  report.last = {number(from, "last")};
  if (const auto list = from.find("rejections"); list != from.end() && list->is_array())
    for (const json& one : *list)
      if (one.is_object()) report.rejections.push_back(rejection_of(one));
  if (const auto list = from.find("levels"); list != from.end() && list->is_array())
    for (const json& one : *list)
      if (one.is_object())
        report.levels.push_back({{number(one, "opens_at")}, {number(one, "from")}, {number(one, "to")}});
  return report;
}

}  // namespace deploy
