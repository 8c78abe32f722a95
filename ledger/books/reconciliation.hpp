// ledger/books/reconciliation.hpp: what the ledger expects on a venue account's wallets, the venue's statements as they
// came, and the breaks. Borrows its connection. No throw.
#pragma once

#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/sleeve.hpp"
#include "machines/reconciliation/decide.hpp"

namespace ledger::books {

// A fill of an order on our account that is none of ours. `id` is the venue's, unique for ever.
struct SeenFill {
  std::string id, symbol;
  machines::Instant at;
  bool is_buy = false;
  machines::Int128 base = 0, quote = 0, fee = 0;
  std::string fee_asset;  // "" is the quote
};

struct SeenStatement {
  struct Line {
    std::string asset;
    machines::Int128 total = 0;
  };
  std::vector<Line> lines;
  std::vector<SeenFill> foreign;  // oldest first
};

// What the ledger expects of one asset, in minor units; the owner who answers for its differences, and the accounts
// that differences move between.
struct WalletLine {
  machines::OwnerId owner;
  machines::Asset asset;
  machines::Int128 ledger = 0, quarantined = 0;
  machines::AccountId external, quarantine;
};

struct Wallet {
  std::vector<WalletLine> lines;
  machines::Int128 stamp = 0;  // changes with every posting on it
  std::int64_t in_flight = 0;  // orders that have not ended
  machines::Instant world_now;
  // The line of an asset, by its code; nullptr where no account of it was ever opened. The wallet keeps it.
  [[nodiscard]] const WalletLine* line(const std::string& asset) const;
};

struct BreakView {
  machines::OwnerId owner;
  machines::InstanceId id;
  std::int64_t version = 0;
  std::string state, owner_name;
  machines::reconciliation::Data data;
  machines::Asset asset;
  machines::Instant world_at;  // when it was found
  std::string wall_at;         // the same by the wall's clock, UTC
  std::int64_t age_s = 0;      // by the wall's clock
};

class Reconciliation {
 public:
  explicit Reconciliation(Connection& connection) : connection_(connection) {}

  // What the ledger expects on this venue account now. Errors, here and below: the connection's.
  Stored<Wallet> wallet(const std::string& venue, const std::string& account);
  // Keeps a statement as it came, and returns its id. Its foreign fills are kept when first seen.
  Stored<std::int64_t> keep(const std::string& venue, const std::string& account, machines::Instant world_at,
                            const SeenStatement& statement);
  // The venue's ids of kept fills that no break stands for.
  Stored<std::vector<std::string>> unclaimed(const std::string& venue, const std::string& account);
  // Oldest first; `all`: closed ones too. Errors: also refused, where the data of one can't be read.
  Stored<std::vector<BreakView>> breaks(bool all);
  // Empty where there is none. The id may stand for several owners' breaks only in a ledger that does not verify.
  Stored<std::vector<BreakView>> break_of(machines::InstanceId id);

 private:
  Connection& connection_;
};

// How many breaks are open, and the age of the oldest.
struct OpenBreaks {
  std::int64_t count = 0, oldest_s = 0;
};
Stored<OpenBreaks> open_breaks(Connection& connection);

}  // namespace ledger::books
