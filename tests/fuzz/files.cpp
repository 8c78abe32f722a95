#include "schemas/config/config.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "workers/market/reader.hpp"

namespace tests::fuzz {

void config(Bytes bytes) {
  constexpr const char* file = "fuzz.toml";
  const auto read = schemas::config::parse(bytes, file);
  if (!read) {
    CHECK(!read.error().problems.empty());
    for (const auto& problem : read.error().problems) {
      CHECK(problem.file == file && !problem.what.empty() && problem.line >= 0 && problem.column >= 0);
      must_name(problem.text(), file);
      CHECK(problem.text().find('\n') == std::string::npos);
    }
    return;
  }
  CHECK(read->validate().empty());
  const std::string frozen = read->frozen_text();
  CHECK(schemas::config::first_difference(frozen, frozen).empty());
}

void prices(Bytes bytes) {
  const MemoryFile file(bytes);
  const auto read = workers::market::read_prices(file.path());
  if (!read) {
    must_name(read.error().text(), file.path());
    CHECK(!read.error().what.empty() && !read.error().do_what.empty() && read.error().line >= 0);
    return;
  }
  CHECK(!read->bars.empty());
  for (std::size_t i = 0; i < read->bars.size(); ++i) {
    const auto& bar = read->bars[i];
    CHECK(bar.open.e8 > 0 && bar.close.e8 > 0);
    CHECK(i == 0 || read->bars[i - 1].opens_at < bar.opens_at);
  }
}

}  // namespace tests::fuzz
