#include "deploy/terminal/key_input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "deploy/terminal/print.hpp"

namespace deploy {
namespace {

using ledger::secrets::Secret;
using ledger::secrets::SecretError;
using ledger::secrets::SecretFailure;
using ledger::secrets::Secretly;

machines::Failure<SecretError> no(std::string text) { return {SecretError{SecretFailure::unusable, std::move(text)}}; }

// Reads until the end, or until `lines` lines came. How many bytes, or -1 with errno set.
ssize_t fill_from(int descriptor, std::span<std::uint8_t> space, int lines) {
  std::size_t filled = 0;
  while (filled < space.size()) {
    const ssize_t got = read(descriptor, space.data() + filled, lines > 0 ? 1 : space.size() - filled);
    if (got < 0) return -1;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (lines > 0 && space[filled - 1] == '\n' && --lines == 0) break;
  }
  return static_cast<ssize_t>(filled);
}

// What came, without the line ends at its end. Errors: nothing came, or the space was filled.
Secretly<Secret> trimmed(Secret secret, ssize_t filled, const std::string& where) {
  if (filled < 0) return no(fmt::format("{}: {}", where, std::strerror(errno)));
  auto size = static_cast<std::size_t>(filled);
  if (size == secret.size()) return no(fmt::format("{}: longer than a credential can be ({} bytes)", where, size - 1));
  size = secret.reveal([&](auto bytes) {
    std::size_t end = size;
    while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) --end;
    return end;
  });
  if (size == 0) return no(fmt::format("{}: nothing came; give two lines, the venue's API key and its secret", where));
  secret.shorten(size);
  return secret;
}

Secretly<Secret> from_descriptor(int descriptor, const std::string& where) {
  auto space = Secret::zeros(Secret::most_bytes);
  if (!space) return space;
  const ssize_t filled = space->fill([&](auto bytes) { return fill_from(descriptor, bytes, 0); });
  return trimmed(std::move(*space), filled, where);
}

Secretly<Secret> from_file(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return no(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  struct stat status {};
  const bool is_plain = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const bool is_open_to_others = (status.st_mode & 077) != 0;
  auto secret = is_plain && !is_open_to_others ? from_descriptor(descriptor, file.string())
                : is_plain ? no(fmt::format("{0}: others may read this secret (mode {1:04o}); run: chmod 600 {0}",
                                            file.string(), status.st_mode & 07777))
                           : no(fmt::format("{}: is not a plain file; a pipe goes to standard input", file.string()));
  close(descriptor);
  return secret;
}

// A terminal that shows nothing, and is itself again when this ends; Ctrl-C ends the reading, not the process.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {};  // without SA_RESTART: read() comes back
    sigaction(SIGINT, &interrupt, &before_);
    silent_ = tcgetattr(terminal_, &shown_) == 0;
    termios hidden = shown_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent_ = silent_ && tcsetattr(terminal_, TCSAFLUSH, &hidden) == 0;
  }
  ~Silence() {
    if (silent_) tcsetattr(terminal_, TCSAFLUSH, &shown_);
    sigaction(SIGINT, &before_, nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] bool is_silent() const { return silent_; }

 private:
  int terminal_;
  bool silent_ = false;
  termios shown_{};
  struct sigaction before_ {};
};

Secretly<Secret> from_terminal() {
  auto space = Secret::zeros(Secret::most_bytes);
  if (!space) return space;
  const Silence silence(STDIN_FILENO);
  if (!silence.is_silent()) return no("the terminal can't be told not to show what is typed; use --secret-file");
  print_text(stderr, "The venue's API key, then its secret, each with Enter (nothing is shown):\n");
  const ssize_t filled = space->fill([&](auto bytes) { return fill_from(STDIN_FILENO, bytes, 2); });
  return trimmed(std::move(*space), filled, "the prompt");
}

}  // namespace

Secretly<Secret> read_credential(const std::filesystem::path& file) {
  if (!file.empty()) return from_file(file);
  return isatty(STDIN_FILENO) != 0 ? from_terminal() : from_descriptor(STDIN_FILENO, "standard input");
}

}  // namespace deploy
