// deploy/operations/jobs.hpp: the queue as an operator sees it and orders it: look, and retry, park or cancel. An order
// is first a preview, the jobs that it would be about; acting on them is a call of its own. Never prints.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "deploy/operations/asker.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/books/books.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "ledger/journal/journal.hpp"
#include "schemas/config/config.hpp"

namespace deploy::operations {

using ledger::jobs::JobView;

struct JobArgs {
  std::string id;  // OWNER/INSTANCE/VERSION/ORDINAL; empty: by the filter
  ledger::jobs::Filter filter;
  std::string older_than;              // "90s", "15m", "1h", "2d"
  std::string why;                     // of an order
  std::optional<std::int64_t> expect;  // how many a preview named: an order about another number is refused
  int limit = 50;                      // of a list
};

std::string text_of(const machines::JobKey& key);
std::optional<machines::JobKey> job_key_of(const std::string& text);
// Whole seconds; nothing where the text is no age.
std::optional<std::int64_t> seconds_of(const std::string& age);

struct JobList {
  std::vector<JobView> jobs;
  bool is_cut = false;  // there are more than the limit
};
// Open jobs by owner and key. Errors: usage (an age that is none), and those of store_error(), as with all below.
Outcome<JobList> jobs(const LedgerPlace& place, const JobArgs& args);

// One job, and what its decision would be made from.
struct JobDetail {
  JobView job;
  std::optional<ledger::journal::Facts> facts;
  std::string policy;                                  // the retry rule that applies; empty: it has not failed
  std::string next_try;                                // when, in words
  std::vector<ledger::books::TransitionView> history;  // of its instance, oldest first
};
// Errors: usage (no id), not_found (it is no open job).
Outcome<JobDetail> job(const LedgerPlace& place, const std::string& id, const schemas::config::BrokerConfig& config);

enum class JobOrder { retry, park, cancel };
const char* word_of(JobOrder order);  // "retry"

// The jobs that an order would be about, one or more; changes nothing. Errors: usage (neither an id nor a filter, or
// both; no `why`), not_found, refused (more than 100,000), changed (not as many as `expect`).
Outcome<std::vector<JobView>> preview(const LedgerPlace& place, const JobArgs& args);

struct JobsOrdered {
  std::int64_t changed = 0;
  std::vector<std::int64_t> machines;           // whose history keeps it
  std::map<std::string, std::int64_t> refused;  // why, how many
};
// Orders it about these jobs: each as it is now, all or none of up to a thousand of one owner. Errors: of the ledger;
// what was ordered before stands.
Outcome<JobsOrdered> act(const LedgerPlace& place, const Asker& who, JobOrder order, const std::vector<JobView>& jobs,
                         const std::string& why);

}  // namespace deploy::operations
