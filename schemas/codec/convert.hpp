// schemas/codec/convert.hpp: what the codecs share: strict reading of tokens, words, amounts and enumerators, and text
// made readable. Internal to schemas/codec.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "machines/core/amount.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/names.hpp"

namespace schemas {

constexpr std::size_t longest_sentence = 4096;  // bytes of a text for people

// A decoder's state: the first thing that was wrong. Later reads go on harmlessly.
class Reading {
 public:
  void refuse(const char* what) {
    if (reason_.empty()) reason_ = what;
  }
  [[nodiscard]] bool ok() const { return reason_.empty(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

  // Each of these returns a harmless value of its type after refuse(). A token has exactly 16 bytes.
  machines::Token token(const std::string& bytes) {
    machines::Token token;
    if (bytes.size() != token.bytes.size())
      refuse("a token must have 16 bytes");
    else
      for (std::size_t i = 0; i < bytes.size(); ++i) token.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
    return token;
  }
  // PostgreSQL takes no NUL in a text; Protobuf has seen to the rest.
  std::string word(const std::string& text) {
    if (text.find('\0') != std::string::npos) refuse("a word must not hold a NUL");
    return text;
  }
  // A reason or another text for people, as readable() writes it.
  std::string sentence(const std::string& text) {
    if (text.size() > longest_sentence) refuse("a text is too long");
    return word(text);
  }
  // Whole minor units as decimal text, |x| < 10^38; refuses any other text.
  machines::Int128 amount(const std::string& text) {
    const auto value = machines::parse_whole(text);
    if (!value) refuse("an amount must be a whole number below 10^38");
    return value.value_or(machines::Int128{0});
  }
  // The enumerator of a number on the wire; refuses one that E does not have.
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

// The text with each byte that is no valid UTF-8, and each NUL, as '?'; cut between letters at longest_sentence.
// Protobuf and PostgreSQL refuse anything else, and reasons come from libraries and venues.
std::string readable(std::string_view text);

// The 16 bytes of a token as they travel.
inline std::string bytes_of(const machines::Token& token) {
  return {reinterpret_cast<const char*>(token.bytes.data()), token.bytes.size()};
}

// One visitor of a variant, made of one lambda for each alternative.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace schemas
