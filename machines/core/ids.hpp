// machines/core/ids.hpp: the ids that every key is made of; the owner always leads. Small numbers inside, 128-bit names
// only at the edge. Pure, no throw.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace machines {

// A number that cannot be mistaken for another kind of number. 0 means none, where a field says so; ids of rows begin
// at 1.
template <class Tag, class Rep>
struct Id {
  Rep value = 0;
  constexpr auto operator<=>(const Id&) const = default;
};

using OwnerId = Id<struct OwnerTag, std::int32_t>;
using AssetId = Id<struct AssetTag, std::int32_t>;
using InstanceId = Id<struct InstanceTag, std::int64_t>;
using AccountId = Id<struct AccountTag, std::int64_t>;
using SleeveId = Id<struct SleeveTag, std::int64_t>;
using InstrumentId = Id<struct InstrumentTag, std::int32_t>;

// The right to run one job: 128 random bits, never a counter (a crash would mint the same number twice).
struct Token {
  std::array<std::uint8_t, 16> bytes{};
  constexpr auto operator<=>(const Token&) const = default;
  // All bytes 0: no lease.
  [[nodiscard]] constexpr bool is_empty() const { return *this == Token{}; }
};

// A job: the transition (instance, version) that ordered it, and which of that transition's jobs it is.
struct JobKey {
  OwnerId owner;
  InstanceId instance;
  std::int64_t version = 0;
  std::int32_t ordinal = 0;
  constexpr auto operator<=>(const JobKey&) const = default;
};

}  // namespace machines
