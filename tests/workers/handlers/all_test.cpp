// tests/workers/handlers/all_test.cpp: there is one handler for each kind and version whose jobs go to workers, and it
// asks outside where the catalog says so.
#include "workers/handlers/all.hpp"

#include <gmock/gmock.h>

#include <set>

#include "machines/catalog/catalog.hpp"
#include "tests/workers/handlers/ground.hpp"

namespace tests::orders {
namespace {

namespace catalog = machines::catalog;

TEST(AllHandlers, AreThoseOfTheKindsThatWorkersMove) {
  std::set<std::pair<std::string, int>> known, wanted;
  const ledger::books::Sleeves all = sleeves();
  for (const auto& handler : workers::handlers::all_handlers(all, deployment, {})) {
    const schemas::Capability said = handler->capability();
    EXPECT_TRUE(known.insert({said.kind, said.version}).second) << said.kind << " has two handlers";
  }
  for (const catalog::Kind& kind : catalog::kinds())
    if (kind.moved_by == catalog::MovedBy::workers)
      for (const catalog::Version& version : kind.versions) wanted.insert({std::string(kind.word), version.number});
  EXPECT_EQ(known, wanted);
}

TEST(AllHandlers, AskOutsideByTheCommandsOfTheCatalog) {
  const ledger::books::Sleeves all = sleeves();
  for (const auto& handler : workers::handlers::all_handlers(all, deployment, {})) {
    const schemas::Capability said = handler->capability();
    const auto* version = catalog::find(catalog::kinds(), said.kind, said.version);
    ASSERT_NE(version, nullptr) << said.kind;
    EXPECT_EQ(said.outside_commands, std::vector<std::string>(version->outside.begin(), version->outside.end()));
    for (const std::string_view command : version->commands)
      EXPECT_EQ(handler->is_pure(command), !catalog::goes_outside(said.kind, command)) << said.kind << " " << command;
  }
}

}  // namespace
}  // namespace tests::orders
