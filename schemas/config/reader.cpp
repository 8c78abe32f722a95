// schemas/config/reader.cpp: TOML into Config. Exceptions of toml++ end here.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "machines/core/names.hpp"
#include "schemas/config/describe_nodes.hpp"

namespace schemas::config {
namespace {

// The source text, to read a number as it was written and not as a float.
class Source {
 public:
  Source(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
    starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
      if (text_[i] == '\n') starts_.push_back(i + 1);
  }
  [[nodiscard]] const std::string& file() const { return file_; }
  // The token that begins at a node: up to the next separator.
  [[nodiscard]] std::string token_at(const toml::source_position& at) const {
    std::size_t from = offset(at);
    std::size_t end = from;
    while (end < text_.size() && std::string_view(",]}# \t\r\n").find(text_[end]) == std::string_view::npos) ++end;
    return std::string(text_.substr(from, end - from));
  }

 private:
  // Columns count characters; UTF-8 continuation bytes are none.
  [[nodiscard]] std::size_t offset(const toml::source_position& at) const {
    if (at.line == 0 || at.line > starts_.size()) return text_.size();
    std::size_t i = starts_[at.line - 1];
    for (toml::source_index column = 1; i < text_.size() && column < at.column; ++column) {
      ++i;
      while (i < text_.size() && (static_cast<unsigned char>(text_[i]) & 0xC0) == 0x80) ++i;
    }
    return i;
  }

  std::string_view text_;
  std::string file_;
  std::vector<std::size_t> starts_;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string suggestion(std::string_view wrong, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  std::string all;
  for (const std::string& word : known) {
    all += (all.empty() ? "" : ", ") + word;
    // A name that was left without its unit, or given another one: heartbeat for heartbeat_ms.
    const bool stem = wrong.size() >= 4 && word.compare(0, wrong.size(), wrong) == 0;
    const std::size_t distance = stem ? 1 : edit_distance(wrong, word);
    if (distance >= least) continue;
    least = distance;
    best = word;
  }
  return best.empty() ? "known here: " + all : fmt::format("did you mean `{}`?", best);
}

const char* kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

// What one reading has found so far; shared by the readers of all tables.
struct Reading {
  explicit Reading(const Source& text) : source(text) {}
  const Source& source;
  std::vector<Problem> problems;
  std::map<std::string, toml::source_position> positions;  // of each field that was written

  void add(const std::string& field, const toml::source_position& at, std::string what, std::string hint = "") {
    problems.push_back({field, std::move(what), std::move(hint), source.file(), static_cast<int>(at.line),
                        static_cast<int>(at.column)});
  }
};

class TableReader {
 public:
  TableReader(Reading& reading, const toml::table* table, std::string path)
      : reading_(reading), table_(table), path_(std::move(path)) {}

  template <class Value>
  void field(const char* name, Value& value, const char*) {
    if (const toml::node* node = take(name)) read(path_ + name, *node, value);
  }

  template <class Value, class Describe>
  void table(const char* name, const char*, Value& value, Describe inner) {
    const std::string_view whole(name);
    if (const auto dot = whole.find('.'); dot != std::string_view::npos) {  // venue.paper
      const std::string outer(whole.substr(0, dot));
      const std::string rest(whole.substr(dot + 1));
      descend(outer, [&](TableReader& below) { below.table(rest.c_str(), "", value, inner); });
    } else {
      descend(name, [&](TableReader& below) { inner(below, value); });
    }
  }

  template <class Value, class Describe>
  void list(const char* name, const char*, std::vector<Value>& values, Describe inner,
            std::initializer_list<const char*> needed = {}) {
    const toml::node* node = take(name);
    if (node == nullptr) return;
    const toml::array* items = node->as_array();
    if (items == nullptr) return wrong_kind(path_ + name, *node, fmt::format("write each as [[{}]]", name));
    values.clear();
    for (std::size_t i = 0; i < items->size(); ++i) {
      const toml::node& item = *items->get(i);
      const std::string here = fmt::format("{}{}[{}]", path_, name, i);
      reading_.positions[here] = item.source().begin;
      if (!item.is_table()) {
        wrong_kind(here, item, fmt::format("write it as [[{}]]", name));
        continue;
      }
      TableReader below(reading_, item.as_table(), here + ".");
      inner(below, values.emplace_back());
      for (const char* field : needed)
        if (item.as_table()->get(field) == nullptr)
          reading_.add(here + "." + field, item.source().begin, "is missing", "every sleeve has its own");
      below.refuse_the_rest();
    }
  }

