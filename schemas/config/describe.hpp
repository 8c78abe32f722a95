// schemas/config/describe.hpp: every field of the configuration once: its name, where it lives, and a sentence. The
// reader, the example and the frozen text all walk this. Internal to schemas/config.
#pragma once

#include "schemas/config/config.hpp"

namespace schemas::config {

// A visitor has table(name, sentence, value), list(name, sentence, vector, fields
// that each item must have) and field(name, value, sentence); the suffix
// of a name says its unit. A rate is written in percent, a Duration in seconds.
template <class Visitor, class Momentum>
void describe_strategy(Visitor& v, Momentum& m) {
  v.field("buy_momentum_percent", m.buy_momentum, "buy when the close is this far above that of one hour ago ...");
  v.field("trend_percent", m.trend, "... and this far above that of four hours ago");
  v.field("stop_loss_percent", m.stop_loss, "leave when the net loss reaches this");
  v.field("arm_percent", m.arm, "once the net gain at the high since entry has reached this ...");
  v.field("trail_percent", m.trail, "... leave on the first close this far below that high");
  v.field("hold_uptrend_percent", m.hold_uptrend,
          "while the close is this far above that of one hour ago, only the stop sells");
}

template <class Visitor, class Vault>
void describe_vault(Visitor& v, Vault& c) {
  v.field("asset", c.asset, "the wallet's asset: the quote side of the prices");
  v.field("total", c.total, "Total Coins at the first start");
  v.field("tradeable", c.tradeable, "of those, Tradeable Coins: what the sleeves may be given");
  v.field("reserve", c.reserve, "what must stay out of Tradeable: none, fixed, or flexing with measured volatility");
  v.field("reserve_least_percent", c.reserve_least, "of Total Coins, from 5 to 20: the fixed share, or the least");
  v.field("reserve_most_percent", c.reserve_most, "flexing: the most");
  v.field("idle_to", c.idle_to, "the sleeve that idle Tradeable Coins go to, once a day by themselves; empty: none");
  v.field("idle_most_percent", c.idle_most, "of Total Coins, per day");
  v.field("reclaim_after_loss_percent", c.reclaim_after_loss,
          "of its allocation: a sleeve that has lost so much gives back what it has; 0: never");
}

template <class Visitor, class Sleeve>
void describe_sleeve(Visitor& v, Sleeve& c) {
  v.field("name", c.name, "unique; letters, digits, - and _");
  v.field("kind", c.kind, "quiet keeps its profit; flash returns all profit on each full close");
  v.field("allocation", c.allocation, "Tradeable Coins given to it at the first start");
  v.table("strategy", "the momentum rules of this sleeve; net means after both fees", c.strategy,
          [](auto& inner, auto& value) { describe_strategy(inner, value); });
}

template <class Visitor, class Properties>
void describe_properties(Visitor& v, Properties& c) {
  v.field("ids", c.ids, "for_ever, or among_open: an id whose order has ended may make a second one");
  v.field("tombstones", c.tombstones, "a cancel of an unknown id bars it: a late request makes no order");
  v.field("deadline", c.deadline, "none, or enforced: nothing is taken after the moment that a request names");
  v.field("request_life_ms", c.request_life_ms,
          "nothing is taken later than this after it was written: 500 to 60000; 0: not known");
  v.field("settle_ms", c.settle_ms, "what was taken shows at the latest after this");
}

template <class Visitor, class Paper>
void describe_paper(Visitor& v, Paper& c) {
  v.field("maker_fee_percent", c.maker_fee, "of the value traded");
  v.field("taker_fee_percent", c.taker_fee, "of the value traded");
  v.field("half_spread_percent", c.half_spread, "a taker pays the open plus this, or gets it minus this");
  v.field("slippage_percent", c.slippage, "at most; drawn for each fill, always against the taker");
  v.field("partial_fill_percent", c.partial_fill, "chance that an order fills in two parts, at two bars");
  v.field("reject_percent", c.reject, "chance that an order is refused");
  v.field("lot", c.lot, "base coins: sizes are multiples of it; 0: fits the prices");
  v.field("tick", c.tick, "quote coins: prices are multiples of it; 0: fits the prices");
  v.field("min_notional", c.min_notional, "quote coins: the smallest order; 0: fits the prices");
  v.field("seed", c.seed, "of the draws above; the same seed gives the same fills");
  v.field("fee_asset", c.fee_asset, "what fees are taken in: quote, received (base on buys), or a coin such as BNB");
  v.field("fee_price", c.fee_price, "with a coin: quote coins for one of it");
  v.field("fee_coins", c.fee_coins, "with a coin: what the account has of it at the first start");
  v.field("faults", c.faults, "misdeeds on demand, for instance [\"place:3:lose_answer\", \"query:first:time_out\"]");
  describe_properties(v, c.properties);
}

template <class Visitor, class Whole>
void describe_frozen(Visitor& v, Whole& c) {
  v.table("vault", "one vault on the paper venue", c.vault,
          [](auto& inner, auto& value) { describe_vault(inner, value); });
  v.list("sleeves", "what the vault's Tradeable Coins are given to; together at most `tradeable`", c.sleeves,
         [](auto& inner, auto& value) { describe_sleeve(inner, value); }, {"name", "kind", "allocation"});
  v.table("venue.paper", "the simulated exchange", c.paper,
          [](auto& inner, auto& value) { describe_paper(inner, value); });
}

template <class Visitor, class Broker>
void describe_broker_rules(Visitor& v, Broker& c) {
  v.list("weight", "an owner's share beside the others of its shard", c.weights, [](auto& inner, auto& value) {
    inner.field("owner", value.owner, "its name");
    inner.field("weight", value.weight, "jobs per turn; an owner that is not named has 1");
  });
  v.list("priority", "what goes first; lower levels keep a share", c.priorities, [](auto& inner, auto& value) {
    inner.field("kind", value.kind, "of machine, for instance order");
    inner.field("command", value.command, "for instance place_order");
    inner.field("level", value.level, "higher goes first; what no rule names is at 0");
  });
  v.list("limit", "how much may go out; `bursar status` says when one caps throughput", c.limits,
         [](auto& inner, auto& value) {
           inner.field("name", value.name, "what status calls it");
           inner.field("kind", value.kind, "of machine; empty: any");
           inner.field("command", value.command, "empty: any");
           inner.field("venue", value.venue, "empty: any");
           inner.field("account", value.account, "of the venue; empty: any");
           inner.field("per", value.per, "whose budget it is: account, venue, owner, or all together");
           inner.field("max_in_flight", value.max_in_flight, "jobs with workers at a time; 0: no limit");
           inner.field("rate", value.rate, "so many per s, min, h or day, for instance 10/s; empty: no limit");
           inner.field("burst", value.burst, "of the rate: at once, after a pause");
         });
  v.list("deadline", "a job in flight for longer is taken from its worker and runs again", c.deadlines,
         [](auto& inner, auto& value) {
           inner.field("kind", value.kind, "of machine; empty: any");
           inner.field("command", value.command, "empty: any");
           inner.field("after_s", value.after, "seconds");
         });
}

template <class Visitor, class Broker>
void describe_broker(Visitor& v, Broker& c) {
  v.field("count", c.count, "processes; each serves an even share of the shards; 0: all are elsewhere");
  v.field("seat_ttl_ms", c.seat_ttl_ms, "how long a dead broker keeps its shards before others take them");
  v.field("heartbeat_ms", c.heartbeat_ms, "asked of workers");
  v.field("ttl_ms", c.ttl_ms, "silence after which a worker's jobs pass on");
  v.field("safety_poll_ms", c.safety_poll_ms, "look for jobs although nobody hinted");
  v.field("claim_limit", c.claim_limit, "jobs per shard and claim");
  v.field("most_tries", c.most_tries, "retries before a job is parked");
  v.field("stuck_after_s", c.stuck_after_s,
          "`status`, `up` and metrics.prom name ready jobs that nobody has taken for longer");
  v.field("backoff_ms", c.backoff_ms, "before the first retry; doubled per try");
  v.field("longest_backoff_ms", c.longest_backoff_ms, "between two tries at most");
  v.list("retry", "retries after one class of error, instead of the three above", c.retry,
         [](auto& inner, auto& value) {
           inner.field("class", value.error_class, "retry_later, unknown_outcome, rejected, maintenance, ...");
           inner.field("first_ms", value.first_ms, "before the first retry");
           inner.field("longest_ms", value.longest_ms, "between two tries at most");
           inner.field("factor", value.factor, "each wait is so many times the one before");
           inner.field("jitter_percent", value.jitter, "of the wait, drawn and added");
           inner.field("most_tries", value.most_tries, "then:");
           inner.field("then", value.then, "\"park\", or \"keep_trying\"");
         });
  describe_broker_rules(v, c);
}

template <class Visitor, class Work>
void describe_work(Visitor& v, Work& c) {
  v.field("group_commit_steps", c.group_commit_steps, "steps per commit at most");
  v.field("group_commit_ms", c.group_commit_ms, "how long a busy worker waits for a group to fill");
  v.field("look_ahead_bars", c.look_ahead_bars, "bars with nothing to do that one lease may pass over");
}

template <class Visitor, class Whole>
void describe(Visitor& v, Whole& c) {
  describe_frozen(v, c);
  v.table("cadence", "how often things happen live; a replay goes by its bars", c.cadence,
          [](auto& inner, auto& value) {
            inner.field("price_s", value.price, "seconds between two looks at the price");
            inner.field("buy_check_s", value.buy_check, "seconds between two looks for an entry");
            inner.field("sell_check_s", value.sell_check, "seconds between two looks for an exit");
          });
  v.table("broker", "who gets which job", c.broker, [](auto& inner, auto& value) { describe_broker(inner, value); });
  v.table("workers", "the processes that decide and commit", c.workers, [](auto& inner, auto& value) {
    inner.field("count", value.count, "processes; 0: all are elsewhere");
    describe_work(inner, value);
  });
  v.table("sample", "the generated prices of a run without --replay", c.sample, [](auto& inner, auto& value) {
    inner.field("bars", value.bars, "hourly bars");
    inner.field("seed", value.seed, "the same seed gives the same prices");
  });
  v.table("reconcile", "the venue's statement against the ledger", c.reconcile, [](auto& inner, auto& value) {
    inner.field("minutes", value.minutes, "between two comparisons while the house stays open; 0: never by itself");
  });
  v.table("report", "how `bursar report` reckons", c.report, [](auto& inner, auto& value) {
    inner.field("cost_basis", value.cost_basis,
                "what sold coins had cost: \"average\", or \"fifo\" (first in, first out)");
  });
  v.table("keys", "API keys of venues, sealed at rest", c.keys, [](auto& inner, auto& value) {
    inner.field("master_key_file", value.master_key_file,
                "32 random bytes, mode 0400; empty: keys/master.key in the data folder");
    inner.field("test_minutes", value.test_minutes,
                "between two looks of `up` at what the venue lets each key do; 0: never by itself");
  });
  v.table("audit", "signed checkpoints of the audit chain, outside PostgreSQL", c.audit, [](auto& inner, auto& value) {
    inner.field("checkpoint_minutes", value.checkpoint_minutes,
                "between two; 0: only at the start and the end of `up`");
  });
  v.table("logs", "in log/ of the data folder, one a process", c.logs, [](auto& inner, auto& value) {
    inner.field("file_mb", value.file_mb, "MiB that one may reach before it is set aside as NAME.1, NAME.2, ...");
    inner.field("files", value.files, "set aside and kept, of each process");
  });
  v.table("postgres", "the PostgreSQL of --dsn", c.postgres, [](auto& inner, auto& value) {
    inner.field("allow_plain_postgres", value.allow_plain_postgres,
                "over a network without TLS (sslmode=verify-full): only on a network of your own");
  });
  v.table("elsewhere", "parts of the house that run on other hosts", c.elsewhere, [](auto& inner, auto& value) {
    inner.field("venue", value.venue,
                "the paper venue's endpoint, tcp://HOST:PORT; empty: it is a child of `bursar up`");
    inner.field("venue_key_file", value.venue_key_file, "its public key, NAME.pub");
  });
  v.list("schedule", "by the clock on the wall, once the replay is done", c.schedules, [](auto& inner, auto& value) {
    inner.field("name", value.name, "unique; letters, digits, - and _");
    inner.field("does", value.does, "review (of vaults, by their rules), reconcile, test_keys or checkpoint");
    inner.field("cron", value.cron, "minute, hour, day, month, weekday, for instance \"30 8 * * mon-fri\"");
    inner.field("zone", value.zone, "in which these are read, for instance Europe/Berlin");
    inner.field("owner", value.owner, "whose vaults, and whose history");
    inner.field("overlap", value.overlap, "while the one before is not done: skip, queue or allow");
    inner.field("catch_up", value.catch_up, "of times missed while the house was down: none, last or all (100)");
  });
}

}  // namespace schemas::config
