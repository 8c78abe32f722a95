// tests/deploy/cli/jobs/order_cli_test.cpp: the words of `bursar order`: a person's word about an order says what
// became of it and what was seen, or is refused.
#include <gmock/gmock.h>

#include "deploy/cli/jobs/orders.hpp"
#include "tests/deploy/cli/line.hpp"

namespace tests {
namespace {

void expect_said(const std::vector<std::string>& words, int code, const std::string& what) {
  expect_complaint(unreached(deploy::add_order_commands, "order", words), code, what);
}

TEST(OrderCommandWords, EachActIsReachedByItsName) {
  expect_said({"list"}, 1, "bursar: order list: ");
  expect_said({"list", "--in-doubt"}, 1, "bursar: order list: ");
  expect_said({"resolve", "7", "--as", "not_placed", "--evidence", "its page"}, 1, "bursar: order resolve: ");
}

TEST(OrderCommandWords, AWordWithoutAnOutcomeOrEvidenceIsNone) {
  expect_said({}, 2, "`bursar order` needs a command: list, resolve");
  expect_said({"resolve", "--as", "filled", "--evidence", "its page"}, 2, "id is required");
  expect_said({"resolve", "7", "--evidence", "its page"}, 2, "--as is required");
  expect_said({"resolve", "7", "--as", "filled"}, 2, "--evidence is required");
  expect_said({"resolve", "7", "--as", "lost", "--evidence", "its page"}, 2, "lost");
}

}  // namespace
}  // namespace tests
