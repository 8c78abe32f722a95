// tests/schemas/codec/resolution_data_test.cpp: what a person said comes back as it was; other text is nobody's word.
#include "schemas/codec/resolution_data.hpp"

#include <gmock/gmock.h>

namespace {

using schemas::parse_resolution;
using schemas::write_resolution;

TEST(ResolutionData, ComesBackAsItWas) {
  const machines::resolution::Data data{{17}, "filled", "ann", "a \"page\"\nof theirs", "filled, 0.4 ETH"};
  const auto back = parse_resolution(write_resolution(data));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, data);
}

TEST(ResolutionData, OtherTextIsNobodysWord) {
  for (const char* text : {"", "[]", "{}", R"({"order":1,"as":"filled","who":"ann","evidence":"x"})",
                           R"({"order":"1","as":"filled","who":"ann","evidence":"x","venue_said":""})",
                           R"({"order":1.5,"as":"filled","who":"ann","evidence":"x","venue_said":""})"})
    EXPECT_FALSE(parse_resolution(text)) << text;
}

}  // namespace
