#include "deploy/cluster/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

namespace deploy {
namespace {

// Everything the child needs, made before the fork: between fork and exec only system calls are safe.
struct Prepared {
  std::vector<char*> argv, envp;
  const Identity* run_as = nullptr;
  const char* work_dir = "/";
  int output = -1;  // -1: keep ours
  int input = -1;   // -1: /dev/null beside an output of its own, else ours
  int death_signal = 0;
  int report = -1;  // closed by a successful exec; else carries errno
  pid_t parent = 0;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void give_up(const Prepared& child, int error) {
  if (write(child.report, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

void become_default_in_signals() {
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool become(const Identity& user) {
  return setgroups(user.groups.size(), user.groups.data()) == 0 && setgid(user.gid) == 0 && setuid(user.uid) == 0;
}

[[noreturn]] void run_child(const Prepared& child) {
  setsid();
  become_default_in_signals();
  if (child.run_as != nullptr && !become(*child.run_as)) give_up(child, errno);
  if (child.death_signal != 0) {
    prctl(PR_SET_PDEATHSIG, child.death_signal);  // after setuid, which clears it
    if (getppid() != child.parent) _exit(127);    // our parent died before the kernel knew
  }
  if (chdir(child.work_dir) != 0) give_up(child, errno);
  if (child.input >= 0) dup2(child.input, 0);
  if (child.output >= 0) {
    if (child.input < 0) dup2(open("/dev/null", O_RDONLY), 0);
    dup2(child.output, 1);
    dup2(child.output, 2);
  }
  // Our locks and sockets stay ours, whoever forgot O_CLOEXEC; the report pipe goes the same way at exec.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(child.argv[0], child.argv.data(), child.envp.data());
  give_up(child, errno);
}

std::vector<std::string> environment_of(const ProcessSpec& spec) {
  const std::vector<std::string>& extra = spec.environment;
  std::vector<std::string> result = extra;
  if (!spec.inherits_environment) return result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const std::string& other : extra) replaced = replaced || other.rfind(name, 0) == 0;
    if (!replaced) result.push_back(text);
  }
  return result;
}

// The end to read from of a pipe that holds the text; -1 when there can be none.
int pipe_with(const std::string& text) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  const bool fits = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(ends[1]);
  if (fits && fcntl(ends[0], F_SETFL, 0) == 0) return ends[0];
  close(ends[0]);
  return -1;
}

machines::Result<pid_t, std::string> spawn_with_output(const ProcessSpec& spec, int output) {
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) return machines::fail(fmt::format("no pipe: {}", strerror(errno)));
  const std::vector<std::string> environment = environment_of(spec);
  const int input = spec.input.empty() ? -1 : pipe_with(spec.input);
  Prepared child{pointers(spec.argv),
                 pointers(environment),
                 spec.run_as ? &*spec.run_as : nullptr,
                 spec.work_dir.c_str(),
                 output,
                 input,
                 spec.death_signal,
                 report[1],
                 getpid()};
  const pid_t pid = fork();
  if (pid == 0) run_child(child);
  const int fork_error = errno;
  close(report[1]);
  if (input >= 0) close(input);
  int error = 0;
  ssize_t got = 0;
  if (pid > 0) {
    do got = read(report[0], &error, sizeof error);
    while (got < 0 && errno == EINTR);
  }
  close(report[0]);
  if (pid < 0) return machines::fail(fmt::format("can't start {}: {}", spec.argv.at(0), strerror(fork_error)));
  if (got == sizeof error) {
    waitpid(pid, nullptr, 0);
    return machines::fail(fmt::format("can't start {}: {}", spec.argv.at(0), strerror(error)));
  }
  return pid;
}

std::string read_all(int descriptor) {
  constexpr std::size_t limit = 64 * 1024;
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < limit) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

// A line of the system's users, with the text that it points into: getpwnam() and getpwuid() share one among threads.
struct UserLine {
  UserLine() = default;
  UserLine(UserLine&&) = default;  // a copy's entry would point into the text of the first
  passwd entry{};
  std::vector<char> text = std::vector<char>(1024);
};

// `look` is getpwnam_r or getpwuid_r with the user in its hand; ERANGE: the text needs more room.
template <class Look>
std::optional<UserLine> find_line(const Look& look) {
  constexpr std::size_t enough = 1 << 20;
  for (UserLine line; line.text.size() <= enough; line.text.resize(2 * line.text.size())) {
    passwd* found = nullptr;
    const int error = look(&line.entry, line.text.data(), line.text.size(), &found);
    if (found != nullptr) return line;
    if (error != ERANGE) break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Identity> find_user(const std::string& name) {
  const auto line = find_line([&](auto... room) { return getpwnam_r(name.c_str(), room...); });
  if (!line) return std::nullopt;
  Identity user{name, line->entry.pw_uid, line->entry.pw_gid, {}};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
    if (getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) return std::nullopt;
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

std::string user_name(uid_t uid) {
  const auto line = find_line([&](auto... room) { return getpwuid_r(uid, room...); });
  return line ? std::string(line->entry.pw_name) : std::to_string(uid);
}

int do_as(const std::optional<Identity>& user, const std::function<int()>& work) {
  if (!user) return work();
  const pid_t pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) _exit(become(*user) ? work() : EPERM);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

ProcessHandle::ProcessHandle(pid_t pid) {
  if (pid <= 0) return;
  descriptor_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));  // the kernel closes it at an exec
  if (descriptor_ >= 0) pid_ = pid;
}

ProcessHandle::~ProcessHandle() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool ProcessHandle::signal(int number) const {
  return descriptor_ >= 0 && syscall(SYS_pidfd_send_signal, descriptor_, number, nullptr, 0) == 0;
}

machines::Result<pid_t, std::string> spawn(const ProcessSpec& spec) {
  if (spec.log_file.empty()) return spawn_with_output(spec, -1);
  const int log = open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return machines::fail(fmt::format("can't write the log file {}: {}", spec.log_file, strerror(errno)));
  auto started = spawn_with_output(spec, log);
  close(log);
  return started;
}

Exit exit_of(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return {128 + WTERMSIG(wait_status), fmt::format("killed by signal {}", WTERMSIG(wait_status))};
  return {WEXITSTATUS(wait_status), fmt::format("exit code {}", WEXITSTATUS(wait_status))};
}

machines::Result<Finished, std::string> run_to_end(const ProcessSpec& spec) {
  std::array<int, 2> output{};
  if (pipe2(output.data(), O_CLOEXEC) != 0) return machines::fail(fmt::format("no pipe: {}", strerror(errno)));
  const auto pid = spawn_with_output(spec, output[1]);
  close(output[1]);
  if (!pid) {
    close(output[0]);
    return machines::fail(pid.error());
  }
  Finished finished;
  finished.output = read_all(output[0]);
  close(output[0]);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  finished.exit = exit_of(status);
  return finished;
}

}  // namespace deploy
