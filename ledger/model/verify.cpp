#include "ledger/model/verify.hpp"

#include <algorithm>

#include "ledger/model/effect.hpp"
#include "ledger/model/sha256.hpp"
#include "machines/core/names.hpp"

namespace ledger::model {
namespace {

using machines::PostingKind;

std::string text(std::int64_t number) { return std::to_string(number); }

std::string name(const TransitionKey& key) {
  return "transition (owner " + text(key.owner.value) + ", instance " + text(key.instance.value) + ", version " +
         text(key.version) + ")";
}

std::string name(const PostingKey& key) {
  return "posting (owner " + text(key.owner.value) + ", instance " + text(key.leg.instance.value) + ", version " +
         text(key.leg.version) + ", leg " + text(key.leg.leg) + ")";
}

std::string name(AccountId id, const Account& account) {
  return "account (owner " + text(account.owner.value) + ", id " + text(id.value) + ", " + account.path + ")";
}

std::string name(const InstanceKey& key) {
  return "instance (owner " + text(key.owner.value) + ", id " + text(key.id.value) + ")";
}

std::string check_instances(const Rows& rows) {
  std::map<InstanceKey, const Transition*> last;
  std::map<InstanceKey, std::int64_t> versions;
  for (const auto& [key, transition] : rows.transitions) {
    const InstanceKey of{key.owner, key.instance};
    const std::string before = last.contains(of) ? last[of]->to : "";
    if (key.version != ++versions[of] || transition.from != before)
      return name(key) + ": does not follow the one before";
    last[of] = &transition;
  }
  for (const auto& [key, instance] : rows.instances) {
    const auto found = last.find(key);
    if (found == last.end()) return name(key) + ": has no transition";
    const Transition& at = *found->second;
    if (instance.version != versions[key] || instance.state != at.to || instance.data != at.data ||
        instance.kind != at.kind || instance.machine_version != at.machine_version)
      return name(key) + ": is not what its transitions make of it";
  }
  for (const auto& [key, transition] : last)
    if (!rows.instances.contains(key)) return name(key) + ": is missing";
  return "";
}

std::string check_resolution(const Rows& rows, const PostingKey& key, const PostingRow& posting) {
  const auto hold = rows.holds.find({key.owner, posting.hold});
  if (hold == rows.holds.end()) return name(key) + ": its hold is missing";
  if (hold->second.resolved_by != key.leg.instance || hold->second.resolved_version != key.leg.version)
    return name(key) + ": resolves a hold that another step resolved";
  if (posting.amount > hold->second.reserved) return name(key) + ": posts more than was reserved";
  return "";
}

std::string check_postings(const Rows& rows) {
  for (const auto& [key, posting] : rows.postings) {
    const auto of = rows.transitions.find({key.owner, key.leg.instance, key.leg.version});
    if (of == rows.transitions.end()) return name(key) + ": no transition has it";
    if (of->second.world_at != posting.world_at) return name(key) + ": its world time is not its transition's";
    const bool is_void = posting.kind == PostingKind::void_;
    if (is_void ? posting.amount != 0 : posting.amount <= 0) return name(key) + ": its amount cannot be";
    for (const AccountId id : {posting.debit, posting.credit}) {
      const auto account = rows.accounts.find(id);
      if (account == rows.accounts.end() || account->second.owner != key.owner ||
          account->second.asset != posting.asset)
        return name(key) + ": its account or asset cannot be";
    }
    if (posting.hold == HoldKey{}) continue;
    if (std::string problem = check_resolution(rows, key, posting); !problem.empty()) return problem;
  }
  return "";
}

Int128 reserved_by(const Rows& rows, const PostingKey& key, const PostingRow& posting) {
  const auto hold = rows.postings.find({key.owner, posting.hold});
  return posting.hold == HoldKey{} || hold == rows.postings.end() ? 0 : hold->second.amount;
}

std::string check_entries(const Rows& rows) {
  std::map<AccountId, Counters> running;
  std::map<AccountId, std::int64_t> versions;
  std::map<std::pair<PostingKey, bool>, int> seen;
  for (const auto& [key, entry] : rows.entries) {
    const std::string at = "entry (account " + text(key.account.value) + ", version " + text(key.version) + ")";
    const auto posting = rows.postings.find(entry.posting);
    if (posting == rows.postings.end()) return at + ": no posting has it";
    const AccountId side = entry.is_credit ? posting->second.credit : posting->second.debit;
    if (side != key.account || ++seen[{entry.posting, entry.is_credit}] > 1) return at + ": is not of its posting";
    const Effect effect =
        effect_of(posting->second.kind, posting->second.amount, reserved_by(rows, posting->first, posting->second));
    const auto sum = plus(running[key.account], entry.is_credit ? effect.credit : effect.debit);
    if (key.version != ++versions[key.account] || !sum || *sum != entry.after)
      return at + ": running counters are not what its postings make";
    running[key.account] = *sum;
  }
  for (const auto& [key, posting] : rows.postings)
    for (const bool side : {false, true})
      if (!seen.contains({key, side})) return name(key) + ": has no entry on side " + (side ? "1" : "0");
  for (const auto& [id, account] : rows.accounts)
    if (account.counters != running[id] || account.version != versions[id])
      return name(id, account) + ": its counters are not its last entry";
  return "";
}

std::string check_holds(const Rows& rows) {
  std::map<AccountId, Int128> held;
  std::map<PostingKey, int> resolutions;
  for (const auto& [key, posting] : rows.postings) ++resolutions[{key.owner, posting.hold}];
  for (const auto& [key, hold] : rows.holds) {
    const std::string at = "hold of " + name(key);
    const auto made = rows.postings.find(key);
    if (made == rows.postings.end() || made->second.kind != PostingKind::hold || made->second.amount != hold.reserved)
      return at + ": is not what its posting says";
    if (resolutions[key] != (hold.resolved_by.value != 0 ? 1 : 0)) return at + ": is not resolved as its postings say";
    if (hold.resolved_by.value == 0) held[hold.debit] += hold.reserved;
  }
  for (const auto& [id, account] : rows.accounts)
    if (account.counters.debits_pending != held[id])
      return name(id, account) + ": pending debits are not its open holds";
  return "";
}

// Debits minus credits per asset, modulo 2^128: a sum over accounts may leave the range that each of them keeps.
struct Difference {
  machines::UInt128 pending = 0, posted = 0;
};

std::string check_sums(const Rows& rows) {
  std::map<AssetId, Difference> differences;
  for (const auto& [id, account] : rows.accounts) {
    const Counters& counters = account.counters;
    if (account.limited && counters.available() < 0) return name(id, account) + ": spends more than it has";
    Difference& difference = differences[account.asset];
    difference.pending += static_cast<machines::UInt128>(counters.debits_pending - counters.credits_pending);
    difference.posted += static_cast<machines::UInt128>(counters.debits_posted - counters.credits_posted);
  }
  for (const auto& [asset, difference] : differences)
    if (difference.pending != 0 || difference.posted != 0)
      return "asset " + text(asset.value) + ": debits and credits differ";
  return "";
}

}  // namespace

std::string verify(const Rows& rows) {
  for (const auto pass : {check_instances, check_postings, check_entries, check_holds, check_sums})
    if (std::string problem = pass(rows); !problem.empty()) return problem;
  return "";
}

std::string posting_line(machines::Instant world_at, PostingKind kind, std::string_view debit_path,
                         std::string_view credit_path, std::string_view asset_code, Int128 amount,
                         std::string_view code) {
  std::string line = text(world_at.us);
  const std::string units = machines::to_text(amount);
  for (const std::string_view part :
       {machines::name_of(kind), debit_path, credit_path, asset_code, std::string_view(units), code})
    line.append("|").append(part);
  return line + "\n";
}

std::string digest(const Rows& rows) {
  std::vector<std::string> lines;
  for (const auto& [key, posting] : rows.postings)
    lines.push_back(posting_line(posting.world_at, posting.kind, rows.accounts.at(posting.debit).path,
                                 rows.accounts.at(posting.credit).path, rows.assets.at(posting.asset), posting.amount,
                                 posting.code));
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return sha256_hex(all);
}

}  // namespace ledger::model
