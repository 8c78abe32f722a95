#include "tests/kill/audit.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "deploy/cluster/cluster.hpp"
#include "deploy/cluster/folder.hpp"
#include "workers/venues/paper/sqlite.hpp"

namespace tests::kill {
namespace {

using workers::venues::paper::Database;

// A query that finds what is wrong: one text column, no row when all is well.
struct Rule {
  const char* name;
  const char* sql;
};

constexpr Rule rules[] = {
    {"debits = credits per asset",
     "SELECT asset::text FROM ledger.account GROUP BY asset"
     " HAVING sum(debits_posted) <> sum(credits_posted) OR sum(debits_pending) <> sum(credits_pending)"},
    {"no limited account below zero",
     "SELECT path FROM ledger.account WHERE limited AND credits_posted < debits_posted + debits_pending"},
    {"posted counters are the sums of the postings",
     "SELECT a.path FROM ledger.account a WHERE a.credits_posted - a.debits_posted <>"
     " coalesce((SELECT sum(CASE WHEN p.credit = a.id THEN p.amount ELSE -p.amount END) FROM ledger.posting p"
     "            WHERE p.owner = a.owner AND a.id IN (p.debit, p.credit) AND p.kind <> 'hold'), 0)"},
    {"versions are gapless",
     "SELECT format('instance %s', i.id) FROM ledger.instance i LEFT JOIN ledger.transition t ON t.owner = i.owner AND "
     "t.instance = i.id"
     " GROUP BY i.owner, i.id HAVING count(t.version) <> max(i.version) OR max(t.version) <> max(i.version) OR "
     "min(t.version) <> 1"},
    {"the last transition is the instance",
     "SELECT format('instance %s', i.id) FROM ledger.instance i JOIN ledger.transition t"
     " ON t.owner = i.owner AND t.instance = i.id AND t.version = i.version WHERE t.to_state <> i.state OR t.data <> "
     "i.data"},
    {"every effect key ran once",
     "SELECT format('order %s sent %s times', instance, count(*)) FROM ledger.transition"
     " WHERE kind = 'order' AND event = 'fill' GROUP BY instance HAVING count(*) <> 1"},
    {"one birth per step and ordinal",
     "SELECT format('instance %s', min(id)) FROM ledger.instance WHERE born_of <> 0"
     " GROUP BY owner, born_of, born_version, born_ordinal HAVING count(*) > 1"},
    {"one live cycle per sleeve",
     "SELECT sleeve::text FROM ledger.instance WHERE kind = 'sleeve_cycle' AND NOT is_final GROUP BY sleeve HAVING "
     "count(*) <> 1"},
    {"every live instance has a job or a live child",
     "SELECT format('%s %s is %s', i.kind, i.id, i.state) FROM ledger.instance i WHERE NOT i.is_final"
     " AND i.kind NOT IN ('vault', 'sleeve', 'control', 'break')"
     " AND NOT EXISTS (SELECT FROM ledger.job j WHERE j.owner = i.owner AND j.instance = i.id)"
     " AND NOT EXISTS (SELECT FROM ledger.instance c WHERE c.owner = i.owner AND c.parent = i.id AND NOT c.is_final)"},
    // But for a resume that a person ordered as the house ended: the next start runs it.
    {"no job is leased or parked",
     "SELECT format('%s of %s: %s', command, instance, parked) FROM ledger.job WHERE parked IS NOT NULL"
     " OR token IS NOT NULL AND NOT (is_event AND command = 'resume')"},
    {"no order is left open",
     "SELECT format('order %s is %s', id, state) FROM ledger.instance WHERE kind = 'order' AND NOT is_final"},
    {"a hold resolves at most once",
     "SELECT format('hold %s.%s.%s', hold_instance, hold_version, hold_leg) FROM ledger.posting WHERE hold_instance <> "
     "0"
     " GROUP BY owner, hold_instance, hold_version, hold_leg HAVING count(*) > 1"},
    {"posted + re-held <= reserved",
     "SELECT format('hold %s.%s.%s', h.instance, h.version, h.leg) FROM ledger.hold h"
     " JOIN ledger.posting r ON r.owner = h.owner AND r.hold_instance = h.instance AND r.hold_version = h.version AND "
     "r.hold_leg = h.leg"
     " WHERE r.amount + coalesce((SELECT sum(x.amount) FROM ledger.posting x WHERE x.owner = r.owner AND x.instance = "
     "r.instance"
     "                              AND x.version = r.version AND x.kind = 'hold' AND x.debit = h.debit), 0) > "
     "h.reserved"},
    {"no hold stays without its order",
     "SELECT format('hold %s.%s.%s', instance, version, leg) FROM ledger.hold WHERE resolved_by = 0"},
    {"suspense is empty",
     "SELECT path FROM ledger.account WHERE path LIKE 'suspense/%' AND (debits_posted <> 0 OR credits_posted <> 0)"},
    {"nothing was refused", "SELECT format('%s.%s: %s', instance, version, reason) FROM ledger.refusal"},
    {"the ledger verifies: rows", "SELECT * FROM ledger.verify_rows() AS x (problem) WHERE problem IS NOT NULL"},
    {"the ledger verifies: instances",
     "SELECT * FROM ledger.verify_instances() AS x (problem) WHERE problem IS NOT NULL"},
    {"the ledger verifies: entries", "SELECT * FROM ledger.verify_entries() AS x (problem) WHERE problem IS NOT NULL"},
    {"the ledger verifies: links", "SELECT * FROM ledger.verify_links() AS x (problem) WHERE problem IS NOT NULL"},
};

// An order as one side knows it: status, fills and their sums, in minor units.
using Orders = std::map<std::string, std::string>;

Orders orders_of_ledger(ledger::Connection& connection, std::vector<std::string>& problems) {
  Orders orders;
  const auto rows = connection.run(
      "SELECT encode(d.name, 'hex') || lpad(to_hex(i.id), 16, '0'), i.state, i.data::json ->> 'fills',"
      " split_part(i.data::json ->> 'base', ':', 2), split_part(i.data::json ->> 'quote', ':', 2),"
      " split_part(i.data::json ->> 'fees', ':', 2) FROM ledger.instance i, ledger.deployment d WHERE i.kind = "
      "'order'");
  if (!rows) problems.push_back("orders: " + rows.error().text);
  for (int row = 0; rows && row < rows->size(); ++row)
    orders[std::string(rows->text(row, 0))] =
        fmt::format("{}, {} fills, base {}, quote {}, fees {}", rows->text(row, 1), rows->text(row, 2),
                    rows->text(row, 3), rows->text(row, 4), rows->text(row, 5));
  return orders;
}

struct Sums {
  std::int64_t fills = 0;
  machines::Int128 base = 0, quote = 0, fees = 0;
};

Orders orders_of_venue(const std::filesystem::path& folder) {
  auto database = Database::open((folder / "venue" / "paper.db").string());
  if (!database) return {};
  std::map<std::string, Sums> sums;
  auto fills = database->prepare(
      "SELECT o.client_id, f.base, f.quote, f.fee FROM fills f JOIN orders o ON o.number = f.order_number");
  for (auto row = fills.step(); row && *row; row = fills.step()) {
    Sums& sum = sums[fills.text(0)];
    ++sum.fills;
    sum.base += fills.whole(1);
    sum.quote += fills.whole(2);
    sum.fees += fills.whole(3);
  }
  Orders orders;
  auto all = database->prepare("SELECT client_id, status FROM orders");
  for (auto row = all.step(); row && *row; row = all.step()) {
    const Sums& sum = sums[all.text(0)];
    const auto text = [](machines::Int128 minor) { return machines::format(machines::Amount({0}, minor), 0); };
    if (orders.contains(all.text(0))) {
      orders[all.text(0)] += ", and a second order under its id";
      continue;
    }
    orders[all.text(0)] = fmt::format("{}, {} fills, base {}, quote {}, fees {}", all.text(1), sum.fills,
                                      text(sum.base), text(sum.quote), text(sum.fees));
  }
  return orders;
}

// That never came to the venue, or were barred there before they did.
bool never_came(const std::string& what) {
  return what.starts_with("not_placed, 0 fills") || what.starts_with("cancelled, 0 fills");
}

// Both sides know the same orders, each once (a client id is an order's own, even where the venue would make two of
// it), and agree on what became of them.
void compare_orders(const Orders& ours, const Orders& theirs, std::vector<std::string>& problems) {
  for (const auto& [id, what] : ours) {
    const auto found = theirs.find(id);
    if (found == theirs.end() && never_came(what)) continue;
    if (found == theirs.end())
      problems.push_back(fmt::format("order {}: {} in the ledger, unknown to the venue", id, what));
    else if (found->second != what)
      problems.push_back(fmt::format("order {}: {} in the ledger, {} at the venue", id, what, found->second));
  }
  for (const auto& [id, what] : theirs)
    if (!ours.contains(id))
      problems.push_back(fmt::format("order {}: {} at the venue, unknown to the ledger", id, what));
  if (ours.empty()) problems.emplace_back("no order was placed at all");
}

// What people would type: `bursar status` and `bursar ledger verify`.
void ask_commands(const std::string& dsn, const std::filesystem::path& folder, std::vector<std::string>& problems) {
  const auto run = [&](std::vector<std::string> argv) {
    argv.insert(argv.begin(), BURSAR_EXECUTABLE);
    argv.insert(argv.end(), {"--json", "--data-dir", folder.string(), "--dsn", dsn});
    deploy::ProcessSpec spec;
    spec.argv = argv;
    const auto done = deploy::run_to_end(spec);
    if (!done || done->exit.code != 0)
      problems.push_back(
          fmt::format("bursar {}: {}", argv[1], done ? done->exit.text + ": " + done->output : done.error()));
    const std::string line = done ? done->output.substr(0, done->output.find('\n')) : "";
    return nlohmann::json::parse(line, nullptr, false);
  };
  const auto status = run({"status"});
  if (!status.is_object() || status.value("stranded", -1) != 0) problems.push_back("status: " + status.dump());
  const auto verify = run({"ledger", "verify", "--full"});
  if (!verify.is_object() || !verify.value("verified", false)) problems.push_back("ledger verify: " + verify.dump());
}

}  // namespace

std::vector<std::string> audit(const std::filesystem::path& folder, const std::string& dsn) {
  std::vector<std::string> problems;
  ledger::Connection connection(dsn);
  for (const Rule& rule : rules) {
    const auto rows = connection.run(rule.sql);
    if (!rows) problems.push_back(fmt::format("{}: {}", rule.name, rows.error().text));
    for (int row = 0; rows && row < rows->size(); ++row)
      problems.push_back(fmt::format("{}: {}", rule.name, rows->text(row, 0)));
  }
  compare_orders(orders_of_ledger(connection, problems), orders_of_venue(folder), problems);
  ask_commands(dsn, folder, problems);
  return problems;
}

std::vector<std::string> audit(const House& house) {
  auto cluster = deploy::Cluster::open(house.folder());
  if (!cluster) return {"PostgreSQL does not start again: " + cluster.error().text};
  return audit(house.folder(), cluster->dsn("bursar"));
}

std::string venue_fills(const std::filesystem::path& folder) {
  auto database = Database::open((folder / "venue" / "paper.db").string());
  if (!database) return database.error().text;
  std::string text;
  auto fills = database->prepare(
      "SELECT f.at_us, o.side, f.number, f.price_e8, f.base, f.quote, f.fee FROM fills f JOIN orders o"
      " ON o.number = f.order_number ORDER BY 1, 2, 3, 4, 5, 6, 7");
  for (auto row = fills.step(); row && *row; row = fills.step()) {
    for (int column = 0; column < 7; ++column) text += fills.text(column) + " ";
    text += "\n";
  }
  return text;
}

std::int64_t lapsed_orders(const House& house) {
  auto cluster = deploy::Cluster::open(house.folder());
  if (!cluster) return -1;
  ledger::Connection connection(cluster->dsn("bursar"));
  const auto rows =
      connection.run("SELECT count(*) FROM ledger.instance WHERE kind = 'order' AND state = 'not_placed'");
  return rows ? rows->number(0, 0) : -1;
}

std::string venue_fills(const House& house) { return venue_fills(house.folder()); }

}  // namespace tests::kill
