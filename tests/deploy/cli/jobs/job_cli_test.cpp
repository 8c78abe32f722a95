// tests/deploy/cli/jobs/job_cli_test.cpp: the words of `bursar job`: each reaches its act, by a database that can't be
// reached.
#include <gmock/gmock.h>

#include "deploy/cli/jobs/jobs.hpp"
#include "tests/deploy/cli/line.hpp"

namespace tests {
namespace {

void expect_said(const std::vector<std::string>& words, int code, const std::string& what) {
  expect_complaint(unreached(deploy::add_job_commands, "job", words), code, what);
}

TEST(JobCommandWords, EachActIsReachedByItsName) {
  expect_said({"list"}, 1, "bursar: job list: ");
  expect_said({"show", "1/2/3/4"}, 1, "bursar: job show: ");
  for (const char* verb : {"retry", "park", "cancel"})
    expect_said({verb, "1/2/3/4", "--why", "x"}, 1, std::string("bursar: job ") + verb + ": ");
}

TEST(JobCommandWords, WhatTheyAreToldReachesTheAct) {
  expect_said({"show", "teapot"}, 2, "teapot");
  expect_said({"list", "--older-than", "soon"}, 2, "soon");
  expect_said({"retry", "1/2/3/4"}, 2, "--why");
  expect_said({"park", "--why", "x"}, 2, "bursar: job park: ");
}

TEST(JobCommandWords, WhatCantBeMeantIsRefused) {
  expect_said({}, 2, "`bursar job` needs a command: list, show, retry, park, cancel");
  expect_said({"show"}, 2, "id is required");
  expect_said({"list", "--state", "lost"}, 2, "lost");
  expect_said({"list", "--limit", "0"}, 2, "--limit");
  expect_said({"list", "--yes"}, 2, "--yes");
  expect_said({"retry", "--state", "parked", "--why", "x", "--yes", "--expect", "2"}, 2, "excludes");
}

}  // namespace
}  // namespace tests
