// tests/support/captured.hpp: captured(), what a command that runs in this very process says on both streams, and the
// exit code that it returns.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace tests {

struct Captured {
  int code = 0;
  std::string out, err;
};

// REQUIRES: one at a time. What child processes write to the two streams meanwhile is captured with it.
template <class Act>
Captured captured(Act act) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Captured said;
  said.code = act();
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  return said;
}

}  // namespace tests
