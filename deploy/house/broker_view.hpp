// deploy/house/broker_view.hpp: asks the running brokers who works for them. Which there are, their seats tell.
#pragma once

#include <vector>

#include "deploy/house/data_folder.hpp"
#include "ledger/jobs/seats.hpp"
#include "schemas/codec/messages.hpp"

namespace deploy {

// A broker by its seat, and what it says of itself.
struct BrokerState {
  ledger::jobs::SeatView seat;
  std::optional<schemas::BrokerView> view;  // nothing: it did not answer within a second
};

// In the order of the seats. Without the keys of a client (see Layout::key) no broker can be asked.
std::vector<BrokerState> ask_brokers(const Layout& layout, const std::vector<ledger::jobs::SeatView>& seats);

}  // namespace deploy
