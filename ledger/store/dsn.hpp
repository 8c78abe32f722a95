// ledger/store/dsn.hpp: libpq connection strings, in either of their two forms (keywords or URI), with settings added.
// Pure: no I/O, no throw.
#pragma once

#include <chrono>
#include <string>
#include <vector>

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
// The user that it logs in as; empty where neither the string nor the environment says so.
std::string login_of(const std::string& dsn);

// For calls that take moments: a statement ends after half a minute, unless the string names a statement_timeout
// itself.
std::string brisk(const std::string& dsn);

// The statement_timeout that its options set last; 0 where they set none, or none that can be read.
std::chrono::milliseconds statement_timeout(const std::string& dsn);

// One string per host, in their order: the same as `dsn` but for the host, its address and its port. `dsn` itself where
// it names one host, or none.
std::vector<std::string> each_host(const std::string& dsn);

}  // namespace ledger
