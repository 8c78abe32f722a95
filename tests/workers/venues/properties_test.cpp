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

// What a worker counts on, and what the venue promises, in the same order.
TEST(VenueProperties, AClaimBeyondThePromiseIsNamedWithBothValues) {
  const VenueProperties as_it_is, real{Ids::among_open, false, 5'000, true, 200};
  EXPECT_THAT(as_it_is.claims_beyond(as_it_is), IsEmpty());
  EXPECT_THAT(real.claims_beyond(real), IsEmpty());
  EXPECT_EQ(as_it_is.claims_beyond(real),
            "ids is \"for_ever\" in the worker's configuration, and the venue promises \"among_open\"");
  EXPECT_EQ((VenueProperties{Ids::for_ever, true, 5'000, false, 200}.claims_beyond(
                {Ids::for_ever, false, 5'000, false, 200})),
            "tombstones is true in the worker's configuration, and the venue promises false");
  EXPECT_EQ(real.claims_beyond(as_it_is),
            "deadline is \"enforced\" in the worker's configuration, and the venue promises \"none\"");
  EXPECT_THAT((VenueProperties{Ids::for_ever, true, 5'000, false, 199}.claims_beyond(as_it_is)),
              HasSubstr("settle_ms is 199 in the worker's configuration, and the venue promises 200"));
  EXPECT_THAT((VenueProperties{Ids::for_ever, true, 5'000, false, 900}.claims_beyond(as_it_is)), IsEmpty());
}

TEST(VenueProperties, TheLifeOfARequestIsComparedWhereItsEndIsAWord) {
  const auto life = [](std::int64_t ms) { return VenueProperties{Ids::for_ever, false, ms, false, 200}; };
  EXPECT_THAT(life(4'999).claims_beyond(life(5'000)), HasSubstr("request_life_ms is 4999"));
  EXPECT_THAT(life(60'000).claims_beyond(life(0)), HasSubstr("the venue promises 0"));
  EXPECT_THAT(life(5'000).claims_beyond(life(5'000)), IsEmpty());
  EXPECT_THAT(life(0).claims_beyond(life(5'000)), IsEmpty()) << "it counts on none";
  EXPECT_THAT((VenueProperties{Ids::among_open, false, 900, true, 200}.claims_beyond(
                  {Ids::among_open, false, 5'000, true, 200})),
              IsEmpty())
      << "the request carries its own";
}

}  // namespace
}  // namespace workers::venues
