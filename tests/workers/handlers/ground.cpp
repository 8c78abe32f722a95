#include "tests/workers/handlers/ground.hpp"

#include "schemas/codec/data.hpp"
#include "tests/machines/house.hpp"

namespace tests::orders {

using machines::Amount;

namespace {

constexpr machines::Int128 one_eth = machines::Int128{1'000'000'000'000'000'000};

}  // namespace

ledger::books::Sleeves sleeves() {
  ledger::books::Sleeve one;
  one.owner = owner;
  one.id = sleeve_id;
  one.name = "flash";
  one.symbol = "ETH/USDT";
  one.strategy = schemas::write_momentum({});
  one.kind = machines::SleeveKind::flash;
  one.instrument = tests::eth_usdt();
  one.accounts = tests::sleeve_accounts();
  return {{{owner, sleeve_id}, one}};
}

const ledger::books::Sleeve& sleeve(const ledger::books::Sleeves& all) { return all.at({owner, sleeve_id}); }

machines::order::Data order_data(bool is_buy) {
  machines::order::Data data;
  data.symbol = "ETH/USDT";
  data.is_buy = is_buy;
  data.size = data.held = is_buy ? Amount(tests::usdt, 1'000 * one_usdt) : Amount(tests::eth, one_eth);
  data.hold = {cycle_id, 2, 1};
  data.base = data.fees_base = Amount::zero(tests::eth);
  data.quote = data.fees = Amount::zero(tests::usdt);
  data.placed_at = decided_at;
  return data;
}

ledger::journal::Facts facts_of(std::string_view state, const machines::order::Data& data) {
  ledger::journal::Facts facts;
  facts.kind = "order";
  facts.state = state;
  facts.data = schemas::write_order(data);
  facts.frozen = "no";
  facts.version = 4;
  facts.parent = cycle_id;
  facts.sleeve = sleeve_id;
  facts.control_epoch = 9;
  facts.parent_kind = "sleeve_cycle";
  facts.parent_state = data.is_buy ? "entering" : "leaving";
  machines::sleeve_cycle::Data cycle;
  cycle.cost = cycle.proceeds = cycle.fees = cycle.realized = Amount::zero(tests::usdt);
  cycle.base = Amount::zero(tests::eth);
  facts.parent_data = schemas::write_cycle(cycle);
  facts.parent_version = 2;
  facts.sleeve_data = schemas::write_sleeve({Amount(tests::usdt, 1'000 * one_usdt)});
  facts.wall_us = 1'700'000'000'000'000;
  return facts;
}

machines::LeasedJob job_of(std::string_view command, int tries) {
  machines::LeasedJob job;
  job.key = {owner, order_id, 4, 0};
  job.token = {{1, 2}};
  job.kind = "order";
  job.command = command;
  job.world_at = decided_at;
  job.tries = tries;
  return job;
}

schemas::Fill fill(int number) {
  schemas::Fill made;
  made.number = number;
  made.at = machines::Instant{decided_at.us + 1'000};
  made.price = {100'000'000'000};
  made.base = one_eth / 10;
  made.quote = 100 * one_usdt;
  made.fee = one_usdt / 10;
  return made;
}

schemas::OrderReport report_of(schemas::OrderStatus status, std::vector<schemas::Fill> fills, bool is_buy) {
  schemas::OrderReport report;
  report.client_id = client_id;
  report.status = status;
  report.fills = std::move(fills);
  report.symbol = "ETH/USDT";
  report.side = is_buy ? schemas::Side::buy : schemas::Side::sell;
  report.size = order_data(is_buy).size.minor();
  report.venue_us = 1'700'000'000'000'000;
  return report;
}

schemas::OrderReport not_found() {
  schemas::OrderReport report;
  report.client_id = client_id;
  report.status = schemas::OrderStatus::not_found;
  report.venue_us = 1'700'000'000'000'000;
  return report;
}

machines::order::Data booked(int count) {
  machines::order::Data data = order_data();
  data.fills = count;
  data.base = Amount(tests::eth, one_eth / 10 * count);
  data.quote = Amount(tests::usdt, 100 * one_usdt * count);
  data.fees = Amount(tests::usdt, one_usdt / 10 * count);
  return data;
}

}  // namespace tests::orders
