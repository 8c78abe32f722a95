#include <spdlog/spdlog.h>

#include <cstring>

#include "deploy/terminal/key_input.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "workers/venues/paper/keys.hpp"
#include "workers/venues/paper/signature.hpp"

namespace tests::fuzz {

// SHA-256 of "secret".
const std::string hash_of_secret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

// Whatever the file says, a wrong proof gets nothing; and where a right line stands before the rest, the right proof
// gets just what that line says.
void venue_keys(Bytes bytes) {
  spdlog::set_level(spdlog::level::off);  // each bad line is said
  namespace paper = workers::venues::paper;
  constexpr std::int64_t now_us = 1'700'000'000'000'000;
  auto credential = ledger::secrets::Secret::zeros(12);
  CHECK(credential.has_value());
  credential->fill([](auto space) { std::memcpy(space.data(), "known\nsecret", space.size()); });
  auto request = paper::key_info_request(*credential, "main", now_us);
  const MemoryFile behind("main known " + hash_of_secret + " read,trade rate=7\n" + std::string(bytes));
  const auto told = paper::Gate(behind.path(), "main").key_info(request, now_us);
  CHECK(std::get<schemas::KeyInfo>(told) == (schemas::KeyInfo{"main", true, true, false, false, 0, 0}));
  request.proof.back() = request.proof.back() == '0' ? '1' : '0';
  for (const std::string& text : {std::string(bytes), "main known " + std::string(bytes)}) {
    const MemoryFile file(text);
    const auto answer = paper::Gate(file.path(), "main").key_info(request, now_us);
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

}  // namespace tests::fuzz
