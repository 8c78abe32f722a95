#include "ledger/model/content.hpp"

#include <algorithm>

#include "machines/core/names.hpp"

namespace ledger::model {
namespace {

void put(std::string& bytes, std::string_view field) {
  bytes.append(std::to_string(field.size())).append(":").append(field);
}

void put(std::string& bytes, std::int64_t number) { put(bytes, std::to_string(number)); }

std::string bytes_of(const machines::Step& step, const machines::Move& move) {
  std::string bytes;
  for (const std::int64_t number :
       {move.instance.id.value, std::int64_t{move.instance.born}, std::int64_t{move.machine_version}, move.version})
    put(bytes, number);
  for (const std::string_view word : {move.kind, move.from, move.to, move.event, move.command}) put(bytes, word);
  put(bytes, move.data);
  put(bytes, machines::describe_jobs(step, move.instance));
  return bytes;
}

std::string bytes_of(const machines::Posting& posting) {
  std::string bytes;
  put(bytes, machines::name_of(posting.kind));
  put(bytes, machines::to_text(posting.amount.minor()));
  put(bytes, posting.code);
  for (const std::int64_t number :
       {posting.debit.value, posting.credit.value, std::int64_t{posting.amount.asset().value},
        posting.hold.instance.value, posting.hold.version, std::int64_t{posting.hold.leg}})
    put(bytes, number);
  return bytes;
}

}  // namespace

std::string content_of(const machines::Step& step) {
  std::vector<std::string> moves;
  for (const machines::Move& move : step.moves) moves.push_back(bytes_of(step, move));
  if (!moves.empty()) std::sort(moves.begin() + 1, moves.end());
  std::string bytes;
  put(bytes, step.world_at.us);
  for (const std::string& move : moves) put(bytes, move);
  put(bytes, "postings");
  for (const machines::Posting& posting : step.postings) put(bytes, bytes_of(posting));
  return bytes;
}

}  // namespace ledger::model
