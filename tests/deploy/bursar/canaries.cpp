#include "tests/deploy/bursar/canaries.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace tests {

std::string hex_of(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}
std::string sha256_of(const std::string& text) {
  std::array<unsigned char, 32> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hex_of({hash.begin(), hash.end()});
}
std::vector<std::string> base64_of(const std::string& text) {
  std::vector<std::string> forms;
  for (std::size_t skip = 0; skip < 3; ++skip) {
    std::string part = text.substr(skip);
    part.resize(part.size() / 3 * 3);
    std::string coded(part.size() / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()), reinterpret_cast<const unsigned char*>(part.data()),
                    static_cast<int>(part.size()));
    coded.pop_back();
    forms.push_back(coded);
  }
  return forms;
}

std::string leaks_in(const std::string& text) {
  std::string found;
  for (const std::string& canary : canaries) {
    std::string upper = hex_of(canary);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    std::vector<std::string> forms = base64_of(canary);
    forms.insert(forms.end(), {canary, hex_of(canary), upper});
    for (const std::string& form : forms)
      if (text.find(form) != std::string::npos) found += form + " ";
  }
  return found;
}

// No region of ours is as large; a sanitizer lays a shadow over all memory that is, and holds no copy of a text.
constexpr unsigned long largest_region = 256UL << 20;

Memory memory_of(pid_t pid) {
  Memory memory;
  std::ifstream maps(fmt::format("/proc/{}/smaps", pid));
  const int descriptor = open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC);
  unsigned long from = 0;
  unsigned long to = 0;
  unsigned long held_kib = 0;  // a region that holds no page holds no text, and a sanitizer has many
  for (std::string line; std::getline(maps, line);) {
    unsigned long first = 0;
    unsigned long last = 0;
    unsigned long kib = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &last) == 2) from = first, to = last, held_kib = 0;
    if (std::sscanf(line.c_str(), "Rss: %lu kB", &kib) == 1 || std::sscanf(line.c_str(), "Swap: %lu kB", &kib) == 1)
      held_kib += kib;
    if (!line.starts_with("VmFlags:") || held_kib == 0 || to - from > largest_region) continue;
    std::string bytes(to - from, '\0');
    const ssize_t got = pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(from));
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    ((line + " ").find(" dd ") == std::string::npos ? memory.dumped : memory.left_out) += bytes;
  }
  if (descriptor >= 0) close(descriptor);
  return memory;
}

}  // namespace tests
