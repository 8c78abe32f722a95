// schemas/codec/key_data.hpp: an API key's own variables as the ledger keeps them, by the rules of data.hpp. Nothing
// of the secret is among them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "machines/key/decide.hpp"

namespace schemas {

// parse_key: nothing where the text is no such data.
std::string write_key(const machines::key::Data& data);
std::optional<machines::key::Data> parse_key(std::string_view text);

}  // namespace schemas
