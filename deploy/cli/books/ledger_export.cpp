#include "deploy/cli/books/ledger_export.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/cli/books/output_place.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/atomic_file.hpp"
#include "ledger/export/export.hpp"

namespace deploy {

using ledger::env::AtomicFile;
using ledger::env::target_of;
using ledger::env::write_all;

namespace {

namespace fs = std::filesystem;
using ledger::exports::Cause;
using ledger::exports::ExportError;
using ledger::exports::Format;
using ledger::exports::Written;

int refuse(const CommandContext& context, const std::string& what, int code) {
  const std::string said = "ledger export: " + what;
  return code == 2 ? wrong(context, said) : refused(context, said);
}

int failed_export(const CommandContext& context, const ExportError& error) {
  if (error.cause == Cause::store) return failed(context, "ledger export", error.store);
  return refuse(context, error.text + "; --format hledger takes any number", 1);
}

Format format_of(const std::string& name) { return name == "beancount" ? Format::beancount : Format::hledger; }

int to_standard_output(const CommandContext& context, Format format) {
  signal(SIGPIPE, SIG_IGN);
  int why = 0;
  ledger::Connection connection(context.dsn);
  const auto written = ledger::exports::write_journal(connection, format, [&](std::string_view bytes) {
    if (write_all(STDOUT_FILENO, bytes)) return true;
    why = errno;
    return false;
  });
  if (written || why == EPIPE) return 0;
  if (why != 0) return refuse(context, fmt::format("can't write to standard output: {}", std::strerror(why)), 1);
  return failed_export(context, written.error());
}

void print_written(const CommandContext& context, const Written& written, const fs::path& path) {
  if (context.json) {
    std::cout << nlohmann::ordered_json{{"file", path.string()},
                                        {"transactions", written.transactions},
                                        {"assertions", written.assertions},
                                        {"accounts", written.accounts},
                                        {"bytes", written.bytes}}
                     .dump()
              << "\n";
    return;
  }
  print_text("{}: {} transactions and {} balance assertions of {} accounts, {} bytes\n", path.string(),
             written.transactions, written.assertions, written.accounts, written.bytes);
}

int to_file(const CommandContext& context, Format format, const std::string& output) {
  const fs::path path = target_of(output);
  if (const auto why = no_place(output, "without --output the journal goes to standard output"))
    return refuse(context, *why, 2);
  AtomicFile file(path);
  const auto cant = [&] {
    return refuse(context, fmt::format("can't write {}: {}", path.string(), std::strerror(errno)), 1);
  };
  if (!file.open()) return cant();
  ledger::Connection connection(context.dsn);
  int why = 0;
  const auto written = ledger::exports::write_journal(connection, format, [&](std::string_view bytes) {
    if (file.write(bytes)) return true;
    why = errno;
    return false;
  });
  if (why != 0) return errno = why, cant();
  if (!written) return failed_export(context, written.error());
  if (!file.keep()) return cant();
  print_written(context, *written, path);
  return 0;
}

}  // namespace

int export_journal(const CommandContext& context, const std::string& format, const std::string& output) {
  if (!output.empty()) return to_file(context, format_of(format), output);
  if (context.json) return refuse(context, "--json tells about the file of --output; name one", 2);
  return to_standard_output(context, format_of(format));
}

}  // namespace deploy
