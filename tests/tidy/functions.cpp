// tests/tidy/functions.cpp: finds function bodies in C++ text by its braces: no parser, but right for clang-formatted
// code.
#include <cctype>
#include <regex>

#include "tests/tidy/rules.hpp"

namespace tests::tidy {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Copies a literal's or comment's extent as blanks, keeping its line ends.
void blank(std::string& out, const std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < text.size(); ++i) out += text[i] == '\n' ? '\n' : ' ';
}

std::size_t end_of_quoted(const std::string& text, std::size_t from) {
  const char quote = text[from];
  std::size_t i = from + 1;
  while (i < text.size() && text[i] != quote && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
  return i + 1;
}

std::size_t end_of_raw(const std::string& text, std::size_t quote) {
  const std::size_t open = text.find('(', quote);
  if (open == std::string::npos) return text.size();
  const std::string close = ")" + text.substr(quote + 1, open - quote - 1) + "\"";
  const std::size_t end = text.find(close, open);
  return end == std::string::npos ? text.size() : end + close.size();
}

enum class Scope { open, function, other };  // open: namespace or class, where functions may stand

struct Level {
  Scope scope;
  Function function;
  std::string head;  // what stood before a brace of a constructor's initializer, to go on with after it
};

bool is_open_scope(const std::string& head) {
  static const std::regex scope(R"((^|[\s;>])(namespace|class|struct|union|extern)\b)");
  return std::regex_search(head, scope) && head.find('(') == std::string::npos;
}

bool is_function(const std::string& head) {
  static const std::regex value(R"(^[^(]*[^=!<>]=[^=])");  // a variable or table: "auto x = table<...>({"
  static const std::regex enumeration(R"((^|\s)enum\b)");
  return head.find('(') != std::string::npos && !std::regex_search(head, value) &&
         !std::regex_search(head, enumeration);
}

// "Thing() : member_{" - clang-format sets no space there.
bool is_member_initializer(const std::string& head) {
  static const std::regex list(R"(\)[\s\w]*:[^:])");
  return !head.empty() && is_word(head.back()) && std::regex_search(head, list);
}

class Scanner {
 public:
  std::vector<Function> run(const std::string& code) {
    bool at_line_start = true;
    bool in_directive = false;
    for (std::size_t i = 0; i < code.size(); ++i) {
      const char c = code[i];
      if (c == '\n') {
        in_directive = in_directive && i > 0 && code[i - 1] == '\\';
        at_line_start = true;
        ++line_;
        if (!head_.empty()) head_ += ' ';
        continue;
      }
      if (at_line_start && c == '#') in_directive = true;
      if (std::isspace(static_cast<unsigned char>(c)) == 0) at_line_start = false;
      if (!in_directive) take(c);
    }
    return std::move(found_);
  }

 private:
  void take(char c) {
    if (c == '{') return open();
    if (c == '}') return close();
    if (c == ';' && parens_ == 0) return head_.clear();
    if (c == '(') ++parens_;
    if (c == ')' && parens_ > 0) --parens_;
    const bool is_space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (head_.empty() && is_space) return;
    if (head_.empty()) head_line_ = line_;
    head_ += c;
  }

  void open() {
    const bool may_hold = levels_.empty() || levels_.back().scope == Scope::open;
    Level level{Scope::other, {}, ""};
    if (may_hold && is_member_initializer(head_)) {
      level.head = head_;
    } else if (may_hold && is_open_scope(head_)) {
      level.scope = Scope::open;
    } else if (may_hold && parens_ == 0 && is_function(head_)) {
      level.scope = Scope::function;
      level.function = {head_, head_line_, 0};
    }
    level.function.line = level.scope == Scope::function ? head_line_ : line_;
    saved_parens_.push_back(parens_);
    parens_ = 0;
    if (level.head.empty()) head_.clear();
    levels_.push_back(std::move(level));
  }

  void close() {
    if (levels_.empty()) return;
    Level level = std::move(levels_.back());
    levels_.pop_back();
    parens_ = saved_parens_.back();
    saved_parens_.pop_back();
    if (level.scope == Scope::function) {
      level.function.length = line_ - level.function.line + 1;
      found_.push_back(std::move(level.function));
    }
    head_ = level.head.empty() ? "" : level.head + "{}";
  }

  std::vector<Function> found_;
  std::vector<Level> levels_;
  std::vector<int> saved_parens_;
  std::string head_;
  int parens_ = 0;
  int line_ = 1;
  int head_line_ = 1;
};

}  // namespace

std::string code_only(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    const char c = text[i];
    const bool after_word = i > 0 && is_word(text[i - 1]);
    if (text.compare(i, 2, "//") == 0)
      end = std::min(text.find('\n', i), text.size());
    else if (text.compare(i, 2, "/*") == 0)
      end = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
    else if (text.compare(i, 2, "R\"") == 0 && !after_word)
      end = end_of_raw(text, i + 1);
    else if (c == '"' || (c == '\'' && !after_word))
      end = end_of_quoted(text, i);  // 1'000 is a number
    if (end > i)
      blank(out, text, i, end);
    else
      out += c;
    i = std::max(end, i + 1);
  }
  return out;
}

std::vector<Function> functions_of(const std::string& text) { return Scanner().run(code_only(text)); }

}  // namespace tests::tidy
