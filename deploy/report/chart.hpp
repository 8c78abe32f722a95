// deploy/report/chart.hpp: columns over one time axis as the JSON that page.js draws, safe inside a script element.
// Pure: no I/O, no throw.
#pragma once

#include <string>
#include <vector>

#include "machines/core/instant.hpp"

namespace deploy::report {

struct Column {
  std::string name;
  std::string style;  // a colour of page.css
  double start = 0;
  std::vector<double> values;
  bool dashed = false;
};

// Unix time in whole seconds.
std::int64_t second_of(machines::Instant at);
// The colour of the n-th sleeve, from 0: one of four, over and over.
std::string style_of_sleeve(std::size_t index);
// A JSON string in which no "</script>" can end the element around it.
std::string quoted(const std::string& text);
// "[1,2.5,3]" of the rows named, eight significant digits.
std::string numbers(const std::vector<double>& values, const std::vector<std::size_t>& rows);
// Thinned to about 2,000 rows. REQUIRES: a value of each column for each time.
std::string chart(const std::vector<machines::Instant>& times, const std::vector<Column>& columns);

}  // namespace deploy::report
