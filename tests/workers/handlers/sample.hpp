// tests/workers/handlers/sample.hpp: one flash sleeve that trades ETH/USDT (USDT in cents, ETH in thousandths), jobs
// for it and the facts that a worker would read: what the tests of all handlers start from and change.
#pragma once

#include <gmock/gmock.h>

#include "schemas/codec/data.hpp"
#include "workers/handlers/allocation.hpp"
#include "workers/handlers/compose.hpp"
#include "workers/handlers/cycle.hpp"
#include "workers/handlers/order.hpp"
#include "workers/handlers/vault.hpp"

namespace tests::handlers {

inline const machines::Asset usdt{{1}, "USDT", 2}, eth{{2}, "ETH", 3};
inline constexpr machines::OwnerId owner{1};
inline constexpr machines::SleeveId flash{5};
inline constexpr machines::InstanceId cycle_id{70}, sleeve_id{50}, allocation_id{90}, vault_id{40};
// A close: a millisecond before an hour opens.
inline constexpr machines::Instant close_time = machines::Instant{0} + machines::hours(10) - machines::milliseconds(1);

inline machines::Amount dollars(machines::Int128 minor) { return {usdt.id, minor}; }
inline machines::Amount coins(machines::Int128 minor) { return {eth.id, minor}; }

inline ledger::books::Sleeve sleeve() {
  ledger::books::Sleeve made;
  made.owner = owner;
  made.id = flash;
  made.name = "flash";
  made.symbol = "ETH/USDT";
  made.strategy = schemas::write_momentum({});
  made.kind = machines::SleeveKind::flash;
  made.accounts = {{11}, {12}, {13}, {14}, {15}, {16}, {17}, {18}, {19}, {}, {}};
  made.instrument = {eth, usdt, coins(1), dollars(1'000), {1'000}, {1'000}};
  return made;
}

inline ledger::books::Sleeves sleeves() { return {{{owner, flash}, sleeve()}}; }

inline machines::LeasedJob job_of(machines::InstanceId instance, std::string kind, std::string command) {
  machines::LeasedJob job;
  job.key = {owner, instance, 3, 0};
  job.token.bytes[0] = 9;
  job.kind = std::move(kind);
  job.command = std::move(command);
  job.world_at = close_time;
  return job;
}

inline machines::LeasedJob event_for(machines::InstanceId instance, std::string kind, std::string event) {
  auto job = job_of(instance, std::move(kind), std::move(event));
  job.is_event = true;
  return job;
}

// Of any instance that belongs to the sleeve: nothing paused or frozen, 100.00 USDT free, 100.00 allocated.
inline ledger::journal::Facts facts_of(std::string kind, std::string state, std::string data, std::int64_t version) {
  ledger::journal::Facts facts;
  facts.kind = std::move(kind);
  facts.state = std::move(state);
  facts.data = std::move(data);
  facts.version = version;
  facts.frozen = "no";
  facts.control_epoch = 7;
  facts.sleeve = flash;
  facts.sleeve_instance = sleeve_id;
  facts.sleeve_version = 2;
  facts.sleeve_data = schemas::write_sleeve({dollars(10'000)});
  facts.quote_available = 10'000;
  return facts;
}

inline const machines::Step& step_in(const workers::handlers::Decision& decision) {
  static const machines::Step none;
  const auto* commit = std::get_if<workers::handlers::Commit>(&decision);
  const auto* given_up = std::get_if<workers::handlers::GiveUp>(&decision);
  EXPECT_NE(commit, nullptr) << (given_up != nullptr ? given_up->reason : "it calls");
  return commit != nullptr ? commit->step : none;
}

inline workers::handlers::GiveUp given_up(const workers::handlers::Decision& decision) {
  const auto* made = std::get_if<workers::handlers::GiveUp>(&decision);
  EXPECT_NE(made, nullptr);
  return made != nullptr ? *made : workers::handlers::GiveUp{};
}

// The job is done and nothing else is written.
inline void expect_nothing_but(const workers::handlers::Decision& decision, machines::Fate fate) {
  const machines::Step& step = step_in(decision);
  EXPECT_EQ(step.fate, fate);
  EXPECT_TRUE(step.moves.empty() && step.postings.empty() && step.jobs.empty());
}

// Whatever is decided answers the job under its lease, at the epoch that the facts were read at.
inline void expect_addressed(const machines::Step& step, const machines::LeasedJob& job) {
  EXPECT_EQ(step.owner, owner);
  EXPECT_EQ(step.job, job.key);
  EXPECT_EQ(step.token, job.token);
  EXPECT_EQ(step.world_at, job.world_at);
  EXPECT_EQ(step.control_epoch, 7);
}

}  // namespace tests::handlers
