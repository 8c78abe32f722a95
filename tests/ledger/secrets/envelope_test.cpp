// tests/ledger/secrets/envelope_test.cpp: what is sealed opens in its own row alone, under its own master key alone,
// and not with a bit changed.
#include "ledger/secrets/envelope.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <set>

#include "tests/ledger/secrets/secrets.hpp"

namespace tests {
namespace {

namespace secrets = ledger::secrets;
using secrets::Binding;
using secrets::Sealed;
using secrets::SecretFailure;
using testing::HasSubstr;
using testing::Not;

RC_GTEST_PROP(EnvelopeProperty, WhatIsSealedComesBackWhole, ()) {
  const auto text = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
  const auto master = any_master_key();
  const auto sealed = secrets::seal(secret_of(text), master, any_binding());
  RC_ASSERT(sealed.has_value());
  RC_ASSERT(text_of(secrets::unseal(*sealed, master, any_binding()).value()) == text);
}

TEST(Envelope, OpensInItsOwnRowAndMeaningAlone) {
  const auto master = any_master_key();
  const Sealed sealed = secrets::seal(secret_of("canary"), master, any_binding()).value();
  const std::function<void(Binding&)> changes[] = {
      [](Binding& b) { b.deployment[0] = 'f'; },
      [](Binding& b) { b.table = "sealed.other"; },
      [](Binding& b) { ++b.row; },
      [](Binding& b) { ++b.owner.value; },
      [](Binding& b) { b.venue = "kraken"; },
      [](Binding& b) { b.account = "other"; },
      [](Binding& b) { b.purpose = "trade"; },
      [](Binding& b) { ++b.key_version; },
      [](Binding& b) { b.addresses.push_back("198.51.100.7"); },
      [](Binding& b) { b.addresses.clear(); },
      [](Binding& b) { b.destinations[0] = "bc1p"; },
      [](Binding& b) { std::swap(b.addresses, b.destinations); },
      [](Binding& b) { b.venue = "pape", b.account = "rmain"; },  // the same letters in a row
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    Binding binding = any_binding();
    changes[i](binding);
    const auto opened = secrets::unseal(sealed, master, binding);
    ASSERT_FALSE(opened) << "change " << i;
    EXPECT_EQ(opened.error().failure, SecretFailure::damaged);
    EXPECT_THAT(opened.error().text, Not(HasSubstr("canary")));
  }
}

TEST(Envelope, AnyChangedBitIsNoticed) {
  const auto master = any_master_key();
  const Sealed whole = secrets::seal(secret_of("canary"), master, any_binding()).value();
  for (std::string Sealed::*part : {&Sealed::nonce, &Sealed::text, &Sealed::key_nonce, &Sealed::key_text}) {
    for (std::size_t bit = 0; bit < (whole.*part).size() * 8; ++bit) {
      Sealed changed = whole;
      (changed.*part)[bit / 8] = static_cast<char>((changed.*part)[bit / 8] ^ (1 << bit % 8));
      ASSERT_FALSE(secrets::unseal(changed, master, any_binding())) << "bit " << bit;
    }
    Sealed cut = whole;
    (cut.*part).pop_back();
    ASSERT_FALSE(secrets::unseal(cut, master, any_binding()));
    (cut.*part).clear();
    ASSERT_FALSE(secrets::unseal(cut, master, any_binding()));
  }
}

// The data key's ciphertext is none of a secret, and the other way round.
TEST(Envelope, ColumnsCannotBeSwapped) {
  const auto master = any_master_key();
  const Sealed one = secrets::seal(*secrets::Secret::random(32), master, any_binding()).value();
  const Sealed two = secrets::seal(*secrets::Secret::random(32), master, any_binding()).value();
  EXPECT_FALSE(
      secrets::unseal({one.key_nonce, one.key_text, one.nonce, one.text, one.master_key}, master, any_binding()));
  EXPECT_FALSE(
      secrets::unseal({one.nonce, one.text, two.key_nonce, two.key_text, one.master_key}, master, any_binding()))
      << "a data key of its own for each row";
}

TEST(Envelope, NothingIsUsedTwice) {
  const auto master = any_master_key();
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Sealed sealed = secrets::seal(secret_of("the same"), master, any_binding()).value();
    for (const auto& part : {sealed.nonce, sealed.text, sealed.key_nonce, sealed.key_text}) seen.insert(part);
    EXPECT_THAT(sealed.text, Not(HasSubstr("same")));
  }
  EXPECT_EQ(seen.size(), 400U);
}

TEST(Envelope, AnotherMasterKeyIsNamed) {
  const auto master = any_master_key();
  const auto other = any_master_key();
  const Sealed sealed = secrets::seal(secret_of("canary"), master, any_binding()).value();
  const auto opened = secrets::unseal(sealed, other, any_binding());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("sealed under the master key " + master.id + ", and this is " + other.id));
  Sealed lies = sealed;
  lies.master_key = other.id;
  EXPECT_FALSE(secrets::unseal(lies, other, any_binding()));
}

TEST(Envelope, ANewMasterKeyLeavesTheSecretsCiphertextAlone) {
  const auto old = any_master_key();
  const auto fresh = any_master_key();
  const Sealed sealed = secrets::seal(secret_of("canary"), old, any_binding()).value();
  const Sealed again = secrets::rewrap(sealed, old, fresh, any_binding()).value();
  EXPECT_EQ(again.text, sealed.text);
  EXPECT_EQ(again.nonce, sealed.nonce);
  EXPECT_NE(again.key_text, sealed.key_text);
  EXPECT_EQ(text_of(secrets::unseal(again, fresh, any_binding()).value()), "canary");
  EXPECT_FALSE(secrets::unseal(again, old, any_binding()));
  EXPECT_FALSE(secrets::rewrap(sealed, fresh, old, any_binding()));
}

TEST(Envelope, AWrongMasterKeyDoesNotFitTheCheckValue) {
  const auto master = any_master_key();
  const std::string value = secrets::check_value(master, "0123456789abcdef");
  EXPECT_TRUE(secrets::fits(master, "0123456789abcdef", value));
  EXPECT_FALSE(secrets::fits(any_master_key(), "0123456789abcdef", value));
  EXPECT_FALSE(secrets::fits(master, "1123456789abcdef", value)) << "of another deployment";
  std::string changed = value;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_FALSE(secrets::fits(master, "0123456789abcdef", changed));
  EXPECT_FALSE(secrets::fits(master, "0123456789abcdef", ""));
}

TEST(Envelope, FingerprintsAreOfTheDeployment) {
  const std::string one = secrets::fingerprint(secret_of("canary"), "0123456789abcdef");
  EXPECT_THAT(one, testing::MatchesRegex("[0-9a-f]{8}"));
  EXPECT_EQ(one, secrets::fingerprint(secret_of("canary"), "0123456789abcdef"));
  EXPECT_NE(one, secrets::fingerprint(secret_of("canaries"), "0123456789abcdef"));
  EXPECT_NE(one, secrets::fingerprint(secret_of("canary"), "1123456789abcdef"));
}

}  // namespace
}  // namespace tests
