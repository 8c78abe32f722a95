// ledger/store/parameters.hpp: the parameters of one statement, written as PostgreSQL reads text: scalars and
// one-dimensional arrays. Values are bound, never spliced into SQL. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/ids.hpp"

namespace ledger {

// An array literal under construction: '{1,2,"a b"}'.
class ArrayText {
 public:
  ArrayText& add(std::int64_t value);
  ArrayText& add_amount(machines::Int128 value);
  ArrayText& add_bool(bool value);
  ArrayText& add_text(std::string_view value);         // quoted and escaped
  ArrayText& add_token(const machines::Token& token);  // an empty token is NULL
  [[nodiscard]] std::string take();                    // closes it; the array is empty afterwards

 private:
  void separate();
  std::string text_ = "{";
};

class Parameters {
 public:
  // Each adds the next parameter ($1, $2, ...) and returns this object. Text is bound as it is: no NUL may be in it. An
  // array is closed, and empty afterwards.
  Parameters& add(std::int64_t value);
  Parameters& add(std::string_view value);
  Parameters& add(const char* value) { return add(std::string_view(value)); }
  Parameters& add_bool(bool value);
  Parameters& add_null();
  Parameters& add(ArrayText& array);
  // As PostgreSQL reads them, in order; nothing is NULL.
  [[nodiscard]] const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  std::vector<std::optional<std::string>> values_;
};

// 32 hex digits, which PostgreSQL reads as a uuid; and back from uuid text (dashes allowed). Errors: nothing when it
// isn't one.
std::string to_hex(const machines::Token& token);
std::optional<machines::Token> token_of(std::string_view uuid_text);
// 128 bits from the system's generator.
machines::Token fresh_token();

}  // namespace ledger
