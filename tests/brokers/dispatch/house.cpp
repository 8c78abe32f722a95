#include "tests/brokers/dispatch/house.hpp"

#include "schemas/codec/convert.hpp"

namespace tests {

using namespace brokers::dispatch;

Token token(int number) {
  Token made;
  for (std::size_t i = 0; i < 4; ++i) made.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  made.bytes[15] = 1;
  return made;
}

int number_of(const Token& token) {
  int number = 0;
  for (std::size_t i = 0; i < 4; ++i) number |= token.bytes[i] << (8 * i);
  return number;
}

LeasedJob job(int number, int owner, int shard) {
  LeasedJob made;
  made.key = {{owner}, {number}, 1, 0};
  made.token = token(number);
  made.shard = shard;
  made.epoch = 1;
  made.kind = "cycle";
  made.command = "evaluate";
  return made;
}
LeasedJob job_of(int number, const std::string& kind, const std::string& command, int owner, int shard) {
  LeasedJob made = job(number, owner, shard);
  made.kind = kind;
  made.command = command;
  return made;
}
LeasedJob job(int number) { return job(number, 1); }

std::vector<LeasedJob> jobs(int first, int last, int owner, int shard) {
  std::vector<LeasedJob> made;
  for (int number = first; number <= last; ++number) made.push_back(job(number, owner, shard));
  return made;
}

LeasedJob leased_again(LeasedJob job, int token_number) {
  job.token = token(token_number);
  ++job.attempt;
  return job;
}

std::set<int> Ordered::all_assigned() const {
  std::set<int> all;
  for (const auto& [peer, tokens] : assigned) all.insert(tokens.begin(), tokens.end());
  return all;
}

namespace {

void note(Ordered& ordered, const Send& order) {
  if (const auto* assign = std::get_if<schemas::Assign>(&order.message)) {
    for (const auto& job : assign->jobs) ordered.assigned[order.peer].push_back(number_of(job.token));
    ordered.parcels.emplace_back(order.peer, assign->jobs.size());
    ordered.alone_until.push_back(assign->alone_until);
    ordered.story.emplace_back("assign");
    return;
  }
  ordered.said.push_back(order);
  ordered.story.emplace_back(std::holds_alternative<schemas::Released>(order.message) ? "released" : "say");
}
void note(Ordered& ordered, const ClaimNow& order) {
  ordered.claims.push_back(order.limit);
  ordered.claim_orders.push_back(order);
  ordered.story.emplace_back("claim");
}
void note(Ordered& ordered, const AskDue& order) {
  ordered.asked_due.push_back(order.world_at);
  ordered.story.emplace_back("ask_due");
}
void note(Ordered& ordered, const GiveBack& order) {
  ordered.given_back.insert(ordered.given_back.end(), order.failures.begin(), order.failures.end());
  ordered.story.emplace_back("give_back");
}

std::vector<Token> tokens_of(const std::vector<int>& numbers) {
  std::vector<Token> tokens;
  for (const int number : numbers) tokens.push_back(token(number));
  return tokens;
}

}  // namespace

Ordered House::orders() {
  Ordered ordered;
  for (const Action& action : dispatch.take_actions())
    std::visit([&](const auto& order) { note(ordered, order); }, action);
  return ordered;
}

void House::ready(const std::string& peer, const std::string& name, std::vector<int> held, int pure, int outside) {
  schemas::Ready ready;
  ready.worker = name;
  ready.capabilities = {{"cycle", 1, {}}, {"order", 1, {"place_order"}}};
  ready.held = tokens_of(held);
  ready.pure_credit = pure;
  ready.outside_credit = outside;
  dispatch.ready(peer, ready, now);
}

void House::join(const std::string& name, int pure, int outside) {
  ready(name, name, {}, pure, outside);
  (void)orders();
}

void House::join_for(const std::string& name, const std::string& kind, std::vector<std::string> commands) {
  schemas::Ready ready;
  ready.worker = name;
  ready.capabilities = {{kind, 1, {}, std::move(commands)}};
  dispatch.ready(name, ready, now);
  (void)orders();
}

Ordered House::claimed_of(std::vector<LeasedJob> jobs, const std::string& account) {
  std::map<machines::JobKey, Place> places;
  for (const LeasedJob& one : jobs)
    if (dispatch.wants_place(one)) places[one.key] = {"paper", account};
  dispatch.claimed(std::move(jobs), now, {}, places);
  return orders();
}

Ordered House::claimed(std::vector<LeasedJob> jobs, std::int64_t next_unheld_us) {
  dispatch.claimed(std::move(jobs), now, {next_unheld_us});
  return orders();
}

Ordered House::done(const std::string& peer, const std::vector<int>& tokens, schemas::DoneKind kind,
                    std::vector<LeasedJob> minted) {
  schemas::Done done;
  for (const int number : tokens) done.jobs.push_back({token(number), kind});
  done.minted = std::move(minted);
  dispatch.done(peer, done, now);
  return orders();
}

Ordered House::failed(const std::string& peer, int token_number, std::int64_t retry_after_ms, bool fatal) {
  dispatch.failed(peer, {token(token_number), machines::CallError::retry_later, retry_after_ms, "told so", fatal}, now);
  return orders();
}

Ordered House::tick() {
  dispatch.tick(now);
  return orders();
}

Ordered House::release(std::int64_t world_us, std::vector<schemas::Ahead> ahead) {
  dispatch.release("feed", {{world_us}, std::move(ahead)}, now);
  return orders();
}

Ordered House::due(std::int64_t next_due, std::int64_t next_run_us) {
  dispatch.due_is({{next_due}, {}, "", next_run_us}, now);
  return orders();
}

Ordered House::goodbye(const std::string& peer, const std::vector<int>& unstarted) {
  dispatch.goodbye(peer, {tokens_of(unstarted)}, now);
  return orders();
}

}  // namespace tests
