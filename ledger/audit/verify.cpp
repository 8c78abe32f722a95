#include "ledger/audit/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

#include "ledger/audit/house.hpp"
#include "ledger/audit/machines.hpp"
#include "ledger/audit/slices.hpp"
#include "ledger/audit/standing.hpp"
#include "ledger/env/random.hpp"

namespace ledger::audit {
namespace {

constexpr const char* instances_pass = "instances, transitions and postings";
constexpr const char* accounts_pass = "accounts and entries";
constexpr const char* chain_pass = "the audit chain";
constexpr const char* strays_pass = "rows that nothing leads to";
constexpr const char* standing_pass = "sums, limits and holds";
constexpr const char* openings_pass = "vaults, sleeves and controls";
constexpr const char* breaks_pass = "breaks and quarantine";
constexpr const char* recent_pass = "transitions and postings since the checkpoint";
constexpr const char* definitions_pass = "what stands as it was made";
constexpr const char* machines_pass = "moves that no machine has";
constexpr const char* touched_pass = "instances and accounts since the checkpoint";

constexpr SqlStatement cuts_statement = {"audit_cuts", "SELECT what, owner, id FROM ledger.audit_cuts($1)", false};
constexpr SqlStatement instances_statement = {
    "audit_instances", "SELECT problem, transitions, postings FROM ledger.audit_instances($1, $2, $3, $4, $5)", false};
constexpr SqlStatement accounts_statement = {"audit_accounts",
                                             "SELECT problem FROM ledger.audit_accounts($1, $2, $3, $4, $5)", false};
constexpr SqlStatement balances_statement = {"audit_balances",
                                             "SELECT problem FROM ledger.audit_balances($1, $2, $3, $4)", false};
constexpr SqlStatement living_statement = {"audit_living", "SELECT ledger.audit_living()", false};
constexpr SqlStatement links_statement = {"audit_links", "SELECT problem, links FROM ledger.audit_links($1, $2, $3)",
                                          false};
constexpr SqlStatement recent_statement = {
    "audit_recent", "SELECT problem, transitions, postings FROM ledger.audit_recent($1, $2, $3)", false};
constexpr SqlStatement touched_statement = {"audit_touched", "SELECT ledger.audit_touched($1, $2)", false};
constexpr SqlStatement standing_statement = {"audit_standing", "SELECT ledger.audit_standing()", false};
constexpr SqlStatement holds_statement = {"audit_holds", "SELECT ledger.audit_holds()", false};
constexpr SqlStatement openings_statement = {"verify_openings", "SELECT ledger.verify_openings()", false};
constexpr SqlStatement breaks_statement = {"verify_breaks", "SELECT ledger.verify_breaks()", false};
constexpr SqlStatement crossings_statement = {"verify_crossings", "SELECT ledger.verify_crossings()", false};
constexpr SqlStatement strays_statement = {"audit_strays", "SELECT coalesce(ledger.audit_strays(), $1)", false};

// Two multisets of keys are the same when the sums of their 64-bit hashes are, under a seed that nobody knew before:
// each leg of each posting has one entry and each entry one leg; each row of history is in one link; each hold posting
// has its hold. Each value's hash is the seed of the next, so that values of two rows can't change places. One look
// each, in one snapshot; no sort, no join.
constexpr SqlStatement legs_statement = {
    "audit_legs",
    "SELECT CASE WHEN p.sum IS DISTINCT FROM e.sum THEN 'postings and entries do not match one to one' END "
    "FROM (SELECT sum(hashint8extended(leg * 2::bigint, ledger.key_hash($1, owner, instance, version))) "
    "+ sum(hashint8extended(leg * 2::bigint + 1, ledger.key_hash($1, owner, instance, version))) "
    "FROM ledger.posting) AS p (sum), "
    "(SELECT sum(hashint8extended(leg * 2::bigint + side, ledger.key_hash($1, owner, instance, step_version))) "
    "FROM ledger.entry) AS e (sum)",
    false};
constexpr SqlStatement members_statement = {
    "audit_members",
    "SELECT CASE WHEN l.sum IS DISTINCT FROM r.sum THEN 'links and rows of history do not match one to one' END "
    "FROM (SELECT coalesce(sum(coalesce(uuid_hash_extended(u.token, ledger.key_hash($1, u.owner, u.instance, "
    "u.version)), ledger.key_hash($1, u.owner, u.instance, u.version))), 0) FROM ledger.link k, "
    "unnest(k.owners, k.instances, k.versions, k.tokens) AS u (owner, instance, version, token)) AS l (sum), "
    "(SELECT coalesce((SELECT sum(ledger.key_hash($1, owner, instance, version)) FROM ledger.transition), 0) "
    "+ coalesce((SELECT sum(uuid_hash_extended(token, ledger.key_hash($1, owner, instance, version))) "
    "FROM ledger.refusal), 0)) AS r (sum)",
    false};
constexpr SqlStatement reserves_statement = {
    "audit_reserves",
    "SELECT CASE WHEN p.sum IS DISTINCT FROM h.sum THEN 'hold postings and holds do not match one to one' END "
    "FROM (SELECT sum(hashint8extended(leg, ledger.key_hash($1, owner, instance, version))) FROM ledger.posting "
    "WHERE kind = 'hold') AS p (sum), "
    "(SELECT sum(hashint8extended(leg, ledger.key_hash($1, owner, instance, version))) FROM ledger.hold) AS h (sum)",
    false};
constexpr SqlStatement digest_statement = {"digest", "SELECT ledger.digest()", false};

constexpr std::int64_t links_per_slice = 2'000;

std::int64_t fresh_seed() {
  std::array<std::uint8_t, 8> bytes{};
  env::fill_random(bytes);
  return std::bit_cast<std::int64_t>(bytes);
}

void add_stray_slices(std::vector<Slice>& slices) {
  const std::int64_t seed = fresh_seed();
  for (const SqlStatement& statement : {legs_statement, members_statement, reserves_statement})
    slices.push_back({strays_pass, statement, Parameters().add(seed)});
}

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t first_owner = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t last_owner = std::numeric_limits<std::int32_t>::max();

// From no lower end, cut by cut, to no upper end: whatever owner or id a row has, one slice has it.
Stored<bool> add_key_slices(Connection& connection, std::int64_t rows_per_slice, std::vector<Slice>& slices) {
  const std::int64_t seed = fresh_seed();
  const auto cuts = connection.call(cuts_statement, Parameters().add(rows_per_slice));
  if (!cuts) return machines::fail(cuts.error());
  for (const bool of_instances : {true, false}) {
    std::int64_t owner = first_owner, id = lowest;
    const auto add = [&](std::int64_t to_owner, std::int64_t to_id) {
      Slice slice{of_instances ? instances_pass : accounts_pass,
                  of_instances ? instances_statement : accounts_statement,
                  Parameters().add(owner).add(id).add(to_owner).add(to_id).add(seed)};
      if (of_instances) slice.first_count = &Verdict::transitions, slice.second_count = &Verdict::postings;
      slices.push_back(std::move(slice));
      owner = to_owner, id = to_id;
    };
    for (int row = 0; row < cuts->size(); ++row)
      if (cuts->text(row, 0) == (of_instances ? "instance" : "account"))
        add(cuts->number(row, 1), cuts->number(row, 2));
    add(last_owner, highest);
  }
  return true;
}

void add_link_slices(const Head& head, std::int64_t after, std::vector<Slice>& slices) {
  for (std::int64_t from = after + 1; from <= head.seq; from += links_per_slice) {
    const std::int64_t to = std::min(head.seq, from + links_per_slice - 1);
    Slice slice{chain_pass, links_statement, Parameters().add(std::int64_t{head.shard}).add(from).add(to)};
    slice.first_count = &Verdict::links;
    slices.push_back(std::move(slice));
  }
}

void add_house_slices(std::vector<Slice>& slices, bool brief_alone) {
  slices.push_back({definitions_pass, definitions_statement(), {}});
  for (const HouseQuestion& question : house_questions())
    if (question.is_brief || !brief_alone)
      slices.push_back(
          {question.pass, question.statement, question.takes_machines ? machine_parameters() : Parameters{}});
}

std::vector<std::string> passes_of(const std::vector<Slice>& slices) {
  std::vector<std::string> passes;
  for (const Slice& slice : slices)
    if (std::find(passes.begin(), passes.end(), slice.pass) == passes.end()) passes.emplace_back(slice.pass);
  return passes;
}

// What verify_since does not ask at all; what came before its checkpoint is in the first three.
std::vector<std::string> passes_of_full_alone(bool is_house) {
  std::vector<std::string> passes = {instances_pass, accounts_pass, strays_pass};
  for (const HouseQuestion& question : house_questions())
    if (is_house && !question.is_brief && passes.back() != question.pass) passes.emplace_back(question.pass);
  return passes;
}

std::int64_t place_of(const std::vector<Head>& heads, int shard) {
  for (const Head& head : heads)
    if (head.shard == shard) return head.seq;
  return 0;
}

// The chain was looked at in ranges: it must end in the very hashes that were its heads, and go through those that are
// vouched for. Where rows match nothing one to one, the slow query names the first.
Stored<Verdict> conclude(Connection& connection, const std::vector<Head>& verified, Verdict verdict) {
  if (!verdict.ok && verdict.pass == strays_pass) {
    const auto named = connection.call(strays_statement, Parameters().add(verdict.problem));
    if (!named) return machines::fail(named.error());
    verdict.problem = named->text(0, 0);
  }
  if (!verdict.ok) return verdict;
  for (const std::vector<Head>* places : {&verified, &std::as_const(verdict.heads)}) {
    const auto departed = departure(connection, *places);
    if (!departed) return machines::fail(departed.error());
    if (!*departed) continue;
    verdict.ok = false;
    verdict.pass = chain_pass;
    verdict.problem = fmt::format("link (shard {}, seq {}): is not there any more, or another one",
                                  (*departed)->expected.shard, (*departed)->expected.seq);
    return verdict;
  }
  return verdict;
}

Stored<Verdict> begin(Connection& connection) {
  Verdict verdict;
  auto heads = read_heads(connection);
  if (!heads) return machines::fail(heads.error());
  verdict.heads = std::move(*heads);
  return verdict;
}

}  // namespace

Stored<Verdict> verify(Connection& connection, const VerifyOptions& options) {
  auto verdict = begin(connection);
  if (!verdict) return verdict;
  std::vector<Slice> slices;
  add_stray_slices(slices);  // the longest first: no connection waits for another in the end
  if (const auto cut = add_key_slices(connection, options.slice, slices); !cut) return machines::fail(cut.error());
  slices.push_back({standing_pass, standing_statement, {}});
  slices.push_back({standing_pass, holds_statement, {}});
  slices.push_back({openings_pass, openings_statement, {}});
  slices.push_back({breaks_pass, breaks_statement, {}});
  slices.push_back({openings_pass, crossings_statement, {}});
  if (options.is_house) {
    slices.push_back({machines_pass, all_machines_statement(), machine_parameters()});
    add_house_slices(slices, false);
  }
  for (const Head& head : verdict->heads) add_link_slices(head, 0, slices);
  verdict->asked = passes_of(slices);
  verdict = ask_all(connection, slices, std::move(*verdict), options);
  if (!verdict) return verdict;
  return conclude(connection, {}, std::move(*verdict));
}

Stored<Verdict> verify_since(Connection& connection, const std::vector<Head>& verified, const VerifyOptions& options) {
  auto verdict = begin(connection);
  if (!verdict) return verdict;
  std::vector<Slice> slices;
  for (const Head& head : verdict->heads) {
    const std::int64_t after = place_of(verified, head.shard);
    add_link_slices(head, after, slices);
    for (std::int64_t from = after + 1; from <= head.seq; from += links_per_slice) {
      const std::int64_t to = std::min(head.seq, from + links_per_slice - 1);
      slices.push_back({recent_pass, recent_statement, Parameters().add(std::int64_t{head.shard}).add(from).add(to),
                        &Verdict::transitions, &Verdict::postings});
      if (options.is_house)
        slices.push_back({machines_pass, recent_machines_statement(),
                          machine_parameters().add(std::int64_t{head.shard}).add(from).add(to)});
    }
    if (after < head.seq)
      slices.push_back({touched_pass, touched_statement, Parameters().add(std::int64_t{head.shard}).add(after)});
  }
  slices.push_back({standing_pass, standing_statement, {}});
  slices.push_back({standing_pass, holds_statement, {}});
  slices.push_back(
      {standing_pass, balances_statement, Parameters().add(first_owner).add(lowest).add(last_owner).add(highest)});
  slices.push_back({standing_pass, living_statement, {}});
  slices.push_back({openings_pass, openings_statement, {}});
  slices.push_back({breaks_pass, breaks_statement, {}});
  if (options.is_house) add_house_slices(slices, true);
  verdict->asked = passes_of(slices);
  verdict->left_to_full = passes_of_full_alone(options.is_house);
  verdict = ask_all(connection, slices, std::move(*verdict), options);
  if (!verdict) return verdict;
  return conclude(connection, verified, std::move(*verdict));
}

Stored<std::string> digest(Connection& connection) {
  const auto rows = connection.call(digest_statement);
  if (!rows) return machines::fail(rows.error());
  return std::string(rows->text(0, 0));
}

}  // namespace ledger::audit
