// tests/ledger/secrets/secrets.hpp: secrets, master keys and bindings that tests begin with.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "ledger/secrets/envelope.hpp"

namespace tests {

inline ledger::secrets::Secret secret_of(std::string_view text) {
  auto made = ledger::secrets::Secret::zeros(text.size());
  CHECK(made.has_value());
  made->fill([&](auto span) { std::copy(text.begin(), text.end(), span.begin()); });
  return std::move(*made);
}

inline std::string text_of(const ledger::secrets::Secret& secret) {
  return secret.reveal([](auto span) { return std::string(span.begin(), span.end()); });
}

inline ledger::secrets::MasterKey any_master_key() {
  auto made = ledger::secrets::MasterKey::fresh();
  CHECK(made.has_value());
  return std::move(*made);
}

inline ledger::secrets::Binding any_binding() {
  return {"0123456789abcdef", "sealed.api_key", 17, {1}, "paper", "main", "move", 3, {"192.0.2.1"}, {"bc1q"}};
}

}  // namespace tests
