// tests/workers/venues/paper/keys_test.cpp: the paper venue tells who can prove a key what it may do, and tells nobody
// else anything.
#include "workers/venues/paper/keys.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "tests/workers/venues/paper/support.hpp"

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
    const auto answer = answer_key_info(file_, request, now_us);
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
        " withdraw\nspot key " + verifier + " read,trade bound expires=1800000000 rate=250000 # another\n");
  EXPECT_EQ(told(asked()), "rt-b 1800000000000000 250000");
  EXPECT_EQ(told(asked("key\nsecret\npassphrase")), "rt-b 1800000000000000 250000");
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
        std::string("spot key ") + verifier + " read unbound",
        "spot key z" + std::string(verifier).substr(1) + " read"}) {
    knows(line + "\n");
    EXPECT_EQ(told(asked()), "bad_key") << line;
  }
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
