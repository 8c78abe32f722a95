// schemas/config/validate.cpp: what a configuration can't be, field by field and across fields.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "machines/core/check.hpp"
#include "machines/core/job.hpp"
#include "machines/core/names.hpp"
#include "machines/policy/reserve.hpp"
#include "schemas/config/config.hpp"

namespace schemas::config {
namespace {

struct Findings {
  std::vector<Problem> problems;
  void add(std::string field, std::string what, std::string hint = "") {
    problems.push_back({std::move(field), std::move(what), std::move(hint), "", 0, 0});
  }
};

void check_range(Findings& found, const std::string& field, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least) found.add(field, fmt::format("is {}; it must be at least {}", value, least));
  if (value > most) found.add(field, fmt::format("is {}; it must be at most {}", value, most));
}

void check_word(Findings& found, const std::string& field, const std::string& word,
                std::initializer_list<const char*> words) {
  std::string known;
  for (const char* one : words) {
    if (word == one) return;
    known += (known.empty() ? "" : ", ") + std::string(one);
  }
  found.add(field, fmt::format("is \"{}\"", word), "known here: " + known);
}

std::string percent(machines::Rate rate) { return Decimal::parse(machines::format({{}, rate.ppm}, 4))->text(); }

void check_rate(Findings& found, const std::string& field, machines::Rate rate, std::int64_t most_ppm) {
  if (rate.ppm < 0) found.add(field, fmt::format("is {}; it must be at least 0", percent(rate)));
  if (rate.ppm > most_ppm)
    found.add(field, fmt::format("is {}; it must be at most {}", percent(rate), percent({most_ppm})));
}

// A coin amount that fits the asset's decimals. False when it can't be used further.
bool check_amount(Findings& found, const std::string& field, const Decimal& value, int scale, bool may_be_zero) {
  if (value.units < 0) {
    found.add(field, fmt::format("is {}; it must not be negative", value.text()));
    return false;
  }
  if (value.units == 0 && !may_be_zero) {
    found.add(field, "is 0; it must be more");
    return false;
  }
  if (value.at_scale(scale)) return true;
  const bool too_fine = value.scale > scale;
  found.add(field, too_fine ? fmt::format("is {}; at most {} decimals fit", value.text(), scale)
                            : fmt::format("is {}; that is too large", value.text()));
  return false;
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The reserve's rule and shares, and where idle coins go.
void check_vault_rules(Findings& found, const Config& config) {
  const VaultConfig& vault = config.vault;
  const auto rule = machines::from_name<machines::policy::Rule>(vault.reserve);
  if (!rule) {
    found.add("vault.reserve", fmt::format("is \"{}\"; it must be none, fixed or flexing", vault.reserve));
  } else {
    machines::policy::Reserve reserve;
    reserve.rule = *rule;
    reserve.least = vault.reserve_least;
    reserve.most = vault.reserve_most;
    if (const char* wrong = machines::policy::objection(reserve); wrong != nullptr)
      found.add("vault.reserve_least_percent", fmt::format("does not fit: {}", wrong));
  }
  const int scale = default_scale(vault.asset);
  const auto total = vault.total.at_scale(scale);
  const auto tradeable = vault.tradeable.at_scale(scale);
  if (rule && *rule != machines::policy::Rule::none && total && tradeable) {
    const auto kept = machines::share_of(machines::Amount({}, *total), vault.reserve_least, machines::Rounding::up);
    if (!kept || *tradeable > *total - kept->minor())
      found.add("vault.tradeable", fmt::format("is {} of {}, which leaves less than the reserve",
                                               vault.tradeable.text(), vault.total.text()));
  }
  const bool known = std::any_of(config.sleeves.begin(), config.sleeves.end(),
                                 [&](const SleeveConfig& sleeve) { return sleeve.name == vault.idle_to; });
  if (!vault.idle_to.empty() && !known)
    found.add("vault.idle_to", fmt::format("is \"{}\", and no sleeve has that name", vault.idle_to));
  for (const auto& [name, rate] : {std::pair{"idle_most_percent", vault.idle_most},
                                   std::pair{"reclaim_after_loss_percent", vault.reclaim_after_loss}})
    if (rate.ppm < 0 || rate.ppm > machines::ppm_of_one)
      found.add(fmt::format("vault.{}", name), "must be from 0 to 100");
}

void check_vault_and_sleeves(Findings& found, const Config& config) {
  const int scale = default_scale(config.vault.asset);
  if (!is_asset(config.vault.asset))
    found.add("vault.asset",
              fmt::format("is \"{}\"; it must be a code like USDT: 2 to 12 capitals and digits", config.vault.asset));
  const bool total_fits = check_amount(found, "vault.total", config.vault.total, scale, true);
  const bool tradeable_fits = check_amount(found, "vault.tradeable", config.vault.tradeable, scale, true);
  if (total_fits && tradeable_fits && *config.vault.tradeable.at_scale(scale) > *config.vault.total.at_scale(scale))
    found.add("vault.tradeable", fmt::format("is {} and the vault's total is {}; it can't be more",
                                             config.vault.tradeable.text(), config.vault.total.text()));

  if (config.sleeves.empty()) found.add("sleeves", "is empty; at least one sleeve is needed");
  machines::Int128 given = 0;
  bool all_fit = tradeable_fits;
  for (std::size_t i = 0; i < config.sleeves.size(); ++i) {
    const std::string field = fmt::format("sleeves[{}].allocation", i);
    const Decimal& allocation = config.sleeves[i].allocation;
    all_fit = check_amount(found, field, allocation, scale, false) && all_fit;
    if (!all_fit) continue;
    given += *allocation.at_scale(scale);
    if (given <= *config.vault.tradeable.at_scale(scale)) continue;
    found.add(
        field,
        fmt::format("is {}; with it the allocations are {}, more than the vault's tradeable {}", allocation.text(),
                    Decimal::parse(machines::format({{}, given}, scale))->text(), config.vault.tradeable.text()),
        "lower an allocation or raise `vault.tradeable`");
    all_fit = false;
  }
}

void check_sleeve_rules(Findings& found, const Config& config) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < config.sleeves.size(); ++i) {
    const SleeveConfig& sleeve = config.sleeves[i];
    const std::string here = fmt::format("sleeves[{}].", i);
    if (!is_name(sleeve.name))
      found.add(here + "name", fmt::format("is \"{}\"; 1 to 64 letters, digits, - and _ are expected", sleeve.name));
    else if (!names.insert(sleeve.name).second)
      found.add(here + "name", fmt::format("is \"{}\", as an earlier sleeve's", sleeve.name), "give each its own name");
    const std::string wrong = sleeve.strategy.validate();  // "trail must be ..."
    if (wrong.empty()) continue;
    const auto space = wrong.find(' ');
    CHECK(space != std::string::npos);
    found.add(here + "strategy." + wrong.substr(0, space) + "_percent", wrong.substr(space + 1));
  }
}

