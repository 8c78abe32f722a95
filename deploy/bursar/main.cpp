// deploy/bursar/main.cpp: the one executable: its nouns. Exit codes: 0; 1 refusal or failure; 2 usage or configuration.
#include <sys/stat.h>

#include "deploy/bursar/nodes.hpp"
#include "deploy/bursar/standalone.hpp"
#include "deploy/bursar/up.hpp"
#include "deploy/cli/books/ledger.hpp"
#include "deploy/cli/books/report.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/cli/config.hpp"
#include "deploy/cli/controls.hpp"
#include "deploy/cli/jobs/jobs.hpp"
#include "deploy/cli/jobs/orders.hpp"
#include "deploy/cli/keys/key_commands.hpp"
#include "deploy/cli/machines.hpp"
#include "deploy/cli/paper.hpp"
#include "deploy/cli/reconciliation.hpp"
#include "deploy/cli/schedules.hpp"
#include "deploy/cli/status.hpp"
#include "deploy/cli/vaults.hpp"
#include "deploy/terminal/streams.hpp"

namespace {

// In the order in which --help shows them.
constexpr void (*nouns[])(deploy::Commands&) = {
    deploy::add_up_command,      deploy::add_status_command,    deploy::add_machine_commands,
    deploy::add_ledger_commands, deploy::add_config_command,    deploy::add_vault_commands,
    deploy::add_sleeve_commands, deploy::add_control_commands,  deploy::add_reconcile_commands,
    deploy::add_report_command,  deploy::add_paper_commands,    deploy::add_node_commands,
    deploy::add_apart_commands,  deploy::add_key_commands,      deploy::add_job_commands,
    deploy::add_order_commands,  deploy::add_schedule_commands,
};

}  // namespace

int main(int argc, char** argv) {
  deploy::open_closed_streams();
  umask(077);  // what this program writes is for its user alone
  deploy::Commands commands("Bursar runs a crypto treasury: machines, a ledger, a broker and workers");
  for (const auto& add : nouns) add(commands);
  return deploy::after_output(commands.run(argc, argv));
}
