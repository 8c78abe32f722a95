#include "deploy/bursar/up.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/cluster/disk_room.hpp"
#include "deploy/house/house.hpp"
#include "deploy/replay/feed.hpp"
#include "deploy/replay/market_fit.hpp"
#include "deploy/replay/prices.hpp"
#include "deploy/replay/progress.hpp"
#include "deploy/replay/results.hpp"
#include "deploy/replay/treasury_plan.hpp"
#include "deploy/report/reconciled.hpp"
#include "deploy/telemetry/inspector.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/audit/alarm.hpp"
#include "ledger/audit/auditor.hpp"
#include "ledger/audit/standing.hpp"
#include "ledger/audit/verify.hpp"
#include "ledger/books/treasury.hpp"
#include "ledger/books/vaults.hpp"
#include "ledger/env/atomic_file.hpp"
#include "ledger/env/times.hpp"
#include "ledger/market/bars.hpp"
#include "ledger/store/dsn.hpp"
#include "workers/reconciliation/ask_order.hpp"
#include "workers/reconciliation/ask_statement.hpp"
#include "workers/reconciliation/reconciler.hpp"

namespace deploy {

using brokers::schedule::FiringHand;
using ledger::audit::Auditor, ledger::audit::Depth, ledger::audit::Verification;
using ledger::env::wall_now, ledger::env::write_whole;
using ledger::market::read_bars, ledger::market::save_feed;
using workers::reconciliation::ask_venue;
using workers::reconciliation::ask_venue_for_order;
using workers::reconciliation::reconcile;
using workers::reconciliation::Reconciling;

namespace {

namespace fs = std::filesystem;
std::atomic<bool> interrupted = false;

using ledger::env::steady_us;

int failed(const std::string& text, int exit_code = 1) {
  print_text(stderr, "bursar: {}\n", text);
  return exit_code;
}

class Run {
 public:
  Run(const UpOptions& options, House& house)
      : options_(options),
        house_(house),
        connection_(house.owner_dsn()),
        pulse_(ledger::brisk(house.owner_dsn())),
        inspector_(house.layout(), pulse_, options.config.broker.stuck_after_s) {}

  int go() {
    const auto standing = house_.ask([&] { return read_feed(connection_); });
    if (!standing) return failed(standing.error().text);
    if (!standing->empty()) feed_ = standing->front();
    if (const int code = check_same(); code != 0) return code;
    if (const auto frozen = house_.ask([&] { return ledger::audit::frozen_now(connection_); }); frozen)
      for (const std::string& one : *frozen) print_text(stderr, "{}\n", one);
    const bool was_finished = feed_.finished;
    if (!was_finished)
      if (const int code = play(standing->empty()); code != 0) return code;
    if (!feed_.finished) return std::max(say_stopped(), sign());
    if (was_finished)
      if (const int code = put_on_record(); code != 0) return code;
    if (was_finished) print_text(stderr, "The replay of {} is finished; its report again.\n", feed_.file);
    const int code = tell();
    return code == 0 && !options_.exit_when_done && !interrupted ? stay_open(was_finished) : code;
  }

 private:
  // The same settings and the same prices as the runs before on this folder. Without --replay it is whatever they were.
  int check_same() {
    const auto settings = house_.ask([&] { return read_settings(connection_); });
    if (!settings) return failed(settings.error().text);
    const std::string folder = house_.layout().folder.string();
    if (!settings->empty() && *settings != options_.config.frozen_text())
      return failed(fmt::format("{}: {}; use those settings, or another --data-dir", folder,
                                schemas::config::first_difference(*settings, options_.config.frozen_text())),
                    2);
    if (feed_.sha256.empty()) return 0;
    if (options_.replay.empty()) return is_sample(feed_) && !options_.config_file.empty() ? check_same_sample() : 0;
    auto prices = load_prices(options_.config, options_.replay, house_.layout().sample());
    if (!prices) return failed(prices.error().text, prices.error().exit_code);
    if (prices->file.sha256 == feed_.sha256) return 0;
    return failed(
        fmt::format(
            "{}: this folder replays {} (SHA-256 {}...), and {} is another file ({}...); use another --data-dir",
            folder, feed_.file, feed_.sha256.substr(0, 12), prices->path, prices->file.sha256.substr(0, 12)),
        2);
  }

