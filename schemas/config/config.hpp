// schemas/config/config.hpp: the configuration of one deployment, read from TOML with errors that name file, line,
// column, field and what to write instead. Exact decimals all the way: no float holds a setting. Nothing throws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/result.hpp"
#include "machines/core/sleeve.hpp"
#include "machines/costs/costs.hpp"
#include "machines/strategy/momentum/momentum.hpp"

namespace schemas::config {

// A plain decimal number of coins or price, exact: units * 10^-scale, without zeros at the end.
struct Decimal {
  machines::Int128 units = 0;
  int scale = 0;
  // Errors: not_a_number (no exponent, no separators), over_precise (more than 18 decimals), overflow.
  static machines::Result<Decimal, machines::AmountError> parse(std::string_view text);
  // So many whole coins.
  static Decimal whole(std::int64_t coins) { return {coins, 0}; }
  // Whole units of 10^-scale; nothing when that would lose a digit or is too large.
  [[nodiscard]] std::optional<machines::Int128> at_scale(int to_scale) const;
  // The shortest decimal text of the value: "15000", "0.1"; parse() of it gives the same value.
  [[nodiscard]] std::string text() const;
  bool operator==(const Decimal&) const = default;
};

// Decimals of an asset when it is first seen: USD, USDT, USDC and BTC 8, every other coin 18 (DESIGN 5).
int default_scale(std::string_view asset);

// The one rule for asset names, in files and commands: 2 to 12 capitals and digits.
bool is_asset(std::string_view text);

struct VaultConfig {
  std::string asset = "USDT";                  // the wallet's asset
  Decimal total = Decimal::whole(20'000);      // Total Coins at the first start
  Decimal tradeable = Decimal::whole(15'000);  // of those, Tradeable Coins
  std::string reserve = "none";                // what must stay out of Tradeable: none, fixed, flexing
  machines::Rate reserve_least{50'000};        // of Total Coins; fixed: exactly
  machines::Rate reserve_most{200'000};        // flexing: at high volatility
  std::string idle_to;                         // the sleeve that idle Tradeable Coins go to by themselves; "": none
  machines::Rate idle_most{100'000};           // of Total Coins, per day
  machines::Rate reclaim_after_loss{0};        // of its allocation: a sleeve that lost so much gives back; 0: never
};

struct SleeveConfig {
  std::string name;
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  Decimal allocation;  // Tradeable Coins given to it at the first start
  machines::strategy::Momentum strategy;
};

// When a venue's word about an order is final (workers/venues/properties.hpp has the rules at length).
struct PropertiesConfig {
  std::string ids = "for_ever";          // or among_open: an id whose order has ended may make a second one
  bool tombstones = true;                // a cancel of an unknown id bars it
  std::string deadline = "none";         // or enforced: nothing is taken after the moment that a request names
  std::int64_t request_life_ms = 5'000;  // nothing is taken later than this after it was written; 0: not known
  std::int64_t settle_ms = 200;          // what was taken shows at the latest after this
  bool operator==(const PropertiesConfig&) const = default;
};

// The simulated exchange. Shares are in ppm.
struct PaperConfig {
  machines::Rate maker_fee{1'000}, taker_fee{1'000};
  machines::Rate half_spread{100};       // a taker pays the open + this, or gets it - this
  machines::Rate slippage{200};          // at most; drawn per fill, against the taker
  machines::Rate partial_fill{150'000};  // chance that an order fills in two parts
  machines::Rate reject{0};              // chance that an order is refused
  Decimal lot, tick, min_notional;       // base, quote, quote; 0: fits the prices (deploy/replay/market_fit)
  std::int64_t seed = 1;
  std::string fee_asset = "quote";  // or received (base of a purchase, quote of a sale), or a coin's code
  Decimal fee_price;                // of a coin: quote per coin
  Decimal fee_coins;                // what the account has of it at the first start
  [[nodiscard]] bool takes_coins() const { return fee_asset != "quote" && fee_asset != "received"; }
  std::vector<std::string> faults;  // how it misbehaves: "place:3:lose_answer"
  PropertiesConfig properties;
};

// How often things happen live. A replay goes by its bars.
struct CadenceConfig {
  machines::Duration price = machines::milliseconds(1'100);
  machines::Duration buy_check = machines::seconds(30);
  machines::Duration sell_check = machines::seconds(15);
};

// So many per period (of s, min, h or day), as "10/s" says it. parse_rate: nothing for any other text.
struct RatePer {
  std::int64_t count = 0, period_us = 0;
  bool operator==(const RatePer&) const = default;
};
std::optional<RatePer> parse_rate(std::string_view text);

// An owner's share: jobs per turn, beside the others of its shard.
struct WeightConfig {
  std::string owner;
  std::int64_t weight = 1;
};
// These jobs go before those of a lower level; what no rule names is at level 0.
struct PriorityConfig {
  std::string kind, command;
  std::int64_t level = 1;
};
// How much may go out: of each venue account, venue or owner, or of all that match together.
struct LimitConfig {
  std::string name, kind, command, venue, account;  // but for the name, empty is any
  std::string per = "account";                      // account, venue, owner, all
  std::int64_t max_in_flight = 0;                   // 0: no such limit
  std::string rate;                                 // "10/s"; empty: no such limit
  std::int64_t burst = 1;                           // at once, after a pause
};
// In flight longer than this: taken from the worker and run again.
struct DeadlineConfig {
  std::string kind, command;
  machines::Duration after = machines::seconds(60);
};
// How jobs are tried again after one class of error (machines::CallError).
struct RetryConfig {
  std::string error_class;           // retry_later, unknown_outcome, ...
  std::int64_t first_ms = 100;       // before the first retry
  std::int64_t longest_ms = 60'000;  // between two tries at most
  std::int64_t factor = 2;           // each wait is so many times the one before
  machines::Rate jitter{250'000};    // of the wait, drawn and added
  std::int64_t most_tries = 20;      // then:
  std::string then = "park";         // or keep_trying
};

struct BrokerConfig {
  std::int64_t count = 1;             // processes; each serves its share of the shards; 0: all are elsewhere
  std::int64_t seat_ttl_ms = 3'000;   // how long a dead broker's shards stay with it
  std::int64_t heartbeat_ms = 1'000;  // asked of workers
  std::int64_t ttl_ms = 3'000;        // silence after which a worker's leases pass on
  std::int64_t safety_poll_ms = 200;  // claim although no hint came
  std::int64_t claim_limit = 256;     // jobs per shard and claim
  std::int64_t most_tries = 20;       // business retries before a job is parked
  std::int64_t stuck_after_s = 30;    // ready jobs that no worker has taken for longer are named
  std::int64_t backoff_ms = 100;      // doubled per try, with jitter
  std::int64_t longest_backoff_ms = 60'000;
  std::vector<RetryConfig> retry;  // for the classes named; the others go by the three above (and see README)
  std::vector<WeightConfig> weights;
  std::vector<PriorityConfig> priorities;
  std::vector<LimitConfig> limits;
  std::vector<DeadlineConfig> deadlines;
};

struct WorkersConfig {
  std::int64_t count = 2;                 // processes
  std::int64_t group_commit_steps = 100;  // steps per commit call at most
  std::int64_t group_commit_ms = 5;       // how long a busy worker waits for a group to fill
  std::int64_t look_ahead_bars = 64;      // closes with nothing to do that one lease may pass over; 1: none
};

// The generated prices of a run without --replay.
struct SampleConfig {
  std::int64_t bars = 500;  // hourly
  std::int64_t seed = 1;
};

struct ReconcileConfig {
  std::int64_t minutes = 10;  // wall time between two comparisons with the venue while the house is open; 0: never
};

// How `bursar report` reckons.
struct ReportConfig {
  machines::costs::Basis cost_basis = machines::costs::Basis::average;
};

// The signed checkpoints of the audit chain.
struct AuditConfig {
  std::int64_t checkpoint_minutes = 5;  // `bursar up` signs one this often; 0: only at its start and end
};

// The logs in the data folder's log/, one a process.
struct LogsConfig {
  std::int64_t file_mb = 16;  // MiB that one may reach before it is set aside
  std::int64_t files = 3;     // set aside and kept, of each process; 0: none
};

// The PostgreSQL of --dsn.
struct PostgresConfig {
  bool allow_plain_postgres = false;  // without TLS, although it is neither on a Unix socket nor on loopback
};

// Parts of the house that run on other hosts (`bursar broker`, `worker`, `venue`). Brokers are found by their seats in
// the ledger.
struct ElsewhereConfig {
  std::string venue;           // the paper venue's endpoint; empty: it is a child of `bursar up`
  std::string venue_key_file;  // its public key, NAME.pub
};

// The master key that seals API keys at rest.
struct KeysConfig {
  std::string master_key_file;     // empty: keys/master.key in the data folder
  std::int64_t test_minutes = 10;  // 0: never by itself
};

// What the house does by the clock on the wall, once it is live.
struct ScheduleConfig {
  std::string name;
  std::string does;               // review, reconcile, test_keys, checkpoint
  std::string cron;               // minute, hour, day, month, weekday
  std::string zone = "UTC";       // Europe/Berlin
  std::string owner = "default";  // whose vaults (review), and whose history says what was done
  std::string overlap = "skip";   // while the one before is not done: skip, queue, allow
  std::string catch_up = "last";  // of the times that passed while the house was down: none, last, all
};

// What is wrong with one field.
struct Problem {
  std::string field;  // "sleeves[1].strategy.trail_percent"
  std::string what;   // "is -1; it must be at least 0"
  std::string hint;   // what to do; may be empty
  std::string file;
  int line = 0, column = 0;                // from 1; 0: the file as a whole
  [[nodiscard]] std::string text() const;  // "FILE:LINE:COLUMN: FIELD WHAT; HINT"
};

// Every problem found, in the order of the file; at least one.
struct ConfigError {
  std::vector<Problem> problems;
  [[nodiscard]] std::string text() const;  // one line each
};

struct Config {
  VaultConfig vault;
  std::vector<SleeveConfig> sleeves = default_sleeves();
  PaperConfig paper;
  CadenceConfig cadence;
  BrokerConfig broker;
  WorkersConfig workers;
  SampleConfig sample;
  ReconcileConfig reconcile;
  ReportConfig report;
  KeysConfig keys;
  AuditConfig audit;
  LogsConfig logs;
  PostgresConfig postgres;
  ElsewhereConfig elsewhere;
  std::vector<ScheduleConfig> schedules;

  // quiet with 10,000 and flash with 5,000, the user's own rules.
  static std::vector<SleeveConfig> default_sleeves();
  // Impossible values, field by field and across fields; empty when all is well. Fields that file errors can point at.
  [[nodiscard]] std::vector<Problem> validate() const;
  // The settings that a data folder keeps for ever (vault, sleeves, the paper venue but for its faults and for the
  // times of requests), one per line in a fixed order and spelling: two runs on one folder must agree on it. What came
  // later than some folder (the asset of fees) is a line only where it is not the default.
  [[nodiscard]] std::string frozen_text() const;
};

// Reads TOML. What is left out keeps its default; [[sleeves]] given replace the default sleeves. The result is valid.
// `more`: checks of other folders on the values, asked after validate() has found nothing. load() reads the file whole,
// then does the same. Errors: every problem found (no TOML, an unknown field, a value that can't be), or that the file
// can't be read.
using MoreChecks = std::function<std::vector<Problem>(const Config&)>;
machines::Result<Config, ConfigError> parse(std::string_view toml, const std::string& file_name,
                                            const MoreChecks& more = {});
machines::Result<Config, ConfigError> load(const std::filesystem::path& file, const MoreChecks& more = {});

// The value of one setting as the frozen text spells it; empty where there is no such line.
std::string frozen_value(std::string_view frozen, std::string_view name);

// The first line that differs between two frozen texts, told as "SETTING is NEW here and was OLD when this data folder
// was made"; empty when they agree.
std::string first_difference(const std::string& old_frozen, const std::string& new_frozen);

// The default configuration as a commented TOML file; parse() of it gives Config{}.
std::string example_text();

}  // namespace schemas::config
