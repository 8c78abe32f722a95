#include "deploy/terminal/secret_arguments.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace deploy {

void wipe_dsn(int argc, char** argv) {
  const auto wipe = [](char* text) { std::memset(text, '*', std::strlen(text)); };
  for (int at = 1; at < argc; ++at) {
    const std::string_view argument = argv[at];
    for (const std::string_view word : {std::string_view("--dsn"), std::string_view("--service-dsn")})
      if (argument == word && at + 1 < argc)
        wipe(argv[++at]);
      else if (argument.starts_with(word) && argument.substr(word.size(), 1) == "=")
        wipe(argv[at] + word.size() + 1);
  }
  for (const char* name : {"BURSAR_DSN", "BURSAR_SERVICE_DSN"}) {
    char* held = std::getenv(name);
    if (held == nullptr) continue;
    wipe(held);
    unsetenv(name);
  }
}

void forget_postgres_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with("PG")) names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

std::string take_dsn_from_input() {
  constexpr std::size_t most = 64 * 1024;
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < most) {
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) {
    dup2(nothing, STDIN_FILENO);
    close(nothing);
  }
  return text;
}

}  // namespace deploy
