#include "deploy/cli/context.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"

namespace deploy {
namespace {

bool can_not_be_meant(ErrorCode code) {
  using enum ErrorCode;
  return code == usage || code == config || code == not_found || code == exists || code == not_confirmed;
}

}  // namespace

operations::Asker asker() { return {who_asks()}; }

void put_error(const CommandContext& context, ErrorCode code, const std::string& message, const std::string& advice) {
  if (!context.json) return;
  const auto& row = operations::row_of(code);
  const nlohmann::ordered_json error = {
      {"code", row.word}, {"message", message}, {"do", advice.empty() ? std::string(row.advice) : advice}};
  // A message may quote bytes that are no text.
  std::cout << nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
            << "\n";
}

int complain(const CommandContext& context, const std::string& what, const operations::Error& error) {
  print_text(stderr, "bursar: {}: {}{}{}\n", what, error.text, error.advice.empty() ? "" : "; ", error.advice);
  put_error(context, error.code, what + ": " + error.text, error.advice);
  return can_not_be_meant(error.code) ? 2 : 1;
}

int failed(const CommandContext& context, const std::string& what, const ledger::StoreError& error) {
  return complain(context, what, operations::store_error(context, error));
}

int wrong(const CommandContext& context, const std::string& text, ErrorCode code) {
  print_text(stderr, "bursar: {}\n", text);
  put_error(context, code, text);
  return 2;
}

int wrong(const std::string& text) { return wrong(CommandContext{}, text); }

int refused(const CommandContext& context, const std::string& text, ErrorCode code) {
  print_text(stderr, "bursar: {}\n", text);
  put_error(context, code, text);
  return 1;
}

}  // namespace deploy
