#include "deploy/report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "deploy/report/thin.hpp"

namespace deploy::report {
namespace {

constexpr std::size_t most_rows = 2'000;
constexpr int sleeve_colours = 4;

}  // namespace

std::int64_t second_of(machines::Instant at) { return at.us / 1'000'000; }

std::string quoted(const std::string& text) {
  std::string made = nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  for (std::size_t at = 0; (at = made.find('<', at)) != std::string::npos;) made.replace(at, 1, "\\u003c");
  return made;
}

std::string numbers(const std::vector<double>& values, const std::vector<std::size_t>& rows) {
  std::string made = "[";
  for (const std::size_t row : rows)
    fmt::format_to(std::back_inserter(made), "{}{:.8g}", made.size() > 1 ? "," : "", values[row]);
  return made + "]";
}

std::string style_of_sleeve(std::size_t index) { return fmt::format("c{}", index % sleeve_colours); }

std::string chart(const std::vector<machines::Instant>& times, const std::vector<Column>& columns) {
  std::vector<const std::vector<double>*> values;
  values.reserve(columns.size());
  for (const Column& column : columns) values.push_back(&column.values);
  const std::vector<std::size_t> rows = thin(values, std::max(most_rows, 2 * columns.size() + 2));
  std::string made = "{\"x\":[";
  for (std::size_t i = 0; i < rows.size(); ++i)
    fmt::format_to(std::back_inserter(made), "{}{}", i > 0 ? "," : "", second_of(times[rows[i]]));
  made += "],\"series\":[";
  for (const Column& column : columns)
    made += fmt::format("{}{{\"name\":{},\"style\":\"{}\",\"dashed\":{},\"start\":{:.8g},\"y\":{}}}",
                        &column == columns.data() ? "" : ",", quoted(column.name), column.style, column.dashed,
                        column.start, numbers(column.values, rows));
  return made + "]}";
}

}  // namespace deploy::report
