#include "brokers/wire/keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

namespace brokers::wire {
namespace {

constexpr std::size_t key_size = 40;

// Never over a file that is there.
Wired<bool> create_file(const std::string& path, const std::string& text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file < 0 && errno == EEXIST)
    return machines::fail(WireError{fmt::format("{}: is there already and is left as it is; give another name", path)});
  if (file < 0) return machines::fail(WireError{fmt::format("{}: can't be written: {}", path, std::strerror(errno))});
  const bool written = ::fchmod(file, mode) == 0 &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
  ::close(file);
  if (written) return true;
  return machines::fail(WireError{fmt::format("{}: can't be written: {}", path, std::strerror(errno))});
}

Wired<bool> write_file(const std::string& path, const std::string& text, mode_t mode) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // left by a run that was killed; a link is not followed
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (file < 0) return machines::fail(WireError{fmt::format("{}: can't be written: {}", fresh, std::strerror(errno))});
  const bool written = ::fchmod(file, mode) == 0 &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0)
    return machines::fail(WireError{fmt::format("{}: can't be written: {}", path, std::strerror(errno))});
  return true;
}

// The first lines of a key file. Errors: a line that is no key, by file and line.
Wired<std::vector<std::string>> key_lines(const std::string& path, std::size_t count) {
  errno = 0;
  std::ifstream file(path);
  if (!file)
    return machines::fail(WireError{fmt::format("{}: can't be read: {}; name a key file that is there", path,
                                                errno == 0 ? "unknown reason" : std::strerror(errno))});
  std::vector<std::string> lines;
  for (std::string line; lines.size() < count && std::getline(file, line); lines.push_back(line))
    if (const auto what = what_is_wrong_with_key(line); !what.empty())
      return machines::fail(WireError{fmt::format("{}:{}: {}", path, lines.size() + 1, what)});
  if (lines.size() == count) return lines;
  return machines::fail(WireError{fmt::format("{}:{}: is missing; a key file has {} of {} characters", path,
                                              lines.size() + 1, count == 1 ? "one line" : "two lines", key_size)});
}

}  // namespace

std::string what_is_wrong_with_key(const std::string& text) {
  constexpr std::string_view digits =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.ends_with('\r')) return "ends as lines of Windows do (CRLF); write it with plain line ends";
  for (std::size_t at = 0; at < text.size(); ++at)
    if (digits.find(text[at]) == std::string_view::npos)
      return fmt::format(
          "has {} as character {}, which is no Z85; a key is {} characters as `bursar keys generate` writes them",
          text[at] == ' ' || text[at] == '\t' ? "a blank" : fmt::format("`{}`", text[at]), at + 1, key_size);
  if (text.size() != key_size) return fmt::format("has {} characters; a key has {}", text.size(), key_size);
  std::array<std::uint8_t, key_size / 5 * 4> bytes{};
  if (zmq_z85_decode(bytes.data(), text.c_str()) == nullptr) return "is no Z85: a group of five is too large";
  return {};
}

CurveKeys make_keys() {
  char public_key[key_size + 1] = {};
  char secret_key[key_size + 1] = {};
  CHECK(zmq_curve_keypair(public_key, secret_key) == 0);
  return {public_key, secret_key};
}

Wired<bool> write_keys(const std::string& path, const CurveKeys& keys) {
  auto secret = write_file(path, keys.public_key + "\n" + keys.secret_key + "\n", 0600);
  if (!secret) return secret;
  return write_file(path + ".pub", keys.public_key + "\n", 0644);
}

Wired<bool> create_keys(const std::string& path, const CurveKeys& keys) {
  auto secret = create_file(path, keys.public_key + "\n" + keys.secret_key + "\n", 0400);
  if (!secret) return secret;
  auto shown = create_file(path + ".pub", keys.public_key + "\n", 0444);
  if (!shown) ::unlink(path.c_str());
  return shown;
}

Wired<CurveKeys> read_keys(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return machines::fail(WireError{
        fmt::format("{}: {}; make keys with `bursar up` or name the right file", path, std::strerror(errno))});
  if ((status.st_mode & 077) != 0)
    return machines::fail(WireError{fmt::format("{}: others may read this secret key (mode {:o}); run: chmod 600 {}",
                                                path, status.st_mode & 07777, path)});
  auto lines = key_lines(path, 2);
  if (!lines) return machines::fail(lines.error());
  return CurveKeys{lines->at(0), lines->at(1)};
}

Wired<std::string> read_public_key(const std::string& path) {
  auto lines = key_lines(path, 1);
  if (!lines) return machines::fail(lines.error());
  if (key_lines(path, 2))
    return machines::fail(WireError{fmt::format(
        "{}: holds a secret key, which belongs on its own host alone; name its public file, {}.pub", path, path)});
  return lines->at(0);
}

}  // namespace brokers::wire
