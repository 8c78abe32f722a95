#include "machines/core/sleeve.hpp"

namespace machines {

Result<Int128, AmountError> change_of_available(AccountId account, const std::vector<Posting>& postings, Amount held) {
  Int128 change = 0;
  const auto add = [&](Int128 by) { return !__builtin_add_overflow(change, by, &change); };
  for (const Posting& posting : postings) {
    const bool moves = posting.kind == PostingKind::single || posting.kind == PostingKind::post;
    const bool resolves = posting.kind == PostingKind::post || posting.kind == PostingKind::void_;
    bool fits = true;
    if (posting.debit == account) fits = add(-posting.amount.minor()) && (!resolves || add(held.minor()));
    if (posting.credit == account && moves) fits = fits && add(posting.amount.minor());
    if (!fits) return fail(AmountError::overflow);
  }
  return change;
}

}  // namespace machines
