// schemas/codec/convert.hpp: what the two codecs share: strict reading of tokens, amounts and enumerators. Internal to
// schemas/codec.
#pragma once

#include <optional>
#include <string>

#include "machines/core/amount.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/names.hpp"

namespace schemas {

// A decoder's state: the first thing that was wrong. Later reads go on harmlessly.
class Reading {
 public:
  void refuse(const char* what) {
    if (reason_.empty()) reason_ = what;
  }
  [[nodiscard]] bool ok() const { return reason_.empty(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

  machines::Token token(const std::string& bytes) {
    machines::Token token;
    if (bytes.size() != token.bytes.size())
      refuse("a token must have 16 bytes");
    else
      for (std::size_t i = 0; i < bytes.size(); ++i) token.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
    return token;
  }
  machines::Int128 amount(const std::string& text) {
    const auto value = machines::parse_whole(text);
    if (!value) refuse("an amount must be a whole number below 10^38");
    return value.value_or(machines::Int128{0});
  }
  template <class E>
  E enumerator(int number) {
    if (number < 0 || static_cast<std::size_t>(number) >= machines::count_of<E>) {
      refuse("an enumerator is out of range");
      return E{};
    }
    return static_cast<E>(number);
  }

 private:
  std::string reason_;
};

inline std::string bytes_of(const machines::Token& token) {
  return {reinterpret_cast<const char*>(token.bytes.data()), token.bytes.size()};
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace schemas
