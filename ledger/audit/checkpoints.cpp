#include "ledger/audit/checkpoints.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include "ledger/env/sha256.hpp"

namespace ledger::audit {
namespace {

constexpr std::string_view tag = "bursar-checkpoint 1";
const std::string before_the_first(64, '0');

std::string unsigned_line(const Checkpoint& checkpoint, const std::string& before) {
  std::string heads;
  for (const Head& head : checkpoint.heads)
    heads += fmt::format("{}{}:{}:{}", heads.empty() ? "" : ",", head.shard, head.seq, head.hash);
  return fmt::format("{} {} {} {} {}", tag, checkpoint.deployment, checkpoint.wall_us, heads.empty() ? "-" : heads,
                     before);
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(by, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Checkpoint> parse(const std::vector<std::string_view>& words) {
  Checkpoint made;
  made.deployment = words[2];
  if (!read_number(words[3], made.wall_us)) return std::nullopt;
  if (words[4] == "-") return made;
  for (const auto& item : split(words[4], ',')) {
    const auto parts = split(item, ':');
    Head head;
    if (parts.size() != 3 || !read_number(parts[0], head.shard) || !read_number(parts[1], head.seq))
      return std::nullopt;
    head.hash = parts[2];
    made.heads.push_back(std::move(head));
  }
  return made;
}

std::string when(std::int64_t wall_us) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(wall_us / 1'000'000)));
}

machines::Failure<AuditError> bad(const std::filesystem::path& path, int line, const std::string& what) {
  return machines::fail(AuditError{
      fmt::format("{}:{}: {}; the checkpoints were tampered with or belong to another key: put back the file and "
                  "keys/checkpoint.pub as they were, from a copy outside this machine",
                  path.string(), line, what)});
}

}  // namespace

Audited<Checkpoints> Checkpoints::read(const std::filesystem::path& path, const std::string& public_key) {
  Checkpoints made;
  made.path_ = path;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (std::filesystem::exists(path))
      return machines::fail(AuditError{fmt::format("{}: can't be read: {}", path.string(), std::strerror(errno))});
    return made;
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  made.size_ = static_cast<std::int64_t>(text.size());
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) {
      made.torn_ = true;
      break;
    }
    const std::string_view line = std::string_view(text).substr(at, end - at);
    ++number;
    const auto words = split(line, ' ');
    if (words.size() != 7 || line.substr(0, tag.size()) != tag) return bad(path, number, "not a checkpoint");
    if (!is_signed(line.substr(0, line.rfind(' ')), words[6], public_key))
      return bad(path, number, "its signature does not verify");
    if (words[5] != made.hash_before()) return bad(path, number, "it does not follow the line before; one is missing");
    auto checkpoint = parse(words);
    if (!checkpoint) return bad(path, number, "not a checkpoint");
    made.all_.push_back(std::move(*checkpoint));
    made.hashes_.push_back(env::sha256_hex(line));
    made.whole_ = static_cast<std::int64_t>(end + 1);
    at = end + 1;
  }
  return made;
}

const std::string& Checkpoints::hash_before() const { return hashes_.empty() ? before_the_first : hashes_.back(); }

std::optional<Checkpoint> Checkpoints::last() const {
  if (all_.empty()) return std::nullopt;
  return all_.back();
}

Audited<bool> Checkpoints::append(const Checkpoint& checkpoint, const Signer& signer) {
  const std::string content = unsigned_line(checkpoint, hash_before());
  const std::string line = content + " " + signer.sign(content);
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string text = line + "\n";
  // Whoever else signs now waits for the lock, and then finds a longer file than the one it read.
  const bool locked = file >= 0 && ::flock(file, LOCK_EX) == 0;
  if (locked && ::lseek(file, 0, SEEK_END) != size_) {
    ::close(file);
    return false;
  }
  const bool written = locked && ::ftruncate(file, whole_) == 0 && ::lseek(file, 0, SEEK_END) == whole_ &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
  const int why = errno;
  if (file >= 0) ::close(file);
  if (!written)
    return machines::fail(AuditError{fmt::format("{}: can't be written: {}", path_.string(), std::strerror(why))});
  // The name too: a new file is in no folder before its folder is on disk.
  const int folder = ::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    (void)::fsync(folder);
    ::close(folder);
  }
  all_.push_back(checkpoint);
  hashes_.push_back(env::sha256_hex(line));
  whole_ += static_cast<std::int64_t>(text.size());
  size_ = whole_;
  torn_ = false;
  return true;
}

Stored<std::optional<std::string>> objection(Connection& connection, const Checkpoints& checkpoints,
                                             const std::filesystem::path& path) {
  const auto name = deployment_name(connection);
  if (!name) return machines::fail(name.error());
  // The newest first: a database that was put back misses that one, whatever else it misses.
  for (auto at = checkpoints.all().rbegin(); at != checkpoints.all().rend(); ++at) {
    if (at->deployment != *name)
      return std::optional(
          fmt::format("the checkpoint of {} in {} is of deployment {}, and this database is {}: connect "
                      "to the right database, or use the data folder that belongs to it",
                      when(at->wall_us), path.string(), at->deployment, *name));
    const auto departed = departure(connection, at->heads);
    if (!departed) return machines::fail(departed.error());
    if (!*departed) continue;
    const Head& head = (*departed)->expected;
    if ((*departed)->how == Departure::shorter)
      return std::optional(fmt::format(
          "the audit chain of shard {} ends at link {}, and link {} was signed at {}: this database is older than that "
          "(restored from a backup, or its newest rows were deleted); restore a later backup, or ask who changed it",
          head.shard, (*departed)->stands_at, head.seq, when(at->wall_us)));
    return std::optional(fmt::format(
        "link {} of shard {} is not the one that was signed at {}: history was rewritten; restore a backup that holds "
        "it, or ask who changed it",
        head.seq, head.shard, when(at->wall_us)));
  }
  return std::optional<std::string>{};
}

}  // namespace ledger::audit
