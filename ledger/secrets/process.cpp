#include "ledger/secrets/process.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace ledger::secrets {

Secretly<machines::Nothing> forbid_dumps() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return machines::Nothing{};
  return machines::fail(
      SecretError{SecretFailure::unusable, fmt::format("core dumps can't be switched off: {}", std::strerror(errno))});
}

}  // namespace ledger::secrets
