// deploy/report/vault_page.hpp: vaults as people and programs read them. Pure: text from what was read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ledger/books/vaults.hpp"

namespace deploy::report {

// The exact amount without zeros at the end: 20.01253, 15, 0.
std::string plain_amount(machines::Amount amount, int scale);

// One line per vault.
std::string vaults_table(const std::vector<ledger::books::VaultView>& vaults);
// The status diagram: Total Coins, Tradeable Coins with the Quiet and Flash balance and each sleeve, what is not at
// risk, fees, what flash has returned, and why it idles where it does.
std::string vault_diagram(const ledger::books::VaultView& vault);
// A list with all that a VaultView says, in the order given; amounts are exact decimal texts in coins.
nlohmann::ordered_json vaults_json(const std::vector<ledger::books::VaultView>& vaults);

}  // namespace deploy::report
