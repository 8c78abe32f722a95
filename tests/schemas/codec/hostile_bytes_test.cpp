// Bytes that nobody of ours sent: refused with a reason, whatever they are; never a crash, never an exception.
#include <gmock/gmock.h>

#include "schemas/codec/messages.hpp"
#include "tests/schemas/codec/generators.hpp"

namespace schemas {
namespace {

using namespace tests;
using testing::HasSubstr;

// Both decoders on the same bytes; what can be read must survive another trip.
void must_cope_with(const std::string& bytes) {
  const auto message = decode(bytes);
  if (message)
    RC_ASSERT(decode(encode(*message)).value() == *message);
  else
    RC_ASSERT(!message.error().reason.empty());
  const auto frame = decode_venue(bytes);
  if (frame)
    RC_ASSERT(decode_venue(encode_venue(*frame)).value() == *frame);
  else
    RC_ASSERT(!frame.error().reason.empty());
}

// Protobuf by hand, as a stranger would write it: these numbers are the wire's, and stay.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string field(int number, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string field(int number, std::int64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3) + varint(static_cast<std::uint64_t>(value));
}
// The message's place in the envelope.
constexpr int ready = 1, done = 2, failed = 3, goodbye = 5, assign = 8, submit = 11, broker_view = 14;
constexpr int place = 2, report = 7, statement = 9, hand_trade = 11;

std::string reason_of(const std::string& bytes) {
  const auto message = decode(bytes);
  return message ? "" : message.error().reason;
}
std::string venue_reason_of(const std::string& bytes) {
  const auto frame = decode_venue(bytes);
  return frame ? "" : frame.error().reason;
}

RC_GTEST_PROP(HostileBytes, RandomBytesAreRefusedOrRead, ()) { must_cope_with(any<std::string>()); }

RC_GTEST_PROP(HostileBytes, ATruncatedMessageIsRefusedOrRead, ()) {
  const std::string whole = encode(any_message());
  must_cope_with(whole.substr(0, *rc::gen::inRange<std::size_t>(0, whole.size() + 1)));
  const std::string frame = encode_venue(any_frame());
  must_cope_with(frame.substr(0, *rc::gen::inRange<std::size_t>(0, frame.size() + 1)));
}

RC_GTEST_PROP(HostileBytes, AFlippedBitIsRefusedOrRead, ()) {
  std::string bytes = flag() ? encode(any_message()) : encode_venue(any_frame());
  RC_PRE(!bytes.empty());
  auto& byte = bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())];
  byte = static_cast<char>(byte ^ (1 << *rc::gen::inRange(0, 8)));
  must_cope_with(bytes);
}

TEST(HostileBytes, NothingIsNoMessage) {
  EXPECT_THAT(decode("").error().reason, HasSubstr("no body"));
  EXPECT_THAT(decode_venue("").error().reason, HasSubstr("no body"));
}

TEST(HostileBytes, AMessageLongerThanTheWireCarriesIsRefusedUnread) {
  const std::string endless(longest_message + 1, '\0');
  EXPECT_THAT(decode(endless).error().reason, HasSubstr("too long"));
  EXPECT_THAT(decode_venue(endless).error().reason, HasSubstr("too long"));
}

TEST(HostileBytes, WhatAStrangerWritesByHandIsRead) {
  const std::string token(16, 'x');
  const auto message = decode(field(failed, field(1, token) + field(2, 4) + field(4, "why")));
  ASSERT_TRUE(message) << message.error().reason;
  EXPECT_EQ(std::get<Failed>(*message).error, machines::CallError::rejected);
  EXPECT_EQ(std::get<Failed>(*message).reason, "why");
  EXPECT_TRUE(decode(field(failed, field(1, token) + field(99, "of a later version"))));
}

TEST(HostileBytes, ATokenHasSixteenBytes) {
  for (const std::size_t size : {1U, 15U, 17U, 4096U}) {
    const std::string token = field(1, std::string(size, 'x'));
    EXPECT_THAT(reason_of(field(failed, token)), HasSubstr("16 bytes")) << size;
    EXPECT_THAT(reason_of(field(goodbye, token)), HasSubstr("16 bytes")) << size;
    EXPECT_THAT(reason_of(field(done, field(1, token))), HasSubstr("16 bytes")) << size;
    EXPECT_THAT(reason_of(field(ready, field(1, "w") + field(5, std::string(size, 'x')))), HasSubstr("16 bytes"));
    EXPECT_THAT(reason_of(field(assign, field(1, field(2, std::string(size, 'x'))))), HasSubstr("16 bytes")) << size;
  }
  EXPECT_THAT(reason_of(field(failed, "")), HasSubstr("16 bytes")) << "none at all";
}

