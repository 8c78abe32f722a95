// The rules for SQL: schemas/sql, and statements in the text of other files.
#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string at(const File& file, int line, const std::string& what) {
  return fmt::format("{}:{}: {}", file.path, line, what);
}

bool is_sql(const File& file) { return file.path.starts_with("schemas/sql/") && file.path.ends_with(".sql"); }
bool is_function_file(const File& file) { return is_sql(file) && file.path.starts_with("schemas/sql/functions/"); }

std::string without_comment(const std::string& line) { return line.substr(0, line.find("--")); }

// replace() on the text of a function that the catalog has, also where the statement is broken over lines of literals.
Findings patches(const File& file) {
  // In pieces, so that this file may pass its own rule.
  static const std::string source = std::string("pg_get_function") + "def", column = std::string("pro") + "src";
  static const std::regex patch("replace\\s*\\([\"\\s]*(" + source + "|(\\w+\\.)?" + column + ")", std::regex::icase);
  if (file.text.find(source) == std::string::npos && file.text.find(column) == std::string::npos) return {};
  Findings found;
  for (std::sregex_iterator one(file.text.begin(), file.text.end(), patch); one != std::sregex_iterator(); ++one) {
    const auto line = 1 + std::count(file.text.begin(), file.text.begin() + one->position(), '\n');
    found.push_back(
        at(file, static_cast<int>(line), "a function is written where it stands, never patched in the catalog"));
  }
  return found;
}

}  // namespace

Findings sql_width(const File& file) {
  Findings found;
  if (!is_sql(file)) return found;
  int number = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    if (line.size() > 110) found.push_back(at(file, number, fmt::format("{} columns; 110 at most", line.size())));
  }
  return found;
}

Findings sql_functions(const File& file) {
  // In pieces, so that this file may pass its own rule.
  static const std::regex catalog(std::string("pg_get_function") + "def|\\bpro" + "src\\b", std::regex::icase);
  static const std::regex routine(
      R"(\b(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?(FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TRIGGER)\b)",
      std::regex::icase);
  static const std::regex created(R"(\bCREATE\s+(CONSTRAINT\s+)?(FUNCTION|TRIGGER)\b)", std::regex::icase);
  static const std::regex table(
      R"(\b(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TABLE|INDEX|SEQUENCE|TYPE|DOMAIN|VIEW|SCHEMA|ROLE)\b)",
      std::regex::icase);
  static const std::regex rows(R"(^(INSERT|UPDATE|DELETE|TRUNCATE|COPY)\b)", std::regex::icase);  // in no function
  Findings found = patches(file);
  if (!is_sql(file)) return found;
  int number = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    const std::string code = without_comment(line);
    if (std::regex_search(code, catalog)) found.push_back(at(file, number, "no text of a function from the catalog"));
    if (!is_function_file(file) && std::regex_search(code, routine))
      found.push_back(at(file, number, "functions and triggers are in schemas/sql/functions"));
    if (is_function_file(file) && std::regex_search(code, routine) && !std::regex_search(code, created))
      found.push_back(at(file, number, "each function and trigger is created, once: the set is put in whole"));
    if (is_function_file(file) && (std::regex_search(code, table) || std::regex_search(code, rows)))
      found.push_back(at(file, number, "tables and data are in the numbered migrations"));
  }
  return found;
}

Findings sql_screens(const File& file) {
  constexpr int most_lines = 80;
  Findings found;
  if (!is_function_file(file)) return found;
  int number = 0, since = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    const bool begins = line.starts_with("CREATE FUNCTION"), ends = line.ends_with("$$;");
    const bool section = line.find("-- ========") != std::string::npos;
    if (since > 0 && (begins || ends || section) && number - since > most_lines)
      found.push_back(at(file, since, fmt::format("{} lines; a section has {} at most", number - since, most_lines)));
    if (begins || (since > 0 && section)) since = number;
    if (ends) since = 0;
  }
  return found;
}

}  // namespace tests::tidy
