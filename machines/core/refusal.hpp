// machines/core/refusal.hpp: Refusal, why a ledger refused a step whose epochs, lease and versions were right. The
// numbers are stable and are the order of precedence: a step that deserves several gets the least, with one proviso:
// of its postings the first wrong one counts. The model and PostgreSQL keep the same order (tests/ledger). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "machines/core/names.hpp"

namespace machines {

enum class Refusal {
  none = 0,
  conflict = 1,  // another step stands for this instance and version
  // Of one posting:
  unknown_account = 2,  // an account that the owner does not have
  asset_mismatch = 3,   // an account of another asset
  bad_amount = 4,     // negative, zero, or not zero where a hold is voided; from an account to itself; a sum too large
  crossing = 5,       // one sleeve would pay another
  hold_unknown = 6,   // no such hold between these accounts, a hold where none belongs, none where one does
  hold_resolved = 7,  // posted or voided before, or twice here
  hold_exceeded = 8,  // more than the hold has reserved
  // Of the step as a whole:
  insufficient_funds = 9,  // a limited account would fall below zero
  frozen = 10              // a request would leave while everything is frozen
};

// The refusal of a word as the database keeps it; "" is none. Nothing where it is no refusal's.
constexpr std::optional<Refusal> refusal_of(std::string_view word) {
  return word.empty() ? std::optional(Refusal::none) : from_name<Refusal>(word);
}

// The word that the database keeps; "" for none.
constexpr std::string_view word_of(Refusal refusal) { return refusal == Refusal::none ? "" : name_of(refusal); }

}  // namespace machines