  // Keys that nobody took.
  void refuse_the_rest() {
    if (table_ == nullptr) return;
    for (const auto& [key, node] : *table_) {
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      reading_.add(path_ + name, key.source().begin, "is not known", suggestion(name, known_));
    }
  }

 private:
  const toml::node* take(const std::string& name) {
    known_.push_back(name);
    const toml::node* node = table_ != nullptr ? table_->get(name) : nullptr;
    if (node != nullptr) reading_.positions[path_ + name] = node->source().begin;
    return node;
  }

  template <class Then>
  void descend(const std::string& name, Then then) {
    const toml::node* node = take(name);
    if (node != nullptr && !node->is_table())
      return wrong_kind(path_ + name, *node, fmt::format("write it as [{}{}]", path_, name));
    TableReader below(reading_, node != nullptr ? node->as_table() : nullptr, path_ + name + ".");
    then(below);
    below.refuse_the_rest();
  }

  void wrong_kind(const std::string& field, const toml::node& node, std::string hint) {
    reading_.add(field, node.source().begin, fmt::format("is {}, which does not fit here", kind_of(node)),
                 std::move(hint));
  }

  // A number's own digits, whether it was written as 1.25 or as "1.25".
  std::optional<std::string> digits(const std::string& field, const toml::node& node, const char* hint) {
    if (const auto* text = node.as_string()) return text->get();
    if (!node.is_integer() && !node.is_floating_point()) {
      wrong_kind(field, node, hint);
      return std::nullopt;
    }
    std::string token = reading_.source.token_at(node.source().begin);
    std::erase(token, '_');
    if (token.size() > 1 && token[0] == '+') token.erase(0, 1);
    return token;
  }

  void refuse_number(const std::string& field, const toml::node& node, const std::string& written,
                     machines::AmountError error, int decimals, const char* hint) {
    std::string what = fmt::format("is {}, which is no plain decimal number", written);
    if (error == machines::AmountError::over_precise)
      what = fmt::format("is {}; it may have {} decimals", written, decimals);
    if (error == machines::AmountError::overflow) what = fmt::format("is {}; that is too large", written);
    reading_.add(field, node.source().begin, std::move(what), hint);
  }

  // A decimal in whole units of 10^-decimals.
  std::optional<std::int64_t> scaled(const std::string& field, const toml::node& node, int decimals, const char* hint) {
    const auto written = digits(field, node, hint);
    if (!written) return std::nullopt;
    const auto units = machines::parse_decimal(*written, decimals);
    const bool fits = units && *units <= INT64_MAX && *units >= INT64_MIN;
    if (fits) return static_cast<std::int64_t>(*units);
    refuse_number(field, node, *written, units ? machines::AmountError::overflow : units.error(), decimals, hint);
    return std::nullopt;
  }

