// workers/handlers/vault.hpp: VaultHandler, a vault's daily review: flexing, and the allocations that its rules
// propose. Pure.
#pragma once

#include "workers/handlers/handler.hpp"

namespace workers::handlers {

class VaultHandler : public Handler {
 public:
  [[nodiscard]] schemas::Capability capability() const override;
  [[nodiscard]] bool is_pure(std::string_view command) const override;
  Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const override;
  Decision on_answer(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                     const Answer& answer) const override;
};

}  // namespace workers::handlers
