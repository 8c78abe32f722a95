#include "ledger/audit/slices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <thread>

namespace ledger::audit {
namespace {

// What the threads share: which slice is next, and what was found. Slices are given out in order, so all before a
// found problem have been given out too, and the first of several problems is the first of all.
class Desk {
 public:
  Desk(const std::vector<Slice>& slices, Verdict verdict, const VerifyOptions& options)
      : slices_(slices), verdict_(std::move(verdict)), options_(options) {}

  const Slice* take() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || error_ || bad_ || next_ == slices_.size()) return nullptr;
    if (options_.stopped && options_.stopped()) {
      stopped_ = true;
      return nullptr;
    }
    if (options_.progress) options_.progress(slices_[next_].pass, done_, static_cast<std::int64_t>(slices_.size()));
    return &slices_[next_++];
  }

  void answer(const Slice& slice, const Stored<Rows>& rows) {
    const std::lock_guard lock(mutex_);
    if (!rows) {
      if (!error_) error_ = rows.error(), pass_ = slice.pass;
      return;
    }
    ++done_;
    if (slice.first_count != nullptr) verdict_.*slice.first_count += rows->number(0, 1);
    if (slice.second_count != nullptr) verdict_.*slice.second_count += rows->number(0, 2);
    if (rows->empty() || rows->is_null(0, 0) || (bad_ != nullptr && bad_ < &slice)) return;
    bad_ = &slice;
    verdict_.pass = slice.pass;
    verdict_.problem = rows->text(0, 0);
  }

  Stored<Verdict> end() {
    if (bad_ != nullptr) return std::move(verdict_);
    const auto reached = fmt::format("{} of {} parts were verified", done_, slices_.size());
    if (error_) {
      error_->text = fmt::format("{}, in the pass \"{}\": {}", reached, pass_, error_->text);
      return machines::fail(*error_);
    }
    if (stopped_) {
      verdict_.stopped = true;
      verdict_.problem = "it was stopped; " + reached;
      verdict_.pass = slices_[next_].pass;
      return std::move(verdict_);
    }
    verdict_.ok = verdict_.complete = true;
    return std::move(verdict_);
  }

 private:
  std::mutex mutex_;
  const std::vector<Slice>& slices_;
  Verdict verdict_;
  const VerifyOptions& options_;
  std::size_t next_ = 0;
  std::int64_t done_ = 0;
  bool stopped_ = false;
  const Slice* bad_ = nullptr;
  std::optional<StoreError> error_;
  std::string pass_;
};

void work(Connection& connection, Desk& desk) {
  while (const Slice* slice = desk.take()) desk.answer(*slice, connection.call(slice->statement, slice->parameters));
}

}  // namespace

Stored<Verdict> ask_all(Connection& connection, const std::vector<Slice>& slices, Verdict verdict,
                        const VerifyOptions& options) {
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  const int wanted = std::clamp(options.connections > 0 ? options.connections : cores, 1, 16);
  const int count = std::min(wanted, std::max(1, static_cast<int>(slices.size())));
  Desk desk(slices, std::move(verdict), options);
  std::vector<Connection> others;
  for (int n = 1; n < count; ++n) others.push_back(connection.another());
  std::vector<std::thread> threads;
  threads.reserve(others.size());
  for (Connection& other : others) threads.emplace_back([&other, &desk] { work(other, desk); });
  work(connection, desk);
  for (std::thread& thread : threads) thread.join();
  return desk.end();
}

}  // namespace ledger::audit
