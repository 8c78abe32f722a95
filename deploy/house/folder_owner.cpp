#include "deploy/house/folder_owner.hpp"

#include <fmt/format.h>

#include <optional>

#include "ledger/audit/checkpoints.hpp"
#include "ledger/audit/server_identity.hpp"

namespace deploy {

using ledger::audit::last_seen;

namespace {

struct Remembered {
  std::string deployment;
  std::vector<ledger::audit::Head> heads;
};

// The newest that the folder has: a signed checkpoint, or what its house saw last.
std::optional<Remembered> memory_of(const Layout& layout) {
  if (const auto key = ledger::audit::read_public_key(layout.key("checkpoint.pub")))
    if (const auto signed_ones = ledger::audit::Checkpoints::read(layout.checkpoints(), *key))
      if (const auto last = signed_ones->last()) return Remembered{last->deployment, last->heads};
  if (const auto seen = last_seen(layout.seen())) return Remembered{seen->deployment, seen->heads};
  return std::nullopt;
}

}  // namespace

std::string why_of_another(const LedgerPlace& place, ledger::Connection& connection) {
  if (place.by_folder || place.folder_is_named) return "";
  const auto memory = memory_of(place.layout);
  if (!memory) return "";
  const auto name = ledger::audit::deployment_name(connection);
  if (!name || *name == memory->deployment) return "";
  if (!memory->heads.empty()) {
    const auto departed = ledger::audit::departure(connection, memory->heads);
    if (!departed || !*departed) return "";
  }
  return fmt::format(
      "the default data folder {} is of deployment {}, and this database is {}; name its own folder with "
      "--data-dir",
      place.layout.folder.string(), memory->deployment, *name);
}

}  // namespace deploy
