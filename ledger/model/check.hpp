// ledger/model/check.hpp: whether one step fits the rows as they stand, and if not, why: a ladder in a tested order.
// Pure, no throw; looks only.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "ledger/model/effect.hpp"
#include "ledger/model/rows.hpp"

namespace ledger::model {

struct Verdict {
  machines::Outcome outcome = machines::Outcome::committed;
  machines::Refusal refusal = machines::Refusal::none;  // which, when refused
};

// stale_epoch (shard or control) before lost_lease before conflict (own version taken with other content) before
// stale_version before what is wrong with the first bad posting, in the order of the refusals' numbers
// (machines/core/refusal.hpp). Then the step's net effect: bad_amount (a counter leaves its range),
// insufficient_funds; last frozen. REQUIRES: the step does not stand already with the same content.
Verdict check_step(const Rows& rows, int shard, std::int64_t epoch, const machines::Step& step);

// What the hold of a post or void has reserved; 0 for other postings and where there is no such hold.
Int128 reserved_by(const Rows& rows, OwnerId owner, const machines::Posting& posting);

}  // namespace ledger::model
