#include "tests/simulation/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "machines/core/names.hpp"

namespace tests::simulation {

namespace {

using Positions = std::vector<std::size_t>;

constexpr int most_runs = 300;

std::vector<Fault> picked(const std::vector<Fault>& faults, const Positions& positions) {
  std::vector<Fault> some;
  for (const std::size_t at : positions)
    if (at < faults.size()) some.push_back(faults[at]);
  return some;
}

// People stopped something, or an order outlived its request: other orders stand than in the undisturbed run.
bool was_stopped(const Outcome& outcome) {
  for (const char* what : {"pause_owner", "freeze_owner", "freeze_all", "world_goes_on", "lapse"})
    if (outcome.met.contains(what)) return true;
  return false;
}

// Runs it so; what is wrong then is in the outcome.
Outcome disturbed(const Finding& finding, const Positions& positions, const std::string& digest, bool traces) {
  Outcome outcome = House(finding.seed, finding.plant, picked(finding.faults, positions), traces).run();
  if (outcome.violation.empty() && outcome.digest != digest && !was_stopped(outcome))
    outcome.violation = "its digest is not that of the undisturbed run";
  return outcome;
}

Outcome undisturbed(std::uint64_t seed) { return House(seed, Plant::none, {}, false).run(); }

}  // namespace

std::optional<Finding> try_seed(std::uint64_t seed, Plant plant, const std::optional<Positions>& only) {
  Finding finding{seed, plant, "", {}, {}, undisturbed(seed)};
  if (!finding.last.violation.empty()) {
    finding.plant = Plant::none;
    finding.violation = finding.last.violation;
    return finding;
  }
  const std::string digest = finding.last.digest;
  finding.faults = draw_faults(seed, finding.last.extent);
  for (std::size_t at = 0; at < finding.faults.size(); ++at) finding.needed.push_back(at);
  if (only) finding.needed = *only;
  finding.last = disturbed(finding, finding.needed, digest, false);
  if (finding.last.violation.empty()) return std::nullopt;
  finding.violation = finding.last.violation;
  return finding;
}

std::optional<Finding> try_kept(const Kept& kept) {
  Finding finding{kept.seed, Plant::none, "", kept.faults, {}, undisturbed(kept.seed)};
  for (std::size_t at = 0; at < kept.faults.size(); ++at) finding.needed.push_back(at);
  if (finding.last.violation.empty()) finding.last = disturbed(finding, finding.needed, finding.last.digest, true);
  if (finding.last.violation.empty()) return std::nullopt;
  finding.violation = finding.last.violation;
  return finding;
}

std::string to_line(const Kept& kept) {
  std::string line = std::to_string(kept.seed);
  for (const Fault& fault : kept.faults)
    line += fmt::format(" {}:{}:{}:{}", machines::name_of(fault.kind), fault.at, fault.by, fault.who);
  return line;
}

std::optional<Kept> kept_of(std::string_view line) {
  std::istringstream words{std::string(line)};
  Kept kept;
  if (!(words >> kept.seed)) return std::nullopt;
  for (std::string word; words >> word;) {
    std::replace(word.begin(), word.end(), ':', ' ');
    std::istringstream parts(word);
    std::string kind;
    Fault fault;
    if (!(parts >> kind >> fault.at >> fault.by >> fault.who)) return std::nullopt;
    const auto known = machines::from_name<FaultKind>(kind);
    if (!known) return std::nullopt;
    fault.kind = *known;
    kept.faults.push_back(fault);
  }
  return kept;
}

// Leaves out ever smaller parts of the list, as long as what is left still breaks something.
void make_small(Finding& finding) {
  const std::string digest = undisturbed(finding.seed).digest;
  int runs = 0;
  std::size_t part = std::max<std::size_t>(finding.needed.size(), 1);
  while (part > 0 && runs < most_runs) {
    const std::size_t before = finding.needed.size();
    for (std::size_t from = 0; from < finding.needed.size() && runs < most_runs;) {
      Positions fewer = finding.needed;
      const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(from);
      fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(part, fewer.size() - from)));
      ++runs;
      if (disturbed(finding, fewer, digest, false).violation.empty())
        from += part;
      else
        finding.needed = std::move(fewer);
    }
    if (part > 1 || finding.needed.size() == before) part /= 2;
  }
  finding.last = disturbed(finding, finding.needed, digest, true);
  finding.violation = finding.last.violation;
}

std::string report(const Finding& finding) {
  std::string text = fmt::format("seed {}", finding.seed);
  if (finding.plant != Plant::none)
    text += fmt::format(", planted {} ({})", machines::name_of(finding.plant), description_of(finding.plant));
  text += fmt::format("\n  violated: {}\n  faults: {} of the {} that it draws\n", finding.violation,
                      finding.needed.size(), finding.faults.size());
  std::string only;
  for (const std::size_t at : finding.needed) {
    only += (only.empty() ? "" : ",") + std::to_string(at);
    if (at < finding.faults.size()) text += fmt::format("    {}: {}\n", at, to_text(finding.faults[at]));
  }
  text += "  the last of what happened:\n";
  for (const std::string& line : finding.last.trace) text += "    " + line + "\n";
  text += fmt::format("  again: tests/simulation/run --seed {}", finding.seed);
  if (finding.plant != Plant::none) text += fmt::format(" --plant {}", machines::name_of(finding.plant));
  text += " --only " + (only.empty() ? "none" : only) + "\n";
  return text + "  keep it, once mended, in kept_seeds.txt: " +
         to_line({finding.seed, picked(finding.faults, finding.needed)}) + "\n";
}

}  // namespace tests::simulation
