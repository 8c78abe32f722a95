#include "tests/tidy/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace tests::tidy {
namespace {

// Who may include whom; the longest folder that fits a file counts. A folder may always include itself.
struct Row {
  const char* folder;
  std::vector<const char*> may;
};
const std::vector<Row>& include_table() {
  static const std::vector<Row> table{
      {"machines/core", {}},
      {"machines", {"machines/core", "machines/policy", "machines/strategy"}},
      {"machines/catalog", {"machines"}},
      {"schemas", {"machines", "schemas"}},
      {"ledger/model", {"machines"}},
      {"ledger", {"machines", "schemas", "ledger"}},
      {"brokers", {"machines/core", "schemas", "ledger", "brokers"}},
      {"workers", {"machines", "schemas", "ledger", "brokers", "workers"}},
      {"approvals", {"machines", "schemas", "ledger", "brokers", "workers", "approvals"}},
      // The rooms of deploy, lowest first: each may include what stands above it here, as far as its row says.
      {"deploy/terminal", {"machines", "schemas", "ledger"}},
      {"deploy/cluster", {"machines", "schemas", "ledger"}},
      {"deploy/report", {"machines", "schemas", "ledger", "brokers", "workers"}},
      {"deploy/house", {"machines", "schemas", "ledger", "brokers", "workers", "deploy/terminal", "deploy/cluster"}},
      {"deploy/telemetry", {"machines", "schemas", "ledger", "brokers", "workers", "deploy/house"}},
      {"deploy/replay/barriers", {"machines", "schemas", "workers/market"}},
      {"deploy/replay",
       {"machines", "schemas", "ledger", "brokers", "workers", "deploy/terminal", "deploy/cluster", "deploy/report",
        "deploy/house", "deploy/replay/barriers"}},
      {"deploy/operations",
       {"machines", "schemas", "ledger", "brokers", "workers", "deploy/cluster", "deploy/report", "deploy/house",
        "deploy/replay"}},
      {"deploy/cli",
       {"machines", "schemas", "ledger", "brokers", "workers", "deploy/terminal", "deploy/cluster", "deploy/report",
        "deploy/house", "deploy/replay", "deploy/operations"}},
      {"deploy/bursar", {"machines", "schemas", "ledger", "brokers", "workers", "approvals", "deploy"}},
      {"tests", {"machines", "schemas", "ledger", "brokers", "workers", "approvals", "deploy", "tests"}},
  };
  return table;
}

// What one folder keeps to itself: a header as it is included, a library as it is linked.
struct Kept {
  const char* header;   // regular expression
  const char* library;  // regular expression
  const char* owner;
  const char* what;
};
const std::vector<Kept>& kept_table() {
  static const std::vector<Kept> table{
      {R"(^pqxx/|^libpq)", R"(\bpqxx\b|\blibpq\b)", "ledger/store", "libpqxx"},
      {R"(^zmq)", R"(PkgConfig::zmq|\bcppzmq\b)", "brokers/wire", "ZeroMQ"},
      {R"(\.pb\.h$)", R"(bursar_schemas_proto)", "schemas/codec", "generated Protobuf code"},
      {R"(^date/)", R"(\bdate::date)", "brokers/schedule", "the date library"},
      {R"(^toml\+\+/)", R"(PkgConfig::tomlplusplus)", "schemas/config", "toml++"},
      {R"(^sqlite3)", R"(PkgConfig::sqlite)", "workers/venues/paper", "SQLite"},
  };
  return table;
}

// The one place outside that measures the library itself.
constexpr const char* bare_limit = "tests/bench/hub.cpp";

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.compare(0, folder.size() + 1, folder + "/") == 0;
}

bool is_kind(const std::string& path, std::initializer_list<const char*> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) {
    return path.size() >= ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
  });
}
bool is_cpp(const std::string& path) { return is_kind(path, {".hpp", ".cpp"}); }

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

const Row* row_of(const std::string& path) {
  const Row* best = nullptr;
  for (const Row& row : include_table())
    if (is_below(path, row.folder) &&
        (best == nullptr || std::string(row.folder).size() > std::string(best->folder).size()))
      best = &row;
  return best;
}

// A machine is its own folder and includes no other machine.
std::string home_of(const std::string& path, const Row& row) {
  if (std::string(row.folder) != "machines") return row.folder;
  const auto second = path.find('/', std::string("machines/").size());
  return path.substr(0, second);
}

