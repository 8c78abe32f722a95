// tests/deploy/bursar/finished.hpp: OnFinishedHouse, the ground of tests that look at the house with a finished replay
// (house.hpp), or that play the same bars again elsewhere.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {

class OnFinishedHouse : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(finished_house().said.code, 0) << finished_house().said.err;
  }
  // A look at the finished house, which is down.
  static Said look(Words words) {
    words.insert(words.end(), {"--data-dir", finished_house().data_dir});
    return bursar(words);
  }
  static Said up(const std::string& data_dir, Words words) {
    words.insert(words.begin(), {"up", "--data-dir", data_dir, "--exit-when-done"});
    return bursar(words);
  }
  static std::string digest() { return finished_house().said.last_line()["digest"]; }
  static bool verifies(const std::string& data_dir) {
    return bursar({"ledger", "verify", "--json", "--data-dir", data_dir}).last_line()["verified"] == true;
  }
};

// That a JSON object has each of these, among others.
inline void expect_keys(const nlohmann::json& object, const std::vector<std::string>& names) {
  for (const std::string& name : names) EXPECT_TRUE(object.contains(name)) << name << " is missing in " << object;
}

}  // namespace tests
