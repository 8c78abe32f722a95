// brokers/service/weights.hpp: Weights, what owners get per turn, by their names: owners may be named before they are
// there, so it asks for the unknown ones now and then. I/O: one question each time, through ledger/jobs. One thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "ledger/jobs/jobs.hpp"

namespace brokers::service {

class Weights {
 public:
  // Borrows `jobs`. A weight is jobs per turn, at least 1.
  Weights(ledger::jobs::Jobs& jobs, std::map<std::string, int> by_name);

  // All are told anew, and asked for at once: a fresh dispatch knows none of them.
  void forget();
  // The weights of those that came to be known since the last call. Asks only while a name is unknown, and ten seconds
  // after the last question at the earliest, whether or not that was answered.
  std::map<machines::OwnerId, int> news(std::int64_t now_us);

 private:
  ledger::jobs::Jobs& jobs_;
  std::map<std::string, int> by_name_;
  std::set<std::string> unknown_;
  std::int64_t ask_at_us_ = 0;
};

}  // namespace brokers::service
