// What libFuzzer calls; compiled once for each target, whose function BURSAR_FUZZ_TARGET names.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tests::fuzz::BURSAR_FUZZ_TARGET(size == 0 ? tests::fuzz::Bytes{}
                                            : tests::fuzz::Bytes(reinterpret_cast<const char*>(data), size));
  return 0;
}
