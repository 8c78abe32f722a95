#include "workers/venues/properties.hpp"

#include <gmock/gmock.h>

namespace workers::venues {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Ids = VenueProperties::Ids;

// ids, tombstones, request life, enforced, settle window
TEST(VenueProperties, AVenueIsAsItIsOrAsRealOnesAre) {
  EXPECT_THAT(VenueProperties{}.validate(), IsEmpty());
  EXPECT_THAT((VenueProperties{Ids::among_open, false, 5'000, true, 200}.validate()), IsEmpty());
  EXPECT_THAT((VenueProperties{Ids::among_open, false, 60'000, false, 200}.validate()), IsEmpty()) << "by signatures";
  EXPECT_THAT((VenueProperties{Ids::for_ever, true, 0, false, 200}.validate()), IsEmpty());
}

TEST(VenueProperties, WhatCanNotBeIsRefused) {
  EXPECT_THAT((VenueProperties{Ids::among_open, false, 0, false, 200}.validate()), HasSubstr("need a request life"));
  EXPECT_THAT((VenueProperties{Ids::among_open, true, 5'000, true, 200}.validate()), HasSubstr("tombstone"));
  EXPECT_THAT((VenueProperties{Ids::for_ever, true, 0, true, 200}.validate()), HasSubstr("needs a request life"));
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{499}, std::int64_t{60'001}, INT64_MAX})
    EXPECT_THAT((VenueProperties{Ids::for_ever, true, bad, true, 200}.validate()), HasSubstr("500 to 60,000")) << bad;
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{60'001}, INT64_MAX})
    EXPECT_THAT((VenueProperties{Ids::for_ever, true, 5'000, false, bad}.validate()), HasSubstr("1 to 60,000")) << bad;
}

}  // namespace
}  // namespace workers::venues
