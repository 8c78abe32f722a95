// schemas/codec/messages.hpp: every message that crosses a socket, as plain structs, and their Protobuf encoding
// (proto/wire.proto). decode() never throws and accepts any bytes: what it can't read is a DecodeError with a reason.
// The .cpp files are the only code that includes generated headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/job.hpp"
#include "machines/core/result.hpp"

namespace schemas {

inline constexpr int wire_version = 1;

// ---- worker -> broker
struct Capability {
  std::string kind;  // machine that this worker decides
  int version = 1;
  std::vector<std::string> outside_commands;  // commands that call an outside party: the outside credit counts them
  std::vector<std::string> commands = {};     // those that this worker runs; empty: all. Events it takes in any case
  bool operator==(const Capability&) const = default;
};
// A worker registers, and again after a reconnect: who it is, what it can do, what it still holds. Answered with
// Welcome or Refused.
struct Ready {
  std::string worker;  // stable id of the worker process; the routing id is fresh per socket
  int wire = wire_version;
  int schema = 0;  // newest migration that the worker knows
  std::vector<Capability> capabilities;
  std::vector<machines::Token> held;  // leases that it still works on
  int pure_credit = 512;
  int outside_credit = 16;
  // Drawn once by each process: tells one that registers again from another one of its name. Empty: not told.
  machines::Token incarnation = {};
  bool operator==(const Ready&) const = default;
};
// doubt: the commit's outcome is unknown; look at the job's row. settled: done, and what it ordered stays with the
// worker or waits for a later world time: there is nothing new to claim now.
enum class DoneKind { done, kept, rearmed, doubt, settled };
struct DoneJob {
  machines::Token token;
  DoneKind kind = DoneKind::done;
  bool operator==(const DoneJob&) const = default;
};
// Jobs whose steps stand in the ledger. Not answered.
struct Done {
  std::vector<DoneJob> jobs;
  std::vector<machines::LeasedJob> minted;  // eager follow-ups that this worker now holds
  bool operator==(const Done&) const = default;
};
// A job that could not be done: the broker gives it back with a delay, or parks it.
struct Failed {
  machines::Token token;
  machines::CallError error = machines::CallError::retry_later;
  std::int64_t retry_after_ms = 0;  // 0: the broker's own back-off
  std::string reason;               // for people
  bool fatal = false;               // park at once
  bool waits = false;               // for something that is not its own: no try is counted
  machines::GiveUpCode code = machines::GiveUpCode::other;
  bool operator==(const Failed&) const = default;
};
// From a broker it may name leases that the worker should hold by now. The worker hands those that it does not hold
// back: the Assign that named them was lost on its way.
struct Heartbeat {
  std::vector<machines::Token> held = {};
  bool operator==(const Heartbeat&) const = default;
};
struct Goodbye {  // the worker drains: jobs handed back unstarted; the broker answers with an empty one
  std::vector<machines::Token> unstarted;
  bool operator==(const Goodbye&) const = default;
};
struct HandedBack {  // what a Revoke named and was not begun, or a Heartbeat named and is not held
  std::vector<machines::Token> unstarted;
  bool operator==(const HandedBack&) const = default;
};

// ---- broker -> worker
struct Revoke {  // these are not wanted any more: what has not begun is handed back, the rest runs to its end
  std::vector<machines::Token> tokens;
  bool operator==(const Revoke&) const = default;
};
// The broker knows the worker: how often it wants a Heartbeat, and after which silence the leases pass on.
struct Welcome {
  std::int64_t heartbeat_ms = 1000;
  std::int64_t ttl_ms = 3000;
  bool operator==(const Welcome&) const = default;
};
struct Refused {
  std::string reason;               // "register again" to a peer the broker does not know
  std::int64_t retry_after_ms = 0;  // more than 0: not now (the store is away); ask again after this long
  bool operator==(const Refused&) const = default;
};
// Jobs that are leased for this worker from now on.
struct Assign {
  std::vector<machines::LeasedJob> jobs;  // all of one shard
  // Up to here world time may pass as far as others are concerned: these are the only open jobs, and no order waits
  // for an open. 0: not known. A worker may then look further ahead than it was asked to, before it writes anything.
  machines::Instant alone_until = {};
  bool operator==(const Assign&) const = default;
};

// ---- client <-> broker
// World time may advance to world_at: jobs with world_at <= this become claimable. Answered by Released when none of
// them is open in any state, or with stalled set when one of them is parked. From there it may go on by itself to the
// world time of each `ahead` in turn, and is answered once for all that passed; it stops before one when a job is due
// by then at `unless_due` or earlier, for the worker of that job must act first.
struct Ahead {
  machines::Instant unless_due;
  machines::Instant world_at;
  bool operator==(const Ahead&) const = default;
};
constexpr std::size_t most_ahead = 256;
struct Release {
  machines::Instant world_at;
  std::vector<Ahead> ahead = {};  // ascending, at most most_ahead
  bool operator==(const Release&) const = default;
};
struct Released {
  machines::Instant world_at;
  bool stalled = false;
  machines::JobKey parked;     // when stalled
  std::string reason;          // when stalled
  machines::Instant next_due;  // the earliest world time of any open job; INT64_MAX when none is
  // Which shards it speaks for, and all that have an owner: where several brokers run, a world time has passed once
  // answers for it cover all of these.
  std::vector<int> shards = {}, live = {};
  bool operator==(const Released&) const = default;
};
// Delivers an event to an instance, as a durable job at world_at.
struct Submit {
  machines::OwnerId owner;
  machines::InstanceId instance;
  std::string event;
  machines::Instant world_at;
  bool operator==(const Submit&) const = default;
};
// not_taken: PostgreSQL refused, or gave no answer, and `reason` says how; accepted: the event stands, or stood before;
// no_such_instance: none lives by this id, and none ever will again. On the wire by its number: append only.
enum class SubmitAnswer { not_taken, accepted, no_such_instance };
struct Submitted {
  machines::InstanceId instance;
  SubmitAnswer answer = SubmitAnswer::not_taken;
  std::string reason;  // for people
  bool operator==(const Submitted&) const = default;
};
// The job is not to run: the broker drops it from its memory, or asks the worker that has it to hand it back unstarted.
// Whether the row may go is the ledger's to say, before this is sent.
struct Cancel {
  machines::JobKey key;
  bool operator==(const Cancel&) const = default;
};
// unknown: not in this broker's memory; asked: with a worker, which hands it back unless it has begun.
enum class CancelResult { unknown, dropped, asked };
struct Cancelled {
  machines::JobKey key;
  CancelResult result = CancelResult::unknown;
  bool operator==(const Cancelled&) const = default;
};
// Asks for a BrokerView.
struct Query {
  bool operator==(const Query&) const = default;
};
struct WorkerView {
  std::string worker;
  int in_flight = 0;
  std::int64_t silent_ms = 0;
  bool operator==(const WorkerView&) const = default;
};
// Peers and messages turned away, by reason.
struct RefusalView {
  std::string reason;
  std::int64_t count = 0;
  bool operator==(const RefusalView&) const = default;
};
// A limit that caps throughput now: jobs wait for it although a worker could take them.
struct LimitView {
  std::string name, key;  // of the rule; whose budget: "paper/main"
  int waiting = 0, in_flight = 0;
  std::int64_t since_ms = 0;  // how long at least one job has waited without a break
  std::string cap;            // "10/s", "4 in flight"
  bool operator==(const LimitView&) const = default;
};
// Jobs that no worker here can do; they are looked at again and again.
struct UnableView {
  std::string kind, command;
  int jobs = 0;
  bool operator==(const UnableView&) const = default;
};
struct BrokerView {
  std::string broker;
  std::int64_t epoch = 0;
  std::vector<WorkerView> workers;
  std::int64_t dispatched = 0, reissued = 0, refused_peers = 0;
  std::vector<RefusalView> refusals = {};  // of refused_peers
  std::vector<int> shards = {};            // that it serves
  std::string waits_for = {};              // not empty: it gives out no job until this is over
  std::vector<LimitView> limits = {};
  std::vector<UnableView> unable = {};
  std::int64_t overdue = 0;          // jobs that were taken from a worker because their deadline had passed
  machines::Instant world_now = {};  // jobs up to here may be claimed; 0: no world time was released yet
  std::int64_t world_ms = 0;         // since when
  bool operator==(const BrokerView&) const = default;
};

using Message = std::variant<Ready, Done, Failed, Heartbeat, Goodbye, Welcome, Refused, Assign, Release, Released,
                             Submit, Submitted, Query, BrokerView, HandedBack, Revoke, Cancel, Cancelled>;

// ---- worker or feed <-> venue. Amounts travel as whole minor units, prices as 10^-8.
enum class Side { buy, sell };
// Answered with an OrderReport or a VenueRefusal. A second one under the same id places nothing where ids are for ever.
struct PlaceOrder {
  std::string client_id;  // 32 hex digits, the same for every attempt
  std::string symbol;     // ETH/USDT
  Side side = Side::buy;
  machines::Int128 size = 0;    // buy: quote to spend, fee included; sell: base to sell
  machines::Instant placed_at;  // world time
  // The venue's wall clock, microseconds since the epoch: a venue that enforces deadlines takes nothing of this later
  // than that. 0: no deadline.
  std::int64_t not_after_us = 0;
  bool operator==(const PlaceOrder&) const = default;
};
// Asks for the report of one order. Answered with an OrderReport, whose status may be not_found.
struct QueryOrder {
  std::string client_id;
  bool deep = false;  // look among open orders, closed orders and fills, not just open ones
  bool operator==(const QueryOrder&) const = default;
};
// Cancels an order by its id; where the venue keeps tombstones, an unknown id is barred for ever. Answered with an
// OrderReport.
struct CancelOrder {
  std::string client_id;
  bool operator==(const CancelOrder&) const = default;
};
// The venue learns the open of the bar that begins at opens_at; resting orders placed before it may fill. Idempotent.
struct OpenBar {
  std::string symbol;
  machines::Instant opens_at;
  machines::Price open;
  bool operator==(const OpenBar&) const = default;
};
struct StatementRequest {  // balances of the account, for reconciliation
  bool operator==(const StatementRequest&) const = default;
};
// A person trades on the exchange, past this program: filled at once, at the last open that the venue knows. The id
// makes it idempotent. Answered with a Statement or a VenueRefusal.
struct HandTrade {
  std::string id;
  std::string symbol;
  Side side = Side::buy;
  machines::Int128 size = 0;  // buy: quote to spend, fee included; sell: base to sell
  machines::Instant at;       // world time
  bool operator==(const HandTrade&) const = default;
};
// Coins come to the account from outside (positive), or go (negative). The id makes it idempotent. Answered with a
// Statement or a VenueRefusal.
struct HandTransfer {
  std::string id;
  std::string asset;
  machines::Int128 amount = 0;
  machines::Instant at;  // world time
  bool operator==(const HandTransfer&) const = default;
};
// A part of an order that was carried out. Amounts in minor units.
struct Fill {
  int number = 0;        // 1..n within the order
  machines::Instant at;  // world time: the bar's open
  machines::Price price;
  machines::Int128 base = 0, quote = 0, fee = 0;
  bool is_maker = false;
  std::string fee_asset;  // what the fee was taken in; empty: the quote
  bool operator==(const Fill&) const = default;
};
enum class OrderStatus { resting, filled, cancelled, rejected, not_found };
struct OrderReport {
  std::string client_id;
  OrderStatus status = OrderStatus::resting;
  std::string reason;       // when rejected: below_minimum, insufficient_funds, told_to_reject, ...
  bool duplicate = false;   // a PlaceOrder whose id already stood: the report is of the existing order
  std::vector<Fill> fills;  // all of them so far
  // The order that the venue has under this id, so that the report can be held against ours. An empty symbol: it has
  // none, or no order but a bar against one.
  std::string symbol = {};
  Side side = Side::buy;
  machines::Int128 size = 0;
  std::int64_t venue_us = 0;  // the venue's wall clock when it answered, as PlaceOrder::not_after_us
  bool operator==(const OrderReport&) const = default;
};
struct BarTaken {
  machines::Instant opens_at;
  int filled = 0;  // how many orders got a fill
  bool operator==(const BarTaken&) const = default;
};
struct StatementLine {
  std::string asset;
  machines::Int128 total = 0;
  bool operator==(const StatementLine&) const = default;
};
// A fill on our account of an order that carries no client id of ours: a person's, or another program's.
struct ForeignFill {
  std::string id;  // the venue's, unique for ever
  std::string symbol;
  machines::Instant at;  // world time
  Side side = Side::buy;
  machines::Int128 base = 0, quote = 0, fee = 0;
  std::string fee_asset;  // what the fee was taken in; empty: the quote
  bool operator==(const ForeignFill&) const = default;
};
struct Statement {
  std::vector<StatementLine> lines;
  std::vector<ForeignFill> foreign;  // all of them, oldest first
  bool operator==(const Statement&) const = default;
};
struct VenueRefusal {  // the request could not be understood or served; the venue took nothing of it
  std::string reason;
  std::int64_t retry_after_ms = 0;  // not 0: it would be served after so long
  bool operator==(const VenueRefusal&) const = default;
};

// What a key may do at the venue, asked by a peer that proves to have the key's secret: `proof` is made with it
// (workers/venues/paper/keys.hpp), and is good for a minute of wall time around asked_us.
struct KeyInfoRequest {
  std::string account, api_key;
  std::int64_t asked_us = 0;
  std::string proof;
  bool operator==(const KeyInfoRequest&) const = default;
};
struct KeyInfo {
  std::string account;
  bool read = false, trade = false, withdraw = false;
  bool bound = false;           // it works from listed addresses only
  std::int64_t expires_us = 0;  // 0: never
  std::int64_t rate_used_ppm = 0;
  bool operator==(const KeyInfo&) const = default;
};

// By what rules the venue deals, asked by a peer that may place orders there: what workers/venues/properties.hpp has at
// length.
struct VenueRulesRequest {
  bool operator==(const VenueRulesRequest&) const = default;
};
struct VenueRules {
  bool ids_for_ever = false, tombstones = false, enforces_deadline = false;
  std::int64_t request_life_ms = 0, settle_ms = 0;
  bool operator==(const VenueRules&) const = default;
};

using VenueMessage =
    std::variant<PlaceOrder, QueryOrder, CancelOrder, OpenBar, StatementRequest, HandTrade, HandTransfer, OrderReport,
                 BarTaken, Statement, VenueRefusal, KeyInfoRequest, KeyInfo, VenueRulesRequest, VenueRules>;

// No message is longer: a socket drops what is, a decoder refuses it unread.
inline constexpr std::size_t longest_message = 4 << 20;

struct DecodeError {
  std::string reason;
  std::uint64_t correlation = 0;  // of a venue frame that could be read that far, so that the refusal can name it
};

// Under whose key a request is made, with the proof that the sender has its secret: made over the request, its
// correlation and this (workers/venues/paper/signature.hpp), and good for a minute of wall time around signed_us.
struct Signature {
  std::string account, api_key;
  std::int64_t signed_us = 0;
  std::string proof;
  bool operator==(const Signature&) const = default;
};

// A venue request carries a correlation number, which its answer repeats.
struct VenueFrame {
  std::uint64_t correlation = 0;
  VenueMessage message;
  std::optional<Signature> signature = {};  // of requests: where the venue asks for one
  std::int64_t rate_used_ppm = 0;           // of answers to a signed request: the share of its key's limit
  bool operator==(const VenueFrame&) const = default;
};

// Free text (a reason) is made readable first: valid UTF-8 without NUL, at most 4,096 bytes. Words must be that
// already. decode() reads bytes of any origin and length. Errors: the first thing that is wrong, in words; where a
// venue frame could be read so far, with its correlation. decode(encode(m)) is m.
std::string encode(const Message& message);
machines::Result<Message, DecodeError> decode(std::string_view bytes);
std::string encode_venue(const VenueFrame& frame);
machines::Result<VenueFrame, DecodeError> decode_venue(std::string_view bytes);

}  // namespace schemas
