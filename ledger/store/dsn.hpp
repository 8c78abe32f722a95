// ledger/store/dsn.hpp: libpq connection strings, in either of their two forms (keywords or URI), with settings added.
// Pure: no I/O, no throw.
#pragma once

#include <string>

namespace ledger {

// The same string with `options` (-c name=value ...) put before its own, so that its own win, and with each keyword of
// `defaults` (name=value, blank between) that it does not name itself. A string that libpq can't read comes back
// unchanged: connecting with it says what is wrong.
std::string with_settings(const std::string& dsn, const std::string& options, const std::string& defaults);

// The same string with further options after its own, so that these win.
std::string with_options(const std::string& dsn, const std::string& options);

// Why this connection would cross a network in plain text; empty when it would not: every host is a Unix socket or
// loopback, or TLS with a verified name is asked for. Hosts and sslmode that the string leaves out are the
// environment's.
std::string plain_over_network(const std::string& dsn);

}  // namespace ledger
