#include "schemas/codec/data.hpp"

#include <optional>

#include "deploy/replay/import_record.hpp"
#include "machines/catalog/catalog.hpp"
#include "schemas/codec/canonical.hpp"
#include "tests/fuzz/targets.hpp"

namespace tests::fuzz {
namespace {

// What one trip has made canonical, a second one changes no more.
template <class Trip>
void must_settle(Bytes text, Trip trip) {
  const std::optional<std::string> written = trip(text);
  if (written) CHECK(trip(*written) == written);
}

}  // namespace

void machine_data(Bytes bytes) {
  for (const std::string_view kind : machines::catalog::words())
    must_settle(bytes, [kind](Bytes text) { return schemas::canonical_data(kind, text); });
  must_settle(bytes, [](Bytes text) -> std::optional<std::string> {
    const auto rules = schemas::parse_momentum(text);
    return rules ? std::optional(schemas::write_momentum(*rules)) : std::nullopt;
  });
  (void)schemas::parse_sleeve_states(bytes, machines::AssetId{1});
  (void)schemas::parse_vault_accounts(bytes);
}

void import_record(Bytes bytes) {
  const auto report = deploy::parse_import(std::string(bytes));
  const std::string written = deploy::write_import(report);
  CHECK(deploy::write_import(deploy::parse_import(written)) == written);
}

}  // namespace tests::fuzz
