#include "tests/support/folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>

#include "machines/core/check.hpp"

namespace tests {

namespace fs = std::filesystem;

namespace {

// What a test program that crashed left: nobody holds its lock, and it is not just being made.
void remove_what_crashes_left(const fs::path& base) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(base, ignored)) {
    struct stat found {};
    if (entry.path().filename().string().rfind("bt-", 0) != 0 || lstat(entry.path().c_str(), &found) != 0) continue;
    if (!S_ISDIR(found.st_mode) || found.st_uid != geteuid() || time(nullptr) - found.st_mtime < 120) continue;
    const int descriptor = open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), ignored);
    if (descriptor >= 0) close(descriptor);
  }
}

}  // namespace

TempFolder::TempFolder() {
  const char* given = getenv("TMPDIR");
  const fs::path base = given != nullptr && *given != '\0' ? given : "/tmp";
  static const bool swept = (remove_what_crashes_left(base), true);
  CHECK(swept);
  std::string name = (base / "bt-XXXXXX").string();
  CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
  lock_ = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(lock_ >= 0 && flock(lock_, LOCK_SH) == 0);
  CHECK(chmod(name.c_str(), 0711) == 0);
}

TempFolder::~TempFolder() {
  close(lock_);
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  CHECK(static_cast<bool>(out.flush()));
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<fs::path> data_file(const std::string& relative) {
  const char* given = getenv("BURSAR_DATA");
  const fs::path base =
      given != nullptr && *given != '\0' ? fs::path(given) : fs::path(BURSAR_SOURCE_DIR) / ".." / "shared" / "data";
  const fs::path file = (base / relative).lexically_normal();
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  return file;
}

}  // namespace tests
