#include "deploy/replay/opening.hpp"

#include <algorithm>
#include <filesystem>

#include "deploy/house/data_folder.hpp"
#include "deploy/replay/import_record.hpp"
#include "ledger/books/open_treasury.hpp"
#include "ledger/env/random.hpp"
#include "ledger/journal/epochs.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/market/bars.hpp"
#include "machines/allocation/decide.hpp"
#include "machines/core/names.hpp"
#include "machines/vault/decide.hpp"
#include "schemas/codec/data.hpp"
#include "workers/harness/run_alone.hpp"

namespace deploy {

using workers::harness::allocation_step;

namespace {

using ledger::Stored;
using ledger::books::VaultAccounts;
using machines::Amount;

constexpr std::int32_t owner_id = 1;
constexpr const char* venue = "paper";
constexpr const char* account = "main";
constexpr const char* opener = "bursar up";
constexpr const char* opening_reason = "the vault opens";

machines::allocation::Data funding(const VaultAccounts& vault, Amount tradeable, Amount reserve) {
  machines::allocation::Data fund;
  fund.movement = machines::allocation::Movement::fund;
  fund.amount = tradeable;
  fund.reserve = reserve;
  fund.who = opener;
  fund.why = opening_reason;
  fund.external = vault.external;
  fund.vault_reserve = vault.reserve;
  fund.tradeable = vault.tradeable;
  return fund;
}

// Asked again where a broker elsewhere takes the shard in between, or somebody pauses: nothing stands then.
Stored<bool> commit_opening(ledger::Connection& connection, std::vector<machines::Step> steps) {
  constexpr int most_tries = 20;
  for (int tries = 1;; ++tries) {
    const auto epochs = ledger::journal::epochs_of(connection, {owner_id});
    if (!epochs) return machines::fail(epochs.error());
    CHECK(epochs->has_value());
    for (machines::Step& step : steps) step.control_epoch = (*epochs)->control_epoch;
    const auto results = ledger::journal::Journal(connection).commit((*epochs)->shard, (*epochs)->epoch, steps);
    if (!results) return machines::fail(results.error());
    const auto refused = std::find_if(results->begin(), results->end(), [](const machines::StepResult& result) {
      return result.outcome != machines::Outcome::committed;
    });
    if (refused == results->end()) return true;
    if (refused->outcome != machines::Outcome::stale_epoch || tries == most_tries)
      return machines::fail(ledger::StoreError{
          ledger::StoreFailure::refused,
          "the opening of the vault was not committed: " + std::string(machines::name_of(refused->outcome)) + " " +
              std::string(machines::name_of(refused->refusal))});
  }
}

// The funding one millisecond before the sleeves' allocations, those one before the first bar opens.
Stored<bool> genesis(ledger::Connection& connection, const TreasurySpec& spec, const VaultAccounts& vault,
                     const std::optional<VaultAccounts>& fee_vault, machines::Instant first_open) {
  const auto already = ledger::books::has_allocations(connection);
  if (!already) return machines::fail(already.error());
  if (*already) return false;
  const auto fund =
      funding(vault, spec.tradeable, Amount(spec.total.asset(), spec.total.minor() - spec.tradeable.minor()));
  const machines::Instant funded_at = first_open - machines::milliseconds(2);
  std::vector<machines::Step> steps = {allocation_step({owner_id}, fund, {0}, funded_at)};
  if (fee_vault && spec.fee_coins.is_positive())
    steps.push_back(allocation_step(
        {owner_id}, funding(*fee_vault, Amount::zero(spec.fee_coins.asset()), spec.fee_coins), {0}, funded_at));
  std::int64_t id = 0;
  for (const SleeveSpec& sleeve : spec.sleeves) {
    machines::allocation::Data data = fund;
    data.movement = machines::allocation::Movement::allocate_to_sleeve;
    data.amount = sleeve.allocation;
    data.reserve = Amount::zero(spec.total.asset());
    data.why = "the sleeve's first allocation";
    steps.push_back(allocation_step({owner_id}, data, {++id}, first_open - machines::milliseconds(1)));
  }
  return commit_opening(connection, steps);
}

}  // namespace

std::int64_t drawn_shard() {
  std::uint8_t byte = 0;
  ledger::env::fill_random({&byte, 1});
  return byte % 64;
}

Stored<bool> set_up(ledger::Connection& connection, const TreasurySpec& spec, const workers::market::PriceFile& prices,
                    const std::string& file) {
  const machines::Instrument& instrument = spec.instrument;
  const machines::Instant first_open = prices.bars.front().opens_at;
  ledger::books::OpenTreasury open(connection);
  const auto asset = [&](const machines::Asset& one) { return open.asset(one.code, one.scale); };
  const std::int64_t quote = asset(instrument.quote);
  const std::int64_t base = asset(instrument.base);
  const std::int64_t fee_asset = spec.fee_asset ? asset(*spec.fee_asset) : 0;
  open.owner("default", drawn_shard());
  const std::int64_t pair = open.pair(spec.symbol, base, quote, instrument);
  if (open.error()) return machines::fail(*open.error());
  if (const auto kept = ledger::market::write_bars(connection, prices.bars); !kept) return machines::fail(kept.error());
  const machines::Instant opened_at = first_open - machines::milliseconds(3);
  machines::policy::Reserve reserve = spec.reserve;
  reserve.flexed = Amount::zero({static_cast<std::int32_t>(quote)});
  const std::int64_t vault = open.vault(
      {owner_id, instrument.quote.code, venue, account, quote, schemas::write_vault({reserve, spec.reallocation}),
       machines::vault::first_review(reserve, spec.reallocation, first_open)},
      {opener, opening_reason, opened_at});
  const std::int64_t fee_vault =
      spec.fee_asset
          ? open.vault({owner_id, spec.fee_asset->code, venue, account, fee_asset, schemas::write_vault({}), 0},
                       {opener, opening_reason, opened_at})
          : 0;
  for (const SleeveSpec& sleeve : spec.sleeves)
    open.sleeve({owner_id, vault, sleeve.name, sleeve.kind, pair, schemas::write_momentum(sleeve.rules), fee_asset},
                {opener, "a sleeve of the configuration", opened_at});
  open.settings(spec.settings);
  if (open.error()) return machines::fail(*open.error());
  const auto accounts = ledger::books::accounts_of(connection, owner_id, vault);
  if (!accounts) return machines::fail(accounts.error());
  std::optional<VaultAccounts> fee_accounts;
  if (fee_vault != 0) {
    const auto found = ledger::books::accounts_of(connection, owner_id, fee_vault);
    if (!found) return machines::fail(found.error());
    fee_accounts = *found;
  }
  const auto opened = genesis(connection, spec, *accounts, fee_accounts, first_open);
  if (!opened) return opened;
  // Last of all: read_feed() finds a treasury only when all of it stands, its first coins too.
  const auto feed = ledger::market::open_cursor(connection, file, prices.sha256, write_import(prices.report));
  if (!feed) return machines::fail(feed.error());
  return opened;
}

bool is_sample(const FeedState& feed) {
  return std::filesystem::path(feed.file).filename() == Layout{}.sample().filename();
}

Stored<std::vector<FeedState>> read_feed(ledger::Connection& connection) {
  const auto cursors = ledger::market::read_cursor(connection);
  if (!cursors) return machines::fail(cursors.error());
  std::vector<FeedState> feeds;
  feeds.reserve(cursors->size());
  for (const auto& one : *cursors)
    feeds.push_back({one.file, one.sha256, parse_import(one.import), one.played_to, one.finished, one.elapsed_us});
  return feeds;
}

Stored<std::string> read_settings(ledger::Connection& connection) {
  const auto rows =
      connection.call({"read_settings", "SELECT value FROM ledger.setting WHERE key = 'settings'", false});
  if (!rows) return machines::fail(rows.error());
  return rows->empty() ? std::string() : std::string(rows->text(0, 0));
}

}  // namespace deploy
