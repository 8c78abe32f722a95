#include "ledger/books/open_treasury.hpp"

#include "machines/core/amount.hpp"
#include "machines/core/names.hpp"

namespace ledger::books {
namespace {

constexpr SqlStatement asset_statement = {"open_asset", "SELECT ledger.open_asset($1, $2)"};
constexpr SqlStatement owner_statement = {"open_owner", "SELECT ledger.open_owner($1, $2)"};
constexpr SqlStatement pair_statement = {"open_instrument",
                                         "SELECT ledger.open_instrument($1, $2, $3, $4, $5, $6, $7)"};
constexpr SqlStatement vault_statement = {
    "open_vault", "SELECT ledger.open_vault($1, $2, $3, $4, $5, $6, $8, $9, coalesce($10, ledger.world_now()), $7)"};
constexpr SqlStatement sleeve_statement = {
    "open_sleeve", "SELECT ledger.open_sleeve($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, ledger.world_now()))"};
constexpr SqlStatement setting_statement = {
    "set_setting", "INSERT INTO ledger.setting VALUES ('settings', $1) ON CONFLICT DO NOTHING"};
constexpr SqlStatement accounts_statement = {
    "vault_accounts", "SELECT external, reserve, tradeable FROM ledger.vault WHERE owner = $1 AND id = $2", false};
constexpr SqlStatement allocations_statement = {
    "genesis", "SELECT count(*) FROM ledger.instance WHERE kind = 'allocation'", false};

void add_opener(Parameters& parameters, const OpenedBy& by) {
  parameters.add(by.who).add(by.why);
  if (by.at)
    parameters.add(by.at->us);
  else
    parameters.add_null();
}

}  // namespace

std::int64_t OpenTreasury::run(const SqlStatement& statement, const Parameters& parameters) {
  if (error_) return 0;
  const auto rows = connection_.call(statement, parameters);
  if (!rows) {
    error_ = rows.error();
    return 0;
  }
  return rows->empty() || rows->is_null(0, 0) ? 0 : rows->number(0, 0);
}

std::int64_t OpenTreasury::asset(const std::string& code, std::int64_t scale) {
  return run(asset_statement, Parameters().add(code).add(scale));
}

std::int64_t OpenTreasury::owner(const std::string& name, std::int64_t shard) {
  return run(owner_statement, Parameters().add(name).add(shard));
}

std::int64_t OpenTreasury::pair(const std::string& symbol, std::int64_t base, std::int64_t quote,
                                const machines::Instrument& instrument) {
  return run(pair_statement, Parameters()
                                 .add(symbol)
                                 .add(base)
                                 .add(quote)
                                 .add(machines::to_text(instrument.lot.minor()))
                                 .add(machines::to_text(instrument.min_notional.minor()))
                                 .add(instrument.maker_fee.ppm)
                                 .add(instrument.taker_fee.ppm));
}

std::int64_t OpenTreasury::vault(const NewVault& vault, const OpenedBy& by) {
  Parameters parameters;
  parameters.add(vault.owner)
      .add(vault.name)
      .add(vault.venue)
      .add(vault.account)
      .add(vault.asset)
      .add(vault.rules)
      .add(vault.review_us);
  add_opener(parameters, by);
  return run(vault_statement, parameters);
}

std::int64_t OpenTreasury::sleeve(const NewSleeve& sleeve, const OpenedBy& by) {
  Parameters parameters;
  parameters.add(sleeve.owner)
      .add(sleeve.vault)
      .add(sleeve.name)
      .add(machines::name_of(sleeve.kind))
      .add(sleeve.pair)
      .add(sleeve.strategy)
      .add(sleeve.fee_asset);
  add_opener(parameters, by);
  return run(sleeve_statement, parameters);
}

void OpenTreasury::settings(const std::string& text) { run(setting_statement, Parameters().add(text)); }

Stored<VaultAccounts> accounts_of(Connection& connection, std::int64_t owner, std::int64_t vault) {
  const auto rows = connection.call(accounts_statement, Parameters().add(owner).add(vault));
  if (!rows) return machines::fail(rows.error());
  return VaultAccounts{{rows->number(0, 0)}, {rows->number(0, 1)}, {rows->number(0, 2)}};
}

Stored<bool> has_allocations(Connection& connection) {
  const auto rows = connection.call(allocations_statement);
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0) > 0;
}

}  // namespace ledger::books
