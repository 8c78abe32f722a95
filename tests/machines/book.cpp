#include "tests/machines/book.hpp"

namespace tests {

using machines::Posting;
using machines::PostingKind;

std::optional<std::string> Book::apply(const std::vector<Posting>& postings, machines::InstanceId instance,
                                       std::int64_t version) {
  const Book before = *this;
  std::int32_t leg = 0;
  for (const Posting& posting : postings) {
    auto wrong = apply_one(posting, {instance, version, ++leg});
    if (!wrong) continue;
    *this = before;
    return "leg " + std::to_string(leg) + ": " + *wrong;
  }
  for (const machines::AccountId account : limited_) {
    if (available(account) >= 0) continue;
    const std::string name(account_name(account));
    *this = before;
    return name + " below zero";
  }
  return std::nullopt;
}

std::optional<std::string> Book::apply_one(const Posting& posting, machines::HoldKey own) {
  if (posting.debit == posting.credit) return "debit and credit are one account";
  if (posting.code.empty()) return "no code";
  if (posting.kind == PostingKind::post || posting.kind == PostingKind::void_) {
    if (auto wrong = resolve(posting)) return wrong;
  } else if (posting.hold != machines::HoldKey{}) {
    return "names a hold that it does not resolve";
  }
  if (posting.kind == PostingKind::void_) return std::nullopt;
  if (!posting.amount.is_positive()) return "not a positive amount";
  if (posting.kind == PostingKind::hold) {
    reserved_[posting.debit] += posting.amount.minor();
    holds_[own] = {posting.debit, posting.credit, posting.amount};
    return std::nullopt;
  }
  balances_[posting.debit] -= posting.amount.minor();
  balances_[posting.credit] += posting.amount.minor();
  return std::nullopt;
}

std::optional<std::string> Book::resolve(const Posting& posting) {
  const auto at = holds_.find(posting.hold);
  if (at == holds_.end()) return "no such hold, or resolved already";
  const Hold& hold = at->second;
  if (hold.debit != posting.debit || hold.credit != posting.credit || hold.amount.asset() != posting.amount.asset())
    return "not the hold's accounts or asset";
  if (posting.amount.minor() > hold.amount.minor()) return "more than the hold reserves";
  if (posting.kind == PostingKind::void_ && !posting.amount.is_zero()) return "a void that moves money";
  reserved_[hold.debit] -= hold.amount.minor();
  holds_.erase(at);
  return std::nullopt;
}

machines::Int128 Book::reserved() const {
  Int128 sum = 0;
  for (const auto& [key, hold] : holds_) sum += hold.amount.minor();
  return sum;
}

std::string describe(machines::Amount amount) {
  std::string text = machines::format(amount, amount.asset() == usdt ? 8 : 18);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string describe(const Posting& posting) {
  std::string text = std::string(machines::name_of(posting.kind)) + ' ' + describe(posting.amount) + ' ';
  text += std::string(account_name(posting.debit)) + '>' + std::string(account_name(posting.credit)) + ' ';
  return text += posting.code;
}

std::string describe(const std::vector<Posting>& postings) {
  std::string text;
  for (const Posting& posting : postings) text += (text.empty() ? "" : "; ") + describe(posting);
  return text;
}

}  // namespace tests
