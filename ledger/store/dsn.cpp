#include "ledger/store/dsn.hpp"

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>
#include <sstream>

namespace ledger {
namespace {

using Keywords = std::map<std::string, std::string>;

// What the string itself says; nothing where libpq can't read it.
std::optional<Keywords> parse(const std::string& dsn) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(dsn.c_str(), &error),
                                                                            &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> words(error, &PQfreemem);
  if (!parsed) return std::nullopt;
  Keywords found;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) found[option->keyword] = option->val;
  return found;
}

std::string text_of(const Keywords& keywords) {
  std::string text;
  for (const auto& [name, value] : keywords) {
    text += (text.empty() ? "" : " ") + name + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += "'";
  }
  return text;
}

void join(std::string& options, const std::string& more, bool more_first) {
  if (options.empty())
    options = more;
  else
    options = more_first ? more + " " + options : options + " " + more;
}

}  // namespace

std::string with_settings(const std::string& dsn, const std::string& options, const std::string& defaults) {
  auto keywords = parse(dsn);
  if (!keywords) return dsn;
  join((*keywords)["options"], options, true);
  std::istringstream words(defaults);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    keywords->try_emplace(word.substr(0, equals), word.substr(equals + 1));
  }
  return text_of(*keywords);
}

std::string with_options(const std::string& dsn, const std::string& options) {
  auto keywords = parse(dsn);
  if (!keywords) return dsn;
  join((*keywords)["options"], options, false);
  return text_of(*keywords);
}

}  // namespace ledger
