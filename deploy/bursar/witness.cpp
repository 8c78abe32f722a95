#include "deploy/bursar/witness.hpp"

#include <fmt/format.h>

#include <chrono>

#include "deploy/bursar/sighting.hpp"

namespace deploy {
namespace {

using ledger::audit::Checkpoints;
using ledger::audit::Signer;

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ledger::audit::Audited<bool> make_checkpoint_key(const Layout& layout) {
  const auto path = layout.key("checkpoint.key");
  if (!std::filesystem::exists(path)) {
    // A fresh key beside old checkpoints would make them all look forged.
    if (std::filesystem::exists(layout.checkpoints()))
      return machines::fail(ledger::audit::AuditError{fmt::format(
          "{}: is not there, but {} was signed with it; put it back", path.string(), layout.checkpoints().string())});
    return Signer::make(path);
  }
  const auto signer = Signer::open(path);
  if (!signer) return machines::fail(signer.error());
  return true;
}

ledger::audit::Audited<Checkpoints> Witness::read() const {
  if (memory_ == Memory::of_another) return Checkpoints();
  const auto path = layout_.checkpoints();
  if (!std::filesystem::exists(path)) return Checkpoints::read(path, "");
  const auto key = ledger::audit::read_public_key(layout_.key("checkpoint.pub"));
  if (!key) return machines::fail(key.error());
  return Checkpoints::read(path, *key);
}

ledger::Stored<std::optional<std::string>> Witness::refusal(ledger::Connection& connection) const {
  const auto checkpoints = read();
  if (!checkpoints) return std::optional(checkpoints.error().text);
  return objection_of(connection, *checkpoints);
}

ledger::Stored<std::optional<std::string>> Witness::objection_of(ledger::Connection& connection,
                                                                 const Checkpoints& checkpoints) const {
  if (memory_ == Memory::of_another) return std::optional<std::string>{};
  auto unlike_seen = objection(connection, layout_.seen(), Strangers::refused);  // it knows better what to do
  if (!unlike_seen || *unlike_seen) return unlike_seen;
  return objection(connection, checkpoints, layout_.checkpoints());
}

ledger::Stored<Testimony> Witness::testify(ledger::Connection& connection, Depth depth,
                                           ledger::audit::VerifyOptions options) const {
  options.is_house = true;
  Testimony made;
  made.outcome = Testimony::Outcome::bad;
  auto checkpoints = read();
  if (!checkpoints) {
    made.text = checkpoints.error().text;
    return made;
  }
  made.is_torn = checkpoints->torn();
  const auto refused = objection_of(connection, *checkpoints);
  if (!refused) return machines::fail(refused.error());
  if (*refused) {
    made.text = **refused;
    return made;
  }
  const auto last = checkpoints->last();
  if (last && depth == Depth::since_checkpoint) made.since_us = last->wall_us;
  auto verdict = made.since_us != 0 ? verify_since(connection, last->heads, options) : verify(connection, options);
  if (!verdict) return machines::fail(verdict.error());
  made.verdict = std::move(*verdict);
  if (!made.verdict.ok) {
    if (!made.verdict.complete && made.verdict.stopped) made.outcome = Testimony::Outcome::incomplete;
    made.text = made.verdict.problem;
    return made;
  }
  made.outcome = Testimony::Outcome::ok;
  if (memory_ == Memory::of_another || !std::filesystem::exists(layout_.key("checkpoint.key"))) return made;
  const auto signer = Signer::open(layout_.key("checkpoint.key"));
  const auto name = ledger::audit::deployment_name(connection);
  if (!name) return machines::fail(name.error());
  if (!signer) {
    made.text = signer.error().text;
    return made;
  }
  if (last && last->heads == made.verdict.heads && !checkpoints->torn()) return made;  // it says so already
  const auto written = checkpoints->append({*name, wall_us(), made.verdict.heads}, *signer);
  made.is_signed = written.has_value();
  if (!written) made.text = written.error().text;
  return made;
}

}  // namespace deploy
