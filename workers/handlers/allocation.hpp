// workers/handlers/allocation.hpp: AllocationHandler, the rows of a move of coins within a vault to its machine and
// back. Pure.
#pragma once

#include "ledger/books/treasury.hpp"
#include "workers/handlers/handler.hpp"

namespace workers::handlers {

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

}  // namespace workers::handlers
