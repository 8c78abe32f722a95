// tests/schemas/codec/key_data_test.cpp: a key's variables come back as they were written, and other texts are none.
#include "schemas/codec/key_data.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "machines/core/names.hpp"

namespace {

using machines::key::Data;
using machines::key::Purpose;

RC_GTEST_PROP(KeyData, ComesBackAsItWasWritten, ()) {
  Data data;
  data.key = *rc::gen::arbitrary<std::int64_t>();
  data.name = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  data.key_version = *rc::gen::arbitrary<std::int64_t>();
  data.purpose = *rc::gen::element(Purpose::read, Purpose::trade, Purpose::move);
  data.is_proved = *rc::gen::arbitrary<bool>();
  data.is_replaced = *rc::gen::arbitrary<bool>();
  data.auth_errors = *rc::gen::inRange(0, 1'000'000);
  data.seen = {*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
  data.expires_at = {*rc::gen::arbitrary<std::int64_t>()};
  data.tested_at = {*rc::gen::arbitrary<std::int64_t>()};
  data.venue = "paper";
  data.account = "main";
  data.fingerprint = "0123abcd";
  data.incident = "gained \"withdraw\"";
  const std::string text = schemas::write_key(data);
  const auto again = schemas::parse_key(text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(schemas::write_key(*again) == text);
  RC_ASSERT(again->key == data.key && again->key_version == data.key_version && again->purpose == data.purpose);
  RC_ASSERT(again->seen == data.seen && again->is_proved == data.is_proved && again->is_replaced == data.is_replaced);
  RC_ASSERT(again->auth_errors == data.auth_errors && again->incident == data.incident);
  RC_ASSERT(again->expires_at == data.expires_at && again->tested_at == data.tested_at);
}

TEST(KeyData, OtherTextsAreNone) {
  const std::string good = schemas::write_key({});
  ASSERT_TRUE(schemas::parse_key(good).has_value());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  EXPECT_FALSE(schemas::parse_key(""));
  EXPECT_FALSE(schemas::parse_key("{}"));
  EXPECT_FALSE(schemas::parse_key(with("\"trade\",", "\"steal\",")));
  EXPECT_FALSE(schemas::parse_key(with("\"key_version\":1", "\"key_version\":1.5")));
  EXPECT_FALSE(schemas::parse_key(with("\"auth_errors\":0", "\"auth_errors\":-1")));
  EXPECT_FALSE(schemas::parse_key(with("\"key\":0", "\"key\":18446744073709551615")));
  EXPECT_FALSE(schemas::parse_key(with("\"is_proved\":false", "\"is_proved\":0")));
}

}  // namespace
