// workers/handlers/cycle.hpp: CycleHandler, the rows of a sleeve's cycle to its machine and back. Pure.
#pragma once

#include "ledger/books/treasury.hpp"
#include "workers/handlers/handler.hpp"

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

}  // namespace workers::handlers
