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

namespace workers::venues::paper {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Hash = std::array<std::uint8_t, 32>;

constexpr std::int64_t most_age_us = 60'000'000;

// The n-th line of a credential, from 0; empty when it has none.
Bytes line_of(Bytes bytes, int n) {
  for (;; --n) {
    const auto end = std::find(bytes.begin(), bytes.end(), '\n');
    const auto length = static_cast<std::size_t>(end - bytes.begin());
    if (n == 0 || end == bytes.end()) return n == 0 ? bytes.first(length) : Bytes{};
    bytes = bytes.subspan(length + 1);
  }
}

std::string hex_of(const Hash& hash) {
  std::string text;
  for (const std::uint8_t byte : hash) text += fmt::format("{:02x}", byte);
  return text;
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

// What the venue and who asks it make the same of. Each field has its length before it.
std::string proof_of(const Hash& key, const schemas::KeyInfoRequest& request) {
  const std::string asked = fmt::format("bursar paper key_info 1\n{}:{}\n{}:{}\n{}", request.account.size(),
                                        request.account, request.api_key.size(), request.api_key, request.asked_us);
  Hash proof{};
  unsigned int length = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const std::uint8_t*>(asked.data()), asked.size(), proof.data(), &length) != nullptr);
  CHECK(length == proof.size());
  return hex_of(proof);
}

struct KnownKey {
  Hash verifier{};
  schemas::KeyInfo info;
};

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

bool read_option(const std::string& word, schemas::KeyInfo& info) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    if (!word.starts_with(name)) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data() + name.size(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() && value < INT64_MAX / 1'000'000
               ? std::optional(value)
               : std::nullopt;
  };
  if (word == "bound") return info.bound = true;
  if (const auto seconds = number("expires=")) return (info.expires_us = *seconds * 1'000'000, true);
  if (const auto ppm = number("rate=")) return (info.rate_used_ppm = *ppm, true);
  return false;
}

// The key on this line when it is the one that is asked for; anything wrong with it makes it none.
std::optional<KnownKey> key_on(const std::string& line, const schemas::KeyInfoRequest& request) {
  std::istringstream words(line.substr(0, line.find('#')));
  KnownKey key;
  std::string api_key, verifier, rights;
  if (!(words >> key.info.account >> api_key >> verifier >> rights)) return std::nullopt;
  if (key.info.account != request.account || api_key != request.api_key) return std::nullopt;
  const auto hash = hash_of(verifier);
  bool is_right = hash && read_rights(rights, key.info);
  for (std::string word; is_right && words >> word;) is_right = read_option(word, key.info);
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

schemas::KeyInfoRequest key_info_request(const ledger::secrets::Secret& credential, const std::string& account,
                                         std::int64_t asked_us) {
  schemas::KeyInfoRequest request{account, "", asked_us, ""};
  credential.reveal([&](Bytes bytes) {
    const Bytes api_key = line_of(bytes, 0);
    const Bytes secret = line_of(bytes, 1);
    request.api_key.assign(api_key.begin(), api_key.end());
    Hash key{};
    CHECK(EVP_Digest(secret.data(), secret.size(), key.data(), nullptr, EVP_sha256(), nullptr) == 1);
    request.proof = proof_of(key, request);
    OPENSSL_cleanse(key.data(), key.size());
  });
  return request;
}

schemas::VenueMessage answer_key_info(const std::string& key_file, const schemas::KeyInfoRequest& request,
                                      std::int64_t now_us) {
  const std::int64_t age = now_us - std::clamp<std::int64_t>(request.asked_us, 0, now_us + 2 * most_age_us);
  if (age > most_age_us || age < -most_age_us) return schemas::VenueRefusal{"bad_key: the proof is not of this minute"};
  std::ifstream file(key_file);
  for (std::string line; std::getline(file, line);) {
    const auto key = key_on(line, request);
    if (!key) continue;
    const std::string proof = proof_of(key->verifier, request);
    if (proof.size() == request.proof.size() && CRYPTO_memcmp(proof.data(), request.proof.data(), proof.size()) == 0)
      return key->info;
    break;
  }
  return schemas::VenueRefusal{"bad_key: no such key in this account, or a wrong proof"};
}

bool is_bad_key(std::string_view reason) { return reason.starts_with("bad_key"); }

}  // namespace workers::venues::paper
