#include "ledger/secrets/master_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "ledger/secrets/envelope.hpp"

namespace ledger::secrets {
namespace {

namespace fs = std::filesystem;

constexpr const char* credential_name = "bursar-master-key";

machines::Failure<SecretError> no(const fs::path& file, const std::string& why) {
  return {SecretError{SecretFailure::unusable, fmt::format("the master key {} {}", file.string(), why)}};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

// Why a file with this status is no place for a master key; empty when it is one.
std::string wrong_with(const struct stat& status, const KeyPlace& place) {
  if (!S_ISREG(status.st_mode)) return "is not a plain file";
  if (status.st_uid != geteuid() && !(place.is_credential && status.st_uid == 0))
    return fmt::format("belongs to user {}, and this is user {}; it must be this user's own", status.st_uid, geteuid());
  const mode_t most = place.is_credential ? 0440 : 0400;
  if ((status.st_mode & 07777 & ~most) != 0)
    return fmt::format("has mode {:04o}, wider than {:04o}; run: chmod 400 {}", status.st_mode & 07777, most,
                       place.file.string());
  if (status.st_size != static_cast<off_t>(MasterKey::size))
    return fmt::format("has {} bytes; a master key has {}", status.st_size, MasterKey::size);
  return "";
}

bool sync_folder(const fs::path& folder) {
  const Descriptor open_folder(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return open_folder.is_open() && fsync(open_folder.number()) == 0;
}

}  // namespace

Secretly<MasterKey> MasterKey::fresh() {
  auto bytes = Secret::random(size);
  if (!bytes) return machines::fail(bytes.error());
  return of(std::move(*bytes));
}

MasterKey MasterKey::of(Secret bytes) {
  CHECK(bytes.size() == size);
  std::string id = bytes.reveal([](auto span) { return hash_hex("bursar master key id 1", span).substr(0, 16); });
  return {std::move(bytes), std::move(id)};
}

KeyPlace find_master_key(const fs::path& configured, const fs::path& fallback) {
  if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY"); folder != nullptr && *folder != '\0') {
    const fs::path file = fs::path(folder) / credential_name;
    if (std::error_code error; fs::exists(file, error)) return {file, true};
  }
  return {configured.empty() ? fallback : configured, false};
}

Secretly<MasterKey> read_master_key(const KeyPlace& place) {
  const Descriptor file(open(place.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return no(place.file, "is missing; put it back from where you keep its copy");
    if (errno == ELOOP) return no(place.file, "is a symbolic link; name the file itself");
    return no(place.file, fmt::format("can't be read: {}", std::strerror(errno)));
  }
  struct stat status {};
  if (fstat(file.number(), &status) != 0) return no(place.file, fmt::format("can't be read: {}", std::strerror(errno)));
  if (const std::string wrong = wrong_with(status, place); !wrong.empty()) return no(place.file, wrong);
  auto bytes = Secret::zeros(MasterKey::size);
  if (!bytes) return machines::fail(bytes.error());
  const auto got = bytes->fill([&](auto span) { return read(file.number(), span.data(), span.size()); });
  if (got != static_cast<ssize_t>(MasterKey::size)) return no(place.file, "can't be read to its end");
  const bool is_flat = bytes->reveal(
      [](auto span) { return std::all_of(span.begin(), span.end(), [&](auto byte) { return byte == span[0]; }); });
  if (is_flat) return no(place.file, "is one byte repeated, which is no key; make one with: head -c 32 /dev/urandom");
  return MasterKey::of(std::move(*bytes));
}

Secretly<MasterKey> make_master_key(const fs::path& path) {
  auto made = MasterKey::fresh();
  if (!made) return made;
  const fs::path fresh = path.string() + ".new";
  unlink(fresh.c_str());
  {
    const Descriptor file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
    if (!file.is_open()) return no(path, fmt::format("can't be made: {}", std::strerror(errno)));
    const bool written = made->bytes.reveal([&](auto span) {
      return fchmod(file.number(), 0400) == 0 &&
             write(file.number(), span.data(), span.size()) == static_cast<ssize_t>(span.size()) &&
             fsync(file.number()) == 0;
    });
    if (!written) return no(path, fmt::format("can't be written: {}", std::strerror(errno)));
  }
  // link, not rename: one that stands is never replaced.
  const bool placed = link(fresh.c_str(), path.c_str()) == 0;
  const int why = errno;
  unlink(fresh.c_str());
  if (!placed) return no(path, fmt::format("can't be made: {}", std::strerror(why)));
  if (!sync_folder(path.parent_path())) return no(path, "can't be made durable");
  return made;
}

}  // namespace ledger::secrets
