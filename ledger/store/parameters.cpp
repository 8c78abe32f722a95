#include "ledger/store/parameters.hpp"

#include <charconv>

#include "ledger/env/hex.hpp"
#include "ledger/env/random.hpp"
#include "machines/core/check.hpp"

namespace ledger {
namespace {

void append_number(std::string& text, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text.append(digits, end);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void ArrayText::separate() {
  if (text_.size() > 1) text_.push_back(',');
}

ArrayText& ArrayText::add(std::int64_t value) {
  separate();
  append_number(text_, value);
  return *this;
}

ArrayText& ArrayText::add_amount(machines::Int128 value) {
  separate();
  text_ += machines::to_text(value);
  return *this;
}

ArrayText& ArrayText::add_bool(bool value) {
  separate();
  text_.push_back(value ? 't' : 'f');
  return *this;
}

ArrayText& ArrayText::add_text(std::string_view value) {
  separate();
  text_.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') text_.push_back('\\');
    text_.push_back(c);
  }
  text_.push_back('"');
  return *this;
}

ArrayText& ArrayText::add_token(const machines::Token& token) {
  separate();
  text_ += token.is_empty() ? "NULL" : to_hex(token);
  return *this;
}

std::string ArrayText::take() {
  std::string closed = std::move(text_);
  closed.push_back('}');
  text_ = "{";
  return closed;
}

Parameters& Parameters::add(std::int64_t value) {
  std::string text;
  append_number(text, value);
  values_.emplace_back(std::move(text));
  return *this;
}

Parameters& Parameters::add(std::string_view value) {
  values_.emplace_back(std::string(value));
  return *this;
}

Parameters& Parameters::add_bool(bool value) { return add(value ? "t" : "f"); }

Parameters& Parameters::add_null() {
  values_.emplace_back(std::nullopt);
  return *this;
}

Parameters& Parameters::add(ArrayText& array) {
  values_.emplace_back(array.take());
  return *this;
}

std::string to_hex(const machines::Token& token) { return env::to_hex(token.bytes); }

std::optional<machines::Token> token_of(std::string_view uuid_text) {
  machines::Token token;
  std::size_t nibbles = 0;
  for (const char c : uuid_text) {
    if (c == '-') continue;
    const int value = hex_value(c);
    if (value < 0 || nibbles == 32) return std::nullopt;
    auto& byte = token.bytes[nibbles / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++nibbles;
  }
  if (nibbles != 32) return std::nullopt;
  return token;
}

machines::Token fresh_token() {
  machines::Token token;
  env::fill_random(token.bytes);
  return token;
}

}  // namespace ledger
