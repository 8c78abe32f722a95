// workers/handlers/order.hpp: OrderHandler, the rows of an order to its machine and back, and its requests. Pure.
#pragma once

#include <string>

#include "ledger/books/treasury.hpp"
#include "machines/order/decide.hpp"
#include "workers/handlers/handler.hpp"
#include "workers/venues/properties.hpp"

namespace workers::handlers {

class OrderHandler : public Handler {
 public:
  // `deployment`: 16 hex digits. `venue`: when its word about an order is final. REQUIRES: venue.validate() says
  // nothing.
  OrderHandler(const ledger::books::Sleeves& sleeves, std::string deployment, const venues::VenueProperties& venue)
      : sleeves_(sleeves), deployment_(std::move(deployment)), venue_(venue) {}
  [[nodiscard]] schemas::Capability capability() const override;
  [[nodiscard]] bool is_pure(std::string_view command) const override;
  Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const override;
  Decision on_answer(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                     const Answer& answer) const override;
  // What becomes of an order by a person's word, with its cycle told as ever: a step of no job. `job` says the order
  // and the world time. REQUIRES: message.event is one of a person's (machines/order).
  Decision by_person(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                     const machines::order::Message& message) const;
  // 32 hex digits, the same for every attempt at this order.
  [[nodiscard]] std::string client_id(machines::InstanceId order) const;

 private:
  const ledger::books::Sleeves& sleeves_;
  std::string deployment_;
  venues::VenueProperties venue_;
};

}  // namespace workers::handlers
