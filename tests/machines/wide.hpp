// tests/machines/wide.hpp: unbounded integers to check 128-bit arithmetic against, and generators of amounts.
#pragma once

#include <rapidcheck/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>

#include "machines/core/amount.hpp"

namespace tests {

using Big = boost::multiprecision::cpp_int;

inline Big big(machines::Int128 value) { return Big(machines::to_text(value)); }

inline Big big_power_of_ten(int n) { return boost::multiprecision::pow(Big(10), static_cast<unsigned>(n)); }

// |x| < 10^38, of any number of decimal digits with equal chance: small and huge values both come often.
inline rc::Gen<machines::Int128> any_minor() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(1, 39), rc::gen::arbitrary<std::uint64_t>(),
                                     rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<bool>()),
                      [](const auto& parts) {
                        const auto& [digits, high, low, negative] = parts;
                        const auto bits = (static_cast<machines::UInt128>(high * 0x9E3779B97F4A7C15ULL) << 64) |
                                          (low * 0xC2B2AE3D27D4EB4FULL);
                        const auto magnitude = static_cast<machines::Int128>(
                            bits % static_cast<machines::UInt128>(machines::power_of_ten(digits)));
                        return negative ? -magnitude : magnitude;
                      });
}

}  // namespace tests
