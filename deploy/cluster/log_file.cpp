#include "deploy/cluster/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace deploy {
namespace {

namespace fs = std::filesystem;

std::string aside(const fs::path& log, int number) { return log.string() + "." + std::to_string(number); }

// Everything from where `from` stands, to its end at this moment.
void copy_rest(int from, int to) {
  std::array<char, 64 * 1024> buffer{};
  while (true) {
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      const ssize_t wrote = write(to, buffer.data() + at, static_cast<std::size_t>(got - at));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return;
      at += wrote;
    }
  }
}

void set_aside(const fs::path& log, int from, int files) {
  for (int number = files; number > 1; --number) rename(aside(log, number - 1).c_str(), aside(log, number).c_str());
  unlink(aside(log, 1).c_str());
  const int to = open(aside(log, 1).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0) return;
  copy_rest(from, to);
  close(to);
}

}  // namespace

void keep_log_short(const fs::path& log, const LogLimits& limits) {
  const int file = open(log.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  struct stat found {};
  if (fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_size > limits.bytes) {
    if (limits.files > 0) set_aside(log, file, limits.files);
    (void)!ftruncate(file, 0);
  }
  close(file);
}

}  // namespace deploy
