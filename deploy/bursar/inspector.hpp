// deploy/bursar/inspector.hpp: looks, a bounded slice at a time, whether every live instance has something that will
// move it, and writes what it counted to DATA/metrics.prom (Prometheus text; node_exporter's textfile collector takes
// it as it is). Reads the ledger and the broker; the one thing it changes: it frees jobs that a pause which is gone
// still held. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deploy/bursar/layout.hpp"
#include "ledger/books/books.hpp"
#include "ledger/jobs/desk.hpp"
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
};

std::string metrics_text(const Inspection& found);

class Inspector {
 public:
  Inspector(const Layout& layout, ledger::Connection& connection) : layout_(layout), connection_(connection) {}

  // One slice of the pass that is under way; begins one every minute, the first after
  // three seconds. True when a pass has just ended. Where PostgreSQL
  // does not answer, the pass is begun anew later.
  bool step(std::int64_t now_us);
  // Of the last pass that ended.
  [[nodiscard]] const Inspection& last() const { return last_; }

 private:
  bool finish();

  const Layout& layout_;
  ledger::Connection& connection_;
  ledger::books::LiveSlice at_;
  Inspection now_, last_;
  bool is_under_way_ = false;
  std::int64_t next_us_ = 0;  // when the next pass begins; 0: nobody has asked yet
};

}  // namespace deploy
