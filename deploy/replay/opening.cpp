#include "deploy/replay/opening.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <filesystem>

#include "deploy/house/data_folder.hpp"
#include "deploy/replay/import_record.hpp"
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

using ledger::Parameters;
using ledger::SqlStatement;
using ledger::Stored;
using machines::AccountId;
using machines::Amount;

constexpr std::int32_t owner_id = 1;

constexpr SqlStatement asset_statement = {"open_asset", "SELECT ledger.open_asset($1, $2)"};
constexpr SqlStatement owner_statement = {"open_owner", "SELECT ledger.open_owner($1, $2)"};
constexpr SqlStatement instrument_statement = {"open_instrument",
                                               "SELECT ledger.open_instrument($1, $2, $3, $4, $5, $6, $7)"};
constexpr SqlStatement vault_statement = {
    "open_vault", "SELECT ledger.open_vault($1, $2, 'paper', 'main', $3, $4, 'bursar up', 'the vault opens', $6, $5)"};
constexpr SqlStatement vault_accounts_statement = {
    "vault_accounts", "SELECT external, reserve, tradeable FROM ledger.vault WHERE owner = $1 AND id = $2", false};
constexpr SqlStatement sleeve_statement = {
    "open_sleeve",
    "SELECT ledger.open_sleeve($1, $2, $3, $4, $5, $6, $7, 'bursar up', 'a sleeve of the configuration', $8)"};
constexpr SqlStatement setting_statement = {
    "set_setting", "INSERT INTO ledger.setting VALUES ('settings', $1) ON CONFLICT DO NOTHING"};
constexpr SqlStatement genesis_statement = {"genesis", "SELECT count(*) FROM ledger.instance WHERE kind = 'allocation'",
                                            false};
constexpr SqlStatement shard_statement = {
    "owner_shard",
    "SELECT o.shard, h.epoch, c.epoch + g.epoch FROM ledger.owner o JOIN ledger.shard h ON h.id = o.shard "
    "JOIN ledger.control c ON c.owner = o.id JOIN ledger.control g ON g.owner = 0 WHERE o.id = $1",
    false};

// Runs statements until one fails; later ones are skipped, and the first error is kept.
class Sequence {
 public:
  explicit Sequence(ledger::Connection& connection) : connection_(connection) {}
  std::int64_t run(const SqlStatement& statement, const Parameters& parameters) {
    if (error_) return 0;
    const auto rows = connection_.call(statement, parameters);
    if (!rows) {
      error_ = rows.error();
      return 0;
    }
    return rows->empty() ? 0 : rows->number(0, 0);
  }
  [[nodiscard]] const std::optional<ledger::StoreError>& error() const { return error_; }

 private:
  ledger::Connection& connection_;
  std::optional<ledger::StoreError> error_;
};

std::int64_t open_asset(Sequence& sequence, const machines::Asset& asset) {
  return sequence.run(asset_statement, Parameters().add(asset.code).add(std::int64_t{asset.scale}));
}

struct VaultAccounts {
  AccountId external, reserve, tradeable;
};

Stored<VaultAccounts> accounts_of(ledger::Connection& connection, std::int64_t vault) {
  const auto rows = connection.call(vault_accounts_statement, Parameters().add(std::int64_t{owner_id}).add(vault));
  if (!rows) return machines::fail(rows.error());
  return VaultAccounts{{rows->number(0, 0)}, {rows->number(0, 1)}, {rows->number(0, 2)}};
}

machines::allocation::Data funding(const VaultAccounts& vault, Amount tradeable, Amount reserve) {
  machines::allocation::Data fund;
  fund.movement = machines::allocation::Movement::fund;
  fund.amount = tradeable;
  fund.reserve = reserve;
  fund.who = "bursar up";
  fund.why = "the vault opens";
  fund.external = vault.external;
  fund.vault_reserve = vault.reserve;
  fund.tradeable = vault.tradeable;
  return fund;
}

