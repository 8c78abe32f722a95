// workers/venues/paper/faults.hpp: how the paper venue can be told to misbehave, the same way in each run. One rule is
// a text `REQUEST:WHICH:MISDEED`, for instance place:3:lose_answer or query:first:time_out. Pure: no I/O, no throw.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/result.hpp"

namespace workers::venues::paper {

enum class Request { place, query, cancel };

enum class Misdeed {
  time_out,      // never handled, never answered
  reject,        // refused: a placed order is rejected as told_to_reject
  lose_answer,   // handled, the answer is lost
  crash_before,  // the process ends with 137 before anything is stored
  crash_after    // the process ends with 137 after the request is stored, before the answer
};

struct FaultRule {
  Request on = Request::place;
  std::int64_t nth = 1;  // the n-th such request of the venue's whole life; 0: the first of each order
  Misdeed misdeed = Misdeed::time_out;
  bool operator==(const FaultRule&) const = default;
};

// Which of its kind a request is. Counted durably, crashes included, while the venue has fault rules.
struct Turn {
  std::int64_t of_venue = 1;
  std::int64_t of_order = 1;
};

struct FaultError {
  std::string text;  // one line: what is wrong, what is expected
};

// Errors: a part is missing, a word is unknown, the number is not 1 or more.
machines::Result<FaultRule, FaultError> parse_fault(std::string_view text);
// parse_fault(to_text(rule)) == rule.
std::string to_text(const FaultRule& rule);

// The misdeed of the first rule that this request meets.
std::optional<Misdeed> misdeed_of(const std::vector<FaultRule>& rules, Request on, Turn turn);

}  // namespace workers::venues::paper
