// deploy/terminal/key_input.hpp: how a credential comes in: from a file, standard input, or a terminal that doesn't
// show it. It goes straight into locked memory: no stream and no string holds it. No throw.
#pragma once

#include <filesystem>
#include <string>

#include "ledger/secrets/secret.hpp"

namespace deploy {

// `file` empty: a prompt where standard input is a terminal, else standard input. Line ends at the end are dropped.
// Errors: the file is missing, not a plain file, or others may read it; nothing came, or more than a credential has;
// the prompt was interrupted, and then the terminal is as it was.
ledger::secrets::Secretly<ledger::secrets::Secret> read_credential(const std::filesystem::path& file);

}  // namespace deploy
