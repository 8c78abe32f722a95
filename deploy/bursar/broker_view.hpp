// deploy/bursar/broker_view.hpp: asks the running broker who works for it.
#pragma once

#include <optional>

#include "deploy/bursar/layout.hpp"
#include "schemas/codec/messages.hpp"

namespace deploy {

// Nothing when no broker answers within a second, or its keys can't be read.
std::optional<schemas::BrokerView> ask_broker(const Layout& layout);

}  // namespace deploy
