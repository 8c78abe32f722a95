#include "ledger/model/effect.hpp"

namespace ledger::model {
namespace {

bool add(Int128& to, Int128 by) { return !__builtin_add_overflow(to, by, &to) && machines::Amount::in_range(to); }

}  // namespace

std::optional<Counters> plus(const Counters& a, const Counters& b) {
  Counters sum = a;
  if (!add(sum.debits_pending, b.debits_pending) || !add(sum.debits_posted, b.debits_posted) ||
      !add(sum.credits_pending, b.credits_pending) || !add(sum.credits_posted, b.credits_posted))
    return std::nullopt;
  return sum;
}

}  // namespace ledger::model
