// tests/deploy/cli/config_test.cpp: `bursar config` prints a file that means what Bursar does without one.
#include "deploy/cli/config.hpp"

#include <gmock/gmock.h>

#include "tests/deploy/cli/line.hpp"

namespace tests {
namespace {

TEST(ConfigCommand, PrintsTheDefaultsAsAFileThatIsRead) {
  const Captured said = line({deploy::add_config_command}, {"config"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(said.out, schemas::config::example_text());
  const auto config = schemas::config::parse(said.out, "example.toml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->frozen_text(), schemas::config::Config{}.frozen_text());
  EXPECT_EQ(config->sample.bars, schemas::config::Config{}.sample.bars);
}

TEST(ConfigCommand, TakesNothing) { EXPECT_EQ(line({deploy::add_config_command}, {"config", "--json"}).code, 2); }

}  // namespace
}  // namespace tests
