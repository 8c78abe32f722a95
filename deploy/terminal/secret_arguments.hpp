// deploy/terminal/secret_arguments.hpp: a connection string may hold a password, and what a process was started with is
// for all to see. It is wiped once read, and handed to children through a pipe: never by argument or environment.
#pragma once

#include <string>

namespace deploy {

// The word by which a child is told to read its connection string from standard input.
inline constexpr const char* dsn_on_input = "--dsn-on-stdin";
// That a process of the house gives up all files but its own (deploy/cluster/confine.hpp).
inline constexpr const char* confined = "--confined";

// Overwrites the value of each --dsn in the arguments of this process, as the kernel shows them, and takes $BURSAR_DSN
// out of its environment and out of what is shown of that. REQUIRES: both have been read; one thread.
void wipe_dsn(int argc, char** argv);

// Takes all that libpq reads (PGPORT, PGSERVICE, PGHOSTADDR, ...) out of the environment of this process and of its
// children: the private PostgreSQL is reached as we say, whatever they say. REQUIRES: one thread.
void forget_postgres_environment();

// All of standard input, which is then closed to everybody: /dev/null takes its place.
std::string take_dsn_from_input();

}  // namespace deploy
