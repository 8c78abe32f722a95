// schemas/codec/resolution_data.hpp: a resolution's own variables as the ledger keeps them, by the rules of data.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "machines/resolution/resolution.hpp"

namespace schemas {

// parse_resolution: nothing where the text is no such data.
std::string write_resolution(const machines::resolution::Data& data);
std::optional<machines::resolution::Data> parse_resolution(std::string_view text);

}  // namespace schemas
