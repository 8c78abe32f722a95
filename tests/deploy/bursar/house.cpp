#include "tests/deploy/bursar/house.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace tests {
namespace {

const std::string executable = BURSAR_EXECUTABLE;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

nlohmann::json Said::last_line() const {
  const auto lines = lines_of(out);
  return nlohmann::json::parse(lines.empty() ? "" : lines.back(), nullptr, false);
}

Said bursar(const Words& words, Words environment) {
  TempFolder folder;
  const auto out = folder.path() / "out";
  // The shell only parts the outputs; the words are its positional parameters and are never read as shell.
  Words argv = {"/bin/sh", "-c", "exec \"$@\" >\"$OUT\"", "sh", executable};
  argv.insert(argv.end(), words.begin(), words.end());
  environment.push_back("OUT=" + out.string());
  Child child(argv, environment);
  Said said;
  said.code = child.wait().code;
  said.out = read_text(out);
  said.err = child.output();
  return said;
}

std::unique_ptr<Child> start_bursar(const Words& words) {
  Words argv = {executable};
  argv.insert(argv.end(), words.begin(), words.end());
  return std::make_unique<Child>(argv);
}

std::string config_file(const TempFolder& folder, int bars, const std::string& more) {
  const auto path = folder.path() / "bursar.toml";
  write_text(path, "[sample]\nbars = " + std::to_string(bars) + "\n" + more);
  return path.string();
}

const Finished& finished_house() {
  static const auto house = [] {
    auto made = std::make_unique<Finished>();
    made->config = config_file(made->folder, 200);
    made->data_dir = (made->folder.path() / "data").string();
    made->said = bursar({"up", "--config", made->config, "--data-dir", made->data_dir, "--exit-when-done", "--json"});
    return made;
  }();
  return *house;
}

std::vector<std::string> complaints(const Said& said) {
  std::vector<std::string> found;
  for (const std::string& line : lines_of(said.err))
    if (line.starts_with("bursar: ")) found.push_back(line);
  return found;
}

}  // namespace tests
