#include "schemas/codec/data.hpp"

#include "deploy/replay/import_record.hpp"
#include "schemas/codec/key_data.hpp"
#include "tests/fuzz/targets.hpp"

namespace tests::fuzz {
namespace {

// What one trip has made canonical, a second one changes no more.
template <class Parse, class Write>
void must_settle(Bytes text, Parse parse, Write write) {
  const auto data = parse(text);
  if (!data) return;
  const std::string written = write(*data);
  const auto again = parse(written);
  CHECK(again.has_value());
  CHECK(write(*again) == written);
}

}  // namespace

void machine_data(Bytes bytes) {
  using namespace schemas;
  must_settle(bytes, parse_order, write_order);
  must_settle(bytes, parse_cycle, write_cycle);
  must_settle(bytes, parse_allocation, write_allocation);
  must_settle(bytes, parse_break, write_break);
  must_settle(bytes, parse_sleeve, write_sleeve);
  must_settle(bytes, parse_vault, write_vault);
  must_settle(bytes, parse_momentum, write_momentum);
  must_settle(bytes, parse_key, write_key);
  (void)parse_sleeve_states(bytes, machines::AssetId{1});
  (void)parse_vault_accounts(bytes);
}

void import_record(Bytes bytes) {
  const auto report = deploy::parse_import(std::string(bytes));
  const std::string written = deploy::write_import(report);
  CHECK(deploy::write_import(deploy::parse_import(written)) == written);
}

}  // namespace tests::fuzz
