// workers/handlers/sleeve.hpp: the handlers of sleeve cycles, orders, allocations and vaults. Each knows the sleeves by
// reading them once.
#pragma once

#include <string>

#include "ledger/books/treasury.hpp"
#include "machines/order/decide.hpp"
#include "workers/handlers/handler.hpp"
#include "workers/venues/properties.hpp"

namespace workers::handlers {

class CycleHandler : public Handler {
 public:
  explicit CycleHandler(const ledger::books::Sleeves& sleeves) : sleeves_(sleeves) {}
  [[nodiscard]] schemas::Capability capability() const override;
  [[nodiscard]] bool is_pure(std::string_view command) const override;
  Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const override;
  Decision on_answer(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                     const Answer& answer) const override;

 private:
  const ledger::books::Sleeves& sleeves_;
};

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

class AllocationHandler : public Handler {
 public:
  explicit AllocationHandler(const ledger::books::Sleeves& sleeves) : sleeves_(sleeves) {}
  [[nodiscard]] schemas::Capability capability() const override;
  [[nodiscard]] bool is_pure(std::string_view command) const override;
  Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const override;
  Decision on_answer(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                     const Answer& answer) const override;

 private:
  const ledger::books::Sleeves& sleeves_;
};

// A vault's daily review: flexing, and the allocations that its rules propose.
class VaultHandler : public Handler {
 public:
  [[nodiscard]] schemas::Capability capability() const override;
  [[nodiscard]] bool is_pure(std::string_view command) const override;
  Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const override;
  Decision on_answer(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                     const Answer& answer) const override;
};

// What every handler says when something that must be there is not: parked, in sight, with the reason.
inline Decision give_up_for_good(std::string reason) {
  return GiveUp{machines::CallError::rejected, 0, std::move(reason), true};
}

}  // namespace workers::handlers
