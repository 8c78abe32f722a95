// tests/fuzz/memory_file.hpp: what targets of files share: bytes as a file in memory, and what a complaint must hold.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "machines/core/check.hpp"
#include "tests/fuzz/targets.hpp"

namespace tests::fuzz {

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
inline void must_name(const std::string& text, const std::string& file) {
  CHECK(text.starts_with(file));
  CHECK(text.size() > file.size());
}

// The first two lines, where there are any.
inline std::string_view line_of(Bytes bytes, int n) {
  for (; n > 0; --n) {
    const auto end = bytes.find('\n');
    if (end == Bytes::npos) return {};
    bytes.remove_prefix(end + 1);
  }
  return bytes.substr(0, bytes.find('\n'));
}

}  // namespace tests::fuzz
