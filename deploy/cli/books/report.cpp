#include "deploy/cli/books/report.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>

#include "deploy/cli/books/output_place.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/report/books.hpp"
#include "deploy/report/figures.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/books/read_daily_books.hpp"
#include "ledger/env/atomic_file.hpp"

namespace deploy {

using ledger::env::AtomicFile;
using ledger::env::target_of;

namespace {

using machines::Day;

int refuse(const CommandContext& context, const std::string& what, int code, ErrorCode why = ErrorCode::refused) {
  const std::string said = "report: " + what;
  return code == 2 ? wrong(context, said) : refused(context, said, why);
}

std::string text_of(Day day) { return report::date(machines::start_of(day)); }

// "2024-01-31", and a day that the calendar has.
std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t count) {
    unsigned value = 0;
    const char* end = text.data() + from + count;
    const auto [at, error] = std::from_chars(text.data() + from, end, value);
    return error == std::errc{} && at == end ? std::optional(value) : std::nullopt;
  };
  const auto year = number(0, 4);
  const auto month = number(5, 2);
  const auto day = number(8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

struct Range {
  std::optional<Day> from, to;
};

// Says what is wrong with the dates; nothing then.
std::optional<Range> range_of(const CommandContext& context, const ReportOptions& options) {
  Range range;
  for (const auto& [name, text, day] :
       {std::tuple("--from", &options.from, &range.from), std::tuple("--to", &options.to, &range.to)}) {
    if (text->empty()) continue;
    *day = parse_day(*text);
    if (*day) continue;
    (void)refuse(context, fmt::format("{} is {}, which is no day; write it as 2024-01-31", name, *text), 2);
    return std::nullopt;
  }
  if (range.from && range.to && *range.from > *range.to) {
    (void)refuse(context, fmt::format("--from is {}, after --to, which is {}", options.from, options.to), 2);
    return std::nullopt;
  }
  return range;
}

int write_page(const CommandContext& context, const report::Books& books, const std::filesystem::path& path) {
  AtomicFile file(path);
  if (!file.open() || !file.write(report::books_html(books)) || !file.keep())
    return refuse(context, fmt::format("can't write {}: {}", path.string(), std::strerror(errno)), 1);
  print_text("{}: the books from {} to {}\n", path.string(), text_of(books.from), text_of(books.to));
  return 0;
}

int show(const CommandContext& context, const ReportOptions& options, const report::Books& books) {
  if (!options.html.empty()) return write_page(context, books, target_of(options.html));
  if (options.csv)
    std::cout << report::books_csv(books);
  else if (context.json)
    std::cout << report::books_json(books).dump() << "\n";
  else
    print_text("{}", Lines{report::books_table(books)});
  return 0;
}

}  // namespace

int report_books(const CommandContext& context, machines::costs::Basis basis, const ReportOptions& options) {
  const auto range = range_of(context, options);
  if (!range) return 2;
  if (!options.html.empty())
    if (const auto why = no_place(options.html, "name a file elsewhere")) return refuse(context, *why, 2);
  ledger::Connection connection(context.dsn);
  auto statement = ledger::books::read_statement(connection, basis);
  if (!statement) return failed(context, "report", statement.error());
  const auto whole = statement->range();
  if (!whole) return refuse(context, "the books are empty; `bursar up` opens them", 1, ErrorCode::not_found);
  const Day from = std::max(range->from.value_or(whole->first), whole->first);
  const Day to = std::min(range->to.value_or(whole->second), whole->second);
  if (from > to)
    return refuse(context,
                  fmt::format("no day of the books lies there; they go from {} to {}", text_of(whole->first),
                              text_of(whole->second)),
                  1);
  const report::Books books = report::books_of(*std::move(statement), from, to);
  const auto& breaks = books.statement.breaks;
  if (!breaks.empty())
    put_error(context, ErrorCode::unsound, "report: does not add up: " + report::break_text(breaks[0]));
  if (const int code = show(context, options, books); code != 0) return code;
  for (const auto& one : breaks) print_text(stderr, "bursar: report: does not add up: {}\n", report::break_text(one));
  return breaks.empty() ? 0 : 1;
}

void add_report_command(Commands& commands) {
  auto args = std::make_shared<ReportOptions>();
  CLI::App& report =
      commands.look(commands.program(), "report", "the books of sleeves and vaults day by day, reconciled",
                    [args](const CommandContext& context, const schemas::config::Config& config) {
                      return report_books(context, config.report.cost_basis, *args);
                    });
  report.add_option("--from", args->from, "the first day, UTC, as 2024-01-31; without it the first there is");
  report.add_option("--to", args->to, "the last day; without it the last there is");
  auto* csv = report.add_flag("--csv", args->csv, "a line per sleeve and day, for programs");
  auto* html = report.add_option("--html", args->html, "a page with charts, into this file");
  csv->excludes(html)->excludes("--json");
  html->excludes("--json");
}

}  // namespace deploy
