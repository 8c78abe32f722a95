#include "ledger/journal/journal.hpp"

namespace ledger::journal {
namespace {

constexpr SqlStatement facts_statement = {"facts", "SELECT * FROM ledger.facts($1, $2, $3)", false};

std::optional<machines::Price> price_at(const Rows& rows, int row, int column) {
  const auto value = rows.maybe_number(row, column);
  if (!value) return std::nullopt;
  return machines::Price{*value};
}

machines::Int128 amount_at(const Rows& rows, int row, int column) {
  return rows.is_null(row, column) ? 0 : rows.amount(row, column);
}

Facts facts_at(const Rows& rows, int row) {
  Facts facts;
  facts.kind = rows.text(row, 1);
  facts.machine_version = static_cast<int>(rows.number(row, 2));
  facts.state = rows.text(row, 3);
  facts.version = rows.number(row, 4);
  facts.is_final = rows.flag(row, 5);
  facts.data = rows.text(row, 6);
  facts.parent = {rows.number(row, 7)};
  facts.sleeve = {rows.number(row, 8)};
  facts.control_epoch = rows.number(row, 9);
  facts.frozen = rows.text(row, 10);
  facts.parent_kind = rows.text(row, 11);
  facts.parent_state = rows.text(row, 12);
  facts.parent_version = rows.number(row, 13);
  facts.parent_data = rows.text(row, 14);
  facts.quote_available = amount_at(rows, row, 15);
  facts.base_available = amount_at(rows, row, 16);
  facts.tradeable_available = amount_at(rows, row, 17);
  facts.close_now = price_at(rows, row, 18);
  facts.close_1h = price_at(rows, row, 19);
  facts.close_4h = price_at(rows, row, 20);
  facts.high_since = price_at(rows, row, 21);
  facts.sleeve_has_cycle = rows.flag(row, 22);
  facts.paused = rows.flag(row, 23);
  facts.sleeve_instance = {rows.maybe_number(row, 24).value_or(0)};
  facts.sleeve_version = rows.maybe_number(row, 25).value_or(0);
  facts.sleeve_data = rows.text(row, 26);
  facts.reserve_available = amount_at(rows, row, 27);
  facts.vault_total = amount_at(rows, row, 28);
  facts.vault_data = rows.text(row, 29);
  facts.fee_payer = {rows.maybe_number(row, 30).value_or(0)};
  facts.fee_funds = amount_at(rows, row, 31);
  facts.volatility_ppm = rows.maybe_number(row, 32);
  facts.vault_sleeves = rows.text(row, 33);
  facts.vault_accounts = rows.text(row, 34);
  facts.parent_machine_version = static_cast<int>(rows.maybe_number(row, 35).value_or(1));
  facts.sleeve_machine_version = static_cast<int>(rows.maybe_number(row, 36).value_or(1));
  facts.wall_us = rows.maybe_number(row, 37).value_or(0);
  facts.halted = rows.flag(row, 38);
  facts.world_now = {rows.maybe_number(row, 39).value_or(0)};
  return facts;
}

}  // namespace

Stored<std::vector<std::optional<Facts>>> Journal::facts(std::span<const machines::LeasedJob> jobs) {
  ArrayText owners, instances, worlds;
  for (const auto& job : jobs) {
    owners.add(job.key.owner.value);
    instances.add(job.key.instance.value);
    worlds.add(job.world_at.us);
  }
  const auto rows = connection_.call(facts_statement, Parameters().add(owners).add(instances).add(worlds));
  if (!rows) return machines::fail(rows.error());
  std::vector<std::optional<Facts>> facts(jobs.size());
  for (int row = 0; row < rows->size(); ++row)
    facts[static_cast<std::size_t>(rows->number(row, 0) - 1)] = facts_at(*rows, row);
  return facts;
}

}  // namespace ledger::journal
