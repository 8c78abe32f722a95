#include "tests/support/raw_peer.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tests {

RawPeer::RawPeer(const std::string& path) : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (descriptor_ >= 0 && ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return;
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}
RawPeer::RawPeer(RawPeer&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
RawPeer::~RawPeer() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RawPeer::write(std::string_view bytes) {
  (void)::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool RawPeer::was_cut_off() {
  char space[4096];
  for (;;) {
    const ssize_t got = ::recv(descriptor_, space, sizeof space, MSG_DONTWAIT);
    if (got == 0) return true;
    if (got < 0) return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  }
}

std::string signature() { return std::string("\xff\0\0\0\0\0\0\0\1\x7f", 10); }

std::string greeting(const std::string& mechanism) {
  std::string bytes = signature() + std::string("\3\0", 2) + mechanism;
  bytes.resize(64, '\0');
  return bytes;
}

}  // namespace tests
