#include "ledger/secrets/secret.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ledger::secrets {
namespace {

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t whole_pages(std::size_t size) { return (size + page_size() - 1) / page_size() * page_size(); }

void give_back(std::uint8_t* page, std::size_t size) {
  munmap(page - page_size(), whole_pages(size) + 2 * page_size());
}

}  // namespace

Secretly<Secret> Secret::zeros(std::size_t size) {
  if (size == 0 || size > most_bytes)
    return machines::fail(
        SecretError{SecretFailure::unusable, fmt::format("a secret has 1 to {} bytes, not {}", most_bytes, size)});
  const std::size_t inside = whole_pages(size);
  void* all = mmap(nullptr, inside + 2 * page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED)
    return machines::fail(
        SecretError{SecretFailure::unusable, fmt::format("no memory for a secret: {}", std::strerror(errno))});
  auto* page = static_cast<std::uint8_t*>(all) + page_size();
  const bool kept = mprotect(page, inside, PROT_READ | PROT_WRITE) == 0 && mlock(page, inside) == 0 &&
                    madvise(page, inside, MADV_DONTDUMP) == 0 && madvise(page, inside, MADV_DONTFORK) == 0;
  if (kept) return Secret(page, size);
  const int why = errno;
  give_back(page, size);
  return machines::fail(
      SecretError{SecretFailure::unusable,
                  fmt::format("memory for a secret can't be locked: {}; raise the limit of locked memory (ulimit -l)",
                              std::strerror(why))});
}

Secretly<Secret> Secret::random(std::size_t size) {
  auto made = zeros(size);
  if (made) CHECK(RAND_priv_bytes(made->page_, static_cast<int>(size)) == 1);
  return made;
}

Secret::~Secret() {
  if (page_ == nullptr) return;
  OPENSSL_cleanse(page_, whole_pages(size_));
  give_back(page_, size_);
}

void Secret::shorten(std::size_t size) {
  CHECK(size > 0 && size <= size_ && whole_pages(size) == whole_pages(size_));
  OPENSSL_cleanse(page_ + size, size_ - size);
  size_ = size;
}

bool Secret::same_as(const Secret& other) const {
  return size_ == other.size_ && CRYPTO_memcmp(page_, other.page_, size_) == 0;
}

}  // namespace ledger::secrets
