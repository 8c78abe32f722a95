// tests/workers/venues/paper/keys_test.cpp: the paper venue tells who can prove a key what it may do, and tells nobody
// else anything; it takes a request of who signed it, and says what is wrong with any other.
#include "workers/venues/paper/keys.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "machines/core/names.hpp"
#include "tests/workers/venues/paper/support.hpp"
#include "workers/venues/paper/signature.hpp"

namespace workers::venues::paper {
namespace {

using ledger::secrets::Secret;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t now_us = 1'700'000'000'000'000;
// SHA-256 of "secret".
constexpr const char* verifier = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

Secret secret_of(std::string_view text) {
  auto made = Secret::zeros(text.size());
  CHECK(made.has_value());
  made->fill([&](auto span) { std::copy(text.begin(), text.end(), span.begin()); });
  return std::move(*made);
}

class PaperKeys : public testing::Test {
 protected:
  void knows(const std::string& text) const { std::ofstream(file_) << text; }
  // The rights that are told, or the refusal's first word.
  [[nodiscard]] std::string told(const schemas::KeyInfoRequest& request) const {
    const auto answer = Gate(file_, "spot").key_info(request, now_us);
    if (const auto* refusal = std::get_if<schemas::VenueRefusal>(&answer))
      return is_bad_key(refusal->reason) ? "bad_key" : refusal->reason;
    const auto& info = std::get<schemas::KeyInfo>(answer);
    return std::string(info.read ? "r" : "-") + (info.trade ? "t" : "-") + (info.withdraw ? "w" : "-") +
           (info.bound ? "b" : "-") + " " + std::to_string(info.expires_us) + " " + std::to_string(info.rate_used_ppm);
  }
  static schemas::KeyInfoRequest asked(std::string_view credential = "key\nsecret") {
    return key_info_request(secret_of(credential), "spot", now_us);
  }

