#include "deploy/cli/books/ledger_verify.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/house/folder_owner.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/audit/alarm.hpp"
#include "ledger/audit/auditor.hpp"

namespace deploy {

using ledger::audit::Auditor;
using ledger::audit::Checkpointed;
using ledger::audit::Depth;
using ledger::audit::freeze_for;
using ledger::audit::frozen_text;
using ledger::audit::make_checkpoint_key;
using ledger::audit::Memory;
using ledger::audit::Verification;

namespace {

using nlohmann::ordered_json;
using Outcome = Verification::Outcome;

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
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::bad:
      return "bad";
    case Outcome::not_judged:
      return "not_judged";
    case Outcome::incomplete:
      break;
  }
  return "incomplete";
}

void print_json(const Verification& said, const std::vector<std::string>& frozen) {
  const auto& verdict = said.verdict;
  std::cout << ordered_json{{"verified", said.outcome == Outcome::ok},
                            {"verdict", word_of(said.outcome)},
                            {"pass", verdict.pass},
                            {"problem", said.text},
                            {"transitions", verdict.transitions},
                            {"postings", verdict.postings},
                            {"links", verdict.links},
                            {"since_us", said.since_us},
                            {"checkpoint", said.is_signed},
                            {"frozen", frozen},
                            {"asked", verdict.asked},
                            {"left_to_full", verdict.left_to_full}}
                   .dump()
            << "\n";
}

void print(const Verification& said) {
  const auto& verdict = said.verdict;
  if (said.outcome == Outcome::ok) {
    print_text(
        "ok: {} transitions, {} postings, {} links of the audit chain{}{}\n", verdict.transitions, verdict.postings,
        verdict.links,
        said.since_us == 0 ? "" : fmt::format(", since the checkpoint of {} (--full: everything)", when(said.since_us)),
        said.is_signed ? "; a checkpoint was signed" : "");
    if (said.since_us != 0)
      print_text("asked: {}\nonly --full asks, of all of history: {}\n", fmt::join(verdict.asked, "; "),
                 fmt::join(verdict.left_to_full, "; "));
    if (!said.text.empty()) print_text(stderr, "bursar: no checkpoint was signed: {}\n", said.text);
    return;
  }
  if (said.outcome == Outcome::not_judged) {
    print_text(
        "not judged: the rows are sound ({} transitions, {} postings, {} links), and nobody held them against the "
        "checkpoints that this house keeps outside the database ({})\n",
        verdict.transitions, verdict.postings, verdict.links, said.text);
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
std::vector<std::string> freeze_where_bad(const CommandContext& context, ledger::Connection& connection,
                                          const Verification& said) {
  if (!said.is_bad_row()) return {};
  auto frozen = freeze_for(connection, said.verdict, who_asks());
  if (frozen) return std::move(*frozen);
  (void)failed(context, "ledger verify: nobody could be frozen (`bursar freeze --level all`)", frozen.error());
  return {};
}

struct Asked {
  Depth depth = Depth::since_checkpoint;
  bool must_sign = false;
  bool may_freeze = true;
  Checkpointed checkpointed = Checkpointed::required;
};

int verify(const CommandContext& context, const Asked& asked) {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  ledger::Connection connection(context.dsn);
  const std::string foreign = why_of_another(context, connection);
  if (asked.must_sign && !foreign.empty()) return wrong(context, "ledger checkpoint: " + foreign, ErrorCode::config);
  if (!foreign.empty()) print_text(stderr, "Verified without checkpoints: {}.\n", foreign);
  Bar bar(context.json);
  ledger::audit::VerifyOptions options;
  options.progress = [&](const std::string& pass, std::int64_t done, std::int64_t of) { bar.show(pass, done, of); };
  options.stopped = [] { return interrupted.load(); };
  const Memory memory = foreign.empty() ? Memory::of_this_database : Memory::of_another;
  const auto said =
      Auditor(context.layout.audit_files(), memory).verify(connection, asked.depth, options, asked.checkpointed);
  bar.end();
  if (!said) {
    const int code = failed(context, "ledger verify: incomplete", said.error());
    if (context.json)
      std::cout << ordered_json{{"verified", false}, {"verdict", "incomplete"}, {"problem", said.error().text}}.dump()
                << "\n";
    return code;
  }
  if (said->is_torn)
    print_text(stderr, "bursar: {}: its last line is torn, a write that was cut short; it counts for nothing\n",
               context.layout.checkpoints().string());
  const auto frozen = asked.may_freeze ? freeze_where_bad(context, connection, *said) : std::vector<std::string>{};
  const bool is_good = said->outcome == Outcome::not_judged  // as a person asked
                       || (said->outcome == Outcome::ok && (!asked.must_sign || said->text.empty()));
  if (!is_good) put_error(context, ErrorCode::unsound, "ledger verify: " + said->text);
  if (context.json)
    print_json(*said, frozen);
  else
    print(*said);
  if (!context.json && !frozen.empty()) print_text("{}\n", frozen_text(frozen));
  return is_good ? 0 : 1;
}

// What was signed counts no longer, and the next is signed with the key that is here, or a fresh one.
int begin_anew(const CommandContext& context, const std::string& why) {
  if (why.empty())
    return wrong(context, "ledger checkpoint --anew: say why the checkpoints on record count no longer, with --why");
  ledger::Connection connection(context.dsn);
  if (const std::string foreign = why_of_another(context, connection); !foreign.empty())
    return wrong(context, "ledger checkpoint: " + foreign, ErrorCode::config);
  if (const auto made = make_checkpoint_key(context.layout.audit_files()); !made)
    return wrong(context, "ledger checkpoint: " + made.error().text);
  const auto renounced = ledger::audit::renounce_signings(connection, who_asks(), why);
  return renounced ? 0 : failed(context, "ledger checkpoint --anew", renounced.error());
}

}  // namespace

int verify_ledger(const CommandContext& context, const VerifyArgs& order) {
  return verify(context, {order.full || order.without_checkpoints ? Depth::full : Depth::since_checkpoint, false,
                          !order.no_freeze, order.without_checkpoints ? Checkpointed::waived : Checkpointed::required});
}

int sign_checkpoint(const CommandContext& context, const CheckpointArgs& order) {
  if (order.anew)
    if (const int code = begin_anew(context, order.why); code != 0) return code;
  if (!std::filesystem::exists(context.layout.key("checkpoint.key")))
    return refused(context,
                   fmt::format("{}: there is no key to sign with; `bursar up` on this data folder makes it",
                               context.layout.key("checkpoint.key").string()),
                   ErrorCode::not_found);
  return verify(context, {Depth::since_checkpoint, true, true, Checkpointed::required});
}

}  // namespace deploy
