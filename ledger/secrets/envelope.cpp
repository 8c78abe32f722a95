#include "ledger/secrets/envelope.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "ledger/env/hex.hpp"
#include "ledger/env/random.hpp"
#include "ledger/env/sha256.hpp"
#include "machines/core/check.hpp"

namespace ledger::secrets {
namespace {

constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t data_key_size = 32;
constexpr char format_version = 1;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using Bytes = std::span<const std::uint8_t>;

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
std::uint8_t* writable(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }
int length(std::size_t size) { return static_cast<int>(size); }

void add_number(std::string& to, std::int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift & 0xFF));
}
void add_text(std::string& to, std::string_view text) {
  add_number(to, static_cast<std::int64_t>(text.size()));
  to.append(text);
}
void add_list(std::string& to, const std::vector<std::string>& list) {
  add_number(to, static_cast<std::int64_t>(list.size()));
  for (const std::string& one : list) add_text(to, one);
}

// What a ciphertext is bound to: version 1 of a fixed list of fields, each with its length.
std::string associated(const Binding& b, std::string_view column) {
  std::string text(1, format_version);
  add_text(text, b.deployment);
  add_text(text, b.table);
  add_text(text, column);
  add_number(text, b.row);
  add_number(text, b.owner.value);
  add_text(text, b.venue);
  add_text(text, b.account);
  add_text(text, b.purpose);
  add_number(text, b.key_version);
  add_list(text, b.addresses);
  add_list(text, b.destinations);
  return text;
}
std::string associated_of_key(const Binding& b, const std::string& master) {
  std::string text = associated(b, "data_key");
  add_text(text, master);
  return text;
}

std::string fresh_nonce() {
  std::string nonce(nonce_size, '\0');
  env::fill_random({writable(nonce), nonce.size()});
  return nonce;
}

Cipher cipher_with(Bytes key, std::string_view nonce, std::string_view associated_text, bool encrypts) {
  CHECK(key.size() == data_key_size && nonce.size() == nonce_size);
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const Bytes iv = bytes_of(nonce);
  CHECK(cipher &&
        EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), iv.data(), encrypts ? 1 : 0) == 1);
  int done = 0;
  const Bytes data = bytes_of(associated_text);
  CHECK(EVP_CipherUpdate(cipher.get(), nullptr, &done, data.data(), length(data.size())) == 1);
  return cipher;
}

// The ciphertext and its tag.
std::string encrypt(Bytes key, std::string_view nonce, std::string_view associated_text, Bytes plain) {
  const Cipher cipher = cipher_with(key, nonce, associated_text, true);
  std::string text(plain.size() + tag_size, '\0');
  int done = 0;
  int rest = 0;
  CHECK(EVP_CipherUpdate(cipher.get(), writable(text), &done, plain.data(), length(plain.size())) == 1);
  CHECK(EVP_CipherFinal_ex(cipher.get(), writable(text) + done, &rest) == 1);
  CHECK(static_cast<std::size_t>(done + rest) == plain.size());
  CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, length(tag_size), writable(text) + plain.size()) == 1);
  return text;
}

// Into `plain`, which has the size of what was sealed; false where the tag does not fit, and then `plain` is worthless.
bool decrypt(Bytes key, std::string_view nonce, std::string_view associated_text, std::string_view text,
             std::span<std::uint8_t> plain) {
  const Cipher cipher = cipher_with(key, nonce, associated_text, false);
  std::string tag(text.substr(plain.size()));
  int done = 0;
  int rest = 0;
  CHECK(EVP_CipherUpdate(cipher.get(), plain.data(), &done, bytes_of(text).data(), length(plain.size())) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, length(tag_size), tag.data()) == 1);
  return EVP_CipherFinal_ex(cipher.get(), plain.data() + done, &rest) == 1;
}

machines::Failure<SecretError> damaged(const std::string& what) { return {SecretError{SecretFailure::damaged, what}}; }

