// tests/workers/market/support.hpp: a folder of its own per test, files in it, and where the real data is.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace tests {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bursar-market-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
    return at(name);
  }

 private:
  std::filesystem::path path_;
};

// The folder of recorded data: BURSAR_DATA, else ../shared/data beside the repository.
inline std::filesystem::path data_folder() {
  const char* named = std::getenv("BURSAR_DATA");
  return named != nullptr ? std::filesystem::path(named) : std::filesystem::path(BURSAR_SOURCE_DIR) / "../shared/data";
}

}  // namespace tests
