// The rules for the pages that people read: short, and true about where things are.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

// Marks without a letter or a digit (a table's bars) are not read.
bool is_word(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

int words_in(const std::string& text) {
  std::istringstream in(text);
  int count = 0;
  for (std::string word; in >> word;) count += is_word(word) ? 1 : 0;
  return count;
}

bool is_path(const std::string& text) {
  const std::string top = text.substr(0, text.find('/'));
  return top.size() < text.size() && std::find(top_folders().begin(), top_folders().end(), top) != top_folders().end();
}

// What stands in backticks on one line, up to the first space of each.
std::vector<std::string> quoted_in(const std::string& line) {
  std::vector<std::string> found;
  std::istringstream in(line);
  bool is_quoted = false;
  for (std::string part; std::getline(in, part, '`'); is_quoted = !is_quoted)
    if (is_quoted) found.push_back(part.substr(0, part.find(' ')));
  return found;
}

}  // namespace

Findings pages(const File& file, const std::function<bool(const std::string& path)>& is_there) {
  constexpr int most_words = 2'300, least_lines = 10, most_lines = 40;
  Findings found;
  int number = 0;
  bool is_picture = false;  // between ``` and ```
  std::istringstream in(file.text);
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) is_picture = !is_picture;
    if (is_picture) continue;
    for (const std::string& text : quoted_in(line))
      if (is_path(text) && !is_there(text))
        found.push_back(fmt::format("{}:{}: there is no {}", file.path, number, text));
  }
  const int words = words_in(file.text);
  if (file.path == "ARCHITECTURE.md" && words > most_words)
    found.push_back(
        fmt::format("{}:1: {} words; {} at most, or nobody reads it in ten minutes", file.path, words, most_words));
  const bool is_of_top_folder = is_path(file.path) && file.path.substr(file.path.find('/')) == "/README.md";
  if (is_of_top_folder && (number < least_lines || number > most_lines))
    found.push_back(fmt::format("{}:1: {} lines; the README of a top folder has {} to {}", file.path, number,
                                least_lines, most_lines));
  return found;
}

Findings suites(const File& page, const std::vector<File>& files) {
  static const std::regex named(R"(`(tests/[^` ]+)` \(((`\w+`(, )?)+)\))"), suite(R"(`(\w+)`)");
  const auto is_below = [&](const std::string& folder, const std::string& name) {
    return std::any_of(files.begin(), files.end(), [&](const File& file) {
      if (!file.path.starts_with(folder + "/")) return false;
      const auto has = [&](const char* macro) { return file.text.find(macro + name + ",") != std::string::npos; };
      return has("TEST(") || has("TEST_F(") || has("TEST_P(") || has("RC_GTEST_PROP(") || has("RC_GTEST_FIXTURE_PROP(");
    });
  };
  Findings found;
  int number = 0;
  std::istringstream in(page.text);
  for (std::string line; std::getline(in, line);) {
    ++number;
    for (std::sregex_iterator at(line.begin(), line.end(), named), end; at != end; ++at) {
      const std::string folder = (*at)[1], names = (*at)[2];
      for (std::sregex_iterator one(names.begin(), names.end(), suite); one != end; ++one)
        if (!is_below(folder, (*one)[1]))
          found.push_back(fmt::format("{}:{}: there is no {} below {}", page.path, number, (*one)[1].str(), folder));
    }
  }
  return found;
}

}  // namespace tests::tidy
