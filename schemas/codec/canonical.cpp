#include "schemas/codec/canonical.hpp"

#include <algorithm>
#include <iterator>

#include "schemas/codec/data.hpp"
#include "schemas/codec/key_data.hpp"
#include "schemas/codec/resolution_data.hpp"

namespace schemas {
namespace {

using Trip = std::optional<std::string> (*)(std::string_view);

template <auto parse, auto write>
std::optional<std::string> trip(std::string_view text) {
  const auto data = parse(text);
  return data ? std::optional(write(*data)) : std::nullopt;
}

struct Codec {
  std::string_view kind;
  Trip trip;
};
constexpr Codec codecs[] = {
    {"order", trip<parse_order, write_order>},
    {"sleeve_cycle", trip<parse_cycle, write_cycle>},
    {"allocation", trip<parse_allocation, write_allocation>},
    {"vault", trip<parse_vault, write_vault>},
    {"sleeve", trip<parse_sleeve, write_sleeve>},
    {"resolution", trip<parse_resolution, write_resolution>},
    {"key", trip<parse_key, write_key>},
    {"break", trip<parse_break, write_break>},
};

const Codec* codec_of(std::string_view kind) {
  const auto found =
      std::find_if(std::begin(codecs), std::end(codecs), [&](const Codec& one) { return one.kind == kind; });
  return found == std::end(codecs) ? nullptr : found;
}

}  // namespace

bool reads_data_of(std::string_view kind) { return codec_of(kind) != nullptr; }

std::optional<std::string> canonical_data(std::string_view kind, std::string_view text) {
  const Codec* codec = codec_of(kind);
  return codec == nullptr ? std::nullopt : codec->trip(text);
}

}  // namespace schemas
