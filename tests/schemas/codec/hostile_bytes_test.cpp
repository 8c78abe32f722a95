// Bytes that nobody of ours sent: refused with a reason, whatever they are; never a crash, never an exception.
#include <gmock/gmock.h>

#include "schemas/codec/messages.hpp"
#include "schemas/proto/wire.pb.h"
#include "tests/schemas/codec/generators.hpp"

namespace schemas {
namespace {

using namespace tests;
using testing::HasSubstr;
namespace pb = bursar::wire;

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

template <class Envelope>
std::string reason_of(const Envelope& envelope) {
  if constexpr (std::is_same_v<Envelope, pb::Envelope>) {
    const auto message = decode(envelope.SerializeAsString());
    return message ? "" : message.error().reason;
  } else {
    const auto frame = decode_venue(envelope.SerializeAsString());
    return frame ? "" : frame.error().reason;
  }
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

TEST(HostileBytes, ATokenHasSixteenBytes) {
  for (const std::size_t size : {0U, 1U, 15U, 17U, 4096U}) {
    const std::string bytes(size, 'x');
    pb::Envelope failed, goodbye, ready, done, assign;
    failed.mutable_failed()->set_token(bytes);
    goodbye.mutable_goodbye()->add_unstarted(bytes);
    ready.mutable_ready()->set_worker("w");
    ready.mutable_ready()->add_held(bytes);
    done.mutable_done()->add_jobs()->set_token(bytes);
    assign.mutable_assign()->add_jobs()->set_token(bytes);
    for (const auto* envelope : {&failed, &goodbye, &ready, &done, &assign})
      EXPECT_THAT(reason_of(*envelope), HasSubstr("16 bytes")) << size;
  }
}

TEST(HostileBytes, AnEnumeratorOutOfRangeIsRefused) {
  const std::string token(16, 'x');
  for (const int number : {-1, 4, 64, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    pb::Envelope done;
    done.mutable_done()->add_jobs()->set_token(token);
    done.mutable_done()->mutable_jobs(0)->set_kind(number);
    EXPECT_THAT(reason_of(done), HasSubstr("out of range")) << number;
  }
  pb::Envelope failed;
  failed.mutable_failed()->set_token(token);
  failed.mutable_failed()->set_error(static_cast<int>(machines::count_of<machines::CallError>));
  EXPECT_THAT(reason_of(failed), HasSubstr("out of range"));
  pb::VenueEnvelope place, report;
  place.mutable_place()->set_size("1");
  place.mutable_place()->set_side(2);
  report.mutable_report()->set_status(5);
  EXPECT_THAT(reason_of(place), HasSubstr("out of range"));
  EXPECT_THAT(reason_of(report), HasSubstr("out of range"));
}

TEST(HostileBytes, AnAmountIsAWholeNumberInTheLedgersRange) {
  for (const char* text :
       {"", "-", "1.5", "1e9", " 1", "0x10", "NaN", "100000000000000000000000000000000000000", "1,000"}) {
    pb::VenueEnvelope statement;
    statement.mutable_statement()->add_lines()->set_total(text);
    EXPECT_THAT(reason_of(statement), HasSubstr("amount")) << text;
  }
}

TEST(HostileBytes, ARegistrationNeedsAWorkersNameAndNoNegativeCredit) {
  pb::Envelope nameless, pure, outside;
  nameless.mutable_ready()->set_pure_credit(1);
  EXPECT_THAT(reason_of(nameless), HasSubstr("worker"));
  pure.mutable_ready()->set_worker("w");
  pure.mutable_ready()->set_pure_credit(-1);
  EXPECT_THAT(reason_of(pure), HasSubstr("credit"));
  outside.mutable_ready()->set_worker("w");
  outside.mutable_ready()->set_outside_credit(-1);
  EXPECT_THAT(reason_of(outside), HasSubstr("credit"));
}

// PostgreSQL takes no NUL in a text: such a word would be refused there, again and again.
TEST(HostileBytes, AWordWithANulIsRefused) {
  const std::string word("fil\0led", 7);
  pb::Envelope submit, failed, ready;
  submit.mutable_submit()->set_event(word);
  failed.mutable_failed()->set_token(std::string(16, 'x'));
  failed.mutable_failed()->set_reason(word);
  ready.mutable_ready()->set_worker(word);
  for (const auto* envelope : {&submit, &failed, &ready}) EXPECT_THAT(reason_of(*envelope), HasSubstr("NUL"));
}

TEST(HostileBytes, AnUnreadableVenueBodyStillNamesItsCorrelation) {
  pb::VenueEnvelope place;
  place.set_correlation(42);
  place.mutable_place()->set_size("much");
  const auto frame = decode_venue(place.SerializeAsString());
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().correlation, 42U);
}

}  // namespace
}  // namespace schemas
