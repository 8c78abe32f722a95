#include "ledger/books/books.hpp"

namespace ledger::books {
namespace {

constexpr SqlStatement balances_statement = {
    "balances",
    "SELECT a.path, s.code, s.scale, a.credits_posted - a.debits_posted, a.debits_pending, a.limited "
    "FROM ledger.account a JOIN ledger.asset s ON s.id = a.asset ORDER BY a.owner, a.path",
    false};
constexpr SqlStatement counts_statement = {
    "state_counts", "SELECT kind, state, count(*) FROM ledger.instance GROUP BY 1, 2 ORDER BY 1, 2", false};
constexpr const char* instance_columns =
    "SELECT i.owner, i.id, i.kind, i.state, i.data, coalesce(s.name, ''), i.version, i.is_final, i.parent "
    "FROM ledger.instance i LEFT JOIN ledger.sleeve s ON s.owner = i.owner AND s.id = i.sleeve ";
constexpr SqlStatement history_statement = {
    "history",
    "SELECT version, from_state, to_state, event, command, jobs, world_at, to_char(wall_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM ledger.transition WHERE instance = $1 ORDER BY owner, version",
    false};
constexpr SqlStatement postings_statement = {
    "postings_of",
    "SELECT p.version, p.kind, d.path, c.path, s.code, s.scale, p.amount, p.code FROM ledger.posting p "
    "JOIN ledger.account d ON d.owner = p.owner AND d.id = p.debit JOIN ledger.account c ON c.owner = p.owner AND c.id "
    "= p.credit "
    "JOIN ledger.asset s ON s.id = p.asset WHERE p.instance = $1 ORDER BY p.owner, p.version, p.leg",
    false};
constexpr SqlStatement stranded_statement = {
    "look_for_stranded",
    "SELECT owner, instance, kind, state, is_stranded, looked_at FROM ledger.look_for_stranded($1, $2, $3, $4)", false};

std::string text(const Rows& rows, int row, int column) { return std::string(rows.text(row, column)); }

InstanceView instance_at(const Rows& rows, int row) {
  InstanceView view;
  view.owner = {static_cast<std::int32_t>(rows.number(row, 0))};
  view.id = {rows.number(row, 1)};
  view.kind = text(rows, row, 2);
  view.state = text(rows, row, 3);
  view.data = text(rows, row, 4);
  view.sleeve = text(rows, row, 5);
  view.version = rows.number(row, 6);
  view.is_final = rows.flag(row, 7);
  view.parent = {rows.number(row, 8)};
  return view;
}

Stored<std::vector<InstanceView>> instances_of(const Stored<Rows>& rows) {
  if (!rows) return machines::fail(rows.error());
  std::vector<InstanceView> views;
  views.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) views.push_back(instance_at(*rows, row));
  return views;
}

}  // namespace

Stored<std::vector<Balance>> Books::balances() {
  const auto rows = connection_.call(balances_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<Balance> balances;
  balances.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    balances.push_back({text(*rows, row, 0), text(*rows, row, 1), static_cast<int>(rows->number(row, 2)),
                        rows->amount(row, 3), rows->amount(row, 4), rows->flag(row, 5)});
  return balances;
}

Stored<std::vector<StateCount>> Books::state_counts() {
  const auto rows = connection_.call(counts_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<StateCount> counts;
  counts.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    counts.push_back({text(*rows, row, 0), text(*rows, row, 1), rows->number(row, 2)});
  return counts;
}

Stored<std::vector<InstanceView>> Books::instances(bool only_live, int limit) {
  static const std::string sql =
      std::string(instance_columns) + "WHERE NOT ($1 AND i.is_final) ORDER BY i.id DESC LIMIT $2";
  return instances_of(connection_.call({"instances", sql.c_str(), false},
                                       Parameters().add_bool(only_live).add(static_cast<std::int64_t>(limit))));
}

Stored<std::vector<InstanceView>> Books::instance(machines::InstanceId id) {
  static const std::string sql = std::string(instance_columns) + "WHERE i.id = $1";
  return instances_of(connection_.call({"instance", sql.c_str(), false}, Parameters().add(id.value)));
}

Stored<std::vector<TransitionView>> Books::history(machines::InstanceId id) {
  const auto rows = connection_.call(history_statement, Parameters().add(id.value));
  if (!rows) return machines::fail(rows.error());
  const auto postings = connection_.call(postings_statement, Parameters().add(id.value));
  if (!postings) return machines::fail(postings.error());
  std::vector<TransitionView> history;
  int next = 0;
  for (int row = 0; row < rows->size(); ++row) {
    TransitionView view{rows->number(row, 0), text(*rows, row, 1),    text(*rows, row, 2),
                        text(*rows, row, 3),  text(*rows, row, 4),    text(*rows, row, 5),
                        text(*rows, row, 7),  {rows->number(row, 6)}, {}};
    for (; next < postings->size() && postings->number(next, 0) == view.version; ++next)
      view.postings.push_back({text(*postings, next, 1), text(*postings, next, 2), text(*postings, next, 3),
                               text(*postings, next, 4), text(*postings, next, 7),
                               static_cast<int>(postings->number(next, 5)), postings->amount(next, 6)});
    history.push_back(std::move(view));
  }
  return history;
}

Stored<LiveSlice> Books::look_for_stranded(const LiveSlice& last, std::int64_t most) {
  const auto rows = connection_.call(
      stranded_statement, Parameters().add(std::int64_t{last.owner.value}).add(last.kind).add(last.id.value).add(most));
  if (!rows) return machines::fail(rows.error());
  LiveSlice slice;
  for (int row = 0; row < rows->size(); ++row) {
    slice.owner = {static_cast<std::int32_t>(rows->number(row, 0))};
    slice.id = {rows->number(row, 1)};
    slice.kind = text(*rows, row, 2);
    slice.looked_at = rows->number(row, 5);
    if (rows->flag(row, 4)) slice.stranded.push_back({slice.owner, slice.id, slice.kind, text(*rows, row, 3)});
  }
  return slice;
}

Stored<std::vector<Stranded>> Books::stranded() {
  constexpr std::int64_t most = 10'000;
  std::vector<Stranded> views;
  for (LiveSlice slice;;) {
    auto next = look_for_stranded(slice, most);
    if (!next) return machines::fail(next.error());
    if (next->looked_at == 0) return views;
    slice = std::move(*next);
    views.insert(views.end(), slice.stranded.begin(), slice.stranded.end());
  }
}

}  // namespace ledger::books
