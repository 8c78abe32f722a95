// deploy/report/thin.hpp: thins columns over one time axis to few rows without losing an extreme.
// Pure: no I/O, no throw.
#pragma once

#include <cstddef>
#include <vector>

namespace deploy::report {

// The rows to keep, rising: the first, the last, and of each of equally long stretches the rows where any column is
// least or most. At most about `most` rows; all of them when there are no more. REQUIRES: columns of one length, most
// >= 2 * columns + 2.
std::vector<std::size_t> thin(const std::vector<const std::vector<double>*>& columns, std::size_t most);

}  // namespace deploy::report
