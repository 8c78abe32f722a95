#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "brokers/wire/keys.hpp"
#include "deploy/bursar/key_input.hpp"
#include "ledger/audit/checkpoints.hpp"
#include "ledger/store/dsn.hpp"
#include "schemas/config/config.hpp"
#include "tests/fuzz/targets.hpp"
#include "workers/market/reader.hpp"
#include "workers/venues/paper/keys.hpp"

namespace tests::fuzz {
namespace {

// The bytes as a file that only its owner may read, in memory.
class MemoryFile {
 public:
  explicit MemoryFile(Bytes bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    CHECK(descriptor_ >= 0 && ::fchmod(descriptor_, 0600) == 0);
    CHECK(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// A complaint is one line that begins with the file's name.
void must_name(const std::string& text, const std::string& file) {
  CHECK(text.starts_with(file));
  CHECK(text.size() > file.size());
}

// The first two lines, where there are any.
std::string_view line_of(Bytes bytes, int n) {
  for (; n > 0; --n) {
    const auto end = bytes.find('\n');
    if (end == Bytes::npos) return {};
    bytes.remove_prefix(end + 1);
  }
  return bytes.substr(0, bytes.find('\n'));
}

}  // namespace

void config(Bytes bytes) {
  constexpr const char* file = "fuzz.toml";
  const auto read = schemas::config::parse(bytes, file);
  if (!read) {
    CHECK(!read.error().problems.empty());
    for (const auto& problem : read.error().problems) {
      CHECK(problem.file == file && !problem.what.empty() && problem.line >= 0 && problem.column >= 0);
      must_name(problem.text(), file);
      CHECK(problem.text().find('\n') == std::string::npos);
    }
    return;
  }
  CHECK(read->validate().empty());
  const std::string frozen = read->frozen_text();
  CHECK(schemas::config::first_difference(frozen, frozen).empty());
}

void prices(Bytes bytes) {
  const MemoryFile file(bytes);
  const auto read = workers::market::read_prices(file.path());
  if (!read) {
    must_name(read.error().text(), file.path());
    CHECK(!read.error().what.empty() && !read.error().do_what.empty() && read.error().line >= 0);
    return;
  }
  CHECK(!read->bars.empty());
  for (std::size_t i = 0; i < read->bars.size(); ++i) {
    const auto& bar = read->bars[i];
    CHECK(bar.open.e8 > 0 && bar.close.e8 > 0);
    CHECK(i == 0 || read->bars[i - 1].opens_at < bar.opens_at);
  }
}

// Whatever the file says, a wrong proof gets nothing; and where a right line stands before the rest, the right proof
// gets just what that line says.
void venue_keys(Bytes bytes) {
  namespace paper = workers::venues::paper;
  constexpr std::int64_t now_us = 1'700'000'000'000'000;
  auto credential = ledger::secrets::Secret::zeros(12);
  CHECK(credential.has_value());
  credential->fill([](auto space) { std::memcpy(space.data(), "known\nsecret", space.size()); });
  auto request = paper::key_info_request(*credential, "main", now_us);
  const MemoryFile behind("main known " + ledger::audit::sha256_hex("secret") + " read,trade rate=7\n" +
                          std::string(bytes));
  const auto told = paper::answer_key_info(behind.path(), request, now_us);
  CHECK(std::get<schemas::KeyInfo>(told) == (schemas::KeyInfo{"main", true, true, false, false, 0, 7}));
  request.proof.back() = request.proof.back() == '0' ? '1' : '0';
  for (const std::string& text : {std::string(bytes), "main known " + std::string(bytes)}) {
    const MemoryFile file(text);
    const auto answer = paper::answer_key_info(file.path(), request, now_us);
    const auto* refusal = std::get_if<schemas::VenueRefusal>(&answer);
    CHECK(refusal != nullptr && paper::is_bad_key(refusal->reason));
  }
}

void credential(Bytes bytes) {
  const MemoryFile file(bytes);
  const auto read = deploy::read_credential(file.path());
  if (!read) {
    must_name(read.error().text, file.path());
    return;
  }
  // What was read is what stood there, but for the line ends at its end.
  const bool same = read->reveal([&](auto seen) {
    return seen.size() <= bytes.size() && std::memcmp(seen.data(), bytes.data(), seen.size()) == 0 &&
           bytes.substr(seen.size()).find_first_not_of("\r\n") == Bytes::npos;
  });
  CHECK(same);
  if (!workers::venues::paper::wrong_with_credential(*read).empty()) return;
  const auto request = workers::venues::paper::key_info_request(*read, "main", 1);
  CHECK(request.api_key == line_of(bytes, 0));
  CHECK(!line_of(bytes, 1).empty() && request.proof.size() == 64);
}

void curve_keys(Bytes bytes) {
  const MemoryFile file(bytes);
  const auto keys = brokers::wire::read_keys(file.path());
  if (keys) {
    CHECK(keys->public_key == line_of(bytes, 0) && keys->secret_key == line_of(bytes, 1));
    CHECK(keys->public_key.size() == 40 && keys->secret_key.size() == 40);
  } else {
    must_name(keys.error().text, file.path());
  }
  const auto key = brokers::wire::read_public_key(file.path());
  if (key)
    CHECK(*key == line_of(bytes, 0) && key->size() == 40);
  else
    must_name(key.error().text, file.path());
}

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