Secretly<Secret> unsealed(const Secret& key, std::string_view nonce, std::string_view associated_text,
                          std::string_view text, const char* what) {
  if (nonce.size() != nonce_size || text.size() <= tag_size || text.size() > Secret::most_bytes + tag_size)
    return damaged(fmt::format("{} has the wrong length", what));
  auto plain = Secret::zeros(text.size() - tag_size);
  if (!plain) return plain;
  const bool is_whole = key.reveal([&](Bytes key_bytes) {
    return plain->fill([&](auto span) { return decrypt(key_bytes, nonce, associated_text, text, span); });
  });
  if (!is_whole) return damaged(fmt::format("{} does not open: it was changed, or sealed for another row", what));
  return plain;
}

Secretly<Secret> data_key_of(const Sealed& sealed, const MasterKey& master, const Binding& binding) {
  if (sealed.master_key != master.id)
    return damaged(fmt::format("it was sealed under the master key {}, and this is {}", sealed.master_key, master.id));
  auto key =
      unsealed(master.bytes, sealed.key_nonce, associated_of_key(binding, master.id), sealed.key_text, "its data key");
  if (key && key->size() != data_key_size) return damaged("its data key has the wrong length");
  return key;
}

void wrap(Sealed& sealed, const Secret& data_key, const MasterKey& master, const Binding& binding) {
  sealed.master_key = master.id;
  sealed.key_nonce = fresh_nonce();
  sealed.key_text = master.bytes.reveal([&](Bytes kek) {
    return data_key.reveal(
        [&](Bytes key) { return encrypt(kek, sealed.key_nonce, associated_of_key(binding, master.id), key); });
  });
}

constexpr std::string_view known_text = "Bursar can read what this master key sealed.";

std::string check_binding(const MasterKey& master, const std::string& deployment) {
  std::string text(1, format_version);
  add_text(text, "master_key_check");
  add_text(text, deployment);
  add_text(text, master.id);
  return text;
}

}  // namespace

Secretly<Sealed> seal(const Secret& plain, const MasterKey& master, const Binding& binding) {
  const auto data_key = Secret::random(data_key_size);
  if (!data_key) return machines::fail(data_key.error());
  Sealed sealed;
  sealed.nonce = fresh_nonce();
  sealed.text = data_key->reveal([&](Bytes key) {
    return plain.reveal([&](Bytes bytes) { return encrypt(key, sealed.nonce, associated(binding, "secret"), bytes); });
  });
  wrap(sealed, *data_key, master, binding);
  return sealed;
}

Secretly<Secret> unseal(const Sealed& sealed, const MasterKey& master, const Binding& binding) {
  const auto data_key = data_key_of(sealed, master, binding);
  if (!data_key) return machines::fail(data_key.error());
  return unsealed(*data_key, sealed.nonce, associated(binding, "secret"), sealed.text, "the secret");
}

Secretly<Sealed> rewrap(const Sealed& sealed, const MasterKey& from, const MasterKey& to, const Binding& binding) {
  const auto data_key = data_key_of(sealed, from, binding);
  if (!data_key) return machines::fail(data_key.error());
  Sealed again = sealed;
  wrap(again, *data_key, to, binding);
  return again;
}

std::string check_value(const MasterKey& master, const std::string& deployment) {
  const std::string nonce = fresh_nonce();
  return nonce + master.bytes.reveal([&](Bytes key) {
    return encrypt(key, nonce, check_binding(master, deployment), bytes_of(known_text));
  });
}

bool fits(const MasterKey& master, const std::string& deployment, std::string_view check_value) {
  if (check_value.size() != nonce_size + known_text.size() + tag_size) return false;
  std::array<std::uint8_t, known_text.size()> plain{};
  const bool is_whole = master.bytes.reveal([&](Bytes key) {
    return decrypt(key, check_value.substr(0, nonce_size), check_binding(master, deployment),
                   check_value.substr(nonce_size), plain);
  });
  return is_whole && std::string_view(reinterpret_cast<const char*>(plain.data()), plain.size()) == known_text;
}

std::string hash_hex(std::string_view domain, Bytes bytes) {
  std::string prefix;
  add_text(prefix, domain);
  env::Sha256Stream hash;
  hash.add(prefix);
  hash.add(bytes);
  return env::to_hex(hash.end());
}

std::string fingerprint(const Secret& secret, const std::string& deployment) {
  return secret.reveal([&](Bytes bytes) { return hash_hex("bursar fingerprint 1 " + deployment, bytes); }).substr(0, 8);
}

}  // namespace ledger::secrets
