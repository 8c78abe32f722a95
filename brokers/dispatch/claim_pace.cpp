#include "brokers/dispatch/claim_pace.hpp"

#include <algorithm>
#include <utility>

namespace brokers::dispatch {

constexpr std::int64_t longest_rest_us = 200'000;  // where polls are rare: others wait for this claim too
constexpr std::int64_t first_wait_us = 500;        // half of what follows the first claim that found nothing
constexpr int most_doublings = 8;                  // of that wait

void ClaimPace::ended(bool was_rearmed) {
  hint_ = true;
  if (!was_rearmed) look_first_ = false;
}

void ClaimPace::failed() {
  hint_ = true;
  look_first_ = true;
}

void ClaimPace::world_has_come() {
  hint_ = true;
  look_first_ = false;
}

void ClaimPace::world_was_released() {
  world_has_come();
  claim_after_us_ = 0;
  fruitless_ = 0;
}

void ClaimPace::claimed(std::size_t brought, std::size_t went_back, std::int64_t now_us) {
  is_out_ = false;
  if (std::exchange(is_urgent_, false)) return;
  fruitless_ = brought == 0 ? fruitless_ + 1 : 0;
  hint_ = brought >= static_cast<std::size_t>(asked_for_);  // a full answer: there may be more
  look_first_ = true;                                       // until something ends that was not merely re-armed
  // More of the same would go the same way, and the service must get to its socket and its seat in between.
  if (went_back > 0 && 2 * went_back >= brought) rests_until_us_ = now_us + std::min(safety_poll_us_, longest_rest_us);
}

void ClaimPace::something_is_due(std::int64_t next_run_us, std::int64_t now_us) {
  world_has_come();
  claim_after_us_ = next_run_us > 0 ? now_us + std::min(next_run_us, safety_poll_us_) : 0;
  // Due, and yet not to be had: somebody else holds it; ask again ever more slowly.
  if (next_run_us == 0 && fruitless_ > 0)
    claim_after_us_ = now_us + std::min(first_wait_us << std::min(fruitless_, most_doublings), safety_poll_us_);
}

void ClaimPace::poll(std::int64_t now_us) {
  if (now_us - last_claim_us_ >= safety_poll_us_) hint_ = true;
}

ClaimPace::Next ClaimPace::next(const Load& load, std::int64_t now_us) {
  if (is_out_) return {};
  const bool idle = load.in_flight == 0 && load.queued == 0;
  if (load.world_waits && idle && look_first_) {
    is_out_ = true;
    return {Question::ask_due};
  }
  // Half a claim's worth of room, or half of all credit where that is less: one slow job must not hold up the rest.
  const int room = load.credit - (load.queued - load.held_back);
  const int all_credit = load.credit + load.in_flight;
  const bool worth = idle || room >= std::max(std::min(claim_limit_, all_credit) / 2, 1);
  if (!worth) return next_urgent(load, now_us);
  const bool early = now_us < rests_until_us_ || (now_us > 0 && now_us < claim_after_us_);
  if (!hint_ || early || (load.world_waits && !idle && look_first_)) return {};
  is_out_ = true;
  hint_ = false;
  last_claim_us_ = last_urgent_us_ = now_us;
  asked_for_ = std::min(claim_limit_, std::max(room, 1));
  return {Question::claim, asked_for_};
}

// Without room for more, what is urgent may still be behind the backlog in the database: looked for now and then.
ClaimPace::Next ClaimPace::next_urgent(const Load& load, std::int64_t now_us) {
  if (load.queued == 0 || now_us - last_urgent_us_ < safety_poll_us_) return {};
  last_urgent_us_ = now_us;
  is_out_ = is_urgent_ = true;
  return {Question::claim_urgent};
}

void ClaimPace::withdraw() { is_out_ = is_urgent_ = false; }

std::int64_t ClaimPace::next_us(std::int64_t now_us) const {
  std::int64_t next = now_us + safety_poll_us_;
  for (const std::int64_t at : {claim_after_us_, rests_until_us_})
    if (at > now_us) next = std::min(next, at);
  return next;
}

}  // namespace brokers::dispatch
