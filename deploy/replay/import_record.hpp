// deploy/replay/import_record.hpp: what the reader said about the price file, as the JSON text that the feed's row
// keeps for later runs. Pure: no I/O, no throw.
#pragma once

#include <string>

#include "workers/market/bars.hpp"

namespace deploy {

// Everything in the report, rejections included.
std::string write_import(const workers::market::ImportReport& report);

// What write_import() wrote, field for field. A field that an older version did not write, or text that is none of
// ours, reads as zero.
workers::market::ImportReport parse_import(const std::string& text);

}  // namespace deploy
