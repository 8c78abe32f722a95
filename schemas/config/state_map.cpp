// schemas/config/state_map.cpp: exceptions of toml++ end here.
#include "schemas/config/state_map.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <fstream>
#include <iterator>

namespace schemas::config {
namespace {

Problem problem_at(const std::string& file, const toml::source_position& at, std::string field, std::string what,
                   std::string hint) {
  return {std::move(field),           std::move(what), std::move(hint), file, static_cast<int>(at.line),
          static_cast<int>(at.column)};
}

}  // namespace

machines::Result<StateMap, ConfigError> parse_state_map(std::string_view text, const std::string& file_name) {
  try {
    const toml::table root = toml::parse(text, std::string_view(file_name));
    std::vector<Problem> problems;
    for (const auto& [key, node] : root)
      if (key.str() != "states")
        problems.push_back(problem_at(file_name, key.source().begin, std::string(key.str()), "is not known",
                                      "the file has one table, [states]"));
    const toml::table* states = root["states"].as_table();
    if (states == nullptr || states->empty())
      problems.push_back(problem_at(file_name, {}, "states", "is missing", "write [states], then old = \"new\""));
    StateMap map;
    if (states != nullptr)
      for (const auto& [key, node] : *states) {
        if (const auto* to = node.as_string())
          map[std::string(key.str())] = to->get();
        else
          problems.push_back(problem_at(file_name, node.source().begin, "states." + std::string(key.str()),
                                        "is no text", "write the new state in \"quotes\""));
      }
    if (!problems.empty()) return machines::fail(ConfigError{std::move(problems)});
    return map;
  } catch (const toml::parse_error& error) {
    return machines::fail(ConfigError{
        {problem_at(file_name, error.source().begin, "", fmt::format("is no TOML: {}", error.description()), "")}});
  } catch (const std::exception& error) {
    return machines::fail(
        ConfigError{{problem_at(file_name, {}, "", fmt::format("can't be read: {}", error.what()), "")}});
  }
}

machines::Result<StateMap, ConfigError> load_state_map(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad() || text.size() > 1'000'000)
    return machines::fail(
        ConfigError{{problem_at(file.string(), {}, "", "can't be read, or is too large", "check --map")}});
  return parse_state_map(text, file.string());
}

}  // namespace schemas::config
