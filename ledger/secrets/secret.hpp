// ledger/secrets/secret.hpp: Secret, bytes that no other process may see: in locked pages of their own between two
// guard pages, left out of core dumps and of forked children, wiped when they end. Move-only; there is no way to print,
// format or serialise one, and its bytes are seen only inside reveal(). No throw.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "machines/core/result.hpp"

namespace ledger::secrets {

enum class SecretFailure {
  unusable,     // this machine, a file or an argument is not fit: say so and change nothing
  refused,      // business says no: the purpose, the state or the rights of a key
  damaged,      // what is stored is not what was sealed: another row, another master key, or changed bytes
  unavailable,  // PostgreSQL did not answer, or refused the statement; nothing was done
  unknown       // whether it was stored is not known: look before anything else
};

struct SecretError {
  SecretFailure failure = SecretFailure::unusable;
  std::string text;  // one line: what, where, what to do; never a byte of a secret
};
template <class T>
using Secretly = machines::Result<T, SecretError>;

class Secret {
 public:
  static constexpr std::size_t most_bytes = 4096;

  // `size` zero bytes. Errors: more than most_bytes or none at all; pages that can't be locked (RLIMIT_MEMLOCK).
  static Secretly<Secret> zeros(std::size_t size);
  static Secretly<Secret> random(std::size_t size);
  Secret(Secret&& other) noexcept : page_(std::exchange(other.page_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(page_, other.page_);
    std::swap(size_, other.size_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // Bytes; 0 only in a Secret that was moved from.
  [[nodiscard]] std::size_t size() const { return size_; }

  // The only way to the bytes: look(span) runs while they are visible, and may not return a way back to them.
  template <class Look>
  auto reveal(Look look) const {
    using Seen = std::invoke_result_t<Look, std::span<const std::uint8_t>>;
    static_assert(std::is_void_v<Seen> || !(std::is_pointer_v<Seen> || std::is_reference_v<Seen>));
    static_assert(!std::same_as<Seen, std::string_view> && !std::same_as<Seen, std::span<const std::uint8_t>>);
    return look(std::span<const std::uint8_t>(page_, size_));
  }
  // The only way to write them: fill(span) may set any of them.
  template <class Fill>
  auto fill(Fill fill) {
    return fill(std::span<std::uint8_t>(page_, size_));
  }
  // The first `size` bytes stay, the rest is wiped. REQUIRES: size <= size().
  void shorten(std::size_t size);

  // In a time that depends on the sizes alone.
  [[nodiscard]] bool same_as(const Secret& other) const;
  bool operator==(const Secret&) const = delete;

 private:
  Secret(std::uint8_t* page, std::size_t size) : page_(page), size_(size) {}
  std::uint8_t* page_;  // between two pages that can't be touched
  std::size_t size_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;
template <class Json>
void to_json(Json&, const Secret&) = delete;

}  // namespace ledger::secrets
