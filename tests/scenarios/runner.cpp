#include "tests/scenarios/runner.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

#include "tests/machines/house.hpp"

namespace tests::scenarios {
namespace {

namespace allocation = machines::allocation;
namespace cycle = machines::sleeve_cycle;
namespace order = machines::order;
namespace reconciliation = machines::reconciliation;
using machines::Int128;
using machines::Price;
using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream in(line.substr(0, line.find('#')));
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Writes down what the machines do: a line per move, then a line per posting of it.
class Record : public Witness {
 public:
  Words lines;
  std::set<Row> rows;

  void looked(cycle::State state, const cycle::Facts& facts, const CycleAnswer& step) override {
    if (!step) return refused("cycle", state, "look", step.error());
    if (step->has_value()) cycle_moved(facts, **step);
  }
  void order_ended(cycle::State state, const cycle::Facts& facts, const machines::OrderSummary&,
                   const CycleAnswer& step) override {
    if (!step) return refused("cycle", state, "order_ended", step.error());
    cycle_moved(facts, **step);
  }
  void order_told(order::State state, const order::Facts&, const order::Message& message,
                  const OrderAnswer& step) override {
    if (!step) return refused("order", state, machines::name_of(message.event), step.error());
    went("order", *step, step->data.reason.empty() ? "" : "because " + step->data.reason);
  }
  void sold_outside(cycle::State state, const cycle::Facts& facts, const CycleAnswer& step) override {
    if (!step) return refused("cycle", state, "sold_outside", step.error());
    cycle_moved(facts, **step);
  }
  void broke(reconciliation::State state, const BreakAnswer& step) override {
    if (!step) return refused("break", state, "explain", step.error());
    went("break", *step, step->data.rest.is_zero() ? "" : "left " + describe(step->data.rest));
  }
  void moved(allocation::State state, const allocation::Facts&, const Movement& step) override {
    if (!step) return refused("allocation", state, "settle", step.error());
    went("allocation", *step, step->data.reason.empty() ? "" : "because " + step->data.reason);
    if (step->starts_cycle) lines.emplace_back("cycle 1 begins");
  }

 private:
  void cycle_moved(const cycle::Facts& facts, const cycle::Step& step) {
    std::string more;
    if (step.event == cycle::exit_signal) more = "because " + step.data.exit_reason;
    if (step.event == cycle::exit_filled || step.event == cycle::close_outside)
      more = "realized " + describe(step.data.realized);
    went("cycle " + std::to_string(facts.data.number), step, more);
    if (!step.next_cycle) return;
    const cycle::Data& next = *step.next_cycle;
    std::string birth = "cycle " + std::to_string(next.number) + " begins";
    if (next.base.is_positive()) birth += " with " + describe(next.base) + " at cost " + describe(next.cost);
    lines.push_back(birth);
  }
  template <class Step>
  void went(const std::string& who, const Step& step, const std::string& more) {
    const std::string from(machines::name_of(step.from));
    const std::string on(machines::name_of(step.event));
    const std::string word = who.substr(0, who.find(' '));
    rows.insert({word == "cycle" ? "sleeve_cycle" : word, from, on});  // as the catalog calls it
    lines.push_back(who + ' ' + from + ' ' + on + ' ' + std::string(machines::name_of(step.to)) + ' ' +
                    std::string(machines::name_of(step.then)) + (more.empty() ? "" : " " + more));
    for (const machines::Posting& posting : step.postings) lines.push_back(describe(posting));
  }
  template <class State, class Refusal>
  void refused(const std::string& who, State state, std::string_view on, Refusal refusal) {
    lines.push_back(who + ' ' + std::string(machines::name_of(state)) + ' ' + std::string(on) + " refused " +
                    std::string(machines::name_of(refusal)));
  }
};

class Scenario {
 public:
  // Each returns what is wrong, or "".
  std::string act(const Words& words);
  [[nodiscard]] std::string at_the_end() const;
  Record record;

 private:
  std::string open_house(const Words& words);
  std::string close(const Words& words);
  std::string tell(const Words& words);
  std::string move(const Words& words);
  std::string check(const Words& words);
  std::string on_break(const Words& words);
  std::optional<order::NewFills> fills_of(const Words& words);

