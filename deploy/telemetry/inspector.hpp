// deploy/telemetry/inspector.hpp: looks, a bounded slice at a time, whether every live instance has something that will
// move it, and writes what it counted to DATA/metrics.prom (Prometheus text; node_exporter's textfile collector takes
// it as it is). Reads the ledger and the broker; the one thing it changes: it frees jobs that a pause which is gone
// still held. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deploy/house/data_folder.hpp"
#include "deploy/house/stuck.hpp"
#include "ledger/books/books.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "ledger/jobs/jobs.hpp"
#include "schemas/codec/messages.hpp"

namespace deploy {

// What one pass has found.
struct Inspection {
  std::int64_t live = 0;  // instances that are not final
  std::vector<ledger::books::Stranded> stranded;
  ledger::jobs::Counts jobs;
  std::vector<std::string> overdue;            // schedules, a sentence each
  std::vector<ledger::jobs::JobGroup> parked;  // by kind, command and reason
  std::vector<schemas::BrokerView> brokers;    // that answer
  std::vector<StuckWork> stuck;                // ready, and taken by no worker
};

// The pass as Prometheus text: each metric with its help and type, names that begin with bursar_.
std::string metrics_text(const Inspection& found);

class Inspector {
 public:
  // Borrows both. A ready job is stuck once no worker has taken it for longer than `stuck_after_s`.
  Inspector(const Layout& layout, ledger::Connection& connection, std::int64_t stuck_after_s = 30)
      : layout_(layout), connection_(connection), stuck_after_s_(stuck_after_s) {}

  // One slice of the pass that is under way; begins one every minute, the first after three seconds. True when a pass
  // has just ended. Where PostgreSQL does not answer, the pass is begun anew later. `now_us`: a monotonic clock.
  bool step(std::int64_t now_us);
  // Of the last pass that ended.
  [[nodiscard]] const Inspection& last() const { return last_; }

 private:
  bool finish();

  const Layout& layout_;
  ledger::Connection& connection_;
  std::int64_t stuck_after_s_;
  ledger::books::LiveSlice at_;
  Inspection now_, last_;
  bool is_under_way_ = false;
  std::int64_t next_us_ = 0;  // when the next pass begins; 0: step() was not called yet
};

}  // namespace deploy
