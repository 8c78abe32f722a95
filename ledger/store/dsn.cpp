#include "ledger/store/dsn.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
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

// The string's own word, else what libpq would take from the environment.
std::string effective(const Keywords& keywords, const std::string& name) {
  if (const auto found = keywords.find(name); found != keywords.end()) return found->second;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> defaults(PQconndefaults(), &PQconninfoFree);
  for (const PQconninfoOption* option = defaults.get(); option != nullptr && option->keyword != nullptr; ++option)
    if (name == option->keyword) return option->val != nullptr ? option->val : "";
  return "";
}

bool is_near(const std::string& host) {
  return host.empty() || host[0] == '/' || host[0] == '@' || host == "localhost" || host == "::1" ||
         host.starts_with("127.");
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  return parts;
}

}  // namespace

std::string plain_over_network(const std::string& dsn) {
  const auto keywords = parse(dsn);
  if (!keywords || effective(*keywords, "sslmode") == "verify-full") return "";
  // hostaddr, where given, is what is connected to.
  const std::string addresses = effective(*keywords, "hostaddr");
  std::istringstream hosts(addresses.empty() ? effective(*keywords, "host") : addresses);
  for (std::string host; std::getline(hosts, host, ',');)
    if (!is_near(host))
      return host +
             " is reached over a network, and sslmode is not verify-full: anybody on the way could read and "
             "change the ledger's traffic";
  return "";
}

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

std::string login_of(const std::string& dsn) {
  const auto keywords = parse(dsn);
  return keywords ? effective(*keywords, "user") : "";
}

std::string brisk(const std::string& dsn) { return with_settings(dsn, "-c statement_timeout=30000", ""); }

std::chrono::milliseconds statement_timeout(const std::string& dsn) {
  constexpr std::string_view name = "statement_timeout=";
  const auto keywords = parse(dsn);
  if (!keywords || !keywords->contains("options")) return {};
  const std::string& options = keywords->at("options");
  const auto found = options.rfind(name);
  if (found == std::string::npos) return {};
  const char* const from = options.data() + found + name.size();
  const char* const end = options.data() + options.size();
  std::int64_t number = 0;
  const auto read = std::from_chars(from, end, number);
  if (read.ec != std::errc() || number < 0 || number > 86'400'000) return {};
  const std::string_view unit(read.ptr, static_cast<std::size_t>(std::find(read.ptr, end, ' ') - read.ptr));
  if (unit.empty() || unit == "ms") return std::chrono::milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "min") return std::chrono::minutes(number);
  return {};
}

std::vector<std::string> each_host(const std::string& dsn) {
  const auto keywords = parse(dsn);
  if (!keywords) return {dsn};
  constexpr const char* per_host[] = {"host", "hostaddr", "port"};
  std::size_t hosts = 1;
  for (const char* name : per_host)
    if (keywords->contains(name)) hosts = std::max(hosts, split(keywords->at(name), ',').size());
  if (hosts == 1) return {dsn};
  std::vector<std::string> each;
  for (std::size_t host = 0; host < hosts; ++host) {
    Keywords one = *keywords;
    for (const char* name : per_host) {
      if (!one.contains(name)) continue;
      const auto values = split(one[name], ',');
      one[name] = values.size() == 1 ? values[0] : host < values.size() ? values[host] : "";  // one port serves all
    }
    each.push_back(text_of(one));
  }
  return each;
}

}  // namespace ledger
