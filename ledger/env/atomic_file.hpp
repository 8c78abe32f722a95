// ledger/env/atomic_file.hpp: AtomicFile, a file that is there whole or not at all: it is written beside itself and
// renamed at the end; one that was there stays until then, and always where writing fails or is interrupted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ledger::env {

// Through symbolic links: what they point to is replaced, not they.
std::filesystem::path target_of(const std::string& output);
// False, and errno says why.
bool write_all(int file, std::string_view bytes);

// A file for its owner alone, whole or not at all: a reader never sees half of it. Not durable, and no signal is
// handled. False, and errno says why.
bool write_whole(const std::filesystem::path& path, std::string_view text);

// One at a time: SIGINT, SIGTERM and SIGHUP remove what is unfinished before they do what they always do.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target) : target_(std::move(target)) {}
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // These three: false, and errno says why.
  bool open();
  [[nodiscard]] bool write(std::string_view bytes) const { return write_all(file_, bytes); }
  bool keep();

 private:
  std::filesystem::path target_;
  int file_ = -1;
};

}  // namespace ledger::env
