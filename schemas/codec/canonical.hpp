// schemas/codec/canonical.hpp: the variables of a machine by the word of its kind, for callers that have words alone.
// Never throws.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace schemas {

// Whether C++ reads data of this kind: of all kinds but those that functions in SQL move.
bool reads_data_of(std::string_view kind);

// Data of this kind, read and written again: canonical. Nothing where the text isn't such data, or C++ reads none.
std::optional<std::string> canonical_data(std::string_view kind, std::string_view text);

}  // namespace schemas
