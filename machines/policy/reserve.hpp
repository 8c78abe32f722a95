// machines/policy/reserve.hpp: how many of a vault's coins must stay in reserve, and what flexing moves. Pure, no
// throw.
#pragma once

#include "machines/core/amount.hpp"

namespace machines::policy {

enum class Rule { none, fixed, flexing };

// The share of all the vault's coins that stays out of Tradeable. none: 0. fixed: `least`. flexing: between `least` and
// `most`, by the volatility last measured.
struct Reserve {
  Rule rule = Rule::none;
  Rate least, most;  // 5 to 20 %
  Rate volatility;   // of hourly closes over a week, by the year; 0: not measured yet
  Amount flexed;     // what flexing has taken out of Tradeable and not given back
};

// Where flexing begins and ends: at an annual volatility of 40 % or less the least share stays, at 120 % or more the
// most; between them in proportion.
inline constexpr Rate calm{400'000}, storm{1'200'000};

// Which share stays now: least + (most - least) * (volatility - calm) / (storm - calm) for a flexing reserve, with the
// volatility held between calm and storm, rounded toward the least.
Rate share(const Reserve& reserve);
// The coins that must stay, of all the vault's: share() of them, rounded up. Errors: overflow.
AmountResult required(const Reserve& reserve, Amount total);

// What a new measurement moves between Tradeable (not allocated) and what is not at risk: positive into the reserve.
// Into it no more than is there unallocated; out of it no more than flexing had taken. REQUIRES: one asset;
// `unallocated` and reserve.flexed are not negative. Errors: overflow.
AmountResult flexed_by(const Reserve& reserve, Amount total, Amount not_at_risk, Amount unallocated);

// Nothing when a reserve is possible, else what is wrong: shares from 5 to 20 %, the least not above the most. The text
// is static and ends a sentence about the setting.
const char* objection(const Reserve& reserve);

}  // namespace machines::policy
