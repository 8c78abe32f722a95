#include "deploy/bursar/secret_arguments.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace deploy {

void wipe_dsn(int argc, char** argv) {
  constexpr std::string_view word = "--dsn";
  const auto wipe = [](char* text) { std::memset(text, '*', std::strlen(text)); };
  for (int at = 1; at < argc; ++at) {
    const std::string_view argument = argv[at];
    if (argument == word && at + 1 < argc) wipe(argv[++at]);
    else if (argument.starts_with("--dsn=")) wipe(argv[at] + word.size() + 1);
  }
  char* held = std::getenv("BURSAR_DSN");
  if (held == nullptr) return;
  wipe(held);
  unsetenv("BURSAR_DSN");
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
