#include "tests/simulation/planted.hpp"

#include <array>

#include "machines/core/names.hpp"
#include "schemas/codec/data.hpp"
#include "tests/simulation/spoilt.hpp"
#include "workers/handlers/all.hpp"

namespace tests::simulation {

namespace handlers = workers::handlers;
using ledger::journal::Facts;
using machines::LeasedJob;

namespace {

class Planted : public handlers::Handler {
 public:
  Planted(std::unique_ptr<handlers::Handler> real, Plant plant, const ledger::books::Sleeves& sleeves)
      : real_(std::move(real)), plant_(plant), sleeves_(sleeves) {}
  [[nodiscard]] schemas::Capability capability() const override { return real_->capability(); }
  [[nodiscard]] bool is_pure(std::string_view command) const override { return real_->is_pure(command); }

  handlers::Decision on_job(const LeasedJob& job, const Facts& facts) const override {
    return spoilt(real_->on_job(job, overlooked(facts)), facts);
  }

  handlers::Decision on_answer(const LeasedJob& job, const Facts& facts,
                               const handlers::Answer& answer) const override {
    if (real_->capability().kind != "order") return real_->on_answer(job, facts, answer);
    const auto* error = std::get_if<machines::CallError>(&answer);
    if (plant_ == Plant::resend_on_timeout && error != nullptr && job.command == "place_order" && facts.state == "sent")
      return again(job, facts);
    if (plant_ == Plant::ignore_validity) return timeless(job, facts, answer);
    if (plant_ != Plant::book_fills_again)
      return spoilt(real_->on_answer(job, overlooked(facts), misread(job, facts, answer)), facts);
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
    return handlers::Call{schemas::PlaceOrder{std::move(id), data->symbol,
                                              data->is_buy ? schemas::Side::buy : schemas::Side::sell,
                                              data->size.minor(), data->placed_at}};
  }

  [[nodiscard]] handlers::Decision spoilt(handlers::Decision decision, const Facts& facts) const {
    if (auto* commit = std::get_if<handlers::Commit>(&decision)) spoil(plant_, commit->step, facts, sleeves_);
    return decision;
  }

  std::unique_ptr<handlers::Handler> real_;
  Plant plant_;
  const ledger::books::Sleeves& sleeves_;
};

}  // namespace

workers::harness::Handlers make_handlers(Plant plant, const ledger::books::Sleeves& sleeves,
                                         const workers::venues::VenueProperties& venue) {
  auto trusted = venue;
  if (plant == Plant::trust_ids_for_ever) trusted.ids = workers::venues::VenueProperties::Ids::for_ever;
  auto made = handlers::all_handlers(sleeves, deployment, trusted);
  for (auto& handler : made) handler = std::make_unique<Planted>(std::move(handler), plant, sleeves);
  return made;
}

namespace {

// In the order of the plants.
constexpr std::array<std::string_view, machines::count_of<Plant>> descriptions = {
    "none",
    "the store commits whatever token a step carries",
    "the store takes an instance's version as it finds it",
    "the store takes steps of a broker that was fenced off",
    "the store takes decisions that were made before a pause",
    "a worker says done, then commits",
    "a worker sends the order, then commits that it did",
    "no answer in time: the order is sent again under a new client id",
    "lease tokens are counted, anew with each take-over",
    "a broker never looks for leases that nobody holds",
    "a broker has no timers",
    "a flash sleeve returns its profit twice",
    "an order books all fills of each report anew",
    "an order that ended without a fill keeps its hold",
    "a commit of unknown outcome stays in hand for ever",
    "an order in doubt that the venue does not know yet counts as cancelled",
    "not found is final whenever it is said",
    "an order is sent again however late it has become",
    "the order's handler knows no pause and no freeze",
    "a worker without a key sends all the same",
    "a fill that is reported twice is booked twice",
    "a hold is released when a cancel is ordered, not when it is confirmed",
    "the rest of an order that is filled in part is released as if it were filled",
    "what a sale brings goes to another sleeve of its owner",
    "a fee is paid twice",
    "a cycle's timer is ordered twice",
    "an order is sent again where the venue knows ids among open orders only",
    "a request leaves although its commit did not stand",
    "what a vault gives counts twice as what a flash sleeve may keep",
    "a quiet sleeve returns what it earned",
    "a flash sleeve returns what it has while its position is open",
};

}  // namespace

std::string_view description_of(Plant plant) { return descriptions.at(static_cast<std::size_t>(plant)); }

}  // namespace tests::simulation
