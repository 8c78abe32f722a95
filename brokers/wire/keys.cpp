#include "brokers/wire/keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cerrno>
#include <cstring>
#include <fstream>

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

}  // namespace

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
  std::ifstream file(path);
  CurveKeys keys;
  if (!std::getline(file, keys.public_key) || !std::getline(file, keys.secret_key) ||
      keys.public_key.size() != key_size || keys.secret_key.size() != key_size)
    return machines::fail(
        WireError{fmt::format("{}: not a key file: two lines of {} characters are expected", path, key_size)});
  return keys;
}

Wired<std::string> read_public_key(const std::string& path) {
  std::ifstream file(path);
  std::string key;
  if (!std::getline(file, key) || key.size() != key_size)
    return machines::fail(
        WireError{fmt::format("{}: not a public key file: one line of {} characters is expected", path, key_size)});
  return key;
}

}  // namespace brokers::wire
