#include "tests/simulation/venue.hpp"

#include "machines/core/check.hpp"
#include "machines/core/names.hpp"

namespace tests::simulation {

namespace paper = workers::venues::paper;
using schemas::VenueMessage;

constexpr std::int64_t latency_us = 150;

Venue::Venue(World& world, const Market& market, machines::Int128 funded) : world_(world) {
  paper::Book book{market.rules, {market.pair}, {{usdt, machines::Amount(usdt.id, funded)}}};
  auto store = paper::Store::open(":memory:", book);
  CHECK(store.has_value());
  store_ = std::make_unique<paper::Store>(std::move(*store));
}

void Venue::carry(std::function<void()> arrive) {
  const Fault* fault = world_.plan.next(Site::venue_message);
  if (fault != nullptr) world_.met(machines::name_of(fault->kind));
  if (fault != nullptr) world_.say("fault", [&] { return to_text(*fault); });
  std::int64_t delay_us = latency_us;
  if (fault != nullptr && fault->kind == FaultKind::lose_venue_message) return;
  if (fault != nullptr && fault->kind == FaultKind::delay_venue_message) delay_us += fault->by;
  if (fault != nullptr && fault->kind == FaultKind::double_venue_message) world_.after(delay_us + fault->by, arrive);
  world_.after(delay_us, std::move(arrive));
}

void Venue::ask(const VenueMessage& request, const Answer& answer) {
  carry([this, request, answer] {
    if (world_.now_us() < away_until_us_) return;
    const VenueMessage made = handle(request);
    carry([this, made, answer] {
      if (world_.now_us() >= away_until_us_) answer(made);
    });
  });
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
    placed_.insert(place->client_id);
    const auto report = store_->place(*place);
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
