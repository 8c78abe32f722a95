// tests/machines/key/scenarios_test.cpp: lives of keys as text tables: what the venue says or a person does, and what
// becomes of the key; together they use every row of the table.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "machines/key/decide.hpp"

namespace {

namespace key = machines::key;
using key::Event;
using key::State;

constexpr std::int64_t day = std::int64_t{24} * 3600 * 1'000'000;

// "look rights=read,trade expires=10 latency=3000 rate=900000 unbound bad" -> what the venue said.
key::Observation look_of(std::istringstream& words) {
  key::Observation seen;
  seen.rights = {true, true, false};
  seen.is_bound = true;
  seen.at = {100 * day};
  for (std::string word; words >> word && word != "->";) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "rights")
      seen.rights = {value.find("read") != std::string::npos, value.find("trade") != std::string::npos,
                     value.find("withdraw") != std::string::npos};
    else if (name == "expires")
      seen.expires_at = {(100 + std::stoll(value)) * day};
    else if (name == "latency")
      seen.latency_ms = std::stoll(value);
    else if (name == "rate")
      seen.rate_used_ppm = std::stoll(value);
    else if (name == "bad")
      seen.is_authentic = false;
    else
      ADD_FAILURE() << "the scenario's word " << word << " means nothing";
  }
  return seen;
}

std::string answer(const machines::Result<key::Step, key::Refusal>& step) {
  if (!step) return "refused " + std::string(machines::name_of(step.error()));
  return std::string(machines::name_of(step->event)) + " " + std::string(machines::name_of(step->to)) + " " +
         std::string(machines::name_of(step->then));
}

using Used = std::set<std::pair<State, Event>>;

// Each line: "look ... -> event state command" or "EVENT -> ...".
void run(const std::filesystem::path& file, Used& used) {
  std::ifstream in(file);
  State state = State::resting;
  key::Data data;
  data.name = "main";
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    SCOPED_TRACE(file.filename().string() + ":" + std::to_string(number));
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    key::Message message{Event::enrol, {}};
    if (verb == "look") {
      message.seen = look_of(words);
      message.event = key::event_of(data, *message.seen, {});
    } else {
      const auto event = machines::from_name<Event>(verb);
      ASSERT_TRUE(event.has_value()) << verb;
      message.event = *event;
    }
    const auto step = key::decide(state, data, message);
    EXPECT_EQ(answer(step), line.substr(line.find("-> ") + 3));
    if (!step) continue;
    used.insert({state, message.event});
    state = step->to;
    data = step->data;
  }
}

TEST(KeyScenarios, GoAsWrittenAndUseEveryRow) {
  Used used;
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(BURSAR_SOURCE_DIR) + "/tests/machines/key/scenarios")) {
    ++files;
    run(entry.path(), used);
  }
  ASSERT_GT(files, 3);
  for (const auto& row : key::transitions.rows)
    EXPECT_TRUE(used.count({row.from, row.on}))
        << machines::name_of(row.from) << " on " << machines::name_of(row.on) << " is in no scenario";
}

}  // namespace
