#include "deploy/telemetry/inspector.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/house/broker_view.hpp"
#include "ledger/env/atomic_file.hpp"
#include "ledger/journal/epochs.hpp"

namespace deploy {

using brokers::schedule::overdue_now;
using ledger::env::write_whole;

namespace {

constexpr std::int64_t first_us = 3'000'000;
constexpr std::int64_t period_us = 60'000'000;
constexpr std::int64_t most_per_slice = 10'000;

void add(std::string& text, const char* name, const char* kind, const char* help,
         const std::vector<std::pair<std::string, std::int64_t>>& values) {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
  for (const auto& [labels, value] : values) text += fmt::format("{}{} {}\n", name, labels, value);
}

std::string label_text(const std::string& value) {
  std::string made;
  for (const char c : value) {
    if (c == '\\' || c == '"') made += '\\';
    made += c == '\n' ? ' ' : c;
  }
  return made;
}

// One line for each broker, by its name.
void add_brokers(std::string& text, const std::vector<schemas::BrokerView>& brokers) {
  struct Figure {
    const char* name;
    const char* type;
    const char* help;
    std::int64_t (*of)(const schemas::BrokerView&);
  };
  constexpr Figure figures[] = {
      {"bursar_workers", "gauge", "Workers that are registered.",
       [](const schemas::BrokerView& view) { return static_cast<std::int64_t>(view.workers.size()); }},
      {"bursar_jobs_in_flight", "gauge", "Leases that workers hold.",
       [](const schemas::BrokerView& view) {
         std::int64_t sum = 0;
         for (const auto& worker : view.workers) sum += worker.in_flight;
         return sum;
       }},
      {"bursar_jobs_dispatched_total", "counter", "Jobs given to workers.",
       [](const schemas::BrokerView& view) { return view.dispatched; }},
      {"bursar_jobs_reissued_total", "counter", "Jobs taken from workers that were lost.",
       [](const schemas::BrokerView& view) { return view.reissued; }},
      {"bursar_refused_peers_total", "counter", "Peers and messages that were refused.",
       [](const schemas::BrokerView& view) { return view.refused_peers; }},
  };
  for (const Figure& figure : figures) {
    std::vector<std::pair<std::string, std::int64_t>> lines;
    lines.reserve(brokers.size());
    for (const auto& broker : brokers)
      lines.emplace_back(fmt::format("{{broker=\"{}\"}}", label_text(broker.broker)), figure.of(broker));
    if (!lines.empty()) add(text, figure.name, figure.type, figure.help, lines);
  }
}

}  // namespace

std::string metrics_text(const Inspection& found) {
  std::string text;
  add(text, "bursar_live_instances", "gauge", "Instances that are not final.", {{"", found.live}});
  add(text, "bursar_stranded", "gauge", "Live instances that nothing will ever move. Must be 0.",
      {{"", static_cast<std::int64_t>(found.stranded.size())}});
  add(text, "bursar_jobs", "gauge", "Open jobs by what they wait for.",
      {{"{state=\"ready\"}", found.jobs.ready},
       {"{state=\"timer\"}", found.jobs.timers},
       {"{state=\"leased\"}", found.jobs.leased},
       {"{state=\"delayed\"}", found.jobs.delayed},
       {"{state=\"parked\"}", found.jobs.parked},
       {"{state=\"held\"}", found.jobs.held}});
  std::map<std::string, std::int64_t> parked;
  for (const auto& group : found.parked)
    parked[fmt::format("{{kind=\"{}\",command=\"{}\"}}", label_text(group.kind), label_text(group.command))] +=
        group.count;
  add(text, "bursar_parked_jobs", "gauge", "Jobs that wait for a person.", {parked.begin(), parked.end()});
  std::map<std::string, std::int64_t> stuck;
  for (const auto& one : found.stuck)
    stuck[fmt::format("{{kind=\"{}\",command=\"{}\"}}", label_text(one.jobs.kind), label_text(one.jobs.command))] =
        one.jobs.count;
  add(text, "bursar_stuck_jobs", "gauge", "Ready jobs that nobody has taken for too long.",
      {stuck.begin(), stuck.end()});
  add(text, "bursar_overdue_schedules", "gauge", "What schedules should have done, or ended, five minutes ago.",
      {{"", static_cast<std::int64_t>(found.overdue.size())}});
  add(text, "bursar_brokers_up", "gauge", "Brokers that answer.",
      {{"", static_cast<std::int64_t>(found.brokers.size())}});
  add_brokers(text, found.brokers);
  return text;
}

bool Inspector::step(std::int64_t now_us) {
  if (next_us_ == 0) next_us_ = now_us + first_us;
  if (!is_under_way_) {
    if (now_us < next_us_) return false;
    is_under_way_ = true;
    next_us_ = now_us + period_us;
    at_ = {};
    now_ = {};
  }
  auto slice = ledger::books::Books(connection_).look_for_stranded(at_, most_per_slice);
  if (!slice) {
    is_under_way_ = false;
    return false;
  }
  if (slice->looked_at == 0) return finish();
  now_.live += slice->looked_at;
  now_.stranded.insert(now_.stranded.end(), slice->stranded.begin(), slice->stranded.end());
  at_ = std::move(*slice);
  return false;
}

bool Inspector::finish() {
  is_under_way_ = false;
  ledger::jobs::JobAdmin admin(connection_);
  if (!admin.free_held()) return false;
  const auto world = ledger::journal::world_now(connection_);
  if (!world) return false;
  const auto counts = ledger::jobs::Jobs(connection_).counts(*world);
  auto parked = admin.groups({.state = "parked"}, *world);
  auto overdue = overdue_now(connection_);
  if (!counts || !parked || !overdue) return false;
  now_.overdue = std::move(*overdue);
  now_.jobs = *counts;
  now_.parked = std::move(*parked);
  const auto seats = ledger::jobs::Seats(connection_).all();
  if (!seats) return false;
  for (auto& [seat, view] : ask_brokers(layout_, *seats))
    if (view) now_.brokers.push_back(std::move(*view));
  auto stuck = stuck_now(connection_, now_.brokers, stuck_after_s_);
  if (!stuck) return false;
  now_.stuck = std::move(*stuck);
  last_ = std::move(now_);
  return write_whole(layout_.metrics(), metrics_text(last_));
}

}  // namespace deploy
