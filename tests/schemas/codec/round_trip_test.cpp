// Whatever the protocol can say comes back as it was said.
#include <gmock/gmock.h>

#include "schemas/codec/messages.hpp"
#include "tests/schemas/codec/generators.hpp"

namespace schemas {
namespace {

using namespace tests;

// Every kind, whatever the draw: one property per run would seldom meet them all.
TEST(Codec, EveryKindOfMessageComesBack) {
  for (std::size_t kind = 0; kind < std::variant_size_v<Message>; ++kind)
    EXPECT_TRUE(rc::check("message of kind " + std::to_string(kind), [kind] {
      const Message message = message_at(kind);
      RC_ASSERT(message.index() == kind);
      const auto back = decode(encode(message));
      if (!back) RC_FAIL(back.error().reason);
      RC_ASSERT(*back == message);
    }));
}

TEST(Codec, EveryKindOfVenueMessageComesBack) {
  for (std::size_t kind = 0; kind < std::variant_size_v<VenueMessage>; ++kind)
    EXPECT_TRUE(rc::check("venue message of kind " + std::to_string(kind), [kind] {
      const VenueFrame frame = frame_of(venue_message_at(kind));
      const auto back = decode_venue(encode_venue(frame));
      if (!back) RC_FAIL(back.error().reason);
      RC_ASSERT(*back == frame);
    }));
}

TEST(Codec, AmountsKeepTheirLastDigitAtTheEndsOfTheRange) {
  const machines::Int128 most = machines::power_of_ten(38) - 1;
  for (const machines::Int128 amount : {most, -most, machines::Int128{0}, machines::Int128{-1}}) {
    const VenueFrame frame{7, Statement{{{"USDT", amount}}, {}}};
    const auto back = decode_venue(encode_venue(frame));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, frame);
  }
}

// Reasons come from PostgreSQL, from venues, from libraries: not all of it is text.
TEST(Codec, AReasonThatIsNotTextStillArrivesWithWhatIsReadable) {
  const std::string odd("lost \xff\xc3 the\0 thread", 18);
  const auto failed = decode(encode(Failed{{}, machines::CallError::rejected, 0, odd, false}));
  ASSERT_TRUE(failed) << failed.error().reason;
  EXPECT_EQ(std::get<Failed>(*failed).reason, "lost ?? the? threa");
  const auto refused = decode(encode(Refused{odd}));
  ASSERT_TRUE(refused) << refused.error().reason;
  const auto submitted = decode(encode(Submitted{{1}, schemas::SubmitAnswer::not_taken, odd}));
  ASSERT_TRUE(submitted) << submitted.error().reason;
  const auto venue = decode_venue(encode_venue({1, VenueRefusal{odd}}));
  ASSERT_TRUE(venue) << venue.error().reason;
  EXPECT_EQ(std::get<VenueRefusal>(venue->message).reason, "lost ?? the? threa");
}

TEST(Codec, AnyReasonAtAllArrives) {
  EXPECT_TRUE(rc::check("any bytes as a reason", [] {
    const auto bytes = any<std::string>();
    RC_ASSERT(decode(encode(Failed{token(), machines::CallError::rejected, 0, bytes, false})).has_value());
    RC_ASSERT(decode_venue(encode_venue({1, OrderReport{"id", OrderStatus::rejected, bytes, false, {}}})).has_value());
  }));
}

TEST(Codec, AnEndlessReasonIsCutBetweenLetters) {
  std::string endless;
  while (endless.size() < 100'000) endless += "€";
  const auto back = decode(encode(Refused{endless}));
  ASSERT_TRUE(back) << back.error().reason;
  const std::string& reason = std::get<Refused>(*back).reason;
  EXPECT_LT(reason.size(), 5'000U);
  EXPECT_EQ(reason.size() % 3, 0U);
  EXPECT_EQ(reason, endless.substr(0, reason.size()));
}

}  // namespace
}  // namespace schemas
