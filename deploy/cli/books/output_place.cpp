#include "deploy/cli/books/output_place.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "deploy/cluster/folder.hpp"
#include "ledger/env/atomic_file.hpp"

namespace deploy {

using ledger::env::target_of;

namespace fs = std::filesystem;

std::optional<std::string> no_place(const std::string& output, const std::string& instead) {
  if (const auto why = not_ours_to_follow(fs::absolute(output))) return fmt::format("{}; {}", *why, instead);
  const fs::path path = target_of(output);
  std::error_code error;
  const auto kind = fs::status(path, error).type();
  if (kind == fs::file_type::directory) return fmt::format("{} is a folder; name a file in it", path.string());
  if (kind != fs::file_type::not_found && kind != fs::file_type::regular)
    return fmt::format("{} is not a plain file; {}", path.string(), instead);
  if (!fs::is_directory(path.parent_path(), error))
    return fmt::format("{} is not a folder; make it, or name another file", path.parent_path().string());
  return std::nullopt;
}

}  // namespace deploy
