// ledger/audit/head.hpp: Head, a place in the audit chain of one shard; and whether the chain of a database still goes
// through it. Reads only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"

namespace ledger::audit {

struct Head {
  int shard = 0;
  std::int64_t seq = 0;
  std::string hash;  // of link `seq`: 64 hex digits
  bool operator==(const Head&) const = default;
};

// The newest link of every shard that has one, in the order of shards. Errors: the connection's.
Stored<std::vector<Head>> read_heads(Connection& connection);

enum class Departure { shorter, rewritten };
struct Departed {
  Head expected;
  Departure how = Departure::shorter;
  std::int64_t stands_at = 0;  // the newest link of that shard
};
// The first of these places that the chain does not go through, or nothing. Errors: the connection's.
Stored<std::optional<Departed>> departure(Connection& connection, const std::vector<Head>& expected);

// The deployment's own name: 16 hex digits. Errors: the connection's.
Stored<std::string> deployment_name(Connection& connection);

}  // namespace ledger::audit
