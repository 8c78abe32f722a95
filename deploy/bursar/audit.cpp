#include "deploy/bursar/audit.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/bursar/alarm.hpp"
#include "deploy/bursar/belonging.hpp"
#include "deploy/bursar/print.hpp"
#include "deploy/bursar/witness.hpp"

namespace deploy {
namespace {

using nlohmann::ordered_json;
using Outcome = Testimony::Outcome;

std::atomic<bool> interrupted = false;

// A bar on a terminal, a line per pass elsewhere; on standard error, and not at all for programs.
class Bar {
 public:
  explicit Bar(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}
  void show(const std::string& pass, std::int64_t done, std::int64_t of) {
    if (quiet_) return;
    if (!terminal_) {
      if (pass != pass_) print_text(stderr, "verifying: {}\n", pass);
      pass_ = pass;
      return;
    }
    constexpr std::int64_t width = 30;
    const auto filled = static_cast<std::size_t>(of == 0 ? width : done * width / of);
    print_text(stderr, "\r[{}{}] {:3} %  {:<48}", std::string(filled, '#'), std::string(width - filled, '.'),
               of == 0 ? 100 : done * 100 / of, pass);
    std::fflush(stderr);
    drawn_ = true;
  }
  void end() {
    if (drawn_) print_text(stderr, "\r{:86}\r", "");
    drawn_ = false;
  }

 private:
  bool quiet_, terminal_, drawn_ = false;
  std::string pass_;
};

std::string when(std::int64_t us) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(us / 1'000'000)));
}

const char* word_of(Outcome outcome) {
  return outcome == Outcome::ok ? "ok" : outcome == Outcome::bad ? "bad" : "incomplete";
}

void print_json(const Testimony& said, const std::vector<std::string>& frozen) {
  const auto& verdict = said.verdict;
  std::cout << ordered_json{{"verified", said.outcome == Outcome::ok}, {"verdict", word_of(said.outcome)},
                            {"pass", verdict.pass},                    {"problem", said.text},
                            {"transitions", verdict.transitions},      {"postings", verdict.postings},
                            {"links", verdict.links},                  {"since_us", said.since_us},
                            {"checkpoint", said.is_signed},            {"frozen", frozen}}
                   .dump()
            << "\n";
}

void print(const Testimony& said) {
  const auto& verdict = said.verdict;
  if (said.outcome == Outcome::ok) {
    print_text(
        "ok: {} transitions, {} postings, {} links of the audit chain{}{}\n", verdict.transitions, verdict.postings,
        verdict.links,
        said.since_us == 0 ? "" : fmt::format(", since the checkpoint of {} (--full: everything)", when(said.since_us)),
        said.is_signed ? "; a checkpoint was signed" : "");
    if (!said.text.empty()) print_text(stderr, "bursar: no checkpoint was signed: {}\n", said.text);
    return;
  }
  if (said.outcome == Outcome::incomplete)
    print_text(stderr, "bursar: ledger verify: incomplete: {} (in \"{}\")\n", said.text, verdict.pass);
  else if (verdict.pass.empty())
    print_text("REFUSED: {}\n", said.text);
  else
    print_text("BAD in the pass \"{}\": {}\n", verdict.pass, said.text);
}

// Whom the bad row may concern is frozen. Empty where there is none, or nobody could be frozen, which is said.
std::vector<std::string> freeze_where_bad(const Where& where, ledger::Connection& connection, const Testimony& said) {
  if (!said.is_bad_row()) return {};
  auto frozen = freeze_for(connection, said.verdict);
  if (frozen) return std::move(*frozen);
  (void)failed(where, "ledger verify: nobody could be frozen (`bursar freeze --level all`)", frozen.error());
  return {};
}

int testify(const Where& where, Depth depth, bool must_sign, bool may_freeze) {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  ledger::Connection connection(where.dsn);
  const std::string foreign = why_of_another(where, connection);
  if (must_sign && !foreign.empty()) return wrong("ledger checkpoint: " + foreign);
  if (!foreign.empty()) print_text(stderr, "Verified without checkpoints: {}.\n", foreign);
  Bar bar(where.json);
  ledger::audit::VerifyOptions options;
  options.progress = [&](const std::string& pass, std::int64_t done, std::int64_t of) { bar.show(pass, done, of); };
  options.stopped = [] { return interrupted.load(); };
  const auto said = Witness(where.layout, foreign.empty() ? Memory::of_this_database : Memory::of_another).testify(connection, depth, options);
  bar.end();
  if (!said) {
    if (where.json)
      std::cout << ordered_json{{"verified", false}, {"verdict", "incomplete"}, {"problem", said.error().text}}.dump() << "\n";
    return failed(where, "ledger verify: incomplete", said.error());
  }
  if (said->is_torn)
    print_text(stderr, "bursar: {}: its last line is torn, a write that was cut short; it counts for nothing\n",
               where.layout.checkpoints().string());
  const auto frozen = may_freeze ? freeze_where_bad(where, connection, *said) : std::vector<std::string>{};
  if (where.json)
    print_json(*said, frozen);
  else
    print(*said);
  if (!where.json && !frozen.empty()) print_text("{}\n", frozen_text(frozen));
  if (said->outcome != Outcome::ok) return 1;
  if (!must_sign || said->text.empty()) return 0;
  return 1;
}

}  // namespace

int verify_ledger(const Where& where, const VerifyOrder& order) {
  return testify(where, order.full ? Depth::full : Depth::since_checkpoint, false, !order.no_freeze);
}

int sign_checkpoint(const Where& where) {
  if (!std::filesystem::exists(where.layout.key("checkpoint.key"))) {
    print_text(stderr, "bursar: {}: there is no key to sign with; `bursar up` on this data folder makes it\n",
               where.layout.key("checkpoint.key").string());
    return 1;
  }
  return testify(where, Depth::since_checkpoint, true, true);
}

}  // namespace deploy
