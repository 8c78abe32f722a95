#include "deploy/terminal/arguments.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>

#include "machines/core/visible.hpp"

namespace deploy {
namespace {

std::string commands_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    names += (names.empty() ? "" : ", ") + one->get_name();
  return names;
}

std::string home() {
  if (const char* named = std::getenv("HOME"); named != nullptr && *named == '/') return named;
  const passwd* entry = getpwuid(geteuid());
  const std::string known = entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "";
  return known == "/" || known == "/nonexistent" ? "" : known;
}

std::string empty(const std::string& option) {
  return fmt::format("{} is empty; give it something, or leave it out", option);
}

}  // namespace

std::string default_folder() {
  if (const char* named = std::getenv("BURSAR_DATA_DIR"); named != nullptr && *named != '\0') return named;
  if (geteuid() == 0) return "/var/lib/bursar";
  const std::string below = home();
  return below.empty() ? "" : below + "/.local/state/bursar";
}

std::string complaint(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (word.starts_with("--") && word.ends_with("=")) return empty(word.substr(0, word.size() - 1));
  const CLI::App* at = &app;
  std::string said = "bursar";
  for (const std::string& word : words) {
    const auto below = at->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
    if (!below.empty()) {
      at = below.front();
      said += " " + word;
      continue;
    }
    if (word.starts_with("-") || commands_of(*at).empty()) break;
    return fmt::format("`{}` has no command `{}`; there are {}; see `{} --help`", said, word, commands_of(*at), said);
  }
  if (!commands_of(*at).empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    return fmt::format("`{}` needs a command: {}; see `{} --help`", said, commands_of(*at), said);
  std::string what = error.what();
  if (!what.empty() && std::isupper(static_cast<unsigned char>(what[0])) != 0)
    what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
  return fmt::format("{}; see `{} --help`", what, said);
}

std::string what_is_no_text(const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (!machines::is_utf8(word))
      return fmt::format("`{}` is no UTF-8 text, and neither the ledger nor a report can hold it; write it in UTF-8",
                         word);
  return {};
}

std::string what_is_empty(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& given : option->results())
      if (given.find_first_not_of(" \t\n") == std::string::npos && option->get_type_size() > 0)
        return empty(option->get_name());
  for (const CLI::App* command : app.get_subcommands())
    if (auto what = what_is_empty(*command); !what.empty()) return what;
  return {};
}

}  // namespace deploy
