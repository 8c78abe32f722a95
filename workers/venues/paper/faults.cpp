#include "workers/venues/paper/faults.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "machines/core/names.hpp"

namespace workers::venues::paper {
namespace {

constexpr std::string_view first_of_each = "first";

template <class E>
std::string words() {
  std::string joined;
  for (const auto word : machines::names_of<E>) joined += (joined.empty() ? "" : ", ") + std::string(word);
  return joined;
}

machines::Failure<FaultError> wrong(std::string_view rule, const std::string& why) {
  return machines::fail(FaultError{fmt::format("fault `{}`: {}", rule, why)});
}

std::optional<std::int64_t> parse_nth(std::string_view text) {
  if (text == first_of_each) return 0;
  std::int64_t nth = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nth);
  if (error != std::errc{} || end != text.data() + text.size() || nth < 1) return std::nullopt;
  return nth;
}

}  // namespace

machines::Result<FaultRule, FaultError> parse_fault(std::string_view text) {
  const auto first = text.find(':');
  const auto second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos)
    return wrong(text, "three parts are expected, REQUEST:WHICH:MISDEED, for instance place:3:lose_answer");
  const auto on = machines::from_name<Request>(text.substr(0, first));
  if (!on) return wrong(text, fmt::format("the request must be one of {}", words<Request>()));
  const auto nth = parse_nth(text.substr(first + 1, second - first - 1));
  if (!nth) return wrong(text, "which must be a number from 1, or `first` for the first of each order");
  const auto misdeed = machines::from_name<Misdeed>(text.substr(second + 1));
  if (!misdeed) return wrong(text, fmt::format("the misdeed must be one of {}", words<Misdeed>()));
  return FaultRule{*on, *nth, *misdeed};
}

std::string to_text(const FaultRule& rule) {
  return fmt::format("{}:{}:{}", machines::name_of(rule.on),
                     rule.nth == 0 ? std::string(first_of_each) : std::to_string(rule.nth),
                     machines::name_of(rule.misdeed));
}

std::optional<Misdeed> misdeed_of(const std::vector<FaultRule>& rules, Request on, Turn turn) {
  for (const FaultRule& rule : rules)
    if (rule.on == on && (rule.nth == 0 ? turn.of_order == 1 : turn.of_venue == rule.nth)) return rule.misdeed;
  return std::nullopt;
}

}  // namespace workers::venues::paper
