#include "ledger/audit/auditor.hpp"

#include <fmt/format.h>

#include <chrono>

#include "ledger/audit/server_identity.hpp"
#include "ledger/env/times.hpp"

namespace ledger::audit {
namespace {

std::int64_t wall_us() { return env::wall_now().us; }

}  // namespace

Audited<bool> make_checkpoint_key(const AuditFiles& files) {
  const auto path = files.key;
  if (!std::filesystem::exists(path)) {
    // A fresh key beside old checkpoints would make them all look forged.
    if (std::filesystem::exists(files.checkpoints))
      return machines::fail(AuditError{fmt::format(
          "{}: is not there, but {} was signed with it; put it back, or, where it is lost for good, move the "
          "checkpoints away and run `bursar ledger checkpoint --anew`",
          path.string(), files.checkpoints.string())});
    return Signer::make(path);
  }
  const auto signer = Signer::open(path);
  if (!signer) return machines::fail(signer.error());
  return true;
}

Audited<Checkpoints> Auditor::read() const {
  if (memory_ == Memory::of_another) return Checkpoints();
  const auto path = files_.checkpoints;
  if (!std::filesystem::exists(path)) return Checkpoints::read(path, "");
  const auto key = read_public_key(files_.public_key);
  if (!key) return machines::fail(key.error());
  return Checkpoints::read(path, *key);
}

Stored<std::optional<std::string>> Auditor::refusal(Connection& connection) const {
  const auto newest = newest_signing(connection);
  if (!newest) return machines::fail(newest.error());
  const auto checkpoints = read();
  if (!checkpoints) return std::optional(checkpoints.error().text);
  return objection_of(connection, *checkpoints, *newest);
}

Stored<std::optional<std::string>> Auditor::objection_of(Connection& connection, const Checkpoints& checkpoints,
                                                         const std::optional<Signing>& newest) const {
  std::string public_key;
  if (memory_ == Memory::of_this_database) {
    auto unlike_seen = objection(connection, files_.seen, Strangers::refused);  // it knows better what to do
    if (!unlike_seen || *unlike_seen) return unlike_seen;
    auto unlike_signed = objection(connection, checkpoints, files_.checkpoints);
    if (!unlike_signed || *unlike_signed) return unlike_signed;
    if (const auto key = read_public_key(files_.public_key)) public_key = *key;
  }
  if (memory_ == Memory::of_this_database) return shortfall(newest, checkpoints, public_key, files_.checkpoints);
  if (!newest || newest->number == 0) return std::optional<std::string>{};
  return std::optional(
      fmt::format("the checkpoints of this database are not here: {}; name its own folder with --data-dir, or look at "
                  "the rows alone with --without-checkpoints",
                  in_words(*newest)));
}

Stored<Verification> Auditor::verify(Connection& connection, Depth depth, VerifyOptions options,
                                     Checkpointed checkpointed) const {
  options.is_house = true;
  Verification made;
  made.outcome = Verification::Outcome::bad;
  // What is on record before the file: whoever signs meanwhile adds to the file first.
  const auto newest = newest_signing(connection);
  if (!newest) return machines::fail(newest.error());
  auto checkpoints = checkpointed == Checkpointed::waived ? Checkpoints() : read();
  if (!checkpoints) {
    made.text = checkpoints.error().text;
    return made;
  }
  made.is_torn = checkpoints->torn();
  const auto refused = checkpointed == Checkpointed::waived ? Stored<std::optional<std::string>>(std::nullopt)
                                                            : objection_of(connection, *checkpoints, *newest);
  if (!refused) return machines::fail(refused.error());
  if (*refused) {
    made.text = **refused;
    return made;
  }
  const auto last = checkpoints->last();
  if (last && depth == Depth::since_checkpoint) made.since_us = last->wall_us;
  auto verdict =
      made.since_us != 0 ? verify_since(connection, last->heads, options) : audit::verify(connection, options);
  if (!verdict) return machines::fail(verdict.error());
  made.verdict = std::move(*verdict);
  if (!made.verdict.ok) {
    if (!made.verdict.complete && made.verdict.stopped) made.outcome = Verification::Outcome::incomplete;
    made.text = made.verdict.problem;
    return made;
  }
  made.outcome = Verification::Outcome::ok;
  if (checkpointed == Checkpointed::waived) {
    made.outcome = Verification::Outcome::not_judged;
    made.text = *newest && (*newest)->number > 0 ? "checkpoints: " + in_words(**newest) : "no checkpoint is on record";
    return made;
  }
  if (memory_ == Memory::of_another || !std::filesystem::exists(files_.key)) return made;
  // What the last one signed stands, and nothing has come to it but that it was signed.
  const auto idle = last ? only_signings_since(connection, last->heads) : Stored<bool>(false);
  if (!idle) return machines::fail(idle.error());
  if (!*idle || checkpoints->torn()) sign(connection, *checkpoints, made);
  return made;
}

void Auditor::sign(Connection& connection, Checkpoints& checkpoints, Verification& said) const {
  const auto signer = Signer::open(files_.key);
  if (!signer) {
    said.text = signer.error().text;
    return;
  }
  const auto name = deployment_name(connection);
  if (!name) {
    said.text = name.error().text;
    return;
  }
  const auto written = checkpoints.append({*name, wall_us(), said.verdict.heads}, *signer);
  if (!written) said.text = written.error().text;
  if (!written || !*written) return;
  said.is_signed = true;
  // After the file: one that the ledger does not know of yet is no harm.
  const auto recorded = record_signing(connection, checkpoints, signer->public_key());
  if (!recorded) said.text = "it is in the file, and the ledger could not be told: " + recorded.error().text;
}

}  // namespace ledger::audit