bool may_use(const std::string& path, const std::string& other) {
  const Row* row = row_of(path);
  if (row == nullptr) return true;
  if (is_below(other, home_of(path, *row))) return true;
  return std::any_of(row->may.begin(), row->may.end(), [&](const char* folder) { return is_below(other, folder); });
}

struct Include {
  int line;
  std::string name;
  bool is_quoted;
};
std::vector<Include> includes_of(const std::string& text) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.push_back({number, match[2], match[1] == "\""});
  }
  return found;
}

std::string at(const File& file, int line, const std::string& what) {
  return fmt::format("{}:{}: {}", file.path, line, what);
}

bool has_reason_to_be_long(const std::string& text) {
  static const std::regex reason(R"(tidy: long because \w+)");
  return std::regex_search(text, reason);
}

// bursar_ledger_store -> ledger/store; the parts after the first are joined as they are, for comparing by prefix.
std::optional<std::string> folder_of_library(const std::string& name) {
  const std::string rest = name.substr(std::string("bursar_").size());
  for (const std::string& top : top_folders())
    if (rest.compare(0, top.size() + 1, top + "_") == 0) {
      std::string below = rest.substr(top.size() + 1);
      for (const char* known :
           {"core", "policy", "strategy", "model", "store", "cli", "replay"})  // folders that the table names
        if (below == known || below.compare(0, std::string(known).size() + 1, std::string(known) + "_") == 0) {
          if (below.size() > std::string(known).size()) below[std::string(known).size()] = '/';
        }
      return top + "/" + below;
    }
  return std::nullopt;
}

// What stands between the bracket at `from` and the one that closes it.
std::string in_brackets(const std::string& code, std::size_t from) {
  int depth = 0;
  for (std::size_t i = from; i < code.size(); ++i) {
    depth += code[i] == '(' ? 1 : code[i] == ')' ? -1 : 0;
    if (depth == 0) return code.substr(from + 1, i - from - 1);
  }
  return {};
}

}  // namespace

const std::vector<std::string>& top_folders() {
  static const std::vector<std::string> folders{"machines",  "brokers", "workers", "ledger",
                                                "approvals", "schemas", "deploy",  "tests"};
  return folders;
}

Findings includes(const File& file) {
  Findings found;
  for (const Include& include : includes_of(file.text)) {
    if (!include.is_quoted) continue;
    const std::string top = include.name.substr(0, include.name.find('/'));
    const bool generated = is_kind(include.name, {".pb.h"});
    if (std::find(top_folders().begin(), top_folders().end(), top) == top_folders().end())
      found.push_back(
          at(file, include.line, fmt::format("\"{}\" is not named from the repository's top", include.name)));
    else if (!generated && !may_use(file.path, include.name))
      found.push_back(at(file, include.line, fmt::format("{} may not include {}", folder_of(file.path), include.name)));
  }
  return found;
}

Findings kept_headers(const File& file) {
  Findings found;
  for (const Include& include : includes_of(file.text))
    for (const Kept& kept : kept_table())
      if (std::regex_search(include.name, std::regex(kept.header)) && !is_below(file.path, kept.owner) &&
          file.path != bare_limit)
        found.push_back(at(file, include.line, fmt::format("only {} includes {}", kept.owner, kept.what)));
  return found;
}

Findings links(const File& file) {
  Findings found;
  const std::string folder = folder_of(file.path);
  if (row_of(folder) == nullptr || is_below(folder, "tests")) return found;
  static const std::regex call(R"((bursar_library|target_link_libraries)\s*\(([^)]*)\))");
  static const std::regex library(R"(\bbursar_[a-z_0-9]+)");
  for (std::sregex_iterator one(file.text.begin(), file.text.end(), call), end; one != end; ++one) {
    const std::string arguments = (*one)[2];
    const int line = 1 + static_cast<int>(std::count(file.text.begin(), file.text.begin() + one->position(), '\n'));
    for (const Kept& kept : kept_table())
      if (std::regex_search(arguments, std::regex(kept.library)) && !is_below(folder, kept.owner) &&
          !(folder == "schemas/proto"))
        found.push_back(at(file, line, fmt::format("only {} links {}", kept.owner, kept.what)));
    for (std::sregex_iterator name(arguments.begin(), arguments.end(), library); name != end; ++name) {
      const auto other = folder_of_library(name->str());
      if (other && !may_use(folder, *other))
        found.push_back(at(file, line, fmt::format("{} may not link {}", folder, name->str())));
    }
  }
  return found;
}

