#include "ledger/export/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ledger/export/dialect.hpp"
#include "ledger/store/snapshot.hpp"

namespace ledger::exports {
namespace {

constexpr int chunk = 1'000;
constexpr std::size_t full_buffer = 1U << 16U;

// Accounts with their owner and asset. Arrays sort a path just before the paths that begin with it.
const std::string named =
    "WITH named AS (SELECT a.owner, a.id, a.path, a.limited, o.name, s.id AS asset, s.code AS unit, s.scale, "
    "coalesce(starts_with(lead(a.path) OVER (PARTITION BY a.owner ORDER BY string_to_array(a.path, '/') COLLATE "
    "\"C\"), a.path || '/'), false) AS has_children "
    "FROM ledger.account a JOIN ledger.owner o ON o.id = a.owner JOIN ledger.asset s ON s.id = a.asset) ";

const std::string assets_query = "SELECT id, code, scale FROM ledger.asset ORDER BY id";
const std::string accounts_query =
    named + "SELECT name, path, limited, has_children, unit, asset FROM named ORDER BY owner, path COLLATE \"C\"";
const std::string movements_query =
    named +
    "SELECT p.world_at, p.instance, p.version, p.leg, p.code, p.amount, d.unit, d.asset, d.scale, "
    "d.name, d.path, d.limited, d.has_children, c.name, c.path, c.limited, c.has_children "
    "FROM ledger.posting p JOIN named d ON d.owner = p.owner AND d.id = p.debit "
    "JOIN named c ON c.owner = p.owner AND c.id = p.credit WHERE p.kind IN ('single', 'post') "
    "ORDER BY p.world_at, p.owner, p.instance, p.version, p.leg";
// A day is closed by the entry before which no later day was entered, and after which no day up to it is.
const std::string closes_query =
    named +
    ", dated AS (SELECT e.owner, e.account, e.version, e.credits_posted - e.debits_posted AS balance, "
    "floor(p.world_at::numeric / 86400000000)::bigint AS day FROM ledger.entry e JOIN ledger.posting p "
    "ON p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version AND p.leg = e.leg), "
    "seen AS (SELECT owner, account, balance, "
    "max(day) OVER (PARTITION BY owner, account ORDER BY version ROWS UNBOUNDED PRECEDING) AS latest, "
    "min(day) OVER (PARTITION BY owner, account ORDER BY version DESC "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS coming FROM dated) "
    "SELECT s.latest, s.balance, n.unit, n.asset, n.scale, n.name, n.path, n.limited, n.has_children "
    "FROM seen s JOIN named n ON n.owner = s.owner AND n.id = s.account "
    "WHERE s.coming IS NULL OR s.latest < s.coming ORDER BY s.latest, s.owner, s.account";
const std::string heading_query =
    "SELECT encode(name, 'hex'), (SELECT coalesce(min(world_at), 0) FROM ledger.posting) FROM ledger.deployment";

// The rows of a query, one at a time; a chunk of them in memory.
class Stream {
 public:
  Stream(Snapshot& snapshot, std::string name) : snapshot_(snapshot), name_(std::move(name)) {}

  Stored<bool> start(const std::string& query) {
    if (const auto declared = snapshot_.declare(name_, query); !declared) return declared;
    return fill();
  }
  Stored<bool> next() {
    if (++row_ < rows_->size()) return true;
    if (rows_->size() == chunk) return fill();
    rows_.reset();
    return true;
  }
  [[nodiscard]] bool at_end() const { return !rows_; }

  // Of the row that it stands on. REQUIRES: not at its end.
  [[nodiscard]] std::string text(int column) const { return std::string(rows_->text(row_, column)); }
  [[nodiscard]] std::int64_t number(int column) const { return rows_->number(row_, column); }
  [[nodiscard]] bool flag(int column) const { return rows_->flag(row_, column); }
  [[nodiscard]] machines::Int128 amount(int column) const { return rows_->amount(row_, column); }

 private:
  Stored<bool> fill() {
    auto rows = snapshot_.fetch(name_, chunk);
    if (!rows) return machines::fail(rows.error());
    rows_.reset();
    row_ = 0;
    if (!rows->empty()) rows_ = *rows;
    return true;
  }

  Snapshot& snapshot_;
  std::string name_;
  std::optional<Rows> rows_;
  int row_ = 0;
};

// Keeps its first error; after it, nothing more is read or written.
class Journal {
 public:
  Journal(Snapshot& snapshot, const Dialect& dialect, const Sink& sink)
      : snapshot_(snapshot), dialect_(dialect), sink_(sink) {}

