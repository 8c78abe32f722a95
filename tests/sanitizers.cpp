// tests/sanitizers.cpp: what the sanitizers need not tell: not ours, small, and known. In every executable of a build
// that is sanitized, rather than in a file: a process that has given up its files could not read it.

// libpqxx 6.4 loses the result of a call whose connection breaks: 2 KiB for each broken connection.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:pqxx::connection_base::exec_prepared\n"
         "leak:pqxx::connection_base::register_prepared\n";
}
