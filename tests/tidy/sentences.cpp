#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

bool is_product(const std::string& path) {
  static const std::array decoders{"tests/", "ledger/store/", "deploy/cluster/", "workers/venues/"};
  return std::none_of(decoders.begin(), decoders.end(), [&](const char* folder) { return path.starts_with(folder); });
}

// Names of texts for people: `reason`, `last_error`, `.text`, `what()`.
const char* const sentence =
    R"((?:\b\w*reason_?|\blast_error_?|\bparked_?|\bsentence_?|(?:\.|->)(?:text|message|why)\b)"
    R"(|\bwhat\(\))\)*)";

bool compares_in_cpp(const std::string& line) {
  static const std::regex method(std::string(sentence) +
                                 R"(\s*\.(?:starts_with|ends_with|contains|find|rfind|compare)\((?:\s*\d+,)*\s*"[^"])");
  static const std::regex after(std::string(sentence) + R"(\s*[!=]=\s*"[^"])");
  static const std::regex before(R"("\s*[!=]=\s*(?:[\w.>\-()]*(?:\.|->))?(?:\w*reason_?|last_error_?|parked_?)\b)");
  static const std::regex filter(R"(\{\.reason = ")");
  return std::regex_search(line, method) || std::regex_search(line, after) || std::regex_search(line, before) ||
         std::regex_search(line, filter);
}

bool compares_in_sql(const std::string& line) {
  static const std::regex column(
      R"(\b(?:reason|last_error|parked)\s*(?:(?:NOT\s+)?(?:I?LIKE|SIMILAR TO)\b|!?~|(?:=|<>|!=)\s*'[^']|IN\s*\('))",
      std::regex::icase);
  static const std::regex call(R"((?:starts_with|left|substr|strpos)\((?:\w+\.)?(?:reason|last_error|parked)\b)",
                               std::regex::icase);
  static const std::regex position(R"(position\('[^']*' IN )", std::regex::icase);
  return std::regex_search(line, column) || std::regex_search(line, call) || std::regex_search(line, position);
}

}  // namespace

Findings sentences(const File& file) {
  const bool is_sql = file.path.ends_with(".sql");
  if (!is_product(file.path) || !(is_sql || file.path.ends_with(".cpp") || file.path.ends_with(".hpp"))) return {};
  Findings found;
  int number = 0;
  std::string last;
  std::istringstream text(file.text);
  for (std::string line; std::getline(text, line); last = line) {
    ++number;
    const auto comment = line.find(is_sql ? "-- " : "// ");
    const std::string code = line.substr(0, comment);
    const auto allows = [](const std::string& one) { return one.find("tidy: a sentence because ") != one.npos; };
    if (allows(line) || allows(last)) continue;
    if ((!is_sql && compares_in_cpp(code)) || compares_in_sql(code))
      found.push_back(file.path + ":" + std::to_string(number) + ": it hangs on a sentence: give it a code");
  }
  return found;
}

}  // namespace tests::tidy
