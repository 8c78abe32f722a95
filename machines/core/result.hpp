// machines/core/result.hpp: Result<T, E>, a value or a named refusal, with the member names of std::expected.
// std::expected is invisible to clang 14, so this is ours. No I/O, no throw; value() of a refusal is a bug and aborts.
#pragma once

#include <utility>
#include <variant>

#include "machines/core/check.hpp"

namespace machines {

// What a function returns to refuse: `return fail(Refusal::stale)`.
template <class E>
struct Failure {
  E error;
};
template <class E>
[[nodiscard]] constexpr Failure<std::decay_t<E>> fail(E&& error) {
  return {std::forward<E>(error)};
}

// The value of a function that has no other result than that it worked.
struct Nothing {};

// Either a T or an E, never neither. Owns what it holds; made from a T, or from fail(E). A caller that drops it is
// warned by the compiler.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  constexpr Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  template <class F>
  constexpr Result(Failure<F> failure) : held_(std::in_place_index<1>, std::move(failure.error)) {}

  // Ask this before value() or error(): the wrong one of the two aborts the process (CHECK).
  [[nodiscard]] constexpr bool has_value() const noexcept { return held_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: has_value().
  constexpr const T& value() const& {
    CHECK(has_value());
    return *std::get_if<0>(&held_);
  }
  constexpr T& value() & {
    CHECK(has_value());
    return *std::get_if<0>(&held_);
  }
  // By value: a reference into a temporary would dangle as soon as a loop goes over it.
  constexpr T value() && {
    CHECK(has_value());
    return std::move(*std::get_if<0>(&held_));
  }
  constexpr const T& operator*() const& { return value(); }
  constexpr T& operator*() & { return value(); }
  constexpr T operator*() && { return std::move(*this).value(); }
  constexpr const T* operator->() const { return &value(); }
  constexpr T* operator->() { return &value(); }

  // REQUIRES: !has_value().
  constexpr const E& error() const& {
    CHECK(!has_value());
    return *std::get_if<1>(&held_);
  }
  constexpr E error() && {
    CHECK(!has_value());
    return std::move(*std::get_if<1>(&held_));
  }
  // A copy of the value, or `other` where there is an error.
  template <class U>
  [[nodiscard]] constexpr T value_or(U&& other) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(other));
  }

 private:
  std::variant<T, E> held_;
};

}  // namespace machines
