#include <algorithm>

#include "ledger/audit/checkpoints.hpp"
#include "ledger/store/dsn.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace tests::fuzz {

// The first 64 bytes are the public key that the file is read with. The seeds' key is known: lines that it signed
// are read, and a fuzzer can't sign others.
void checkpoints(Bytes bytes) {
  if (bytes.size() < 64) return;
  const MemoryFile file(bytes.substr(64));
  const auto read = ledger::audit::Checkpoints::read(file.path(), std::string(bytes.substr(0, 64)));
  if (!read) {
    must_name(read.error().text, file.path());
    return;
  }
  const Bytes text = bytes.substr(64);
  CHECK(read->torn() == (!text.empty() && text.back() != '\n'));
  CHECK(read->all().size() == static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
}

// What libpq takes stays what it takes, and adding nothing changes nothing any more.
void connection(Bytes bytes) {
  const std::string dsn(bytes.substr(0, bytes.find('\0')));
  const std::string once = ledger::with_settings(dsn, "-c a=b", "keepalives=1 connect_timeout=10");
  if (once == dsn) return;
  CHECK(once.find("-c a=b") != std::string::npos);
  const std::string twice = ledger::with_options(once, "-c c=d");
  CHECK(twice != once && twice.find("-c c=d") != std::string::npos);
  CHECK(ledger::with_settings(once, "-c a=b", "keepalives=1") != once);
}

}  // namespace tests::fuzz
