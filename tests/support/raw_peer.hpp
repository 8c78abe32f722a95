// tests/support/raw_peer.hpp: somebody on a socket of ours who speaks no ZeroMQ library: any bytes, or none.
#pragma once

#include <string>
#include <string_view>

namespace tests {

class RawPeer {
 public:
  // Connects to a Unix socket; is_open() says whether that went well.
  explicit RawPeer(const std::string& path);
  RawPeer(RawPeer&& other) noexcept;
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer();
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  void write(std::string_view bytes);  // as many as go, without waiting
  // Whether the other side has closed; what it said until then is dropped.
  bool was_cut_off();

 private:
  int descriptor_;
};

// The first ten bytes of every ZeroMQ peer; and all 64 of one that offers `mechanism` (NULL, PLAIN, CURVE) and no
// server's part.
std::string signature();
std::string greeting(const std::string& mechanism);

}  // namespace tests
