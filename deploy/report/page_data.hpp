// deploy/report/page_data.hpp: the numbers that page.js draws, as JSON that is safe inside a script element.
// Pure: no I/O, no throw.
#pragma once

#include <string>

#include "deploy/report/figures.hpp"

namespace deploy::report {

// Times are Unix seconds, values are units. Series of one chart share one time axis, thinned to about 2,000 rows.
std::string page_data(const ReportData& data, const Figures& figures);

}  // namespace deploy::report