Findings purity(const File& file) {
  Findings found;
  if (!is_below(file.path, "machines")) return found;
  static const std::regex impure_header(
      R"(^(chrono|ctime|time\.h|random|thread|mutex|shared_mutex|condition_variable|future|atomic|filesystem|)"
      R"(fstream|iostream|istream|ostream|sstream|regex|locale|sys/.*|unistd\.h)$)");
  for (const Include& include : includes_of(file.text)) {
    if (include.is_quoted) continue;
    const bool is_standard = include.name.find_first_of("./") == std::string::npos;
    const bool is_wide = include.name.rfind("boost/multiprecision/", 0) == 0;
    if (!is_standard && !is_wide)
      found.push_back(
          at(file, include.line, fmt::format("machines include the standard library alone, not <{}>", include.name)));
    else if (std::regex_match(include.name, impure_header))
      found.push_back(at(file, include.line, fmt::format("machines are pure: no <{}>", include.name)));
  }
  static const std::regex impure_word(
      R"(\b(throw|try|catch|new|delete|rand|time|getenv|std::cout|printf)\b\s*[({;\w"])");
  int number = 0;
  for (const std::string& line : lines_of(code_only(file.text))) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, impure_word))
      found.push_back(at(file, number, fmt::format("machines are pure: no {}", match[1].str())));
  }
  return found;
}

Findings lengths(const File& file) {
  constexpr int most_function_lines = 70;
  constexpr int most_file_lines = 500;
  Findings found;
  if (has_reason_to_be_long(file.text)) return found;
  const auto lines = static_cast<int>(lines_of(file.text).size());
  if (lines > most_file_lines)
    found.push_back(at(file, 1, fmt::format("{} lines; a file has {} at most", lines, most_file_lines)));
  if (!is_cpp(file.path)) return found;
  for (const Function& function : functions_of(file.text))
    if (function.length > most_function_lines)
      found.push_back(at(file, function.line,
                         fmt::format("{} lines; a function has {} at most", function.length, most_function_lines)));
  return found;
}

Findings first_line(const File& file) {
  if (!is_kind(file.path, {".hpp"})) return {};
  const std::string start = "// " + file.path + ": ";
  if (file.text.compare(0, start.size(), start) != 0)
    return {at(file, 1, fmt::format("a header begins with \"{}\" and its purpose", start))};
  if (file.text.find("\n#pragma once\n") == std::string::npos) return {at(file, 1, "#pragma once is missing")};
  return {};
}

Findings words(const File& file) {
  Findings found;
  // In pieces, so that this file may pass its own rule.
  static const std::regex note(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X|HA"
      "CK|st"
      "ub)\\b");
  static const std::regex place(
      "/wo"
      "rk/|/ro"
      "ot/|/ho"
      "me/[a-z]");
  int number = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, note))
      found.push_back(at(file, number, fmt::format("no \"{}\": do it or say it in an issue", match[1].str())));
    if (std::regex_search(line, place)) found.push_back(at(file, number, "a path of somebody's machine"));
    if (line.find('\t') != std::string::npos) found.push_back(at(file, number, "a tab"));
    if (!line.empty() && line.back() == ' ') found.push_back(at(file, number, "a space at the line's end"));
    if (!line.empty() && line.back() == '\r') found.push_back(at(file, number, "a carriage return"));
  }
  return found;
}

Findings width(const File& file) {
  Findings found;
  int number = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    // Of a letter in several bytes the first one counts.
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    if (columns > 120) found.push_back(at(file, number, fmt::format("{} columns; 120 at most", columns)));
  }
  return found;
}

Findings loops(const File& file) {
  Findings found;
  static const std::regex part(R"(\)(\[|->))");
  const std::string code = code_only(file.text);
  for (std::size_t at_loop = code.find("for ("); at_loop != code.npos; at_loop = code.find("for (", at_loop + 1)) {
    const std::string head = in_brackets(code, at_loop + 4);
    const auto colon = head.find(" : ");
    if (head.find(';') != head.npos || colon == head.npos) continue;
    if (std::regex_search(head.substr(colon), part))
      found.push_back(at(file, 1 + static_cast<int>(std::count(code.begin(), code.begin() + at_loop, '\n')),
                         "a loop over a part of a temporary: give the whole a name"));
  }
  return found;
}

