#include "tests/simulation/venue.hpp"

#include "machines/core/check.hpp"
#include "machines/core/names.hpp"

namespace tests::simulation {

namespace paper = workers::venues::paper;
using schemas::VenueMessage;

constexpr std::int64_t latency_us = 150;

Venue::Venue(World& world, const Market& market, machines::Int128 funded)
    : world_(world), properties_(market.properties) {
  paper::Book book{market.rules, {market.pair}, {{usdt, machines::Amount(usdt.id, funded)}}, market.properties};
  auto store = paper::Store::open(":memory:", book);
  CHECK(store.has_value());
  store_ = std::make_unique<paper::Store>(std::move(*store));
}

namespace {

void spoil(FaultKind kind, VenueMessage& said) {
  auto* report = std::get_if<schemas::OrderReport>(&said);
  if (report == nullptr || report->fills.empty()) return;
  if (kind == FaultKind::repeat_fill) report->fills.push_back(schemas::Fill(report->fills.back()));
  if (kind == FaultKind::miss_fill && report->fills.size() > 1) report->fills.erase(report->fills.begin());
}

}  // namespace

void Venue::carry(std::function<void()> arrive, VenueMessage* said, bool counts_once) {
  const Fault* fault = world_.plan.next(Site::venue_message);
  if (fault != nullptr) world_.met(machines::name_of(fault->kind));
  if (fault != nullptr) world_.say("fault", [&] { return to_text(*fault); });
  std::int64_t delay_us = latency_us;
  if (fault != nullptr && fault->kind == FaultKind::lose_venue_message) return;
  if (fault != nullptr && said != nullptr) spoil(fault->kind, *said);
  if (fault != nullptr && fault->kind == FaultKind::delay_venue_message) delay_us += fault->by;
  if (fault != nullptr && fault->kind == FaultKind::double_venue_message && !counts_once)
    world_.after(delay_us + fault->by, arrive);
  world_.after(delay_us, std::move(arrive));
}

// Venues that know ids among open orders only take a signed request once, by its nonce: a copy of it makes no order.
void Venue::ask(const VenueMessage& request, const Answer& answer) {
  const bool counts_once = std::holds_alternative<schemas::PlaceOrder>(request) && properties_.enforces_deadline;
  const auto arrive = [this, request, answer] {
    if (world_.now_us() < away_until_us_) return;
    const auto made = std::make_shared<VenueMessage>(handle(request));
    if (auto* report = std::get_if<schemas::OrderReport>(made.get())) report->venue_us = world_.unix_us();
    carry(
        [this, made, answer] {
          if (world_.now_us() >= away_until_us_) answer(*made);
        },
        made.get());
  };
  carry(arrive, nullptr, counts_once);
}

void Venue::crash(std::int64_t for_us) { away_until_us_ = world_.now_us() + for_us; }

namespace {

template <class T>
VenueMessage answered(const paper::Kept<T>& kept) {
  CHECK(kept || kept.error().failure == paper::StoreFailure::refused);
  if (!kept) return schemas::VenueRefusal{kept.error().text};
  return *kept;
}

}  // namespace

VenueMessage Venue::handle(const VenueMessage& request) {
  if (const auto* place = std::get_if<schemas::PlaceOrder>(&request)) {
    if (auto late = paper::refused_by_deadline(properties_, *place, world_.unix_us()); !late.empty()) {
      world_.met(late);
      return schemas::VenueRefusal{late};
    }
    placed_.insert(place->client_id);
    const auto report = store_->place(*place);
    if (report && !report->duplicate && !taken_.insert(place->client_id).second)
      world_.violate("the venue has two orders of one id: " + place->client_id);
    world_.say("venue", [&] {
      return "order " + place->client_id.substr(16) + (report && report->duplicate ? " again" : " is taken");
    });
    return answered(report);
  }
  if (const auto* query = std::get_if<schemas::QueryOrder>(&request)) return answered(store_->query(*query));
  if (const auto* cancel = std::get_if<schemas::CancelOrder>(&request)) return answered(store_->cancel(*cancel));
  const auto* bar = std::get_if<schemas::OpenBar>(&request);
  CHECK(bar != nullptr);
  return answered(store_->open_bar(*bar));
}

schemas::OrderReport Venue::report(const std::string& client_id) {
  const auto report = store_->query({client_id, true});
  CHECK(report.has_value());
  return *report;
}

machines::Int128 Venue::total(const std::string& asset) {
  const auto statement = store_->statement();
  CHECK(statement.has_value());
  for (const auto& line : statement->lines)
    if (line.asset == asset) return line.total;
  return 0;
}

}  // namespace tests::simulation
