// ledger/model/rows.hpp: the rows of the in-memory ledger, table by table as schemas/sql has them. Data only: a test
// that holds a copy may look at it, or spoil it and ask verify() (verify.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/step.hpp"

namespace ledger::model {

using machines::AccountId;
using machines::AssetId;
using machines::HoldKey;
using machines::InstanceId;
using machines::Int128;
using machines::JobKey;
using machines::OwnerId;

struct Counters {
  Int128 debits_pending = 0, debits_posted = 0, credits_pending = 0, credits_posted = 0;  // minor units
  // What may still be spent of the account: its credits less its debits, held ones included.
  [[nodiscard]] Int128 available() const { return credits_posted - debits_posted - debits_pending; }
  bool operator==(const Counters&) const = default;
};

// An account and its running counters.
struct Account {
  OwnerId owner;
  std::string path;  // one per owner
  AssetId asset;
  bool limited = false;        // debits_pending + debits_posted <= credits_posted
  machines::SleeveId fund{0};  // the sleeve whose money it holds; 0: of no sleeve (the vault's, the venue's)
  Counters counters;
  std::int64_t version = 0;  // how many entries
};

struct InstanceKey {
  OwnerId owner;
  InstanceId id;
  constexpr auto operator<=>(const InstanceKey&) const = default;
};

// An instance as it stands: one row, whose history is in Transition.
struct Instance {
  std::string kind, state, data;
  int machine_version = 1;
  std::int64_t version = 0;
  bool is_final = false;
  InstanceId parent{0};
  machines::SleeveId sleeve{0};
};

struct TransitionKey {
  OwnerId owner;
  InstanceId instance;
  std::int64_t version = 0;  // after the move
  constexpr auto operator<=>(const TransitionKey&) const = default;
};

// One move of one instance, as it was committed. Never changed.
struct Transition {
  InstanceId step_instance;  // the step that it is part of
  std::int64_t step_version = 0;
  std::string kind, from, to, event, command, data, jobs;
  int machine_version = 1;
  machines::Instant world_at;
};

// The step under its key (instance, version after): its content as bytes, and what it gave birth to.
struct StepRecord {
  std::string content;
  std::vector<InstanceId> born;
};

struct PostingKey {
  OwnerId owner;
  HoldKey leg;  // (instance, version, leg)
  constexpr auto operator<=>(const PostingKey&) const = default;
};

struct PostingRow {
  machines::PostingKind kind = machines::PostingKind::single;
  AccountId debit, credit;
  AssetId asset;
  Int128 amount = 0;
  std::string code;
  HoldKey hold;  // of a post or void
  machines::Instant world_at;
};

struct EntryKey {
  AccountId account;
  std::int64_t version = 0;  // 1 and up, gapless
  constexpr auto operator<=>(const EntryKey&) const = default;
};

// One account's side of a posting, with the counters after it.
struct Entry {
  PostingKey posting;
  bool is_credit = false;
  Counters after;
};

// What a posting of kind hold has reserved, and what resolved it.
struct Hold {
  AccountId debit, credit;
  AssetId asset;
  Int128 reserved = 0;
  InstanceId resolved_by{0};  // 0 while it stands
  std::int64_t resolved_version = 0;
};

// An open job; a job that is done has no row.
struct Job {
  std::string kind, command, parked, last_error;  // parked: why; empty when it is not
  bool is_event = false;
  machines::Instant world_at;
  std::int64_t run_at_us = 0;  // wall time; 0: at once
  int attempt = 0, tries = 0;
  machines::Token token;  // empty: it has no lease
};

struct RefusalKey {
  TransitionKey step;
  machines::Token token;
  constexpr auto operator<=>(const RefusalKey&) const = default;
};

struct Owner {
  int shard = 0;
  std::int64_t control_epoch = 0;  // a step was decided at this one plus that of all owners
  bool is_frozen = false;          // of everything: nothing may leave
};

struct Rows {
  std::map<AssetId, std::string> assets;  // codes
  std::map<int, std::int64_t> shards;     // fencing epochs; a shard that is not here is at 0
  std::int64_t control_epoch = 0;         // pause and freeze of all owners
  bool is_frozen = false;                 // all owners, of everything
  std::map<OwnerId, Owner> owners;
  std::map<AccountId, Account> accounts;
  std::map<InstanceKey, Instance> instances;
  std::map<TransitionKey, Transition> transitions;
  std::map<TransitionKey, StepRecord> steps;
  std::map<PostingKey, PostingRow> postings;
  std::map<EntryKey, Entry> entries;
  std::map<PostingKey, Hold> holds;
  std::map<JobKey, Job> jobs;
  std::map<RefusalKey, machines::Refusal> refusals;
};

}  // namespace ledger::model
