// tests/tidy/once.cpp: what the house has once, in ledger/env: the clocks, random bytes, SHA-256 and hex.
#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

struct Allowed {
  const char* path;
  const char* reason;
};
constexpr Allowed allowed[] = {
    {"ledger/model/sha256.cpp", "the model is a second opinion: it leans on machines alone"},
    {"ledger/secrets/secret.cpp", "a key is drawn by OpenSSL's generator for secrets, into locked memory"},
    {"machines/core/visible.cpp", "machines include no ledger"},
};

struct Once {
  std::regex pattern;
  const char* what;
};
const Once table[] = {
    {std::regex(R"(\bSHA256(_Init|_Update|_Final)?\s*\()"), "SHA-256"},
    {std::regex(R"(\bEVP_Digest(Init|Init_ex|Init_ex2|Update|Final|Final_ex)?\s*\()"), "SHA-256"},
    {std::regex(R"(\bRAND_(priv_)?bytes\b|\bgetrandom\s*\(|\bgetentropy\s*\(|\brandom_device\b)"), "random bytes"},
    {std::regex(R"("0123456789abcdef"|%02x|\{:02x\})"), "hex digits"},
    {std::regex(R"(\bsystem_clock::now\b|\bclock_gettime\b|\bgettimeofday\b)"), "the clock on the wall"},
    {std::regex(R"(\bsteady_clock::now\(\)\s*\.time_since_epoch\b)"), "the steady clock as a number"},
};

}  // namespace

Findings once(const File& file) {
  const bool is_its_room = file.path.starts_with("ledger/env/") || file.path.starts_with("tests/");
  const bool is_allowed = std::ranges::any_of(allowed, [&](const Allowed& one) { return file.path == one.path; });
  if (is_its_room || is_allowed) return {};
  Findings found;
  std::istringstream lines(file.text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string code = line.substr(0, line.find("//"));
    for (const Once& one : table)
      if (std::regex_search(code, one.pattern))
        found.push_back(file.path + ":" + std::to_string(number) + ": " + one.what + " is had once, in ledger/env");
  }
  return found;
}

}  // namespace tests::tidy
