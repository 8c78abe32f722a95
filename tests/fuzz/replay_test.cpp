// Every input that is on record, through the functions that libFuzzer calls: seeds, and what it once found. And how
// much memory a decoder may take for what it is given.
#include <gmock/gmock.h>
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>

#include "schemas/codec/messages.hpp"
#include "schemas/config/config.hpp"
#include "tests/fuzz/targets.hpp"

namespace {
std::atomic<std::int64_t> live_bytes = 0, most_bytes = 0;
}  // namespace

// ThreadSanitizer brings operators of its own, which no program may replace: nothing is counted under it.
#ifdef __has_feature
#define IS_UNCOUNTED __has_feature(thread_sanitizer)
#else
#define IS_UNCOUNTED 0
#endif
#if !IS_UNCOUNTED
namespace {

void* taken(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  const std::int64_t live = live_bytes += static_cast<std::int64_t>(malloc_usable_size(block));
  if (live > most_bytes) most_bytes = live;
  return block;
}
void dropped(void* block) {
  if (block != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

// Counted: the whole program's, libraries included.
void* operator new(std::size_t size) { return taken(std::malloc(size == 0 ? 1 : size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* block = std::malloc(size == 0 ? 1 : size);
  return block == nullptr ? nullptr : taken(block);
}
void operator delete(void* block) noexcept { dropped(block); }
void operator delete(void* block, std::size_t) noexcept { dropped(block); }
#endif

namespace tests::fuzz {
namespace {

namespace fs = std::filesystem;

fs::path corpus() { return fs::path(BURSAR_SOURCE_DIR) / "tests/fuzz/corpus"; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> inputs_of(const Target& target) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(corpus() / target.name)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

// Bytes that were live at once, beyond those before.
template <class Work>
std::int64_t most_taken(Work work) {
  const std::int64_t before = live_bytes;
  most_bytes = before;
  work();
  return most_bytes - before;
}

TEST(Fuzz, EveryInputOnRecordIsCopedWith) {
  spdlog::set_level(spdlog::level::off);
  for (const Target& target : targets()) {
    const auto inputs = inputs_of(target);
    EXPECT_GE(inputs.size(), 3U) << target.name << ": a corpus has seeds";
    for (const fs::path& input : inputs) {
      SCOPED_TRACE(input.string());
      const std::string bytes = read(input);
      EXPECT_LE(bytes.size(), 64U * 1024U) << "the repository stays light";
      target.run(bytes);
    }
  }
}

TEST(Fuzz, ATruncatedOrDoubledInputIsCopedWithToo) {
  for (const Target& target : targets())
    for (const fs::path& input : inputs_of(target)) {
      SCOPED_TRACE(input.string());
      const std::string bytes = read(input);
      const std::size_t step = std::max<std::size_t>(bytes.size() / 64, 1);
      for (std::size_t size = 0; size < bytes.size(); size += step) target.run(bytes.substr(0, size));
      target.run(bytes + bytes);
    }
}

// A seed that no decoder takes would test refusals only.
TEST(Fuzz, SeedsAreRead) {
  for (const fs::path& input : inputs_of({"wire", wire}))
    if (input.filename().string().starts_with("seed_")) {
      EXPECT_TRUE(schemas::decode(read(input))) << input;
    }
  for (const fs::path& input : inputs_of({"venue", venue}))
    if (input.filename().string().starts_with("seed_")) {
      EXPECT_TRUE(schemas::decode_venue(read(input))) << input;
    }
  for (const fs::path& input : inputs_of({"config", config}))
    if (input.filename().string().starts_with("seed_")) {
      EXPECT_TRUE(schemas::config::parse(read(input), "seed.toml")) << input;
    }
}

// Each dot is a table in a table: freed by recursion, these would take the stack.
TEST(Fuzz, AConfigurationOfEndlessDepthIsRefused) {
  std::string deep = "a";
  for (int i = 0; i < 450'000; ++i) deep += ".a";
  for (const std::string& text :
       {deep + " = 1\n", "[" + deep + "]\n", "[[" + deep + "]]\n", "x = {" + deep + " = 1}\n"}) {
    const auto read = schemas::config::parse("# why\n" + text, "deep.toml");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().text(), testing::StartsWith("deep.toml:2:1: "));
  }
}

// A megabyte of the smallest parts that a message can have: two bytes each, a struct each when read.
TEST(Fuzz, AMessageTakesNoMoreMemoryThanAFewTimesWhatItsPartsAre) {
  constexpr std::size_t parts = 500'000;
  std::string body;
  for (std::size_t i = 0; i < parts; ++i) body += std::string("\x0a\x00", 2);
  std::string size;
  for (std::size_t rest = body.size(); rest > 0; rest >>= 7)
    size += static_cast<char>((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
  for (const char field : {'\x0a', '\x12', '\x42', '\x4a'}) {
    const std::string bytes = field + size + body;
    const std::int64_t taken = most_taken([&] { (void)schemas::decode(bytes); });
    EXPECT_LT(taken, static_cast<std::int64_t>(512 * parts)) << "field " << int{field};
  }
}

}  // namespace
}  // namespace tests::fuzz
