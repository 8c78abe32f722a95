#include "workers/venues/paper/keys.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "ledger/env/hex.hpp"
#include "ledger/env/sha256.hpp"

namespace workers::venues::paper {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::int64_t most_age_us = 60'000'000;
constexpr std::int64_t most_rate = 100'000;

// The n-th line of a credential, from 0; empty when it has none.
Bytes line_of(Bytes bytes, int n) {
  for (;; --n) {
    const auto end = std::find(bytes.begin(), bytes.end(), '\n');
    const auto length = static_cast<std::size_t>(end - bytes.begin());
    if (n == 0 || end == bytes.end()) return n == 0 ? bytes.first(length) : Bytes{};
    bytes = bytes.subspan(length + 1);
  }
}

std::optional<Hash> hash_of(std::string_view hex) {
  Hash hash{};
  if (hex.size() != hash.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* from = hex.data() + 2 * i;
    if (std::from_chars(from, from + 2, hash[i], 16).ptr != from + 2) return std::nullopt;
  }
  return hash;
}

std::string hmac(const Hash& key, std::string_view text) {
  Hash proof{};
  unsigned int length = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const std::uint8_t*>(text.data()),
             text.size(), proof.data(), &length) != nullptr);
  CHECK(length == proof.size());
  return ledger::env::to_hex(proof);
}

bool read_rights(const std::string& text, schemas::KeyInfo& info) {
  std::istringstream in(text);
  for (std::string right; std::getline(in, right, ',');) {
    if (right == "read")
      info.read = true;
    else if (right == "trade")
      info.trade = true;
    else if (right == "withdraw")
      info.withdraw = true;
    else if (right != "none")
      return false;
  }
  return true;
}

bool read_option(const std::string& word, KnownKey& key) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    if (!word.starts_with(name)) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data() + name.size(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() && value < INT64_MAX / 1'000'000
               ? std::optional(value)
               : std::nullopt;
  };
  if (word == "bound") return key.info.bound = true;
  if (const auto seconds = number("expires=")) return (key.info.expires_us = *seconds * 1'000'000, true);
  if (const auto rate = number("rate=")) return (key.rate = *rate) > 0 && key.rate <= most_rate;
  return false;
}

// The key on this line; anything wrong with it makes it none.
std::optional<KnownKey> key_on(const std::string& line) {
  std::istringstream words(line.substr(0, line.find('#')));
  KnownKey key;
  std::string verifier, rights;
  if (!(words >> key.info.account)) return std::nullopt;
  const bool is_whole = static_cast<bool>(words >> key.api_key >> verifier >> rights);
  const auto hash = hash_of(verifier);
  bool is_right = is_whole && hash && read_rights(rights, key.info);
  for (std::string word; is_right && words >> word;) is_right = read_option(word, key);
  if (!is_right) {
    spdlog::warn("paper venue: a line of the key file for {} can't be read", key.info.account);
    return std::nullopt;
  }
  key.verifier = *hash;
  return key;
}

}  // namespace

std::string wrong_with_credential(const ledger::secrets::Secret& credential) {
  return credential.reveal([](Bytes bytes) -> std::string {
    if (line_of(bytes, 0).empty() || line_of(bytes, 1).empty())
      return "a credential has two lines: the venue's API key, and its secret";
    const bool is_text =
        std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c == '\n' || (c > ' ' && c < 0x7F); });
    return is_text ? "" : "a credential is printable text without blanks";
  });
}

std::vector<KnownKey> read_key_file(const std::string& file) {
  std::vector<KnownKey> keys;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (auto key = key_on(line)) keys.push_back(std::move(*key));
  return keys;
}

std::string api_key_of(const ledger::secrets::Secret& credential) {
  return credential.reveal([](Bytes bytes) {
    const Bytes api_key = line_of(bytes, 0);
    return std::string(api_key.begin(), api_key.end());
  });
}

std::string proof_by(const ledger::secrets::Secret& credential, std::string_view text) {
  return credential.reveal([&](Bytes bytes) {
    const Bytes secret = line_of(bytes, 1);
    Hash key = ledger::env::sha256(secret);
    std::string proof = hmac(key, text);
    OPENSSL_cleanse(key.data(), key.size());
    return proof;
  });
}

bool is_proved(const KnownKey& key, std::string_view text, std::string_view proof) {
  const std::string made = hmac(key.verifier, text);
  return made.size() == proof.size() && CRYPTO_memcmp(made.data(), proof.data(), made.size()) == 0;
}

bool is_of_this_minute(std::int64_t signed_us, std::int64_t now_us) {
  const std::int64_t age = now_us - std::clamp<std::int64_t>(signed_us, 0, now_us + 2 * most_age_us);
  return age <= most_age_us && age >= -most_age_us;
}

// Each field has its length before it.
std::string text_to_prove(const schemas::KeyInfoRequest& request) {
  return fmt::format("bursar paper key_info 1\n{}:{}\n{}:{}\n{}", request.account.size(), request.account,
                     request.api_key.size(), request.api_key, request.asked_us);
}

schemas::KeyInfoRequest key_info_request(const ledger::secrets::Secret& credential, const std::string& account,
                                         std::int64_t asked_us) {
  schemas::KeyInfoRequest request{account, api_key_of(credential), asked_us, ""};
  request.proof = proof_by(credential, text_to_prove(request));
  return request;
}

bool is_bad_key(std::string_view reason) { return reason.starts_with("bad_key"); }

}  // namespace workers::venues::paper
