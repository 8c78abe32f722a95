#include "workers/reconciliation/ask_statement.hpp"

#include <atomic>

#include "brokers/wire/keys.hpp"
#include "workers/venues/paper/client.hpp"

namespace workers::reconciliation {
namespace {

namespace paper = workers::venues::paper;
using ledger::books::SeenStatement;

SeenStatement seen(const schemas::Statement& statement) {
  SeenStatement made;
  for (const schemas::StatementLine& line : statement.lines) made.lines.push_back({line.asset, line.total});
  for (const schemas::ForeignFill& fill : statement.foreign)
    made.foreign.push_back({fill.id, fill.symbol, fill.at, fill.side == schemas::Side::buy, fill.base, fill.quote,
                            fill.fee, fill.fee_asset});
  return made;
}

}  // namespace

AskStatement ask_venue(const venues::VenueFiles& venue_files, std::chrono::milliseconds timeout) {
  return [venue_files, timeout]() -> machines::Result<SeenStatement, std::string> {
    const auto keys = brokers::wire::read_keys(venue_files.key.string());
    const auto venue = brokers::wire::read_public_key(venue_files.public_key.string());
    if (!keys || !venue) return machines::fail(std::string("the keys in the data folder can't be read"));
    brokers::wire::Context context;
    paper::VenueClient client(context, {venue_files.endpoint, *keys, *venue, timeout});
    const std::atomic<bool> stop = false;
    const auto answer = paper::ask(client, schemas::StatementRequest{}, timeout, stop);
    if (!answer) return machines::fail(answer.error().text);
    const auto* statement = std::get_if<schemas::Statement>(&*answer);
    if (statement == nullptr) return machines::fail(std::string("the venue answered something else"));
    return seen(*statement);
  };
}

}  // namespace workers::reconciliation
