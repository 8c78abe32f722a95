#include "tests/chaos/faults.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <random>

#include "machines/core/check.hpp"
#include "tests/support/child.hpp"

namespace tests::chaos {
namespace {

using std::chrono::steady_clock;

struct Sort {
  Kind kind;
  const char* target;
};

// In this order, so that few faults show many kinds.
const std::vector<Sort>& all_sorts() {
  static const std::vector<Sort> sorts{
      {Kind::kill, "broker-a"},
      {Kind::stop, "worker-1"},
      {Kind::cable, "worker-2"},
      {Kind::loss, "postgres"},
      {Kind::postgres_fast, "postgres"},
      {Kind::stall, "relay"},
      {Kind::kill, "worker-3"},
      {Kind::pause, "house"},
      {Kind::stop, "broker-b"},
      {Kind::twin, "worker-1"},
      {Kind::cable, "venue"},
      {Kind::postgres_immediate, "postgres"},
      {Kind::kill, "broker-b"},
      {Kind::delay, "relay"},
      {Kind::loss, "broker-a"},
      {Kind::stop, "venue"},
      {Kind::kill, "venue"},
      {Kind::freeze, "house"},
      {Kind::kill, "house"},
      {Kind::promote, "postgres"},
      {Kind::cable, "broker-a"},
      {Kind::stop, "worker-3"},
      {Kind::cable, "postgres"},
      {Kind::postgres_kill, "postgres"},
      {Kind::kill, "worker-1"},
      {Kind::loss, "worker-2"},
      {Kind::cable, "house"},
      {Kind::stop, "broker-a"},
      {Kind::twin, "worker-3"},
      {Kind::loss, "venue"},
      {Kind::kill, "worker-2"},
      {Kind::stop, "house"},
      {Kind::cable, "broker-b"},
      {Kind::loss, "house"},
      {Kind::stop, "worker-2"},
      {Kind::cable, "worker-3"},
      {Kind::loss, "broker-b"},
      {Kind::cable, "worker-1"},
      {Kind::loss, "worker-3"},
      {Kind::pause, "house"},
      {Kind::freeze, "house"},
  };
  return sorts;
}

// Not a distribution of the library's: a seed means the same everywhere.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most - least + 1));
  }

 private:
  std::mt19937_64 random_;
};

// How long, and how hard. Stops outlast every lease; a cable now and then also what TCP is given (10 s).
void fill_in(Fault& fault, Draw& draw) {
  switch (fault.kind) {
    case Kind::kill:
      fault.lasts_ms = draw.between(50, 3 * lease_ms);
      break;
    case Kind::stop:
      fault.lasts_ms = draw.between(3 * lease_ms / 2, 4 * lease_ms);
      break;
    case Kind::cable:
      fault.lasts_ms = draw.between(0, 9) == 0 ? 13'000 : draw.between(lease_ms / 2, 5 * lease_ms);
      break;
    case Kind::loss:
      fault.lasts_ms = draw.between(2'000, 6'000);
      fault.strength = draw.between(1, 30);
      break;
    case Kind::delay:
      fault.lasts_ms = draw.between(2'000, 6'000);
      fault.strength = draw.between(5, 250);
      break;
    case Kind::stall:
      fault.lasts_ms = draw.between(lease_ms / 2, 4 * lease_ms);
      break;
    case Kind::postgres_fast:
    case Kind::postgres_immediate:
    case Kind::postgres_kill:
    case Kind::promote:
      fault.lasts_ms = draw.between(0, 2 * lease_ms);
      break;
    case Kind::twin:
    case Kind::pause:
    case Kind::freeze:
      fault.lasts_ms = draw.between(2 * lease_ms, 4 * lease_ms);
      break;
  }
}

const char* name_of(Kind kind) {
  constexpr const char* names[] = {"kill",  "stop",      "cable",          "loss", "delay",
                                   "stall", "fast stop", "immediate stop", "kill", "loss for good and promotion",
                                   "twin",  "pause",     "freeze"};
  return names[static_cast<int>(kind)];
}

void begin(Course& course, Ground& ground, Site& site) {
  const Fault& fault = course.fault;
  switch (fault.kind) {
    case Kind::kill:
      return site.kill_part(fault.target);
    case Kind::stop:
      return site.send(fault.target, SIGSTOP);
    case Kind::cable:
      return ground.network.pull(fault.target);
    case Kind::loss:
      return ground.network.lose(fault.target, static_cast<int>(fault.strength));
    case Kind::delay:
      return ground.relay.delay(fault.strength);
    case Kind::stall:
      return ground.relay.stall(true);
    case Kind::postgres_fast:
      return ground.postgres.stop(Stop::fast);
    case Kind::postgres_immediate:
      return ground.postgres.stop(Stop::immediate);
    case Kind::postgres_kill:
      return ground.postgres.stop(Stop::kill);
    case Kind::promote:
      return ground.postgres.lose();
    case Kind::twin:
      return site.start_twin(fault.target);
    case Kind::pause:
      return site.order({"pause", "all"});
    case Kind::freeze:
      return site.order({"freeze", "--level", "all"});
  }
}

