#include "deploy/bursar/export_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "ledger/export/export.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using ledger::exports::Cause;
using ledger::exports::ExportError;
using ledger::exports::Format;
using ledger::exports::Written;

constexpr std::array ends = {SIGINT, SIGTERM, SIGHUP};

// What a signal handler may look at: the unfinished file, removed before the signal does what it always does.
std::array<char, 4'096> unfinished{};

void remove_unfinished(int signal_number) {
  unlink(unfinished.data());
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// A file under construction beside the one that it becomes. One at a time.
class SideFile {
 public:
  explicit SideFile(fs::path target) : target_(std::move(target)) {}
  ~SideFile() {
    if (file_ < 0) return;
    close(file_);
    unlink(unfinished.data());
    release();
  }
  SideFile(const SideFile&) = delete;
  SideFile& operator=(const SideFile&) = delete;

  // These three: false, and errno says why.
  bool open() {
    const std::string side = fmt::format("{}.{}.part", target_.string(), getpid());
    if (side.size() >= unfinished.size()) return errno = ENAMETOOLONG, false;
    unlink(side.c_str());  // left by a machine that lost its power, under the same process id
    file_ = ::open(side.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0) return false;
    std::strcpy(unfinished.data(), side.c_str());
    handle(remove_unfinished);
    return true;
  }
  [[nodiscard]] bool write(std::string_view bytes) const { return write_all(file_, bytes); }
  bool keep() {
    if (fsync(file_) != 0 || rename(unfinished.data(), target_.c_str()) != 0) return false;
    const int folder = ::open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_durable = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0) close(folder);
    close(file_);
    file_ = -1;
    release();
    return is_durable;
  }

 private:
  // A signal that whoever started us wants ignored (nohup) stays so.
  static void handle(void (*handler)(int)) {
    for (const int one : ends)
      if (signal(one, handler) == SIG_IGN) signal(one, SIG_IGN);
  }
  static void release() {
    handle(SIG_DFL);
    unfinished[0] = '\0';
  }

  fs::path target_;
  int file_ = -1;
};

// Why no file can be at this path, or nothing.
std::optional<std::string> no_place(const fs::path& path) {
  std::error_code error;
  const auto kind = fs::status(path, error).type();
  if (kind == fs::file_type::directory) return fmt::format("{} is a folder; name a file in it", path.string());
  if (kind != fs::file_type::not_found && kind != fs::file_type::regular)
    return fmt::format("{} is not a plain file; without --output the journal goes to standard output", path.string());
  if (!fs::is_directory(path.parent_path(), error))
    return fmt::format("{} is not a folder; make it, or name another file", path.parent_path().string());
  return std::nullopt;
}

int refused(const std::string& what, int code) {
  fmt::print(stderr, "bursar: ledger export: {}\n", what);
  return code;
}

int failed_export(const Where& where, const ExportError& error) {
  if (error.cause == Cause::store) return failed(where, "ledger export", error.store);
  return refused(error.text + "; --format hledger takes any number", 1);
}

Format format_of(const std::string& name) { return name == "beancount" ? Format::beancount : Format::hledger; }

int to_standard_output(const Where& where, Format format) {
  signal(SIGPIPE, SIG_IGN);
  int why = 0;
  ledger::Connection connection(where.dsn);
  const auto written = ledger::exports::write_journal(connection, format, [&](std::string_view bytes) {
    if (write_all(STDOUT_FILENO, bytes)) return true;
    why = errno;
    return false;
  });
  if (written || why == EPIPE) return 0;
  if (why != 0) return refused(fmt::format("can't write to standard output: {}", std::strerror(why)), 1);
  return failed_export(where, written.error());
}

void print_written(const Where& where, const Written& written, const fs::path& path) {
  if (where.json) {
    std::cout << nlohmann::ordered_json{{"file", path.string()},
                                        {"transactions", written.transactions},
                                        {"assertions", written.assertions},
                                        {"accounts", written.accounts},
                                        {"bytes", written.bytes}}
                     .dump()
              << "\n";
    return;
  }
  fmt::print("{}: {} transactions and {} balance assertions of {} accounts, {} bytes\n", path.string(),
             written.transactions, written.assertions, written.accounts, written.bytes);
}

int to_file(const Where& where, Format format, const std::string& output) {
  std::error_code error;
  // Through symbolic links: what they point to is replaced, not they.
  fs::path path = fs::weakly_canonical(fs::absolute(output), error);
  if (error) path = fs::absolute(output);
  if (const auto why = no_place(path)) return refused(*why, 2);
  SideFile file(path);
  const auto cant = [&] { return refused(fmt::format("can't write {}: {}", path.string(), std::strerror(errno)), 1); };
  if (!file.open()) return cant();
  ledger::Connection connection(where.dsn);
  int why = 0;
  const auto written = ledger::exports::write_journal(connection, format, [&](std::string_view bytes) {
    if (file.write(bytes)) return true;
    why = errno;
    return false;
  });
  if (why != 0) return errno = why, cant();
  if (!written) return failed_export(where, written.error());
  if (!file.keep()) return cant();
  print_written(where, *written, path);
  return 0;
}

}  // namespace

int export_journal(const Where& where, const std::string& format, const std::string& output) {
  if (!output.empty()) return to_file(where, format_of(format), output);
  if (where.json) return refused("--json tells about the file of --output; name one", 2);
  return to_standard_output(where, format_of(format));
}

}  // namespace deploy