  int check_same_sample() {
    const std::string beside = house_.layout().sample().string() + ".asked";
    const auto asked = make_sample(options_.config, beside);
    (void)unlink(beside.c_str());
    if (!asked) return failed(asked.error().text, asked.error().exit_code);
    if (asked->sha256 == feed_.sha256) return 0;
    return failed(
        fmt::format(
            "{}: this folder replays a sample of {} bars, and [sample] asks for another one ({} bars, seed {}); "
            "use the settings it was made with, or another --data-dir",
            house_.layout().folder.string(), feed_.import.hours, options_.config.sample.bars,
            options_.config.sample.seed),
        2);
  }

  int say_stopped() {
    print_text(stderr, "Draining after bar {} of {}. What was done is kept; the same command goes on from there.\n",
               played_, bars_count_);
    if (!options_.json) return 0;  // a program that asked for the result must not take silence for it
    std::cout << nlohmann::json{{"finished", false}, {"bars_played", played_}, {"bars", bars_count_}} << std::endl;
    return 1;
  }

  int play(bool is_new) {
    if (is_new) {
      auto prices = load_prices(options_.config, options_.replay, house_.layout().sample());
      if (!prices) return failed(prices.error().text, prices.error().exit_code);
      if (options_.replay.empty())
        print_text(stderr,
                   "No --replay given: the prices are a sample of {} hourly bars that our generator made (seed {}), "
                   "not a market's.\n",
                   prices->file.bars.size(), options_.config.sample.seed);
      const auto done = house_.ask([&] { return set_up_once(*prices); });
      if (!done) return failed("setting up: " + done.error().text);
      const auto standing = house_.ask([&] { return read_feed(connection_); });
      if (!standing || standing->empty()) return failed("the feed can't be read back");
      feed_ = standing->front();
    }
    if (const int code = put_on_record(); code != 0) return code;
    if (const int code = sign(); code != 0) return code;
    auto bars = house_.ask([&] { return read_bars(connection_); });
    if (!bars) return failed(bars.error().text);
    const auto sleeves = house_.ask([&] { return ledger::books::read_sleeves(connection_); });
    if (!sleeves || sleeves->empty()) return failed("no sleeve stands in this database");
    const schemas::config::Config& config = fit(*bars, sleeves->begin()->second);
    return replay(*bars, sleeves->begin()->second.symbol, config);
  }

  // Asked again after its answer was lost, it may stand already.
  ledger::Stored<bool> set_up_once(const Prices& prices) {
    const auto standing = read_feed(connection_);
    if (!standing) return machines::fail(standing.error());
    if (!standing->empty()) return true;
    return set_up(connection_, treasury_of(options_.config, prices.file), prices.file, prices.path);
  }

  // The configuration with the market that fits these prices.
  const schemas::config::Config& fit(const std::vector<workers::market::Bar>& bars,
                                     const ledger::books::Sleeve& sleeve) {
    const auto& pair = sleeve.instrument;
    fitted_ = fitted(options_.config, pair.base.code, pair.quote.code, bars);
    return fitted_;
  }

