// tests/sanitizers.cpp: what the sanitizers need not tell: not ours, small, and known. In every executable of a build
// that is sanitized, rather than in a file: a process that has given up its files could not read it.

// libpqxx 6.4 loses the result of a call whose connection breaks: 2 KiB for each broken connection, in whichever of its
// functions, some without a name.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx-6\n"; }

// libzmq, and libsodium below it, are not built with ThreadSanitizer: what libzmq's threads hand each other without a
// lock looks like a race.
extern "C" const char* __tsan_default_suppressions() {
  return "race:libzmq.so\n"
         "race:libsodium.so\n";
}
