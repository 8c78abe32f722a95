#include "ledger/env/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace ledger::env {
namespace {

namespace fs = std::filesystem;

constexpr std::array ends = {SIGINT, SIGTERM, SIGHUP};

// What a signal handler may look at: the unfinished file, removed before the signal does what it always does.
std::array<char, 4'096> unfinished{};

void remove_unfinished(int signal_number) {
  unlink(unfinished.data());
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

// A signal that whoever started us wants ignored (nohup) stays so.
void handle(void (*handler)(int)) {
  for (const int one : ends)
    if (signal(one, handler) == SIG_IGN) signal(one, SIG_IGN);
}

void release() {
  handle(SIG_DFL);
  unfinished[0] = '\0';
}

}  // namespace

fs::path target_of(const std::string& output) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(output), error);
  return error ? fs::absolute(output) : path;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

bool write_whole(const fs::path& path, std::string_view text) {
  const std::string side = path.string() + ".new";
  unlink(side.c_str());
  const int file = ::open(side.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool written = write_all(file, text) && rename(side.c_str(), path.c_str()) == 0;
  const int why = errno;
  close(file);
  if (!written) unlink(side.c_str());
  errno = why;
  return written;
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(unfinished.data());
  release();
}

bool AtomicFile::open() {
  const std::string side = fmt::format("{}.{}.part", target_.string(), getpid());
  if (side.size() >= unfinished.size()) return errno = ENAMETOOLONG, false;
  unlink(side.c_str());  // left by a machine that lost its power, under the same process id
  // Before there is a file: a signal that comes right after would leave it.
  unfinished[side.copy(unfinished.data(), side.size())] = '\0';
  handle(remove_unfinished);
  file_ = ::open(side.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file_ >= 0) return true;
  const int why = errno;
  release();
  errno = why;
  return false;
}

bool AtomicFile::keep() {
  if (fsync(file_) != 0 || rename(unfinished.data(), target_.c_str()) != 0) return false;
  const int folder = ::open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_durable = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  close(file_);
  file_ = -1;
  release();
  return is_durable;
}

}  // namespace ledger::env
