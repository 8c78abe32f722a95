#include "ledger/audit/verify.hpp"

#include <array>

namespace ledger::audit {
namespace {

struct Pass {
  const char* name;
  Statement statement;
};

constexpr std::array passes = {
    Pass{"rows against their digests",          {"verify_rows", "SELECT ledger.verify_rows()", false}          },
    Pass{"rows without a transition",           {"verify_orphans", "SELECT ledger.verify_orphans()", false}    },
    Pass{"instances against their transitions", {"verify_instances", "SELECT ledger.verify_instances()", false}},
    Pass{"accounts against their entries",      {"verify_entries", "SELECT ledger.verify_entries()", false}    },
    Pass{"sums, limits and holds",              {"verify_sums", "SELECT ledger.verify_sums()", false}          },
    Pass{"breaks against quarantine",           {"verify_breaks", "SELECT ledger.verify_breaks()", false}      },
    Pass{"the audit chain",                     {"verify_links", "SELECT ledger.verify_links()", false}        },
};
constexpr Statement counts_statement = {"verify_counts", "SELECT * FROM ledger.verify_counts()", false};
constexpr Statement digest_statement = {"digest", "SELECT ledger.digest()", false};

}  // namespace

Stored<Verdict> verify(Connection& connection, const std::function<void(const std::string&, int, int)>& progress) {
  Verdict verdict;
  const auto counts = connection.call(counts_statement);
  if (!counts) return machines::fail(counts.error());
  verdict.transitions = counts->number(0, 0);
  verdict.postings = counts->number(0, 1);
  verdict.links = counts->number(0, 2);
  int done = 0;
  for (const Pass& pass : passes) {
    if (progress) progress(pass.name, done++, static_cast<int>(passes.size()));
    const auto rows = connection.call(pass.statement);
    if (!rows) return machines::fail(rows.error());
    if (rows->is_null(0, 0)) continue;
    verdict.pass = pass.name;
    verdict.problem = rows->text(0, 0);
    return verdict;
  }
  verdict.ok = verdict.complete = true;
  return verdict;
}

Stored<std::string> digest(Connection& connection) {
  const auto rows = connection.call(digest_statement);
  if (!rows) return machines::fail(rows.error());
  return std::string(rows->text(0, 0));
}

}  // namespace ledger::audit