bool is_fault(const std::string& text) {
  const auto first = text.find(':');
  const auto second = text.find(':', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos) return false;
  const std::string request = text.substr(0, first);
  const std::string which = text.substr(first + 1, second - first - 1);
  const std::string misdeed = text.substr(second + 1);
  const auto among = [](const std::string& word, std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(), [&](const char* known) { return word == known; });
  };
  const bool counted = !which.empty() && which.size() <= 9 && which[0] != '0' &&
                       std::all_of(which.begin(), which.end(), [](char c) { return c >= '0' && c <= '9'; });
  return among(request, {"place", "query", "cancel"}) && (which == "first" || counted) &&
         among(misdeed, {"time_out", "reject", "lose_answer", "crash_before", "crash_after"});
}

void check_fees(Findings& found, const PaperConfig& paper, const std::string& quote) {
  if (!paper.takes_coins()) {
    for (const auto& [name, value] : {std::pair{"fee_price", paper.fee_price}, std::pair{"fee_coins", paper.fee_coins}})
      if (value.units != 0)
        found.add(fmt::format("venue.paper.{}", name),
                  fmt::format("is {}, and fees are not taken in a coin", value.text()),
                  "name the coin in `fee_asset`, for instance \"BNB\"");
    return;
  }
  if (!is_asset(paper.fee_asset) || paper.fee_asset == quote) {
    found.add("venue.paper.fee_asset",
              fmt::format("is \"{}\"; it must be quote, received, or the code of a coin that is not the vault's asset",
                          paper.fee_asset));
    return;
  }
  check_amount(found, "venue.paper.fee_price", paper.fee_price, 8, false);
  check_amount(found, "venue.paper.fee_coins", paper.fee_coins, default_scale(paper.fee_asset), true);
  const auto price = paper.fee_price.at_scale(8);
  if (price && *price > INT64_MAX)
    found.add("venue.paper.fee_price", fmt::format("is {}; that is too large", paper.fee_price.text()));
}

