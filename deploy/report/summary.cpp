#include "deploy/report/report.hpp"

namespace deploy::report {

nlohmann::ordered_json summary(const ReportData& data) {
  using nlohmann::ordered_json;
  const auto decimal = [&](machines::Int128 minor) {
    return machines::format(machines::Amount(data.quote.id, minor), data.quote.scale);
  };
  const auto last = [&](const Series& series) { return decimal(series.empty() ? 0 : series.back().minor); };
  const workers::market::ImportReport& import = data.import;
  ordered_json made;
  made["import"] = ordered_json{
      {"rows",       import.rows      },
      {"hours",      import.hours     },
      {"duplicates", import.duplicates},
      {"gaps",       import.gaps      },
      {"missing",    import.missing   },
      {"rejected",   import.rejected  }
  };
  made["bars"] = data.bars;
  made["sleeves"] = ordered_json::array();
  for (const Sleeve& sleeve : data.sleeves)
    made["sleeves"].push_back(ordered_json{
        {"name",         sleeve.name                 },
        {"kind",         sleeve.kind                 },
        {"trades",       sleeve.trades               },
        {"wins",         sleeve.wins                 },
        {"fees",         decimal(sleeve.fees)        },
        {"realized_pnl", decimal(sleeve.realized_pnl)},
        {"balance",      decimal(sleeve.balance)     }
    });
  made["vault"] = ordered_json{
      {"total",               decimal(data.vault.total)              },
      {"tradeable",           decimal(data.vault.tradeable)          },
      {"returned_from_flash", decimal(data.vault.returned_from_flash)}
  };
  made["baseline"] = ordered_json{
      {"buy_and_hold", last(data.buy_and_hold)},
      {"cash",         last(data.cash)        }
  };
  made["transitions"] = data.transitions;
  made["postings"] = data.postings;
  made["verified"] = data.verified;
  made["elapsed_s"] = data.elapsed_s;
  made["digest"] = data.digest;
  made["suspense"] = decimal(data.suspense);
  return made;
}

}  // namespace deploy::report
