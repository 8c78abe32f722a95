#include "tests/simulation/planted.hpp"

#include "schemas/codec/data.hpp"
#include "workers/handlers/sleeve.hpp"

namespace tests::simulation {

namespace handlers = workers::handlers;
using ledger::journal::Facts;
using machines::LeasedJob;

namespace {

class Planted : public handlers::Handler {
 public:
  Planted(std::unique_ptr<handlers::Handler> real, Plant plant) : real_(std::move(real)), plant_(plant) {}
  [[nodiscard]] schemas::Capability capability() const override { return real_->capability(); }
  [[nodiscard]] bool is_pure(std::string_view command) const override { return real_->is_pure(command); }

  handlers::Decision on_job(const LeasedJob& job, const Facts& facts) const override {
    return spoilt(real_->on_job(job, overlooked(facts)));
  }

  handlers::Decision on_answer(const LeasedJob& job, const Facts& facts,
                               const handlers::Answer& answer) const override {
    if (real_->capability().kind != "order") return real_->on_answer(job, facts, answer);
    const auto* error = std::get_if<machines::CallError>(&answer);
    if (plant_ == Plant::resend_on_timeout && error != nullptr && job.command == "place_order" && facts.state == "sent")
      return again(job, facts);
    if (plant_ == Plant::ignore_validity) return timeless(job, facts, answer);
    if (plant_ != Plant::book_fills_again)
      return spoilt(real_->on_answer(job, overlooked(facts), misread(job, facts, answer)));
    Facts forgetful = facts;
    if (auto data = schemas::parse_order(facts.data)) {
      data->fills = 0;
      forgetful.data = schemas::write_order(*data);
    }
    return real_->on_answer(job, forgetful, answer);
  }

 private:
  [[nodiscard]] Facts overlooked(Facts facts) const {
    if (plant_ != Plant::place_under_freeze || facts.kind != "order") return facts;
    facts.frozen = "no";
    facts.paused = false;
    return facts;
  }

  // As if the order had been decided just now.
  [[nodiscard]] handlers::Decision timeless(LeasedJob job, Facts facts, const handlers::Answer& answer) const {
    facts.world_now = job.world_at;
    return real_->on_answer(job, facts, answer);
  }

  [[nodiscard]] handlers::Answer misread(const LeasedJob&, const Facts& facts, const handlers::Answer& answer) const {
    const auto* said = std::get_if<schemas::OrderReport>(&answer);
    if (said == nullptr) return answer;
    schemas::OrderReport report = *said;
    const bool is_unknown = report.status == schemas::OrderStatus::not_found;
    if (plant_ == Plant::cancel_what_was_sent && is_unknown && facts.state == "in_doubt")
      report.status = schemas::OrderStatus::cancelled;
    if (plant_ == Plant::no_settle_window && is_unknown) report.venue_us = INT64_MAX;
    if (plant_ == Plant::book_repeated_fill)
      for (std::size_t at = 0; at < report.fills.size(); ++at) report.fills[at].number = static_cast<int>(at) + 1;
    return report;
  }

  static handlers::Decision again(const LeasedJob& job, const Facts& facts) {
    const auto data = schemas::parse_order(facts.data);
    CHECK(data.has_value());
    std::string id = "0000000000000000" + std::to_string(1'000'000'000'000'000 + job.key.instance.value);
    return handlers::Call{
        schemas::PlaceOrder{std::move(id), data->symbol, data->is_buy ? schemas::Side::buy : schemas::Side::sell,
                            data->size.minor(), data->placed_at}
    };
  }

  [[nodiscard]] handlers::Decision spoilt(handlers::Decision decision) const {
    auto* commit = std::get_if<handlers::Commit>(&decision);
    if (commit == nullptr) return decision;
    auto& postings = commit->step.postings;
    if (plant_ == Plant::double_sweep)
      for (std::size_t at = postings.size(); at-- > 0;)
        if (postings[at].code == "sweep") postings.push_back(machines::Posting(postings[at]));
    if (plant_ == Plant::keep_the_hold)
      std::erase_if(postings, [](const auto& posting) { return posting.kind == machines::PostingKind::void_; });
    return decision;
  }

  std::unique_ptr<handlers::Handler> real_;
  Plant plant_;
};

}  // namespace

workers::harness::Handlers make_handlers(Plant plant, const ledger::books::Sleeves& sleeves,
                                         const workers::venues::VenueProperties& venue) {
  workers::harness::Handlers made;
  made.push_back(std::make_unique<handlers::CycleHandler>(sleeves));
  made.push_back(std::make_unique<handlers::OrderHandler>(sleeves, deployment, venue));
  made.push_back(std::make_unique<handlers::AllocationHandler>(sleeves));
  made.push_back(std::make_unique<handlers::VaultHandler>());
  for (auto& handler : made) handler = std::make_unique<Planted>(std::move(handler), plant);
  return made;
}

std::string_view description_of(Plant plant) {
  switch (plant) {
    case Plant::none:
      return "none";
    case Plant::skip_lease_check:
      return "the store commits whatever token a step carries";
    case Plant::skip_version_check:
      return "the store takes an instance's version as it finds it";
    case Plant::forget_epoch:
      return "the store takes steps of a broker that was fenced off";
    case Plant::forget_pause_epoch:
      return "the store takes decisions that were made before a pause";
    case Plant::ack_before_commit:
      return "a worker says done, then commits";
    case Plant::send_before_commit:
      return "a worker sends the order, then commits that it did";
    case Plant::resend_on_timeout:
      return "no answer in time: the order is sent again under a new client id";
    case Plant::count_tokens:
      return "lease tokens are counted, anew with each take-over";
    case Plant::no_sweep:
      return "a broker never looks for leases that nobody holds";
    case Plant::lose_last_wake_up:
      return "a broker has no timers";
    case Plant::double_sweep:
      return "a flash sleeve returns its profit twice";
    case Plant::book_fills_again:
      return "an order books all fills of each report anew";
    case Plant::keep_the_hold:
      return "an order that ended without a fill keeps its hold";
    case Plant::forget_answered_commit:
      return "a commit of unknown outcome stays in hand for ever";
    case Plant::cancel_what_was_sent:
      return "an order in doubt that the venue does not know yet counts as cancelled";
    case Plant::no_settle_window:
      return "not found is final whenever it is said";
    case Plant::ignore_validity:
      return "an order is sent again however late it has become";
    case Plant::place_under_freeze:
      return "the order's handler knows no pause and no freeze";
    case Plant::send_unsigned:
      return "a worker without a key sends all the same";
    case Plant::book_repeated_fill:
      return "a fill that is reported twice is booked twice";
  }
  return "";
}

}  // namespace tests::simulation