// The bounds of the venue itself (workers/venues/paper/matching.cpp): what it would refuse is refused here, by name.
void check_venue(Findings& found, const PaperConfig& paper) {
  constexpr std::int64_t half = machines::ppm_of_one / 2, tenth = machines::ppm_of_one / 10;
  check_rate(found, "venue.paper.maker_fee_percent", paper.maker_fee, tenth);
  check_rate(found, "venue.paper.taker_fee_percent", paper.taker_fee, tenth);
  check_rate(found, "venue.paper.half_spread_percent", paper.half_spread, half);
  check_rate(found, "venue.paper.slippage_percent", paper.slippage, half);
  const auto is_half = [](machines::Rate rate) { return rate.ppm >= 0 && rate.ppm <= half; };
  if (is_half(paper.half_spread) && is_half(paper.slippage) && paper.half_spread.ppm + paper.slippage.ppm > half)
    found.add("venue.paper.slippage_percent",
              fmt::format("is {} beside a half spread of {}; together they must be at most {}", percent(paper.slippage),
                          percent(paper.half_spread), percent({half})));
  check_rate(found, "venue.paper.partial_fill_percent", paper.partial_fill, machines::ppm_of_one);
  check_rate(found, "venue.paper.reject_percent", paper.reject, machines::ppm_of_one);
  check_amount(found, "venue.paper.lot", paper.lot, 8, true);
  check_amount(found, "venue.paper.tick", paper.tick, 8, true);
  check_amount(found, "venue.paper.min_notional", paper.min_notional, 8, true);
  check_range(found, "venue.paper.seed", paper.seed, 0, INT64_MAX);
  for (std::size_t i = 0; i < paper.faults.size(); ++i)
    if (!is_fault(paper.faults[i]))
      found.add(
          fmt::format("venue.paper.faults[{}]", i), fmt::format("is \"{}\", which is no fault", paper.faults[i]),
          "write place, query or cancel, then : and a number or `first`, then : and time_out, reject, lose_answer, "
          "crash_before or crash_after");
}

