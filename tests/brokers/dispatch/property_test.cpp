// Whatever happens in whatever order: no job is with two workers, no credit and no limit is exceeded, nothing is lost.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "schemas/codec/convert.hpp"
#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;

constexpr int pure = 5;
constexpr int outside = 2;
constexpr int rows = 40;  // two for each instance
constexpr int workers = 3;

// A database and workers that believe every order, and check each.
class World {
 public:
  World() : dispatch_(rules(), "broker", 1) {
    for (int number = 1; number <= rows; ++number) {
      Row& row = rows_[number];
      const int instance = (number + 1) / 2;
      row.job = job(instance, 1 + instance % 4, instance % 3);
      row.job.key.ordinal = number;
      if (number % 5 == 0) {
        row.job.kind = "order";
        row.job.command = "place_order";
      }
    }
  }

  void random_event() {
    switch (*rc::gen::inRange(0, 10)) {
      case 0:
        return join(*rc::gen::inRange(0, workers));
      case 1:
        return die(*rc::gen::inRange(0, workers));
      case 2:
        return rejoin(*rc::gen::inRange(0, workers));
      case 3:
        return leave(*rc::gen::inRange(0, workers));
      case 4:
        return lie();
      case 5:
        now_ += *rc::gen::inRange<std::int64_t>(0, 1'500) * ms;
        return tick();
      case 6:
        return fail_one();
      default:
        return finish_one();
    }
  }

  // Nothing more goes wrong: every row must come to its end.
  void calm_down() {
    for (int i = 0; i < workers; ++i)
      if (peers_[i].empty()) join(i);
    for (int round = 0; round < 4'000 && open() > 0; ++round) {
      now_ += 100 * ms;
      for (int i = 0; i < workers; ++i) {
        dispatch_.heard(peers_[i], now_);
        carry_out();
        while (!held_[peers_[i]].empty()) finish(peers_[i], *held_[peers_[i]].begin(), schemas::DoneKind::done);
      }
      tick();
    }
    RC_ASSERT(open() == 0);
    RC_ASSERT(dispatch_.in_flight() == 0U);
    RC_ASSERT(dispatch_.queued() == 0U);
  }

 private:
  struct Row {
    LeasedJob job;
    bool leased = false, over = false;
    std::int64_t run_at = 0;
  };

  static Limit limit() {
    Limit limit;
    limit.name = "few";
    limit.match = {"order", "place_order"};
    limit.per = Per::all;
    limit.most_in_flight = 2;
    limit.rate = 4;
    limit.burst = 2;
    return limit;
  }
  static Rules rules() {
    Rules rules;
    rules.claim_limit = 8;
    rules.message_jobs = 4;
    rules.few_jobs = 3;
    rules.retry = RetryRules({.most_tries = 4});
    rules.most_lone_deaths = 3;
    rules.seed = *rc::gen::arbitrary<std::uint64_t>();
    rules.priorities = {{{"order", "place_order"}, 1}};
    rules.urgent_run = 3;
    rules.lower_turn = 1;
    rules.weights[machines::OwnerId{2}] = 3;
    rules.limits = {limit()};
    rules.most_limited = 3;
    rules.deadlines = {{{"cycle", ""}, 2'500 * ms}};
    return rules;
  }

  int open() const {
    int count = 0;
    for (const auto& [number, row] : rows_) count += !row.over;
    return count;
  }

  // ---- the database
  void claim(int limit) {
    std::vector<LeasedJob> claimed;
    std::map<int, int> per_shard;
    for (auto& [number, row] : rows_) {
      if (row.over || row.leased || row.run_at > now_ || per_shard[row.job.shard] >= limit) continue;
      ++per_shard[row.job.shard];
      row.leased = true;
      row.job.token = token(++last_token_);
      ++row.job.attempt;
      claimed.push_back(row.job);
    }
    dispatch_.claimed(std::move(claimed), now_);
  }
  bool stands(const Token& token) {
    const Row& row = row_of(jobs_.at(token).key);
    return row.leased && row.job.token == token;
  }
  Row& row_of(const machines::JobKey& key) { return rows_.at(key.ordinal); }

  void give_back(const ledger::jobs::Failure& failure) {
    Row& row = row_of(failure.key);
    if (!row.leased || row.job.token != failure.token) return;
    row.leased = false;
    row.over = failure.park;
    row.run_at = now_ + failure.delay_ms * ms;
    row.job.tries += failure.counts_as_try;
  }

  // ---- what the broker orders
  void carry_out() {
    for (auto actions = dispatch_.take_actions(); !actions.empty(); actions = dispatch_.take_actions())
      for (const Action& action : actions)
        std::visit(schemas::Overloaded{
                       [&](const Send& order) { receive(order); },
                       [&](const ClaimNow& order) { claim(order.limit); },
                       [&](const AskDue&) { RC_FAIL("no barrier was asked for"); },
                       [&](const GiveBack& order) {
                         for (const auto& failure : order.failures) give_back(failure);
                       },
                   },
                   action);
  }

  void receive(const Send& order) {
    const auto* assign = std::get_if<schemas::Assign>(&order.message);
    if (assign == nullptr) return;
    if (std::find(peers_.begin(), peers_.end(), order.peer) == peers_.end()) return;  // dead, and nobody knows yet
    auto& held = held_[order.peer];
    for (const LeasedJob& job : assign->jobs) {
      RC_ASSERT(job.shard == assign->jobs.front().shard);
      const Row& row = row_of(job.key);
      RC_ASSERT(row.leased && row.job.token == job.token);  // the lease stands, so nobody else works on it
      for (const auto& [peer, theirs] : held_)
        for (const Token& other : theirs)
          if (stands(other)) RC_ASSERT(jobs_.at(other).key.instance != job.key.instance);
      held.insert(job.token);
      jobs_[job.token] = job;
      if (job.kind == "order") check_limit();
    }
    int pures = 0, outsides = 0;
    for (const Token& token : held) ++(jobs_.at(token).kind == "order" ? outsides : pures);
    RC_ASSERT(pures <= pure);
    RC_ASSERT(outsides <= outside);
  }

  // One more order leaves now.
  void check_limit() {
    left_.push_back(now_);
    for (std::size_t from = 0; from < left_.size(); ++from) {
      const auto filled = (now_ - left_[from]) * limit().rate / limit().period_us;
      RC_ASSERT(static_cast<std::int64_t>(left_.size() - from) <= limit().burst + filled);
    }
    std::int64_t flying = 0;
    for (const auto& [peer, theirs] : held_)
      for (const Token& token : theirs) flying += jobs_.at(token).kind == "order" && stands(token);
    RC_ASSERT(flying <= limit().most_in_flight);
  }

  // ---- what workers do
  void register_at(const std::string& peer, int which, const std::set<Token>& held) {
    schemas::Ready ready;
    ready.worker = "w" + std::to_string(which);
    ready.capabilities = {{"cycle", 1, {}}, {"order", 1, {"place_order"}}};
    ready.held.assign(held.begin(), held.end());
    ready.pure_credit = pure;
    ready.outside_credit = outside;
    peers_[which] = peer;
    dispatch_.ready(peer, ready, now_);
    carry_out();
  }
  std::string fresh_peer() { return "peer" + std::to_string(++last_peer_); }

  void join(int which) {
    held_.erase(peers_[which]);  // its former self has no hands any more
    register_at(fresh_peer(), which, {});
  }
  // A new connection; some of what it held went missing on the way.
  void rejoin(int which) {
    if (peers_[which].empty()) return;
    std::set<Token> kept;
    for (const Token& token : held_[peers_[which]])
      if (*rc::gen::inRange(0, 4) > 0) kept.insert(token);
    const std::string peer = *rc::gen::arbitrary<bool>() ? fresh_peer() : peers_[which];
    held_.erase(peers_[which]);
    held_[peer] = kept;
    register_at(peer, which, kept);
  }
  void die(int which) {
    if (peers_[which].empty()) return;
    const std::string peer = std::exchange(peers_[which], "");
    held_.erase(peer);
    if (*rc::gen::arbitrary<bool>()) dispatch_.gone(peer, now_);  // else it is found out by its silence
    carry_out();
  }
  void leave(int which) {
    if (peers_[which].empty()) return;
    const std::string peer = std::exchange(peers_[which], "");
    const auto& held = held_[peer];
    const schemas::Goodbye goodbye{{held.begin(), held.end()}};
    held_.erase(peer);
    dispatch_.goodbye(peer, goodbye, now_);
    carry_out();
  }
  // Tokens of others, of the past, of nobody.
  void lie() {
    const std::string peer = *rc::gen::element(peers_[0], peers_[1], std::string("stranger"));
    schemas::Done done;
    done.jobs.push_back({token(*rc::gen::inRange(1, last_token_ + 10)), schemas::DoneKind::done});
    if (held_[peer].contains(done.jobs[0].token)) return;
    dispatch_.done(peer, done, now_);
    carry_out();
  }
  std::optional<std::pair<std::string, Token>> any_held() {
    std::vector<std::pair<std::string, Token>> all;
    for (const auto& peer : peers_)
      for (const Token& token : held_[peer]) all.emplace_back(peer, token);
    if (all.empty()) return std::nullopt;
    return all[*rc::gen::inRange<std::size_t>(0, all.size())];
  }
  void finish_one() {
    if (const auto one = any_held())
      finish(one->first, one->second,
             *rc::gen::element(schemas::DoneKind::done, schemas::DoneKind::rearmed, schemas::DoneKind::settled,
                               schemas::DoneKind::doubt));
  }
  // A commit stands only under the token of the row.
  void finish(const std::string& peer, Token token, schemas::DoneKind kind) {
    held_[peer].erase(token);
    Row& row = row_of(jobs_.at(token).key);
    if (stands(token) && (kind == schemas::DoneKind::done || kind == schemas::DoneKind::settled)) row.over = true;
    if (stands(token) && kind != schemas::DoneKind::doubt) row.leased = false;
    dispatch_.done(peer, {{{token, kind}}, {}}, now_);
    carry_out();
  }
  void fail_one() {
    const auto one = any_held();
    if (!one) return;
    held_[one->first].erase(one->second);
    schemas::Failed failed{one->second, machines::CallError::retry_later, 0, "told so", *rc::gen::inRange(0, 10) == 0};
    dispatch_.failed(one->first, failed, now_);
    carry_out();
  }
  void tick() {
    // A silent worker is dead for the broker, and learns of it: it must register again.
    dispatch_.tick(now_);
    std::set<std::string> alive;
    for (const auto& worker : dispatch_.view(now_).workers) alive.insert(worker.worker);
    for (int i = 0; i < workers; ++i)
      if (!peers_[i].empty() && !alive.contains("w" + std::to_string(i))) held_.erase(std::exchange(peers_[i], ""));
    carry_out();
  }

  Dispatch dispatch_;
  std::int64_t now_ = 1'000 * ms;
  int last_token_ = 0, last_peer_ = 0;
  std::map<int, Row> rows_;
  std::array<std::string, workers> peers_;
  std::map<std::string, std::set<Token>> held_;
  std::map<Token, LeasedJob> jobs_;
  std::vector<std::int64_t> left_;  // when orders left
};

RC_GTEST_PROP(Dispatch, LosesNothingAndHandsNothingOutTwice, ()) {
  World world;
  const int events = *rc::gen::inRange(1, 150);
  for (int i = 0; i < events; ++i) world.random_event();
  world.calm_down();
}

}  // namespace
}  // namespace brokers::dispatch