Findings printing(const File& file) {
  Findings found;
  if (!file.path.starts_with("deploy/")) return found;
  int number = 0;
  for (const std::string& line : lines_of(code_only(file.text))) {
    ++number;
    if (line.find("fmt::print(") != std::string::npos)
      found.push_back(at(file, number, "print_text() instead: texts of others must not speak to the terminal"));
  }
  return found;
}

Findings silence(const File& file) {
  Findings found;
  if (!is_below(file.path, "deploy/operations")) return found;
  static const std::regex speaks(
      R"(^(iostream|ostream|cstdio|stdio\.h|fmt/(ostream|color)\.h|CLI/.*|deploy/terminal/.*)$)");
  for (const Include& include : includes_of(file.text))
    if (std::regex_match(include.name, speaks))
      found.push_back(at(file, include.line, fmt::format("operations print nothing: no {}", include.name)));
  static const std::regex word(R"(\b(std::cout|std::cerr|print_text|printf|fputs|getpwuid|who_asks)\b)");
  int number = 0;
  for (const std::string& line : lines_of(code_only(file.text))) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, word))
      found.push_back(
          at(file, number, fmt::format("operations print nothing, and are told who asks: no {}", match[1].str())));
  }
  return found;
}

Findings crowding(const std::vector<std::string>& paths) {
  constexpr int most_sources = 30;
  std::map<std::string, int> sources;
  for (const std::string& path : paths)
    if (is_below(path, "deploy") && is_cpp(path)) ++sources[folder_of(path)];
  Findings found;
  for (const auto& [folder, count] : sources)
    if (count > most_sources)
      found.push_back(
          fmt::format("{}: {} sources and headers; a room of deploy has {} at most", folder, count, most_sources));
  return found;
}

Findings untested(const std::vector<File>& files) {
  static const std::vector<std::string> rooms{"deploy/cli", "deploy/operations", "deploy/house", "deploy/replay",
                                              "workers/handlers"};
  static const std::regex word(R"(([^\s()]+)_test\.cpp)");
  static const std::string top = "${CMAKE_SOURCE_DIR}/";
  std::set<std::string> there, in_a_program;
  for (const File& file : files) {
    there.insert(file.path);
    if (!is_below(file.path, "tests") || !is_kind(file.path, {"CMakeLists.txt"})) continue;
    for (std::sregex_iterator one(file.text.begin(), file.text.end(), word), end; one != end; ++one) {
      const std::string name = one->str();
      const std::string path = name.starts_with(top) ? name.substr(top.size()) : folder_of(file.path) + "/" + name;
      in_a_program.insert(std::filesystem::path(path).lexically_normal().string());
    }
  }
  Findings found;
  for (const File& file : files) {
    const auto is_above = [&](const std::string& room) { return is_below(file.path, room); };
    if (!is_kind(file.path, {".cpp"}) || std::none_of(rooms.begin(), rooms.end(), is_above)) continue;
    const std::string test = "tests/" + file.path.substr(0, file.path.size() - 4) + "_test.cpp";
    if (there.count(test) == 0)
      found.push_back(fmt::format("{}: it has no test; write {}", file.path, test));
    else if (in_a_program.count(test) == 0)
      found.push_back(fmt::format("{}: it is in no program; name it in a CMakeLists.txt of tests", test));
  }
  return found;
}

Findings all_rules(const File& file) {
  Findings found;
  const auto add = [&](Findings more) { found.insert(found.end(), more.begin(), more.end()); };
  if (is_cpp(file.path)) {
    add(includes(file));
    add(kept_headers(file));
    add(purity(file));
    add(first_line(file));
    add(width(file));
    add(loops(file));
    add(once(file));
    add(printing(file));
    add(silence(file));
  }
  add(sentences(file));
  if (is_kind(file.path, {"CMakeLists.txt"})) add(links(file));
  add(sql_width(file));
  add(sql_functions(file));
  add(sql_screens(file));
  add(lengths(file));
  add(words(file));
  return found;
}

}  // namespace tests::tidy