  void read(const std::string& field, const toml::node& node, machines::Rate& value) {
    if (const auto ppm = scaled(field, node, 4, "write a percentage, for instance 1.25")) value.ppm = *ppm;
  }
  void read(const std::string& field, const toml::node& node, machines::Duration& value) {
    if (const auto us = scaled(field, node, 6, "write seconds, for instance 1.5")) value.us = *us;
  }
  void read(const std::string& field, const toml::node& node, Decimal& value) {
    constexpr const char* hint = "write a plain decimal, for instance 10000 or \"0.0001\"";
    const auto written = digits(field, node, hint);
    if (!written) return;
    const auto parsed = Decimal::parse(*written);
    if (parsed)
      value = *parsed;
    else
      refuse_number(field, node, *written, parsed.error(), 18, hint);
  }
  void read(const std::string& field, const toml::node& node, std::int64_t& value) {
    if (const auto* number = node.as_integer())
      value = number->get();
    else
      wrong_kind(field, node, "write a whole number");
  }
  void read(const std::string& field, const toml::node& node, bool& value) {
    if (const auto* flag = node.as_boolean())
      value = flag->get();
    else
      wrong_kind(field, node, "write true or false");
  }
  void read(const std::string& field, const toml::node& node, std::string& value) {
    if (const auto* text = node.as_string())
      value = text->get();
    else
      wrong_kind(field, node, "write a text in \"quotes\"");
  }
  // One of the words of an enumeration of two.
  template <class Word>
  void read_word(const std::string& field, const toml::node& node, Word& value) {
    const std::string first(machines::name_of(Word{}));
    const std::string second(machines::name_of(static_cast<Word>(1)));
    static_assert(machines::count_of<Word> == 2);
    const auto* text = node.as_string();
    if (text == nullptr) return wrong_kind(field, node, fmt::format("write \"{}\" or \"{}\"", first, second));
    if (const auto word = machines::from_name<Word>(text->get()))
      value = *word;
    else
      reading_.add(field, node.source().begin, fmt::format("is \"{}\"", text->get()),
                   suggestion(text->get(), {first, second}));
  }
  void read(const std::string& field, const toml::node& node, machines::SleeveKind& value) {
    read_word(field, node, value);
  }
  void read(const std::string& field, const toml::node& node, machines::costs::Basis& value) {
    read_word(field, node, value);
  }
  void read(const std::string& field, const toml::node& node, std::vector<std::string>& values) {
    const toml::array* items = node.as_array();
    if (items == nullptr) return wrong_kind(field, node, "write [\"...\", \"...\"]");
    values.clear();
    for (std::size_t i = 0; i < items->size(); ++i) {
      const std::string here = fmt::format("{}[{}]", field, i);
      reading_.positions[here] = items->get(i)->source().begin;
      read(here, *items->get(i), values.emplace_back());
    }
  }

  Reading& reading_;
  const toml::table* table_;  // nullptr: not written at all, every field keeps its default
  std::string path_;
  std::vector<std::string> known_;
};

// Where a field stands in the file: its own place, else that of the nearest table around it.
toml::source_position place_of(const Reading& reading, std::string field) {
  while (true) {
    if (const auto found = reading.positions.find(field); found != reading.positions.end()) return found->second;
    const auto dot = field.rfind('.');
    if (dot == std::string::npos) return {};
    field.resize(dot);
  }
}

ConfigError in_order(std::vector<Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return {std::move(problems)};
}

// Every dot of a key is a table in a table, and toml++ frees those by recursion: a long enough key would end the
// process. The line of such a key, from 1; 0 when there is none.
int line_too_deep(std::string_view text) {
  constexpr int most_dots = 200;
  int line = 1, dots = 0;
  for (const char c : text) {
    dots = c == '\n' ? 0 : dots + (c == '.' ? 1 : 0);
    if (dots > most_dots) return line;
    line += c == '\n' ? 1 : 0;
  }
  return 0;
}

// What a message may show of a file: one line of some length, and no byte that would disturb a terminal.
std::string shown(const std::string& text) {
  constexpr std::size_t longest = 300;
  std::size_t end = std::min(text.size(), longest);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string made = text.substr(0, end);
  for (char& c : made)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return made + (end < text.size() ? "..." : "");
}

ConfigError one(const std::string& file, std::string what, std::string hint, int line = 0, int column = 0) {
  return {{Problem{"", std::move(what), std::move(hint), file, line, column}}};
}

// Reads what `describe_it` describes, and lets it say what is impossible.
template <class Whole, class Describe>
machines::Result<Whole, ConfigError> parse_as(std::string_view text, const std::string& file_name, Describe describe_it,
                                              const std::function<std::vector<Problem>(const Whole&)>& more = {}) {
  if (text.find('\0') != std::string_view::npos)
    return machines::fail(one(file_name, "holds bytes that are no text", "give a TOML file"));
  if (const int line = line_too_deep(text); line > 0)
    return machines::fail(one(file_name, "has more than 200 dots", "no key here has so many parts", line, 1));
  const Source source(text, file_name);
  try {
    const toml::table root = toml::parse(text, std::string_view(file_name));
    Reading reading(source);
    Whole config;
    TableReader reader(reading, &root, "");
    describe_it(reader, config);
    reader.refuse_the_rest();
    if (reading.problems.empty()) {
      auto problems = config.validate();
      if (problems.empty() && more) problems = more(config);
      for (Problem& problem : problems)
        reading.add(problem.field, place_of(reading, problem.field), std::move(problem.what), std::move(problem.hint));
    }
    if (!reading.problems.empty()) return machines::fail(in_order(std::move(reading.problems)));
    return config;
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    return machines::fail(one(file_name, fmt::format("is no TOML: {}", error.description()), "",
                              static_cast<int>(at.line), static_cast<int>(at.column)));
  } catch (const std::exception& error) {
    return machines::fail(one(file_name, fmt::format("can't be read: {}", error.what()), ""));
  }
}

// Reads the whole file, or says why not.
machines::Result<std::string, ConfigError> text_of(const std::filesystem::path& file) {
  constexpr std::uintmax_t most_bytes = 1'000'000;
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) return machines::fail(one(file.string(), "is not there", "check --config"));
  if (!std::filesystem::is_regular_file(status))
    return machines::fail(one(file.string(), "is not a file", "check --config"));
  if (std::filesystem::file_size(file, error) > most_bytes)
    return machines::fail(one(file.string(), "is larger than a configuration can be (1 MB)", "check --config"));
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) return machines::fail(one(file.string(), "can't be read", "check who may read it"));
  return text;
}

template <class Whole, class Describe>
machines::Result<Whole, ConfigError> load_as(const std::filesystem::path& file, Describe describe_it,
                                             const std::function<std::vector<Problem>(const Whole&)>& more = {}) {
  const auto text = text_of(file);
  if (!text) return machines::fail(text.error());
  return parse_as<Whole>(*text, file.string(), describe_it, more);
}

constexpr auto as_house = [](auto& reader, auto& config) { describe(reader, config); };
constexpr auto as_broker = [](auto& reader, auto& config) { describe_broker_node(reader, config); };
constexpr auto as_worker = [](auto& reader, auto& config) { describe_worker_node(reader, config); };
constexpr auto as_venue = [](auto& reader, auto& config) { describe_venue_node(reader, config); };

}  // namespace

