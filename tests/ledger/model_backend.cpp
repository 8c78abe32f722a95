#include <algorithm>
#include <array>

#include "machines/core/check.hpp"
#include "tests/ledger/backend.hpp"

namespace tests {
namespace {

using ledger::model::Ledger;

class ModelBackend : public Backend {
 public:
  ModelBackend() {
    ledger_.open_asset({usdt, "USDT", 8});
    ledger_.open_asset({eth, "ETH", 18});
  }
  machines::OwnerId open_owner() override {
    const machines::OwnerId owner{++owners_};
    ledger_.open_owner(owner, ledger_shard);
    return owner;
  }
  machines::AccountId open_account(const AccountSpec& spec) override { return ledger_.open_account(spec); }
  std::vector<machines::StepResult> commit(std::int64_t epoch, std::span<const machines::Step> steps) override {
    return ledger_.commit(ledger_shard, epoch, steps);
  }
  std::int64_t own_shards() override { return ledger_.own_shards(); }
  void raise_control_epoch(machines::OwnerId owner) override {
    owner.value == 0 ? ledger_.raise_control_epoch() : ledger_.raise_control_epoch(owner);
  }
  void freeze(machines::OwnerId owner, bool is_frozen) override {
    owner.value == 0 ? ledger_.freeze(is_frozen) : ledger_.freeze(owner, is_frozen);
  }
  std::vector<machines::LeasedJob> claim(machines::Instant world_now, int limit) override {
    return ledger_.claim(shards_, world_now, ++wall_us_, limit, [this] { return next_token(); });
  }
  std::vector<machines::LeasedJob> leased() override { return ledger_.leased(shards_); }
  int give_back(std::span<const Failure> failures) override { return ledger_.give_back(failures, wall_us_); }
  Due due(machines::Instant world_at) override { return ledger_.due(shards_, world_at, wall_us_); }
  machines::Instant next_unheld() override { return ledger_.next_unheld(shards_); }
  bool submit_event(machines::OwnerId owner, machines::InstanceId instance, const std::string& event,
                    machines::Instant world_at) override {
    return ledger_.submit_event(owner, instance, event, world_at);
  }
  Balance balance(machines::OwnerId, machines::AccountId account) override { return ledger_.balance(account); }
  std::vector<Counters> entries(machines::OwnerId, machines::AccountId account) override {
    std::vector<Counters> found;
    for (const auto& [key, entry] : ledger_.rows().entries) {
      if (key.account != account) continue;
      found.push_back(entry.after);
      CHECK(key.version == static_cast<std::int64_t>(found.size()));
    }
    return found;
  }
  std::optional<InstanceRow> instance(machines::OwnerId owner, machines::InstanceId id) override {
    const auto found = ledger_.rows().instances.find({owner, id});
    if (found == ledger_.rows().instances.end()) return std::nullopt;
    return InstanceRow{found->second.state, found->second.version, found->second.is_final};
  }
  std::vector<JobRow> jobs(machines::OwnerId owner) override {
    std::vector<JobRow> found;
    for (const auto& [key, job] : ledger_.rows().jobs)
      if (key.owner == owner) found.push_back({key, job.command, job.is_event, job.world_at, !job.token.is_empty()});
    return found;
  }
  std::vector<std::string> refusals(machines::OwnerId owner) override {
    std::vector<std::string> found;
    for (const auto& [key, reason] : ledger_.rows().refusals)
      if (key.step.owner == owner) found.emplace_back(machines::word_of(reason));
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string verify() override { return ledger_.verify(); }
  std::string digest() override { return ledger_.digest(); }

 private:
  machines::Token next_token() {
    machines::Token token;
    ++tokens_;
    for (std::size_t i = 0; i < 4; ++i) token.bytes[i] = static_cast<std::uint8_t>(tokens_ >> (8 * i));
    return token;
  }

  Ledger ledger_;
  std::array<int, 1> shards_{ledger_shard};
  std::int32_t owners_ = 0;
  std::uint32_t tokens_ = 0;
  std::int64_t wall_us_ = 1'000'000;  // one microsecond a claim: what is delayed stays delayed
};

}  // namespace

std::unique_ptr<Backend> model_backend() { return std::make_unique<ModelBackend>(); }

}  // namespace tests
