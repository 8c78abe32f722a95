// schemas/config/text.cpp: the configuration as text: the commented example and the frozen lines.
#include <fmt/format.h>

#include "machines/core/names.hpp"
#include "schemas/config/describe.hpp"

namespace schemas::config {
namespace {

std::string text_of(const std::string& value) { return fmt::format("\"{}\"", value); }
std::string text_of(const Decimal& value) { return value.text(); }
std::string text_of(machines::Rate value) { return Decimal::parse(machines::format({{}, value.ppm}, 4))->text(); }
std::string text_of(machines::Duration value) { return Decimal::parse(machines::format({{}, value.us}, 6))->text(); }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(machines::SleeveKind value) { return fmt::format("\"{}\"", machines::name_of(value)); }
std::string text_of(machines::costs::Basis value) { return fmt::format("\"{}\"", machines::name_of(value)); }
std::string text_of(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + text_of(value);
  return "[" + text + "]";
}

struct ExampleWriter {
  std::string path;
  std::string text;

  template <class Value>
  void field(const char* name, const Value& value, const char* sentence) {
    text += fmt::format("{:<36}# {}\n", fmt::format("{} = {}", name, text_of(value)), sentence);
  }
  template <class Value, class Describe>
  void table(const char* name, const char* sentence, const Value& value, Describe inner) {
    ExampleWriter below{path + name + ".", ""};
    inner(below, value);
    text += fmt::format("\n[{}{}]  # {}\n{}", path, name, sentence, below.text);
  }
  template <class Value, class Describe>
  void list(const char* name, const char* sentence, const std::vector<Value>& values, Describe inner,
            std::initializer_list<const char*> = {}) {
    for (const Value& value : values) {
      ExampleWriter below{path + name + ".", ""};
      inner(below, value);
      text += fmt::format("\n[[{}{}]]  # {}\n{}", path, name, sentence, below.text);
    }
    if (!values.empty()) return;
    // None by default: what one would look like, as comments.
    ExampleWriter below{path + name + ".", ""};
    const Value none{};
    inner(below, none);
    text += fmt::format("\n# [[{}{}]]  # {}\n", path, name, sentence);
    for (std::string_view rest(below.text); !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      text += fmt::format("# {}\n", rest.substr(0, rest.find('\n')));
  }
};

// Settings that older data folders know nothing of: they are as if not there.
bool is_later_default(std::string_view name, const std::string& value) {
  const PaperConfig paper;
  const VaultConfig vault;
  return (name == "reserve" && value == text_of(vault.reserve)) ||
         (name == "reserve_least_percent" && value == text_of(vault.reserve_least)) ||
         (name == "reserve_most_percent" && value == text_of(vault.reserve_most)) ||
         (name == "idle_to" && value == text_of(vault.idle_to)) ||
         (name == "idle_most_percent" && value == text_of(vault.idle_most)) ||
         (name == "reclaim_after_loss_percent" && value == text_of(vault.reclaim_after_loss)) ||
         (name == "fee_asset" && value == text_of(paper.fee_asset)) ||
         (name == "fee_price" && value == text_of(paper.fee_price)) ||
         (name == "fee_coins" && value == text_of(paper.fee_coins)) ||
         (name == "ids" && value == text_of(paper.properties.ids)) ||
         (name == "tombstones" && value == text_of(paper.properties.tombstones)) ||
         (name == "deadline" && value == text_of(paper.properties.deadline));
}

struct FrozenWriter {
  std::string path;
  std::string text;

  template <class Value>
  void field(const char* name, const Value& value, const char*) {
    // How the venue misbehaves may change from run to run, and so may times: each request carries its own.
    for (const std::string_view changing : {"faults", "request_life_ms", "settle_ms"})
      if (name == changing) return;
    if (is_later_default(name, text_of(value))) return;
    text += fmt::format("{}{} = {}\n", path, name, text_of(value));
  }
  template <class Value, class Describe>
  void table(const char* name, const char*, const Value& value, Describe inner) {
    FrozenWriter below{path + name + ".", ""};
    inner(below, value);
    text += below.text;
  }
  template <class Value, class Describe>
  void list(const char* name, const char*, const std::vector<Value>& values, Describe inner,
            std::initializer_list<const char*> = {}) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      FrozenWriter below{fmt::format("{}{}[{}].", path, name, i), ""};
      inner(below, values[i]);
      text += below.text;
    }
  }
};

struct Setting {
  std::string name, value;
};

std::optional<Setting> take_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const auto end = std::min(text.find('\n'), text.size() - 1);
  const std::string_view line = text.substr(0, text[end] == '\n' ? end : end + 1);
  text.remove_prefix(end + 1);
  const auto equals = line.find(" = ");
  if (equals == std::string_view::npos) return Setting{std::string(line), ""};
  return Setting{std::string(line.substr(0, equals)), std::string(line.substr(equals + 3))};
}

}  // namespace

std::string example_text() {
  ExampleWriter writer;
  const Config config;
  describe(writer, config);
  return "# The configuration of Bursar with its defaults: `bursar up --config FILE`. What is left out keeps its\n"
         "# default. Numbers are exact decimals. On a data folder that exists, [vault], [[sleeves]] and\n"
         "# [venue.paper] (but for faults, request_life_ms and settle_ms) can't change.\n" +
         writer.text;
}

std::string Config::frozen_text() const {
  FrozenWriter writer;
  describe_frozen(writer, *this);
  return writer.text;
}

std::string frozen_value(std::string_view frozen, std::string_view name) {
  while (auto line = take_line(frozen))
    if (line->name == name) return std::move(line->value);
  return "";
}

std::string first_difference(const std::string& old_frozen, const std::string& new_frozen) {
  std::string_view before(old_frozen);
  std::string_view now(new_frozen);
  while (!before.empty() || !now.empty()) {
    const auto was = take_line(before);
    const auto is = take_line(now);
    if (was && is && was->name == is->name && was->value == is->value) continue;
    if (was && is && was->name == is->name)
      return fmt::format("{} is {} here and was {} when this data folder was made", is->name, is->value, was->value);
    if (is && (!was || was->name.rfind("sleeves[", 0) != 0))
      return fmt::format("{} is {} here and was not there when this data folder was made", is->name, is->value);
    return fmt::format("{} was {} when this data folder was made and is not there now", was->name, was->value);
  }
  return "";
}

}  // namespace schemas::config
