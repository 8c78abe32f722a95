// tests/support/folder.hpp: TempFolder, a fresh folder of a test's own, removed with all that is in it; and where the
// price files lie. Its path is short: PostgreSQL's socket must fit below it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace tests {

class TempFolder {
 public:
  // Below $TMPDIR or /tmp, mode 0711. Ends the test program when there is no room.
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // held while this lives: what a crashed program left is removed by the next one
};

// Text into a file, and back.
void write_text(const std::filesystem::path& file, const std::string& text);
std::string read_text(const std::filesystem::path& file);

// A file of the data folder ($BURSAR_DATA, else ../shared/data beside the repository); nothing when it is not there:
// the test says GTEST_SKIP() with the reason.
std::optional<std::filesystem::path> data_file(const std::string& relative);

}  // namespace tests
