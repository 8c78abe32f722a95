#include "tests/kill/house.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>

#include "deploy/cluster/install.hpp"
#include "machines/core/check.hpp"
#include "tests/support/cluster.hpp"

namespace tests::kill {

namespace fs = std::filesystem;

namespace {

struct Process {
  pid_t pid = 0, parent = 0;
  std::vector<std::string> argv;
};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  return parts;
}

// Of a process that may end while it is read: then what was read until then. read_text() would throw.
std::string read_proc(const fs::path& file) {
  std::ostringstream text;
  std::ifstream in(file);
  text << in.rdbuf();
  return text.str();
}

// Every process that has not ended, with its parent.
std::vector<Process> all_processes() {
  std::vector<Process> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    Process process;
    if (std::from_chars(name.data(), name.data() + name.size(), process.pid).ptr != name.data() + name.size()) continue;
    const std::string stat = read_proc(entry.path() / "stat");
    const auto after_name = stat.rfind(')');
    if (after_name == std::string::npos) continue;
    char state = 'Z';
    std::istringstream(stat.substr(after_name + 1)) >> state >> process.parent;
    process.argv = split(read_proc(entry.path() / "cmdline"), '\0');
    if (state != 'Z' && !process.argv.empty()) found.push_back(std::move(process));
  }
  return found;
}

bool is_part(const Process& process, const std::string& part) {
  const auto& argv = process.argv;
  if (argv.size() < 5 || argv[1] != "node") return false;
  return argv[2] == part || (argv[2] == "worker" && argv[4] == part);
}

// PostgreSQL's own title of a backend: "postgres: NAME: bursar_service bursar [local] idle".
bool serves_the_house(const Process& process) {
  const std::string& title = process.argv[0];
  return title.starts_with("postgres: ") && title.find(" bursar_service ") != std::string::npos;
}

pid_t postmaster_of(const fs::path& folder) {
  pid_t pid = 0;
  std::ifstream(deploy::ClusterPaths::below(folder).data / "postmaster.pid") >> pid;
  return pid;
}

}  // namespace

// A lost request is over after a second.
constexpr const char* of_real_ones =
    "ids = \"among_open\"\ntombstones = false\ndeadline = \"enforced\"\nrequest_life_ms = 1000\n";

std::string rules_text(Rules rules) { return rules == Rules::as_real_ones ? of_real_ones : ""; }

Rules rules_in(const std::string& config) {
  return config.find(of_real_ones) == std::string::npos ? Rules::as_it_is : Rules::as_real_ones;
}

std::string config_text(const std::vector<std::string>& faults, int brokers, int bars, Rules rules) {
  std::vector<std::string> quoted;
  for (const std::string& fault : faults) quoted.push_back('"' + fault + '"');
  return fmt::format(R"([sample]
bars = {}
[broker]
count = {}
heartbeat_ms = {}
ttl_ms = {}
backoff_ms = 20
longest_backoff_ms = 500
[venue.paper]
partial_fill_percent = 40
faults = [{}]
{})",
                     bars, brokers, ttl_ms / 4, ttl_ms, fmt::join(quoted, ", "), rules_text(rules));
}

House::House(const std::string& config) : folder_(own_.path() / "d"), rules_(rules_in(config)), connection_(dsn()) {
  write_text(own_.path() / "config.toml", config);
}

House::~House() {
  up_.reset();
  const auto nobody_left = [this] {
    for (const Process& process : all_processes())
      if (std::find(process.argv.begin(), process.argv.end(), folder_.string()) != process.argv.end())
        ::kill(process.pid, SIGKILL);
    return left_behind().empty();
  };
  wait_until(nobody_left);
}

std::string House::dsn() const { return house_dsn(folder_); }

void House::start() {
  CHECK(!is_running());
  up_ = std::make_unique<Child>(std::vector<std::string>{BURSAR_EXECUTABLE, "up", "--data-dir", folder_.string(),
                                                         "--config", (own_.path() / "config.toml").string(),
                                                         "--exit-when-done", "--json"});
}

deploy::Exit House::wait() { return up_->wait(std::chrono::seconds(300)); }

std::string House::result() const {
  for (const std::string& line : split(output(), '\n'))
    if (line.starts_with("{\"")) return line;
  return "";
}

std::string House::logs() const {
  std::string text = "up:\n" + output();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "log", error)) {
    const std::string log = read_text(entry.path());
    text += fmt::format("{}:\n{}\n", entry.path().filename().string(),
                        log.substr(log.size() - std::min<std::size_t>(log.size(), 4000)));
  }
  return text;
}

bool House::reach(std::int64_t wanted) {
  bool reached = false;
  wait_until(
      [&] {
        const bool running = is_running();  // looked at first: it may end in between
        reached = transitions() >= wanted;
        return reached || !running;
      },
      std::chrono::seconds(120));
  return reached;
}

std::int64_t House::transitions() {
  const auto rows = ask("SELECT count(*) FROM ledger.transition");
  return rows ? rows->number(0, 0) : -1;
}

std::string House::order(std::vector<std::string> words) {
  words.insert(words.begin(), BURSAR_EXECUTABLE);
  words.insert(words.end(), {"--data-dir", folder_.string()});
  Child child(std::move(words));
  return child.wait().code == 0 ? "" : child.output();
}

bool House::comes_true(const std::string& sql) {
  bool is_true = false;
  wait_until([&] {
    const bool running = is_running();
    const auto rows = ask(sql);
    is_true = rows && !rows->empty() && rows->flag(0, 0);
    return is_true || !running;
  });
  return is_true;
}

std::vector<pid_t> House::pids(const std::string& part) {
  std::vector<pid_t> found;
  if (part == "up") {
    if (is_running()) found.push_back(up_->pid());
    return found;
  }
  const pid_t postmaster = postmaster_of(folder_);
  for (const Process& process : all_processes()) {
    const bool is_ours = is_running() && process.parent == up_->pid();
    const bool matches = part == "postmaster" ? postmaster != 0 && process.pid == postmaster
                         : part == "backends" ? process.parent == postmaster && serves_the_house(process)
                                              : is_ours && is_part(process, part);
    if (matches) found.push_back(process.pid);
  }
  return found;
}

int House::send(const std::string& part, int signal_number) {
  const auto found = pids(part);
  for (const pid_t pid : found) ::kill(pid, signal_number);
  return static_cast<int>(found.size());
}

bool House::strike(const std::string& part, int signal_number) {
  bool struck = false;
  wait_until([&] {
    const bool running = is_running();
    struck = send(part, signal_number) > 0;
    return struck || !running;
  });
  return struck;
}

std::vector<std::string> House::left_behind() const {
  std::vector<std::string> left;
  const std::string data = deploy::ClusterPaths::below(folder_).data.string();
  for (const Process& process : all_processes())
    for (const std::string& word : process.argv)
      if (word == folder_.string() || word == data) {
        left.push_back(fmt::format("{}: {}", process.pid, fmt::join(process.argv, " ")));
        break;
      }
  return left;
}

}  // namespace tests::kill