machines::Result<Config, ConfigError> parse(std::string_view toml, const std::string& file_name,
                                            const MoreChecks& more) {
  return parse_as<Config>(toml, file_name, as_house, more);
}
machines::Result<BrokerNode, ConfigError> parse_broker(std::string_view toml, const std::string& file_name) {
  return parse_as<BrokerNode>(toml, file_name, as_broker);
}
machines::Result<WorkerNode, ConfigError> parse_worker(std::string_view toml, const std::string& file_name) {
  return parse_as<WorkerNode>(toml, file_name, as_worker);
}
machines::Result<VenueNode, ConfigError> parse_venue(std::string_view toml, const std::string& file_name) {
  return parse_as<VenueNode>(toml, file_name, as_venue);
}
machines::Result<Config, ConfigError> load(const std::filesystem::path& file, const MoreChecks& more) {
  return load_as<Config>(file, as_house, more);
}
machines::Result<BrokerNode, ConfigError> load_broker(const std::filesystem::path& file) {
  return load_as<BrokerNode>(file, as_broker);
}
machines::Result<WorkerNode, ConfigError> load_worker(const std::filesystem::path& file) {
  return load_as<WorkerNode>(file, as_worker);
}
machines::Result<VenueNode, ConfigError> load_venue(const std::filesystem::path& file) {
  return load_as<VenueNode>(file, as_venue);
}

std::string Problem::text() const {
  std::string result = file;
  if (line > 0) result += fmt::format(":{}:{}", line, column);
  result += field.empty() ? fmt::format(" {}", shown(what)) : fmt::format(": {} {}", shown(field), shown(what));
  if (field.empty() && line > 0) result = fmt::format("{}:{}:{}: {}", file, line, column, shown(what));
  if (!hint.empty()) result += "; " + hint;
  return result;
}

std::string ConfigError::text() const {
  std::string result;
  for (const Problem& problem : problems) result += (result.empty() ? "" : "\n") + problem.text();
  return result;
}

}  // namespace schemas::config
