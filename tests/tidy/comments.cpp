// tests/tidy/comments.cpp: how much of the public headers is said in words.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

// "//" in a literal ("https://") stands behind an odd number of quotation marks.
bool has_comment(const std::string& line) {
  for (std::size_t at = line.find("//"); at != line.npos; at = line.find("//", at + 2))
    if (std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(at), '"') % 2 == 0) return true;
  return false;
}

void add(CommentShare& share, const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    ++share.lines;
    share.with_comment += has_comment(line) ? 1 : 0;
  }
}

}  // namespace

int CommentShare::percent() const { return lines == 0 ? 100 : 100 * with_comment / lines; }

std::map<std::string, CommentShare> comment_shares(const std::vector<File>& files) {
  std::map<std::string, CommentShare> rooms;
  for (const File& file : files) {
    if (!file.path.ends_with(".hpp") || file.path.starts_with("tests/")) continue;
    add(rooms[file.path.substr(0, file.path.rfind('/'))], file.text);
  }
  return rooms;
}

Findings comments(const std::vector<File>& files) {
  constexpr int least_of_all = 30, least_of_a_room = 20;
  Findings found;
  CommentShare all;
  for (const auto& [room, share] : comment_shares(files)) {
    all.lines += share.lines;
    all.with_comment += share.with_comment;
    if (share.percent() < least_of_a_room)
      found.push_back(fmt::format("{}: {} % of the lines of its headers hold a comment; {} % at least", room,
                                  share.percent(), least_of_a_room));
  }
  if (all.percent() < least_of_all)
    found.push_back(
        fmt::format("all headers: {} % of their lines hold a comment; {} % at least: a public function "
                    "says what it promises and requires, its units and its errors",
                    all.percent(), least_of_all));
  return found;
}

}  // namespace tests::tidy