  tests::Folder folder_;
  std::string file_ = folder_.at("keys");
};

TEST_F(PaperKeys, WhoProvesAKeyIsToldItsRights) {
  knows(std::string("# a comment\n\nother key ") + verifier + " withdraw\nspot key2 " + verifier +
        " withdraw\nspot key " + verifier + " read,trade bound expires=1800000000 rate=25 # another\n");
  EXPECT_EQ(told(asked()), "rt-b 1800000000000000 0");
  EXPECT_EQ(told(asked("key\nsecret\npassphrase")), "rt-b 1800000000000000 0");
  knows(std::string("spot key ") + verifier + " none\n");
  EXPECT_EQ(told(asked()), "---- 0 0") << "rights change at once";
}

TEST_F(PaperKeys, NobodyElseIsToldAnything) {
  EXPECT_EQ(told(asked()), "bad_key") << "no file, no keys";
  knows(std::string("spot key ") + verifier + " read\n");
  ASSERT_EQ(told(asked()), "r--- 0 0");
  EXPECT_EQ(told(asked("key\nanother")), "bad_key");
  EXPECT_EQ(told(asked("ke\nsecret")), "bad_key");
  for (const auto& change : std::initializer_list<std::function<void(schemas::KeyInfoRequest&)>>{
           [](auto& r) { r.account = "other"; }, [](auto& r) { r.api_key = "key2"; }, [](auto& r) { ++r.asked_us; },
           [](auto& r) { r.proof = ""; }, [](auto& r) { r.proof.back() = r.proof.back() == '0' ? '1' : '0'; }}) {
    auto request = asked();
    change(request);
    EXPECT_EQ(told(request), "bad_key");
  }
}

TEST_F(PaperKeys, AProofIsGoodForAMinute) {
  knows(std::string("spot key ") + verifier + " read\n");
  const auto at = [&](std::int64_t us) { return told(key_info_request(secret_of("key\nsecret"), "spot", us)); };
  EXPECT_EQ(at(now_us - 60'000'000), "r--- 0 0");
  EXPECT_EQ(at(now_us - 60'000'001), "bad_key");
  EXPECT_EQ(at(now_us + 60'000'000), "r--- 0 0");
  EXPECT_EQ(at(now_us + 60'000'001), "bad_key");
  EXPECT_EQ(at(INT64_MAX), "bad_key");
  EXPECT_EQ(at(INT64_MIN), "bad_key");
}

TEST_F(PaperKeys, ALineThatCannotBeReadGivesNoKey) {
  for (const std::string& line :
       {std::string("spot key 2bb8 read"), std::string("spot key ") + verifier,
        std::string("spot key ") + verifier + " read,steal", std::string("spot key ") + verifier + " read expires=soon",
        std::string("spot key ") + verifier + " read unbound", std::string("spot key ") + verifier + " read rate=0",
        "spot key z" + std::string(verifier).substr(1) + " read"}) {
    knows(line + "\n");
    EXPECT_EQ(told(asked()), "bad_key") << line;
  }
}

// The venue's word on a request: the trouble's name, "too_many", or "taken".
class SignedRequests : public PaperKeys {
 protected:
  void SetUp() override { knows(std::string("spot key ") + verifier + " read,trade\n"); }
  std::string said(const schemas::VenueFrame& frame, std::int64_t at_us = now_us) {
    const auto verdict = gate_.check(frame, at_us);
    if (!verdict.refusal) return "taken";
    retry_after_ms_ = verdict.refusal->retry_after_ms;
    const auto trouble = trouble_of(verdict.refusal->reason);
    EXPECT_EQ(trouble.has_value(), is_bad_key(verdict.refusal->reason));
    return trouble ? std::string(machines::name_of(*trouble)) : verdict.refusal->reason.substr(0, 8);
  }
  static schemas::VenueFrame signed_frame(const schemas::VenueMessage& request, std::string_view by = "key\nsecret") {
    schemas::VenueFrame frame{7, request};
    frame.signature = sign(secret_of(by), "spot", 7, request, now_us);
    return frame;
  }
  const schemas::VenueMessage place_ = tests::order_for(1, schemas::Side::buy, 20 * tests::one_usdt);
  Gate gate_{file_, "spot"};
  std::int64_t retry_after_ms_ = 0;
};

TEST_F(SignedRequests, OrdersAreTakenOfATradeKeyAlone) {
  EXPECT_EQ(said(signed_frame(place_)), "taken");
  EXPECT_EQ(said({7, place_}), "unsigned_request");
  EXPECT_EQ(said(signed_frame(place_, "key2\nsecret")), "unknown");
  EXPECT_EQ(said(signed_frame(place_, "key\nother")), "wrong_proof");
  knows(std::string("spot key ") + verifier + " read\nspot key2 " + verifier + " read,trade\n");
  EXPECT_EQ(said(signed_frame(place_)), "lacks_right");
  EXPECT_EQ(said(signed_frame(schemas::CancelOrder{"id"})), "lacks_right");
  EXPECT_EQ(said(signed_frame(schemas::QueryOrder{"id", true})), "taken") << "looking needs no more";
  EXPECT_EQ(said({7, schemas::QueryOrder{"id", true}}), "unsigned_request");
  EXPECT_EQ(said(signed_frame(schemas::StatementRequest{})), "taken");
  EXPECT_EQ(said({7, schemas::StatementRequest{}}), "taken") << "for who is let in by the line's own keys";
  knows(std::string("spot key ") + verifier + " read,trade expires=1700000000\n");
  EXPECT_EQ(said(signed_frame(place_)), "expired");
}

TEST_F(SignedRequests, WithoutTradeKeysOfTheAccountNobodyHasToSign) {
  knows(std::string("other key ") + verifier + " read,trade\nspot key " + verifier + " read\n");
  EXPECT_EQ(said({7, place_}), "taken");
  EXPECT_EQ(said(signed_frame(place_, "key\nother")), "wrong_proof") << "who signs is held to it";
  knows("");
  EXPECT_EQ(said({7, place_}), "taken");
  EXPECT_EQ(said(signed_frame(place_)), "unknown") << "a key that is gone";
}

TEST_F(SignedRequests, ASignatureIsOfOneRequestAndOneMinute) {
  const auto good = signed_frame(place_);
  auto other = good;
  ++other.correlation;
  EXPECT_EQ(said(other), "wrong_proof");
  for (const schemas::VenueMessage& message : std::initializer_list<schemas::VenueMessage>{
           tests::order_for(2, schemas::Side::buy, 20 * tests::one_usdt),
           tests::order_for(1, schemas::Side::sell, 20 * tests::one_usdt),
           tests::order_for(1, schemas::Side::buy, 21 * tests::one_usdt),
           tests::order_for(1, schemas::Side::buy, 20 * tests::one_usdt, 2), schemas::CancelOrder{tests::client_id(1)},
           schemas::QueryOrder{tests::client_id(1), false}}) {
    other = good;
    other.message = message;
    EXPECT_EQ(said(other), "wrong_proof");
  }
  auto later = std::get<schemas::PlaceOrder>(place_);
  later.not_after_us = now_us;
  EXPECT_EQ(said(signed_frame(later)), "taken");
  other = good;
  other.message = later;
  EXPECT_EQ(said(other), "wrong_proof") << "its deadline is signed as well";
  for (const auto& change : std::initializer_list<std::function<void(schemas::Signature&)>>{
           [](auto& s) { ++s.signed_us; }, [](auto& s) { s.proof = ""; }, [](auto& s) { s.proof.pop_back(); }}) {
    other = good;
    change(*other.signature);
    EXPECT_EQ(said(other), "wrong_proof");
  }
  EXPECT_EQ(said(good, now_us + 60'000'000), "taken");
  EXPECT_EQ(said(good, now_us + 60'000'001), "stale");
  EXPECT_EQ(said(good, now_us - 60'000'001), "stale");
}

TEST_F(SignedRequests, OverItsRateAKeyIsToldForHowLong) {
  knows(std::string("spot key ") + verifier + " read,trade rate=2\n");
  const auto frame = signed_frame(place_);
  EXPECT_EQ(gate_.check(frame, now_us).rate_used_ppm, 500'000);
  EXPECT_EQ(said(frame, now_us + 400'000), "taken");
  EXPECT_EQ(std::get<schemas::KeyInfo>(gate_.key_info(asked(), now_us + 400'000)).rate_used_ppm, 1'000'000);
  EXPECT_EQ(said(frame, now_us + 400'001), "too_many");
  EXPECT_EQ(retry_after_ms_, 600);
  EXPECT_EQ(said(frame, now_us + 999'999), "too_many") << "and what was refused does not count";
  EXPECT_EQ(retry_after_ms_, 1);
  EXPECT_EQ(said(frame, now_us + 1'000'000), "taken");
  EXPECT_EQ(said(frame, now_us + 1'000'001), "too_many");
  EXPECT_EQ(retry_after_ms_, 400);
}

TEST(Credential, HasTwoPrintableLines) {
  EXPECT_THAT(wrong_with_credential(secret_of("key\nsecret")), IsEmpty());
  EXPECT_THAT(wrong_with_credential(secret_of("key\nsecret\npassphrase")), IsEmpty());
  for (const char* bad : {"key", "key\n", "\nsecret", "key\n\nsecret"})
    EXPECT_THAT(wrong_with_credential(secret_of(bad)), HasSubstr("two lines")) << bad;
  for (const char* bad : {"key\nsec ret", "key\r\nsecret", "key\nsecr\xc3\xa9t"})
    EXPECT_THAT(wrong_with_credential(secret_of(bad)), HasSubstr("printable text")) << bad;
}

}  // namespace
}  // namespace workers::venues::paper