TEST(HostileBytes, AnEnumeratorOutOfRangeIsRefused) {
  const std::string token = field(1, std::string(16, 'x'));
  const auto past_done = static_cast<int>(machines::count_of<schemas::DoneKind>);
  for (const int number : {-1, past_done, 64, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
    EXPECT_THAT(reason_of(field(done, field(1, token + field(2, number)))), HasSubstr("out of range")) << number;
  const auto past = static_cast<std::int64_t>(machines::count_of<machines::CallError>);
  EXPECT_THAT(reason_of(field(failed, token + field(2, past))), HasSubstr("out of range"));
  EXPECT_EQ(reason_of(field(failed, token + field(2, past - 1))), "");
  EXPECT_THAT(venue_reason_of(field(place, field(3, 2) + field(4, "1"))), HasSubstr("out of range"));
  EXPECT_THAT(venue_reason_of(field(hand_trade, field(3, 2) + field(4, "1"))), HasSubstr("out of range"));
  EXPECT_THAT(venue_reason_of(field(report, field(2, 5))), HasSubstr("out of range"));
}

TEST(HostileBytes, AnAmountIsAWholeNumberInTheLedgersRange) {
  const auto line = [](const std::string& total) { return field(statement, field(1, field(2, total))); };
  EXPECT_EQ(venue_reason_of(line("-99999999999999999999999999999999999999")), "");
  for (const char* text :
       {"", "-", "1.5", "1e9", " 1", "0x10", "NaN", "100000000000000000000000000000000000000", "1,000"})
    EXPECT_THAT(venue_reason_of(line(text)), HasSubstr("amount")) << text;
}

TEST(HostileBytes, ARegistrationNeedsAWorkersNameAndNoNegativeCredit) {
  EXPECT_EQ(reason_of(field(ready, field(1, "w"))), "");
  EXPECT_THAT(reason_of(field(ready, field(6, 1))), HasSubstr("worker"));
  EXPECT_THAT(reason_of(field(ready, field(1, "w") + field(6, -1))), HasSubstr("credit"));
  EXPECT_THAT(reason_of(field(ready, field(1, "w") + field(7, -1))), HasSubstr("credit"));
  EXPECT_EQ(reason_of(field(ready, field(1, "w") + field(6, 100'000))), "");
  EXPECT_THAT(reason_of(field(ready, field(1, "w") + field(6, 100'001))), HasSubstr("too large"));
  EXPECT_THAT(reason_of(field(ready, field(1, "w") + field(7, std::numeric_limits<int>::max()))),
              HasSubstr("too large"));
}

// PostgreSQL takes no NUL in a text: such a word would be refused there, again and again.
TEST(HostileBytes, AWordWithANulIsRefused) {
  const std::string word("fil\0led", 7);
  EXPECT_THAT(reason_of(field(submit, field(3, word))), HasSubstr("NUL"));
  EXPECT_THAT(reason_of(field(failed, field(1, std::string(16, 'x')) + field(4, word))), HasSubstr("NUL"));
  EXPECT_THAT(reason_of(field(ready, field(1, word))), HasSubstr("NUL"));
}

TEST(HostileBytes, AWordHasItsLength) {
  EXPECT_EQ(reason_of(field(ready, field(1, std::string(256, 'w')))), "");
  EXPECT_THAT(reason_of(field(ready, field(1, std::string(257, 'w')))), HasSubstr("too long"));
  EXPECT_THAT(reason_of(field(submit, field(3, std::string(257, 'e')))), HasSubstr("too long"));
  EXPECT_THAT(reason_of(field(ready, field(1, "w") + field(4, field(1, std::string(257, 'k'))))),
              HasSubstr("too long"));
}

// Each text of a broker's view; what is for people has the length that the writer cuts it to.
TEST(HostileBytes, AViewsTextsAreHeldToTheSame) {
  const std::string spoilt("fil\0led", 7);
  const auto view = [](const std::string& inside) { return field(broker_view, inside); };
  for (const int at : {1, 9}) EXPECT_THAT(reason_of(view(field(at, spoilt))), HasSubstr("NUL")) << at;
  for (const int at : {3, 7}) EXPECT_THAT(reason_of(view(field(at, field(1, spoilt)))), HasSubstr("NUL")) << at;
  for (const int at : {1, 2, 6}) EXPECT_THAT(reason_of(view(field(10, field(at, spoilt)))), HasSubstr("NUL")) << at;
  for (const int at : {1, 2}) EXPECT_THAT(reason_of(view(field(11, field(at, spoilt)))), HasSubstr("NUL")) << at;
  EXPECT_EQ(reason_of(view(field(9, std::string(4096, 't')))), "");
  EXPECT_THAT(reason_of(view(field(9, std::string(4097, 't')))), HasSubstr("too long"));
  EXPECT_THAT(reason_of(field(failed, field(1, std::string(16, 'x')) + field(4, std::string(4097, 't')))),
              HasSubstr("too long"));
}

TEST(HostileBytes, AListThatNobodyOfOursWouldSendIsRefused) {
  std::string tokens;
  for (int i = 0; i < 20'001; ++i) tokens += field(1, std::string(16, 'x'));
  EXPECT_THAT(reason_of(field(goodbye, tokens)), HasSubstr("list is too long"));
  EXPECT_EQ(reason_of(field(goodbye, tokens.substr(18))), "");
  std::string empty;
  for (int i = 0; i < 20'001; ++i) empty += field(2, "");
  EXPECT_THAT(reason_of(field(done, empty)), HasSubstr("list is too long"));
}

TEST(HostileBytes, AWordThatIsNoTextIsRefused) {
  EXPECT_NE(reason_of(field(submit, field(3, "fil\xffled"))), "");
  EXPECT_NE(reason_of(field(ready, field(1, "\xc0\x80"))), "");
}

TEST(HostileBytes, AnUnreadableVenueBodyStillNamesItsCorrelation) {
  const auto frame = decode_venue(field(1, 42) + field(place, field(4, "much")));
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().correlation, 42U);
}

}  // namespace
}  // namespace schemas
