// brokers/wire/zap.hpp: the ZAP handler: which keys may speak, and in which role. Start it before any RouterSocket
// binds. A key that it does not know is refused and counted. One thread of its own.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "brokers/wire/socket.hpp"

namespace brokers::wire {

enum class Role { worker, client, approver, operator_ };

struct Peer {
  Role role = Role::client;
  std::string name;
};

class ZapServer {
 public:
  // `known`: the peer of each public key (Z85). Runs until destroyed. REQUIRES: one per context.
  ZapServer(Context& context, std::map<std::string, Peer> known);
  ~ZapServer();
  ZapServer(const ZapServer&) = delete;
  ZapServer& operator=(const ZapServer&) = delete;
  // How many handshakes were refused since the start, for a key that is not known.
  [[nodiscard]] std::int64_t refused() const;

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

// The peer that a user id ("role:name") names; nothing for any other text.
std::optional<Peer> peer_of(std::string_view user_id);

// Proves that the endpoint refuses an unknown key: connects with a fresh one and expects silence and a raised refusal
// count. Errors: the key was let in, or nothing refused it in time. The process must stop then.
Wired<bool> prove_refusal(Context& context, const ZapServer& zap, const std::string& endpoint,
                          const std::string& server_public_key);

}  // namespace brokers::wire