  machines::Result<Written, ExportError> write() {
    write_heading();
    write_days();
    flush();
    if (error_) return machines::fail(*error_);
    return written_;
  }

 private:
  bool is_good(const Stored<bool>& stored) {
    if (!stored && !error_) error_ = ExportError{Cause::store, stored.error(), ""};
    return !error_;
  }

  void flush() {
    if (error_ || out_.empty()) return;
    written_.bytes += static_cast<std::int64_t>(out_.size());
    if (!sink_(out_)) error_ = ExportError{Cause::sink, {}, ""};
    out_.clear();
  }

  template <class Each>
  void for_each(const char* name, const std::string& query, Each each) {
    Stream stream(snapshot_, name);
    if (error_ || !is_good(stream.start(query))) return;
    while (!stream.at_end()) {
      each(stream);
      step(stream);
      if (error_) return;
    }
  }

  void step(Stream& stream) {
    if (out_.size() >= full_buffer) flush();
    if (!error_) is_good(stream.next());
  }

  static std::string account_at(const Stream& row, int column) {
    return account_name({row.text(column), row.text(column + 1), row.flag(column + 2), row.flag(column + 3)});
  }
  static std::string unit_at(const Stream& row, int column) {
    return commodity_name(row.text(column), {static_cast<std::int32_t>(row.number(column + 1))});
  }
  std::string amount_at(const Stream& row, int column, int scale_column, const std::string& account) {
    const machines::Int128 minor = row.amount(column);
    std::string digits = machines::to_text(minor < 0 ? -minor : minor);
    if (dialect_.digits() != 0 && digits.size() > static_cast<std::size_t>(dialect_.digits()) && !error_)
      error_ = ExportError{Cause::digits,
                           {},
                           fmt::format("{} of {} has {} digits, more than the {} that this tool computes with", digits,
                                       account, digits.size(), dialect_.digits())};
    return machines::format(machines::Amount({0}, minor), static_cast<int>(row.number(scale_column)));
  }

  void write_heading() {
    Day first = 0;
    for_each("heading", heading_query, [&](const Stream& row) {
      first = day_of({row.number(1)});
      dialect_.preamble(out_, row.text(0));
    });
    for_each("assets", assets_query, [&](const Stream& row) {
      const std::string code = row.text(1);
      dialect_.commodity(out_, first, commodity_name(code, {static_cast<std::int32_t>(row.number(0))}), code,
                         static_cast<int>(row.number(2)));
    });
    for_each("accounts", accounts_query, [&](const Stream& row) {
      dialect_.account(out_, first, account_at(row, 0), row.text(1), unit_at(row, 4));
      ++written_.accounts;
    });
  }

  // Day by day: what moved, then how the accounts stand.
  void write_days() {
    Stream movements(snapshot_, "movements");
    Stream closes(snapshot_, "closes");
    if (error_ || !is_good(movements.start(movements_query)) || !is_good(closes.start(closes_query))) return;
    while (!error_ && !(movements.at_end() && closes.at_end())) {
      const bool moves = !movements.at_end() && (closes.at_end() || day_of({movements.number(0)}) <= closes.number(0));
      if (moves) {
        add_movement(movements);
        step(movements);
      } else {
        add_close(closes);
        step(closes);
      }
    }
  }

  void add_movement(const Stream& row) {
    Movement one;
    one.at = {row.number(0)};
    one.instance = row.number(1);
    one.version = row.number(2);
    one.leg = row.number(3);
    one.code = row.text(4);
    one.commodity = unit_at(row, 6);
    one.from = account_at(row, 9);
    one.to = account_at(row, 13);
    one.amount = amount_at(row, 5, 8, one.from);
    dialect_.movement(out_, one);
    ++written_.transactions;
  }

  void add_close(const Stream& row) {
    Close one;
    one.day = row.number(0);
    one.commodity = unit_at(row, 2);
    one.account = account_at(row, 5);
    one.balance = amount_at(row, 1, 4, one.account);
    dialect_.close(out_, one);
    ++written_.assertions;
  }

  Snapshot& snapshot_;
  const Dialect& dialect_;
  const Sink& sink_;
  std::string out_;
  Written written_;
  std::optional<ExportError> error_;
};

}  // namespace

machines::Result<Written, ExportError> write_journal(Connection& connection, Format format, const Sink& sink) {
  auto snapshot = Snapshot::open(connection);
  if (!snapshot) return machines::fail(ExportError{Cause::store, snapshot.error(), ""});
  return Journal(*snapshot, format == Format::hledger ? hledger_dialect() : beancount_dialect(), sink).write();
}

}  // namespace ledger::exports