// When the venue's word is final: what can't be, or would make a second order of a late request.
void check_properties(Findings& found, const PropertiesConfig& c) {
  check_word(found, "venue.paper.ids", c.ids, {"for_ever", "among_open"});
  check_word(found, "venue.paper.deadline", c.deadline, {"none", "enforced"});
  check_range(found, "venue.paper.settle_ms", c.settle_ms, 1, 60'000);
  if (c.request_life_ms != 0) check_range(found, "venue.paper.request_life_ms", c.request_life_ms, 500, 60'000);
  if (c.request_life_ms == 0 && c.deadline == "enforced")
    found.add("venue.paper.request_life_ms", "is 0, and deadlines are enforced",
              "write 500 to 60000: how long a request may be on its way");
  if (c.ids != "among_open") return;
  if (c.tombstones)
    found.add("venue.paper.tombstones",
              "is true, and ids are unique among open orders only: such an id can't be barred",
              "write `tombstones = false`");
  if (c.request_life_ms == 0 && c.deadline != "enforced")
    found.add("venue.paper.ids",
              "is \"among_open\" without an enforced deadline and without a request life: a late request may make a "
              "second order at any time",
              "write `deadline = \"enforced\"`, or a `request_life_ms`");
}

void check_broker_rules(Findings& found, const BrokerConfig& broker) {
  for (std::size_t i = 0; i < broker.weights.size(); ++i) {
    const std::string here = fmt::format("broker.weight[{}].", i);
    if (broker.weights[i].owner.empty()) found.add(here + "owner", "is empty; name an owner");
    check_range(found, here + "weight", broker.weights[i].weight, 1, 1'000);
  }
  for (std::size_t i = 0; i < broker.priorities.size(); ++i) {
    const PriorityConfig& one = broker.priorities[i];
    const std::string here = fmt::format("broker.priority[{}].", i);
    if (one.kind.empty()) found.add(here + "kind", "is empty; name a machine, for instance order");
    if (one.command.empty()) found.add(here + "command", "is empty; name a command, for instance place_order");
    check_range(found, here + "level", one.level, -100, 100);
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < broker.limits.size(); ++i) {
    const LimitConfig& one = broker.limits[i];
    const std::string here = fmt::format("broker.limit[{}].", i);
    if (!is_name(one.name))
      found.add(here + "name", fmt::format("is \"{}\"; 1 to 64 letters, digits, - and _ are expected", one.name));
    else if (!names.insert(one.name).second)
      found.add(here + "name", fmt::format("is \"{}\", as an earlier limit's", one.name), "give each its own name");
    if (one.per != "account" && one.per != "venue" && one.per != "owner" && one.per != "all")
      found.add(here + "per", fmt::format("is \"{}\"; account, venue, owner or all is expected", one.per));
    if (!one.rate.empty() && !parse_rate(one.rate))
      found.add(here + "rate", fmt::format("is \"{}\", which is no rate", one.rate),
                "write so many per s, min, h or day, for instance \"10/s\"");
    if (one.rate.empty() && one.max_in_flight == 0)
      found.add(here + "rate", "is empty, and so is `max_in_flight`: this limits nothing", "write one of them");
    check_range(found, here + "max_in_flight", one.max_in_flight, 0, 100'000);
    check_range(found, here + "burst", one.burst, 1, 100'000);
  }
  for (std::size_t i = 0; i < broker.deadlines.size(); ++i) {
    const auto us = broker.deadlines[i].after.us;
    if (us < 1'000'000 || us > 86'400'000'000)
      found.add(fmt::format("broker.deadline[{}].after_s", i),
                fmt::format("is {} s; it must be between 1 and 86400",
                            Decimal::parse(machines::format({{}, us}, 6))->text()));
  }
}

void check_retries(Findings& found, const std::vector<RetryConfig>& retries) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < retries.size(); ++i) {
    const RetryConfig& one = retries[i];
    const std::string here = fmt::format("broker.retry[{}].", i);
    if (!machines::from_name<machines::CallError>(one.error_class)) {
      std::string known;
      for (std::size_t n = 0; n < machines::count_of<machines::CallError>; ++n)
        known += (known.empty() ? "" : ", ") + std::string(machines::name_of(static_cast<machines::CallError>(n)));
      found.add(here + "class", fmt::format("is \"{}\", which is no class of error", one.error_class),
                "known here: " + known);
    }
    if (!seen.insert(one.error_class).second)
      found.add(here + "class", fmt::format("is \"{}\" a second time", one.error_class), "one rule per class");
    check_range(found, here + "first_ms", one.first_ms, 1, 3'600'000);
    check_range(found, here + "longest_ms", one.longest_ms, std::max<std::int64_t>(one.first_ms, 1), 86'400'000);
    check_range(found, here + "factor", one.factor, 1, 100);
    check_rate(found, here + "jitter_percent", one.jitter, 1'000'000);
    check_range(found, here + "most_tries", one.most_tries, 1, 100'000);
    if (one.then != "park" && one.then != "keep_trying")
      found.add(here + "then", fmt::format("is \"{}\"", one.then), "write \"park\" or \"keep_trying\"");
  }
}

void check_processes(Findings& found, const Config& config) {
  const auto seconds = [&](const char* field, machines::Duration value) {
    if (value.us < 100'000 || value.us > 86'400'000'000)
      found.add(field, fmt::format("is {} s; it must be between 0.1 and 86400",
                                   Decimal::parse(machines::format({{}, value.us}, 6))->text()));
  };
  seconds("cadence.price_s", config.cadence.price);
  seconds("cadence.buy_check_s", config.cadence.buy_check);
  seconds("cadence.sell_check_s", config.cadence.sell_check);
  const BrokerConfig& broker = config.broker;
  check_range(found, "broker.count", broker.count, 0, 16);
  check_range(found, "broker.seat_ttl_ms", broker.seat_ttl_ms, 300, 600'000);
  check_range(found, "broker.heartbeat_ms", broker.heartbeat_ms, 10, 60'000);
  check_range(found, "broker.ttl_ms", broker.ttl_ms, 20, 600'000);
  if (broker.ttl_ms < 2 * broker.heartbeat_ms)
    found.add("broker.ttl_ms",
              fmt::format("is {}; it must be at least twice `heartbeat_ms` ({})", broker.ttl_ms, broker.heartbeat_ms));
  check_range(found, "broker.safety_poll_ms", broker.safety_poll_ms, 1, 60'000);
  check_range(found, "broker.claim_limit", broker.claim_limit, 1, 10'000);
  check_range(found, "broker.most_tries", broker.most_tries, 1, 1'000);
  check_range(found, "broker.stuck_after_s", broker.stuck_after_s, 1, 86'400);
  check_range(found, "broker.backoff_ms", broker.backoff_ms, 1, 600'000);
  check_range(found, "broker.longest_backoff_ms", broker.longest_backoff_ms, broker.backoff_ms, 86'400'000);
  check_retries(found, broker.retry);
  if (broker.count > 0)
    check_range(found, "workers.count", config.workers.count, 1, 64);
  else if (config.workers.count > 0)
    found.add("workers.count", fmt::format("is {}, and broker.count is 0", config.workers.count),
              "workers of this house know its own brokers only: set it to 0 as well, and start `bursar worker`");
  if (config.elsewhere.venue.empty() != config.elsewhere.venue_key_file.empty())
    found.add(config.elsewhere.venue.empty() ? "elsewhere.venue" : "elsewhere.venue_key_file", "is missing",
              "a venue elsewhere has an endpoint and a public key");
  check_range(found, "workers.group_commit_steps", config.workers.group_commit_steps, 1, 1'000);
  check_range(found, "workers.group_commit_ms", config.workers.group_commit_ms, 0, 1'000);
  check_range(found, "workers.look_ahead_bars", config.workers.look_ahead_bars, 1, 64);
  check_range(found, "sample.bars", config.sample.bars, 6, 1'000'000);
  check_range(found, "sample.seed", config.sample.seed, 0, INT64_MAX);
  check_range(found, "reconcile.minutes", config.reconcile.minutes, 0, 10'080);
  check_range(found, "keys.test_minutes", config.keys.test_minutes, 0, 10'080);
  check_range(found, "logs.file_mb", config.logs.file_mb, 1, 4'096);
  check_range(found, "logs.files", config.logs.files, 0, 99);
  check_range(found, "audit.checkpoint_minutes", config.audit.checkpoint_minutes, 0, 1'440);
}

// Times and zones are for those to judge who know the zones.
void check_schedules(Findings& found, const std::vector<ScheduleConfig>& schedules) {
  std::set<std::pair<std::string, std::string>> names;
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    const ScheduleConfig& one = schedules[i];
    const std::string here = fmt::format("schedule[{}].", i);
    if (!is_name(one.name))
      found.add(here + "name", fmt::format("is \"{}\"; 1 to 64 letters, digits, - and _ are expected", one.name));
    else if (!names.insert({one.owner, one.name}).second)
      found.add(here + "name", fmt::format("is \"{}\", as an earlier schedule's", one.name), "give each its own name");
    check_word(found, here + "does", one.does, {"review", "reconcile", "test_keys", "checkpoint"});
    check_word(found, here + "overlap", one.overlap, {"skip", "queue", "allow"});
    check_word(found, here + "catch_up", one.catch_up, {"none", "last", "all"});
    if (!is_name(one.owner)) found.add(here + "owner", fmt::format("is \"{}\", which is no owner's name", one.owner));
  }
}

}  // namespace

bool is_asset(std::string_view text) {
  return text.size() >= 2 && text.size() <= 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

std::optional<RatePer> parse_rate(std::string_view text) {
  constexpr std::int64_t second = 1'000'000;
  const std::pair<std::string_view, std::int64_t> units[] = {
      {"s", second}, {"min", 60 * second}, {"h", 3'600 * second}, {"day", 86'400 * second}};
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > 6 || text[0] == '0') return std::nullopt;
  RatePer rate;
  for (const char digit : text.substr(0, slash)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    rate.count = rate.count * 10 + (digit - '0');
  }
  for (const auto& [unit, period_us] : units)
    if (text.substr(slash + 1) == unit) rate.period_us = period_us;
  if (rate.period_us == 0) return std::nullopt;
  return rate;
}

std::vector<SleeveConfig> Config::default_sleeves() {
  return {{"quiet", machines::SleeveKind::quiet, Decimal::whole(10'000), {}},
          {"flash", machines::SleeveKind::flash, Decimal::whole(5'000), {}}};
}

std::vector<Problem> Config::validate() const {
  Findings found;
  check_vault_and_sleeves(found, *this);
  check_sleeve_rules(found, *this);
  check_venue(found, paper);
  check_properties(found, paper.properties);
  check_fees(found, paper, vault.asset);
  check_vault_rules(found, *this);
  check_processes(found, *this);
  check_broker_rules(found, broker);
  check_schedules(found, schedules);
  if (!keys.master_key_file.empty() && keys.master_key_file[0] != '/')
    found.add("keys.master_key_file", fmt::format("is \"{}\"; it must be a whole path, from /", keys.master_key_file));
  return found.problems;
}

}  // namespace schemas::config