void heal(Course& course, Ground& ground, Site& site) {
  const Fault& fault = course.fault;
  switch (fault.kind) {
    case Kind::kill:
      return site.let_up(fault.target);
    case Kind::stop:
      return site.send(fault.target, SIGCONT);
    case Kind::cable:
      return ground.network.plug(fault.target);
    case Kind::loss:
      course.lost = ground.network.lost(fault.target);
      return ground.network.lose(fault.target, 0);
    case Kind::delay:
      return ground.relay.delay(0);
    case Kind::stall:
      return ground.relay.stall(false);
    case Kind::postgres_fast:
    case Kind::postgres_immediate:
    case Kind::postgres_kill:
      return ground.postgres.start();
    case Kind::promote:
      ground.postgres.promote();
      // libpq takes no next host where one accepts and then hangs up, as a relay to a dead server does.
      return ground.relay.lead(relayed_postgres_port, ground.network.address("standby"));
    case Kind::twin:
      return site.end_twin(fault.target);
    case Kind::pause:
      return site.order({"resume", "all"});
    case Kind::freeze:
      return site.order({"unfreeze"});
  }
}

// One replay under its faults.
class Play {
 public:
  Play(const std::vector<Fault>& faults, Ground ground, Site& site) : ground_(ground), site_(site) {
    for (const Fault& fault : faults) courses_.push_back({fault});
  }

  std::vector<Course> run() {
    while (!site_.finished() && steady_clock::now() - moved_ < patience) {
      site_.tend();
      ground_.postgres.tend();
      look();
      for (Course& course : courses_) {
        if (course.began_ms < 0 && reached_ >= course.fault.after) start(course);
        if (course.began_ms >= 0 && course.ended_ms < 0 && now_ms() - course.began_ms >= course.fault.lasts_ms)
          end(course);
      }
      pause_briefly();
    }
    for (Course& course : courses_)
      if (course.began_ms >= 0 && course.ended_ms < 0) end(course);
    return courses_;
  }

 private:
  static constexpr std::chrono::seconds patience{120};  // without one transition and without a fault

  [[nodiscard]] std::int64_t now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began_).count();
  }
  void look() {
    const std::int64_t at = site_.transitions();
    if (at <= reached_) return;
    reached_ = at;
    moved_ = steady_clock::now();
  }
  void start(Course& course) {
    course.began_ms = now_ms();
    course.at_transition = reached_;
    begin(course, ground_, site_);
    moved_ = steady_clock::now();
  }
  void end(Course& course) {
    heal(course, ground_, site_);
    course.ended_ms = now_ms();
    moved_ = steady_clock::now();
  }

  Ground ground_;
  Site& site_;
  std::vector<Course> courses_;
  const steady_clock::time_point began_ = steady_clock::now();
  steady_clock::time_point moved_ = began_;
  std::int64_t reached_ = -1;
};

}  // namespace

std::vector<Fault> draw_faults(std::uint64_t seed, int count, std::int64_t transitions) {
  CHECK(count >= 1 && count <= faults_each);
  Draw draw(seed);
  // Three moments for five faults: some come together.
  std::int64_t moments[3];
  for (std::int64_t& moment : moments) moment = draw.between(transitions / 20, transitions * 3 / 5);
  std::vector<Fault> faults;
  for (int i = 0; i < faults_each; ++i) {
    const auto at = (seed * faults_each + static_cast<std::uint64_t>(i)) % all_sorts().size();
    Fault fault;
    fault.kind = all_sorts()[at].kind;
    fault.target = all_sorts()[at].target;
    fault.after = moments[draw.between(0, 2)];
    fill_in(fault, draw);
    faults.push_back(fault);
  }
  faults.resize(static_cast<std::size_t>(count));
  std::stable_sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) { return a.after < b.after; });
  return faults;
}

bool changes_the_end(const Fault& fault) { return fault.kind == Kind::pause || fault.kind == Kind::freeze; }

std::string to_text(const Fault& fault) {
  std::string text = fmt::format("after {} transitions: {} of {}", fault.after, name_of(fault.kind), fault.target);
  if (fault.kind == Kind::loss) text += fmt::format(" ({} %)", fault.strength);
  if (fault.kind == Kind::delay) text += fmt::format(" ({} ms each way)", fault.strength);
  return text + fmt::format(" for {} ms", fault.lasts_ms);
}

std::string to_text(const Course& course) {
  const std::string fault = to_text(course.fault);
  if (course.began_ms < 0) return fault + "; the replay ended before";
  return fault + fmt::format("; came at {}, from {} to {} ms", course.at_transition, course.began_ms, course.ended_ms) +
         (course.fault.kind == Kind::loss ? fmt::format(", {} packets lost", course.lost) : "");
}

std::vector<Course> play(const std::vector<Fault>& faults, Ground ground, Site& site) {
  return Play(faults, ground, site).run();
}

}  // namespace tests::chaos
