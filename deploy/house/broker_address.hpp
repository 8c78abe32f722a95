// deploy/house/broker_address.hpp: where a broker listens, and under which key.
#pragma once

#include <string>

namespace deploy {

struct BrokerAddress {
  std::string endpoint, public_key;
};

}  // namespace deploy