  std::optional<House> house_;
};

std::optional<Int128> number(const std::string& text, int scale = 8) {
  const auto value = machines::parse_decimal(text, scale);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<Price> price(const std::string& text) {
  const auto value = number(text);
  if (!value || *value <= 0 || *value > INT64_MAX) return std::nullopt;
  return Price{static_cast<std::int64_t>(*value)};
}

std::optional<std::int64_t> whole(const std::string& text) {
  const auto value = number(text, 0);
  if (!value || *value < 0 || *value > 1'000'000) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::string Scenario::act(const Words& words) {
  const std::string& what = words[0];
  if (what == "sleeve") return open_house(words);
  if (!house_) return "a scenario begins with its sleeve";
  if (what == "close" || what == "gap") return close(words);
  if (what == "order") return tell(words);
  if (what == "fund" || what == "allocate" || what == "reclaim") return move(words);
  if (what == "differs" || what == "explain" || what == "assign" || what == "finish" || what == "undo" ||
      what == "outside")
    return on_break(words);
  if (what == "balance" || what == "available") return check(words);
  if (what == "coins") {
    const auto amount = words.size() == 2 ? number(words[1], 18) : std::nullopt;
    if (amount) house_->put_coins(*amount);
    return amount ? "" : "coins AMOUNT";
  }
  if (what == "pause" || what == "resume") {
    what == "pause" ? house_->pause() : house_->resume();
    return "";
  }
  if (what != "entries" || words.size() != 2) return "unknown: " + joined(words);
  house_->stop_entries(words[1] == "stopped");
  return words[1] == "stopped" || words[1] == "allowed" ? "" : "entries are stopped or allowed";
}

std::string Scenario::at_the_end() const {
  if (!house_) return "nothing happens";
  if (!house_->broken().empty()) return house_->broken();
  return house_->has_order() || house_->book().open_holds() == 0 ? "" : "a hold is left without an order";
}

std::string Scenario::open_house(const Words& words) {
  if (words.size() < 3 || house_) return "sleeve KIND AMOUNT [empty], once";
  const auto kind = machines::from_name<machines::SleeveKind>(words[1]);
  const auto amount = number(words[2]);
  if (!kind || !amount || *amount < 0) return "sleeve KIND AMOUNT [empty]";
  const bool empty = words.size() == 4 && words[3] == "empty";
  house_.emplace(*kind, *amount, empty ? House::Start::empty : House::Start::funded, &record);
  return "";
}

std::string Scenario::close(const Words& words) {
  const bool gap = words[0] == "gap";
  if (words.size() != (gap ? 2U : 3U)) return "close HOUR PRICE, or gap HOUR";
  const auto dots = words[1].find("..");
  const auto first = whole(words[1].substr(0, dots));
  const auto last = dots == std::string::npos ? first : whole(words[1].substr(dots + 2));
  const auto at = gap ? std::nullopt : price(words[2]);
  if (!first || !last || (!gap && !at)) return "close HOUR PRICE, or gap HOUR";
  for (std::int64_t hour = *first; hour <= *last; ++hour) house_->close_bar(hour, at);
  return "";
}

std::optional<order::NewFills> Scenario::fills_of(const Words& words) {
  const auto at = std::find(words.begin(), words.end(), "at");
  if (at != words.end()) {
    std::optional<std::int64_t> percent = 100;
    if (at != words.begin()) percent = whole(words[0].substr(0, words[0].find('%')));
    const auto value = at + 1 == words.end() ? std::nullopt : price(at[1]);
    if (!percent || !value) return std::nullopt;
    return house_->fill_of_share(*value, *percent * 10'000);
  }
  if (words.empty()) return House::no_fills();
  if (words.size() < 5 || words.size() > 6 || words[1] != "for" || words[3] != "fee") return std::nullopt;
  const std::string fee_asset = words.size() == 6 ? words[5] : "USDT";
  const auto base = number(words[0], 18);
  const auto quote = number(words[2]);
  const auto fee = number(words[4], fee_asset == "USDT" ? 8 : 18);
  if (!base || !quote || !fee) return std::nullopt;
  const machines::Instant when = house_->next_open();
  order::NewFills fills{1, {eth, *base}, {usdt, *quote}, {usdt, 0}, when, when};
  if (fee_asset == "USDT")
    fills.fees = {usdt, *fee};
  else if (fee_asset == "ETH")
    fills.fees_base = {eth, *fee};
  else if (fee_asset == "BNB")
    fills.fees_other = {bnb, *fee};
  else
    return std::nullopt;
  return fills;
}

std::string Scenario::tell(const Words& words) {
  const auto event = words.size() > 1 ? machines::from_name<order::Event>(words[1]) : std::nullopt;
  if (!event) return "an order has no such event: " + joined(words);
  if (!house_->has_order()) return "there is no order";
  const auto because = std::find(words.begin() + 2, words.end(), "because");
  const auto fills = fills_of(Words(words.begin() + 2, because));
  if (!fills) return "what was filled can't be read: " + joined(words);
  const std::string reason = because == words.end() ? "" : joined(Words(because + 1, words.end()));
  house_->tell(*event, *fills, reason);  // a refusal is on record
  return "";
}

std::string Scenario::move(const Words& words) {
  using allocation::Movement;
  const bool funds = words[0] == "fund";
  if (words.size() != (funds ? 4U : 2U)) return "fund AMOUNT reserve AMOUNT, allocate AMOUNT or reclaim AMOUNT";
  const auto amount = number(words[1]);
  const auto reserve = number(funds ? words[3] : "0");
  if (!amount || !reserve) return "an amount can't be read";
  house_->move(funds                    ? Movement::fund
               : words[0] == "allocate" ? Movement::allocate_to_sleeve
                                        : Movement::reclaim,
               *amount, *reserve);
  return "";
}

// A refusal is on record.
std::string Scenario::on_break(const Words& words) {
  const std::string& what = words[0];
  if (what == "outside") {
    const auto fills = fills_of(Words(words.begin() + 1, words.end()));
    if (!fills || fills->count == 0) return "outside BASE for QUOTE fee FEE";
    house_->sell_outside(*fills);
    return "";
  }
  if (words.size() < 2) return what + " of what?";
  if (what == "explain" && words[1] == "sale") {
    house_->explain_sale();
    return "";
  }
  const bool is_base = words[1] == "eth";
  const machines::AssetId asset = is_base ? eth : usdt;
  if (!is_base && words[1] != "usdt") return "an asset is usdt or eth";
  if (what == "finish") return house_->finish(asset), "";
  if (what == "undo") return house_->take_back(asset), "";
  if (words.size() < 3) return what + ": something is missing";
  if (what == "assign") return house_->hand_over(asset, words[2]), "";
  const auto amount = number(words.back(), is_base ? 18 : 8);
  if (!amount) return "an amount can't be read";
  const machines::Amount coins(asset, *amount);
  if (what == "differs") return house_->differ(coins), "";
  const auto as = machines::from_name<reconciliation::Explanation>(words[2]);
  if (!as) return "nothing is explained as " + words[2];
  house_->explain(asset, *as, coins);
  return "";
}

std::string Scenario::check(const Words& words) {
  if (words.size() != 3) return words[0] + " ACCOUNT AMOUNT";
  const auto name = std::find(std::begin(account_names) + 1, std::end(account_names), words[1]);
  if (name == std::end(account_names)) return "no account is called " + words[1];
  const machines::AccountId account{name - std::begin(account_names)};
  const auto is_of = [&](const char* word) { return words[1].find(word) != std::string::npos; };
  const auto asset = is_of("base") ? eth : is_of("other") || is_of("coins") ? bnb : usdt;
  const Book& book = house_->book();
  const machines::Amount amount(asset, words[0] == "balance" ? book.balance(account) : book.available(account));
  return describe(amount) == words[2] ? "" : "expected " + words[2] + ", got " + describe(amount);
}

struct Line {
  int number = 0;
  Words words;
};

std::string below(const Words& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n    " + line;
  return text;
}

// The first line where the two part, or "".
std::string difference(const std::string& name, const Line& action, const std::vector<Line>& expected,
                       const Words& got) {
  for (std::size_t i = 0; i < std::max(expected.size(), got.size()); ++i) {
    const std::string wanted = i < expected.size() ? joined(expected[i].words) : "nothing more";
    const std::string found = i < got.size() ? got[i] : "nothing more";
    if (wanted == found) continue;
    const int line = i < expected.size() ? expected[i].number : action.number;
    return name + ':' + std::to_string(line) + ": after \"" + joined(action.words) + "\"\n  expected " + wanted +
           "\n  got      " + found + "\n  all that was got:" + below(got);
  }
  return "";
}

struct Block {
  Line action;
  std::vector<Line> expected;
};

std::vector<Block> blocks_of(const std::string& text) {
  std::vector<Block> blocks;
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    const Words words = words_of(line);
    ++number;
    if (words.empty()) continue;
    if (line[0] == ' ' && !blocks.empty())
      blocks.back().expected.push_back({number, words});
    else
      blocks.push_back({{number, words}, {}});
  }
  return blocks;
}

}  // namespace

Report run(const std::string& name, const std::string& text) {
  Scenario scenario;
  Report report;
  for (const Block& block : blocks_of(text)) {
    scenario.record.lines.clear();
    const std::string wrong = scenario.act(block.action.words);
    if (!wrong.empty()) report.failures.push_back(name + ':' + std::to_string(block.action.number) + ": " + wrong);
    if (wrong.empty()) {
      const std::string other = difference(name, block.action, block.expected, scenario.record.lines);
      if (!other.empty()) report.failures.push_back(other);
    }
    if (!report.failures.empty()) break;
  }
  if (report.failures.empty() && !scenario.at_the_end().empty())
    report.failures.push_back(name + ": at the end: " + scenario.at_the_end());
  report.rows = std::move(scenario.record.rows);
  return report;
}

std::vector<std::string> rows_not_taken(const machines::catalog::Kind& kind, const std::set<Row>& taken) {
  std::vector<std::string> missing;
  for (const auto& row : kind.versions.back().rows) {
    const Row one{std::string(kind.word), std::string(row.from), std::string(row.on)};
    if (taken.count(one) == 0) missing.push_back(one.machine + ": " + one.from + " on " + one.event);
  }
  return missing;
}

}  // namespace tests::scenarios
