#include "workers/handlers/vault.hpp"

#include "schemas/codec/data.hpp"
#include "workers/handlers/compose.hpp"

namespace workers::handlers {

namespace allocation = machines::allocation;
namespace vault = machines::vault;
using ledger::journal::Facts;
using machines::Amount;
using machines::LeasedJob;

namespace {

// Nothing where the vault's rows can't be read.
std::optional<vault::Facts> vault_facts(const Facts& facts, const std::array<machines::AccountId, 3>& accounts) {
  const auto data = schemas::parse_vault(facts.data);
  if (!data) return std::nullopt;
  const machines::AssetId asset = data->reserve.flexed.asset();
  auto sleeves = schemas::parse_sleeve_states(facts.vault_sleeves, asset);
  if (!sleeves) return std::nullopt;
  vault::Facts made;
  made.data = *data;
  made.not_at_risk_account = accounts[1];
  made.tradeable_account = accounts[2];
  made.total = Amount(asset, facts.vault_total);
  made.not_at_risk = Amount(asset, facts.reserve_available);
  made.unallocated = Amount(asset, facts.tradeable_available);
  if (facts.volatility_ppm) made.volatility = machines::Rate{*facts.volatility_ppm};
  made.sleeves = std::move(*sleeves);
  made.frozen = frozen_of(facts);
  return made;
}

// The proposed allocation is born with its job, due at once.
void add_proposal(machines::Step& step, const machines::policy::Proposal& proposal,
                  const std::array<machines::AccountId, 3>& accounts, machines::InstanceId parent) {
  allocation::Data data;
  data.movement = proposal.gives ? allocation::Movement::allocate_to_sleeve : allocation::Movement::reclaim;
  data.amount = proposal.amount;
  data.reserve = Amount::zero(proposal.amount.asset());
  data.who = "the vault itself";
  data.why = "rule " + std::string(proposal.rule);
  data.external = accounts[0];
  data.vault_reserve = accounts[1];
  data.tradeable = accounts[2];
  machines::Move move;
  move.instance = machines::Subject::birth(1);
  move.kind = allocation_kind;
  move.to = machines::name_of(allocation::State::requested);
  move.event = machines::name_of(allocation::Event::request);
  move.command = machines::name_of(allocation::Command::allocate);
  move.parent = parent;
  move.sleeve = proposal.sleeve;
  move.data = schemas::write_allocation(data);
  step.jobs.push_back({move.instance, move.command, false, step.world_at, {}});
  step.moves.push_back(std::move(move));
}

}  // namespace

schemas::Capability VaultHandler::capability() const { return capability_of(vault_kind); }

bool VaultHandler::is_pure(std::string_view) const { return true; }

Decision VaultHandler::on_job(const LeasedJob& job, const Facts& facts) const {
  if (job.command != machines::name_of(vault::Command::review)) return give_up_for_good("unknown event " + job.command);
  const auto accounts = schemas::parse_vault_accounts(facts.vault_accounts);
  const auto own = accounts ? vault_facts(facts, *accounts) : std::nullopt;
  if (!own) return give_up_for_good("the vault's rows can't be read");
  const auto move = vault::decide(*own);
  if (!move) return give_up_for_good("refused: " + std::string(machines::name_of(move.error())));
  if (!move->has_value()) {
    machines::Step step = step_for(job, facts, job.is_event ? machines::Fate::done : machines::Fate::rearmed);
    if (job.is_event) return Commit{std::move(step), {}};  // the timer stands beside it
    step.rearm_at = vault::next_review(job.world_at);
    return Commit{std::move(step), {}};
  }
  machines::Step step = step_for(job, facts, machines::Fate::done);
  machines::Move made;
  made.instance = machines::Subject::of(job.key.instance);
  made.kind = vault_kind;
  made.version = facts.version;
  made.from = machines::name_of((*move)->from);
  made.to = machines::name_of((*move)->to);
  made.event = machines::name_of((*move)->event);
  made.command = machines::name_of(job.is_event ? vault::Command::none : (*move)->then);
  made.data = schemas::write_vault((*move)->data);
  if (!job.is_event) step.jobs.push_back({made.instance, made.command, false, vault::next_review(job.world_at), {}});
  step.moves.push_back(std::move(made));
  step.postings = (*move)->postings;
  if ((*move)->proposal) add_proposal(step, *(*move)->proposal, *accounts, job.key.instance);
  return Commit{std::move(step), {}};
}

Decision VaultHandler::on_answer(const LeasedJob&, const Facts&, const Answer&) const {
  return give_up_for_good("a vault calls nobody");
}

}  // namespace workers::handlers