// Asked again where a broker elsewhere takes the shard in between, or somebody pauses: nothing stands then.
Stored<bool> commit_opening(ledger::Connection& connection, std::vector<machines::Step> steps) {
  constexpr int most_tries = 20;
  for (int tries = 1;; ++tries) {
    const auto shard = connection.call(shard_statement, Parameters().add(std::int64_t{owner_id}));
    if (!shard) return machines::fail(shard.error());
    for (machines::Step& step : steps) step.control_epoch = shard->number(0, 2);
    const auto results =
        ledger::journal::Journal(connection).commit(static_cast<int>(shard->number(0, 0)), shard->number(0, 1), steps);
    if (!results) return machines::fail(results.error());
    const auto refused = std::find_if(results->begin(), results->end(), [](const machines::StepResult& result) {
      return result.outcome != machines::Outcome::committed;
    });
    if (refused == results->end()) return true;
    if (refused->outcome != machines::Outcome::stale_epoch || tries == most_tries)
      return machines::fail(ledger::StoreError{
          ledger::StoreFailure::refused,
          "the opening of the vault was not committed: " + std::string(machines::name_of(refused->outcome)) + " " +
              refused->refusal});
  }
}

// The funding one millisecond before the sleeves' allocations, those one before the first bar opens.
Stored<bool> genesis(ledger::Connection& connection, const TreasurySpec& spec, const VaultAccounts& vault,
                     const std::optional<VaultAccounts>& fee_vault, machines::Instant first_open) {
  const auto already = connection.call(genesis_statement);
  if (!already) return machines::fail(already.error());
  if (already->number(0, 0) > 0) return false;
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
  unsigned char byte = 0;
  CHECK(RAND_bytes(&byte, 1) == 1);
  return byte % 64;
}

Stored<bool> set_up(ledger::Connection& connection, const TreasurySpec& spec, const workers::market::PriceFile& prices,
                    const std::string& file) {
  const machines::Instrument& instrument = spec.instrument;
  const machines::Instant first_open = prices.bars.front().opens_at;
  Sequence sequence(connection);
  const std::int64_t quote = open_asset(sequence, instrument.quote);
  const std::int64_t base = open_asset(sequence, instrument.base);
  const std::int64_t fee_asset = spec.fee_asset ? open_asset(sequence, *spec.fee_asset) : 0;
  sequence.run(owner_statement, Parameters().add("default").add(drawn_shard()));
  const std::int64_t pair =
      sequence.run(instrument_statement, Parameters()
                                             .add(spec.symbol)
                                             .add(base)
                                             .add(quote)
                                             .add(machines::to_text(instrument.lot.minor()))
                                             .add(machines::to_text(instrument.min_notional.minor()))
                                             .add(instrument.maker_fee.ppm)
                                             .add(instrument.taker_fee.ppm));
  if (sequence.error()) return machines::fail(*sequence.error());
  if (const auto kept = ledger::market::write_bars(connection, prices.bars); !kept) return machines::fail(kept.error());
  machines::policy::Reserve reserve = spec.reserve;
  reserve.flexed = Amount::zero({static_cast<std::int32_t>(quote)});
  const std::int64_t vault =
      sequence.run(vault_statement, Parameters()
                                        .add(std::int64_t{owner_id})
                                        .add(instrument.quote.code)
                                        .add(quote)
                                        .add(schemas::write_vault({reserve, spec.reallocation}))
                                        .add(machines::vault::first_review(reserve, spec.reallocation, first_open))
                                        .add((first_open - machines::milliseconds(3)).us));
  const std::int64_t fee_vault =
      spec.fee_asset ? sequence.run(vault_statement, Parameters()
                                                         .add(std::int64_t{owner_id})
                                                         .add(spec.fee_asset->code)
                                                         .add(fee_asset)
                                                         .add(schemas::write_vault({}))
                                                         .add(std::int64_t{0})
                                                         .add((first_open - machines::milliseconds(3)).us))
                     : 0;
  for (const SleeveSpec& sleeve : spec.sleeves)
    sequence.run(sleeve_statement, Parameters()
                                       .add(std::int64_t{owner_id})
                                       .add(vault)
                                       .add(sleeve.name)
                                       .add(machines::name_of(sleeve.kind))
                                       .add(pair)
                                       .add(schemas::write_momentum(sleeve.rules))
                                       .add(fee_asset)
                                       .add((first_open - machines::milliseconds(3)).us));
  sequence.run(setting_statement, Parameters().add(spec.settings));
  if (sequence.error()) return machines::fail(*sequence.error());
  const auto accounts = accounts_of(connection, vault);
  if (!accounts) return machines::fail(accounts.error());
  std::optional<VaultAccounts> fee_accounts;
  if (fee_vault != 0) {
    const auto found = accounts_of(connection, fee_vault);
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
