// tests/ledger/secrets/secret_test.cpp: a secret can't be printed or copied, is locked and left out of dumps, and is
// gone when it ends; a process that holds one can't be looked into.
#include "ledger/secrets/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ledger/secrets/process.hpp"
#include "tests/ledger/secrets/secrets.hpp"

namespace tests {
namespace {

using ledger::secrets::Secret;
using testing::HasSubstr;

template <class T>
concept Streams = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept BecomesJson = requires(const T& value) {
  nlohmann::json(value);
};
template <class T>
concept Compares = requires(const T& one) {
  one == one;
};

static_assert(!Streams<Secret> && Streams<std::string>);
static_assert(!fmt::is_formattable<Secret>::value && fmt::is_formattable<std::string>::value);
static_assert(!BecomesJson<Secret> && BecomesJson<std::string>);
static_assert(!Compares<Secret> && Compares<std::string>, "bytes are compared in constant time, by same_as()");
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<Secret, std::string_view>);

// The flags that the kernel has for the page of an address: "rd wr ... lo dd".
std::string page_flags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) inside = wanted >= from && wanted < to;
    if (inside && line.starts_with("VmFlags:")) return line;
  }
  return "";
}

const std::uint8_t* address_of(const Secret& secret) {
  std::uintptr_t address = 0;
  secret.reveal([&](auto span) { address = reinterpret_cast<std::uintptr_t>(span.data()); });
  return reinterpret_cast<const std::uint8_t*>(address);
}

TEST(SecretBytes, Inv36AreLockedLeftOutOfDumpsAndOfChildren) {
  const Secret secret = secret_of("canary");
  const std::string flags = page_flags(address_of(secret)) + " ";
#ifndef BURSAR_SANITIZE  // a sanitizer's mlock() does nothing
  EXPECT_THAT(flags, HasSubstr(" lo ")) << "locked: never on the swap device";
#endif
  EXPECT_THAT(flags, HasSubstr(" dd ")) << "left out of core files";
  EXPECT_THAT(flags, HasSubstr(" dc ")) << "left out of children";
}

// Reads a byte that may not be read. The kernel's own answer, also where a sanitizer has put a handler of its own.
void touch(const volatile std::uint8_t* at) {
  (void)::signal(SIGSEGV, SIG_DFL);
  (void)*at;
}

TEST(SecretBytesDeathTest, HaveGuardPagesAndAreGoneWithTheSecret) {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  auto secret = std::make_unique<Secret>(secret_of("canary"));
  const volatile std::uint8_t* page = address_of(*secret);
  EXPECT_EXIT(touch(page + size), testing::KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT(touch(page - 1), testing::KilledBySignal(SIGSEGV), "");
  secret.reset();
  EXPECT_EXIT(touch(page), testing::KilledBySignal(SIGSEGV), "");
}

TEST(SecretBytes, MoveWithTheirOwner) {
  Secret one = secret_of("one");
  const auto* place = address_of(one);
  Secret other = std::move(one);
  EXPECT_EQ(address_of(other), place) << "no second copy";
  EXPECT_EQ(text_of(other), "one");
  other = secret_of("two");
  EXPECT_EQ(text_of(other), "two");
}

TEST(SecretBytes, AreComparedWholeAndCutWithoutARest) {
  EXPECT_TRUE(secret_of("abc").same_as(secret_of("abc")));
  EXPECT_FALSE(secret_of("abc").same_as(secret_of("abd")));
  EXPECT_FALSE(secret_of("abc").same_as(secret_of("abcd")));
  Secret secret = secret_of("abcdef");
  secret.shorten(3);
  EXPECT_EQ(text_of(secret), "abc");
  EXPECT_EQ(address_of(secret)[3], 0) << "what was cut is wiped";
}

TEST(SecretBytes, HaveASizeThatFits) {
  EXPECT_THAT(Secret::zeros(0).error().text, HasSubstr("1 to 4096 bytes"));
  EXPECT_THAT(Secret::zeros(4097).error().text, HasSubstr("1 to 4096 bytes"));
  EXPECT_TRUE(Secret::zeros(4096).has_value());
  EXPECT_FALSE(Secret::random(32)->same_as(*Secret::random(32)));
}

// Whether another process of the same user may open this one's memory. Not as root, whom nothing stops: both are
// `nobody`, and the one that looks is the parent of the other.
bool parent_may_look(bool forbids) {
  int up[2];
  CHECK(pipe(up) == 0);
  const pid_t looker = fork();
  if (looker == 0) {
    const passwd* nobody = getpwnam("nobody");
    if (geteuid() == 0 &&
        (nobody == nullptr || setgroups(0, nullptr) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
      _exit(3);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // what a change of user takes away
    const pid_t held = fork();
    if (held == 0) {
      if (forbids && !ledger::secrets::forbid_dumps()) _exit(3);
      CHECK(write(up[1], "x", 1) == 1);
      pause();
      _exit(0);
    }
    char ready = 0;
    CHECK(read(up[0], &ready, 1) == 1);
    const int memory = open(fmt::format("/proc/{}/mem", held).c_str(), O_RDONLY | O_CLOEXEC);
    kill(held, SIGKILL);
    waitpid(held, nullptr, 0);
    _exit(memory >= 0 ? 1 : 0);
  }
  int status = 0;
  CHECK(waitpid(looker, &status, 0) == looker && WIFEXITED(status) && WEXITSTATUS(status) < 2);
  close(up[0]);
  close(up[1]);
  return WEXITSTATUS(status) == 1;
}

TEST(SecretProcess, Inv36NobodyOfTheSameUserLooksIntoItsMemory) {
  EXPECT_TRUE(parent_may_look(false)) << "else this test shows nothing";
  EXPECT_FALSE(parent_may_look(true));
}

// A crash with core files allowed as far as the system lets us: the kernel's own word whether one was dumped.
bool dumps_core(bool forbids) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit any{RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_CORE, &any);
    if (chdir("/tmp") != 0) _exit(3);
    if (forbids && !ledger::secrets::forbid_dumps()) _exit(3);
    signal(SIGABRT, SIG_DFL);
    abort();
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
  return WCOREDUMP(status);
}

TEST(SecretProcess, Inv36ACrashWritesNoCoreFile) {
  EXPECT_FALSE(dumps_core(true));
  const pid_t child = fork();
  if (child == 0) {
    if (!ledger::secrets::forbid_dumps()) _exit(3);
    rlimit now{1, 1};
    getrlimit(RLIMIT_CORE, &now);
    _exit(now.rlim_cur == 0 && now.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "no room for a core file, and not dumpable, for good";
}

}  // namespace
}  // namespace tests
