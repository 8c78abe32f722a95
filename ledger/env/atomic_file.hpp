// ledger/env/atomic_file.hpp: AtomicFile, a file that is there whole or not at all: it is written beside itself and
// renamed at the end; one that was there stays until then, and always where writing fails or is interrupted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ledger::env {

// The absolute path that `output` leads to, through symbolic links: the file behind a link is replaced, not the link.
std::filesystem::path target_of(const std::string& output);
// Writes every byte, over interruptions and partial writes. False, and errno says why.
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

  // open() makes the unfinished file (0600) beside the target, write() adds to it, keep() puts it in the target's place
  // and on disk. In this order. Each of these three: false, and errno says why. The target is then as
  // it was, but where keep() has put the file there and can't say that it is on disk.
  bool open();
  [[nodiscard]] bool write(std::string_view bytes) const { return write_all(file_, bytes); }
  bool keep();

 private:
  std::filesystem::path target_;
  int file_ = -1;
};

}  // namespace ledger::env