  int replay(const std::vector<workers::market::Bar>& bars, const std::string& symbol,
             const schemas::config::Config& config) {
    const std::string quote = symbol.substr(symbol.find('/') + 1);
    for (const std::string& one : cannot_trade(config, symbol, quote)) print_text(stderr, "bursar: {}\n", one);
    if (feed_.played_to.us > 0) print_text(stderr, "Going on with {}.\n", feed_.file);
    const auto keys = brokers::wire::read_keys(house_.layout().key("client").string());
    const auto broker_key = brokers::wire::read_public_key(house_.layout().key("broker").string() + ".pub");
    const auto venue_key = brokers::wire::read_public_key(house_.layout().venue_public_key().string());
    if (!keys || !broker_key || !venue_key) return failed("the keys in the data folder can't be read");
    house_.start_children(symbol, config.paper);
    brokers::wire::Context context;
    bars_count_ = bars.size();
    Feed feed(context, {house_.brokers(*broker_key), house_.layout().venue_endpoint(), *venue_key, *keys}, symbol, bars,
              feed_.played_to, ledger::brisk(house_.owner_dsn()));
    Progress progress(feed.bars(), feed.played());
    const std::int64_t began_us = steady_us();
    const std::int64_t earlier_us = feed_.elapsed_us;
    std::int64_t looked_us = 0, saved_us = began_us;
    while (!feed.done() && !interrupted) {
      feed.step(50);
      if (!feed.stalled().empty()) {
        progress.end();
        return failed(
            fmt::format("the replay can't go on: {}; what was done is kept; see `bursar status` and the logs in {}",
                        feed.stalled(), house_.layout().log("").parent_path().string()));
      }
      const std::int64_t now = steady_us();
      if (now - looked_us < 100'000) continue;
      looked_us = now;
      if (const auto well = house_.watch(); !well) {
        progress.end();
        return failed(well.error().text, well.error().exit_code);
      }
      progress.show(feed.played(), house_);
      inspect(now);
      say_why_it_stands(feed.played(), now);
      if (const int code = sign_now_and_then(); code != 0) return code;
      if (now - saved_us < 1'000'000) continue;
      saved_us = now;
      const auto saved = save_feed(pulse_, feed.played_to(), false, earlier_us + now - began_us);
      unsaved_ = saved ? "" : "PostgreSQL keeps nothing: " + saved.error().text;
    }
    progress.end();
    played_ = feed.played();
    feed_.elapsed_us = earlier_us + steady_us() - began_us;
    feed_.played_to = feed.played_to();
    if (!feed.done()) {
      (void)save_feed(pulse_, feed.played_to(), false, feed_.elapsed_us);
      return 0;
    }
    return finish();
  }

  // A slice of the look for what nothing will ever move; what is found is said, and said again each minute.
  void inspect(std::int64_t now_us) {
    if (!inspector_.step(now_us)) return;
    for (const auto& one : inspector_.last().stranded)
      print_text(stderr, "bursar: stranded: {} {} is {}: no job, timer or child will move it\n", one.kind, one.id.value,
                 one.state);
    for (const auto& one : inspector_.last().stuck) print_text(stderr, "bursar: stuck: {}\n", in_one_line(one));
  }

  // A replay that stands for longer than a moment: because somebody has paused what it waits for, or because nothing
  // can be written. Said once, the latter again each minute; it goes on by itself.
  void say_why_it_stands(std::size_t played, std::int64_t now_us) {
    constexpr std::int64_t patience_us = 2'000'000, again_us = 60'000'000;
    if (played != stood_at_ || stood_since_us_ == 0) {
      stood_at_ = played;
      stood_since_us_ = now_us;
      is_pause_said_ = false;
      unwritten_said_us_ = 0;
    }
    if (now_us - stood_since_us_ < patience_us) return;
    if (!is_pause_said_) is_pause_said_ = say_if_paused();
    if (unwritten_said_us_ != 0 && now_us - unwritten_said_us_ < again_us) return;
    const fs::path& folder = house_.layout().folder;
    const std::string full = why_full(folder, room_in(folder));
    if (full.empty() && unsaved_.empty()) return;
    print_text(stderr, "The replay waits: {}; what was done is kept, and it goes on by itself once that is mended.\n",
               full.empty() ? unsaved_ : full);
    unwritten_said_us_ = now_us;
  }
  bool say_if_paused() {
    const auto controls = ledger::books::Vaults(pulse_).controls();
    if (!controls) return false;
    bool said = false;
    for (const auto& one : *controls)
      if (one.scope == "kind" || one.scope == "instance") {
        print_text(stderr, "The replay waits: {} {} is paused by {}: {}; it goes on after `bursar resume {} {}`.\n",
                   one.scope, one.target, one.who, one.why, one.scope, one.target);
        said = true;
      }
    return said;
  }

  // The time that counts runs from the first bar until the ledger is verified.
  int finish() {
    const std::int64_t began_us = steady_us();
    // How far it came first: a statement is of the world time that the ledger has reached.
    (void)house_.ask([&] { return save_feed(connection_, feed_.played_to, false, feed_.elapsed_us); });
    (void)compare(std::chrono::seconds(5));
    if (const int code = verify(); code != 0) return code;
    feed_.elapsed_us += steady_us() - began_us;
    const auto saved = house_.ask([&] { return save_feed(connection_, feed_.played_to, true, feed_.elapsed_us); });
    if (!saved) return failed("keeping how far the replay is: " + saved.error().text);
    feed_.finished = true;
    return 0;
  }

  // With the venue's statement. A break, or a venue that is silent, never stops the house. False: look again soon.
  bool compare(std::chrono::milliseconds patience) {
    return options_.config.reconcile.minutes == 0 || compare_now("bursar up", patience).has_value();
  }
  // Errors: why nothing could be compared.
  machines::Result<std::string, std::string> compare_now(const char* who, std::chrono::milliseconds patience) {
    Reconciling how;
    how.who = who;
    how.person = who_asks();
    how.patience = patience;
    // Without a master key: no secret is ever in this process. Where orders must be signed, `bursar reconcile`
    // asks.
    how.ask_order =
        ask_venue_for_order(house_.layout().venue_files("worker"), house_.owner_dsn(), {}, std::chrono::seconds(2));
    const auto made =
        reconcile(connection_, how, ask_venue(house_.layout().venue_files("client"), std::chrono::seconds(2)));
    const std::string said = made ? report::in_one_line(*made) : "not reconciled: " + made.error().text;
    print_text(stderr, "{}\n", said);
    if (!made || !made->silent.empty() || !made->still) return machines::fail(said);
    return said;
  }

  // What must stand as it was made, where the chain does not hold it yet: a new house, or one that was migrated.
  int put_on_record() {
    const auto kept = house_.ask([&] { return ledger::audit::record_standing(connection_); });
    return kept ? 0 : failed("what stands could not be put on record: " + kept.error().text);
  }

  int verify() {
    const auto said = verify(Depth::full);
    if (!said) return failed("the ledger could not be verified: " + said.error().text);
    if (said->outcome != Verification::Outcome::ok) return unsound(*said);
    verdict_ = said->verdict;
    return 0;
  }

  ledger::Stored<Verification> verify(Depth depth) {
    signed_us_ = steady_us();
    return house_.ask([&] { return Auditor(house_.layout().audit_files()).verify(connection_, depth); });
  }

  // A row that is not what history makes of it: nothing leaves any more. A database that was refused is left as it is.
  int unsound(const Verification& said) {
    if (said.is_bad_row()) {
      const auto frozen = house_.ask([&] { return ledger::audit::freeze_for(connection_, said.verdict, who_asks()); });
      if (frozen)
        print_text(stderr, "bursar: {}\n", ledger::audit::frozen_text(*frozen));
      else
        print_text(stderr, "bursar: nobody could be frozen: {}; `bursar freeze --level all`\n", frozen.error().text);
    }
    return failed(fmt::format("the ledger does not verify: {}{}{}", said.verdict.pass,
                              said.verdict.pass.empty() ? "" : ": ", said.text));
  }

  // Verifies what came since the last checkpoint and signs the next; 0 also where the database does not answer now.
  int sign() {
    const auto said = verify(Depth::since_checkpoint);
    if (said && said->is_torn)
      print_text(stderr, "{}: its last line is torn, a write that was cut short; it counts for nothing\n",
                 house_.layout().checkpoints().string());
    return said && said->outcome == Verification::Outcome::bad ? unsound(*said) : 0;
  }
  int sign_now_and_then() {
    const std::int64_t every_us = options_.config.audit.checkpoint_minutes * 60'000'000;
    return every_us == 0 || steady_us() - signed_us_ < every_us ? 0 : sign();
  }

  machines::Result<std::string, std::string> checkpoint_now() {
    const auto said = verify(Depth::since_checkpoint);
    if (!said) return machines::fail("the ledger could not be verified: " + said.error().text);
    if (said->outcome == Verification::Outcome::ok)
      return std::string(said->is_signed ? "signed" : "the last one holds all there is");
    if (said->outcome == Verification::Outcome::bad) unsound_ = unsound(*said);
    return machines::fail("the ledger does not verify: " + said->text);
  }

  // Schedules fire while the house is live: nothing here is in a replay's way, or in its digest.
  FiringHand begin_schedules() {
    ledger::jobs::Schedules schedules(pulse_);
    const auto unknown =
        house_.ask([&] { return schedules.declare(brokers::schedule::schedules_of(options_.config), wall_now()); });
    if (!unknown)
      print_text(stderr, "bursar: the schedules are as they were: {}\n", unknown.error().text);
    else if (!unknown->empty())
      print_text(stderr, "bursar: schedules of {} can't fire: nobody has opened that owner\n", *unknown);
    return {pulse_,
            {{"reconcile", [this] { return compare_now("bursar schedule", std::chrono::seconds(5)); }},
             {"checkpoint", [this] { return checkpoint_now(); }}}};
  }
  // Once a second. Where PostgreSQL does not answer, the next look goes on from there.
  void step_schedules(FiringHand& hand) {
    if (steady_us() - scheduled_us_ < 1'000'000) return;
    scheduled_us_ = steady_us();
    ledger::jobs::Schedules schedules(pulse_);
    if (brokers::schedule::fire_due(schedules, wall_now())) (void)hand.step();
  }

  int tell() {
    if (!verdict_)
      if (const int code = verify(); code != 0) return code;
    auto bars = house_.ask([&] { return read_bars(connection_); });
    if (!bars) return failed("the bars: " + bars.error().text);
    const auto sleeves = house_.ask([&] { return ledger::books::read_sleeves(connection_); });
    if (!sleeves || sleeves->empty()) return failed("no sleeve stands in this database");
    const schemas::config::Config& config = fit(*bars, sleeves->begin()->second);
    auto data = house_.ask([&] { return read_results(connection_, feed_, *bars, config.paper); });
    if (!data) return failed("the report: " + data.error().text);
    data->verified = verdict_->ok;
    data->transitions = verdict_->transitions;
    data->postings = verdict_->postings;
    data->elapsed_s = static_cast<double>(feed_.elapsed_us) / 1e6;
    const std::string page = house_.layout().report().string();
    const bool written = write_whole(page, report::html(*data));
    // With --json, standard output belongs to the program that reads it; people read standard error.
    print_text(options_.json ? stderr : stdout, "{}\n", Lines{report::table(*data)});
    if (written) print_text(options_.json ? stderr : stdout, "Charts: {}\n", page);
    std::fflush(stdout);
    if (options_.json) std::cout << report::summary(*data).dump() << std::endl;
    return written ? 0 : failed(fmt::format("{} can't be written; is the disk full?", page));
  }

  // The house stays open: status, machines and the ledger can be looked at.
  int stay_open(bool start) {
    if (start) {
      const auto sleeves = house_.ask([&] { return ledger::books::read_sleeves(connection_); });
      if (!sleeves || sleeves->empty()) return failed("no sleeve stands in this database");
      const auto bars = house_.ask([&] { return read_bars(connection_); });
      if (!bars) return failed("the bars: " + bars.error().text);
      house_.start_children(sleeves->begin()->second.symbol, fit(*bars, sleeves->begin()->second).paper);
    }
    print_text(stderr, "The house stays open: look at it with `bursar status`; Ctrl-C drains and ends it.\n");
    const std::int64_t period_us = options_.config.reconcile.minutes * 60'000'000;
    std::int64_t compared_us = steady_us() - (start ? period_us - 2'000'000 : 0);  // after a start: soon
    FiringHand hand = begin_schedules();
    while (!interrupted) {
      if (const auto well = house_.watch(); !well) return failed(well.error().text, well.error().exit_code);
      if (period_us > 0 && steady_us() - compared_us >= period_us) {
        const bool done = compare(std::chrono::milliseconds(0));
        compared_us = steady_us() - (done ? 0 : period_us - std::min<std::int64_t>(period_us, 10'000'000));
      }
      if (const int code = sign_now_and_then(); code != 0) return code;
      step_schedules(hand);
      if (unsound_ != 0) return unsound_;
      inspect(steady_us());
      usleep(100'000);
    }
    return sign();
  }

  const UpOptions& options_;
  House& house_;
  ledger::Connection connection_;
  ledger::Connection pulse_;  // for what must not hold the feed up for long
  FeedState feed_;
  schemas::config::Config fitted_;
  std::optional<ledger::audit::Verdict> verdict_;  // of this run
  std::size_t played_ = 0, bars_count_ = 0;
  std::int64_t signed_us_ = steady_us(), scheduled_us_ = 0;
  int unsound_ = 0;  // the exit code, once a scheduled checkpoint has found a bad row
  Inspector inspector_;
  std::size_t stood_at_ = 0;  // bars played when it was last looked at
  std::int64_t stood_since_us_ = 0, unwritten_said_us_ = 0;
  bool is_pause_said_ = false;
  std::string unsaved_;  // why the last write of ours failed
};

}  // namespace

int up(const UpOptions& options) {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_DUMPABLE, 0);  // it holds the owner's way in, and its children may be of the same user
  // A price file that can't be used must not leave a folder behind.
  if (!options.replay.empty())
    if (const auto prices = load_prices(options.config, options.replay, options.layout.sample()); !prices)
      return failed(prices.error().text, prices.error().exit_code);
  print_text(stderr, "Opening {} ...\n", options.layout.folder.string());
  UpOptions absolute = options;
  absolute.gives_up = [] { return interrupted.load(); };
  auto house = House::open(absolute);
  if (!house) return failed(house.error().text, house.error().exit_code);
  absolute.layout = (*house)->layout();
  return Run(absolute, **house).go();
}

}  // namespace deploy
