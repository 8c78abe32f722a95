// tests/machines/house.hpp: one sleeve alone with its machines: cycles give birth to orders, a venue says what it is
// told to say, and a strict book takes every step. A cycle and its order move in one step, as in the workers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "machines/allocation/decide.hpp"
#include "machines/order/decide.hpp"
#include "machines/reconciliation/decide.hpp"
#include "machines/sleeve_cycle/decide.hpp"
#include "tests/machines/book.hpp"

namespace tests {

inline constexpr std::int64_t hour_us = machines::hours(1).us;
machines::Instrument eth_usdt();  // fee 0.1 %, lot 0.0001 ETH, minimum 5 USDT

// Sees every question that the house asks its machines, and the answer, before it is acted on.
class Witness {
 public:
  virtual ~Witness() = default;
  using CycleAnswer = machines::Result<std::optional<machines::sleeve_cycle::Step>, machines::sleeve_cycle::Refusal>;
  using OrderAnswer = machines::Result<machines::order::Step, machines::order::Refusal>;
  using Movement = machines::Result<machines::allocation::Step, machines::allocation::Refusal>;
  virtual void looked(machines::sleeve_cycle::State, const machines::sleeve_cycle::Facts&, const CycleAnswer&) {}
  virtual void order_ended(machines::sleeve_cycle::State, const machines::sleeve_cycle::Facts&,
                           const machines::OrderSummary&, const CycleAnswer&) {}
  virtual void order_told(machines::order::State, const machines::order::Facts&, const machines::order::Message&,
                          const OrderAnswer&) {}
  using BreakAnswer = machines::Result<machines::reconciliation::Step, machines::reconciliation::Refusal>;
  virtual void sold_outside(machines::sleeve_cycle::State, const machines::sleeve_cycle::Facts&, const CycleAnswer&) {}
  virtual void broke(machines::reconciliation::State, const BreakAnswer&) {}
  virtual void moved(machines::allocation::State, const machines::allocation::Facts&, const Movement&) {}
};

class House {
 public:
  using Int128 = machines::Int128;
  // funded: the sleeve has its allocation, and its first cycle watches. empty: it has nothing yet, not even a cycle.
  enum class Start { funded, empty };
  // The witness is borrowed and may be absent.
  House(machines::SleeveKind kind, Int128 allocation, Start start = Start::funded, Witness* witness = nullptr);

  // Money between outside, vault and sleeve. `reserve` is for fund only.
  void move(machines::allocation::Movement movement, Int128 amount, Int128 reserve);
  // The bar of this hour closes, or there is none; the cycle looks. An order may be born, drafted.
  void close_bar(std::int64_t hour, std::optional<machines::Price> close);
  // The hour after the last one.
  void close_next(std::optional<machines::Price> close) { close_bar(last_hour_ + 1, close); }
  void stop_entries(bool stopped) { entries_stopped_ = stopped; }
  // Paused until resumed: a cycle that watches comes to rest at its next look.
  void pause() { paused_ = true; }
  void resume();
  // A vault of the third asset stands, and gets so many coins.
  void put_coins(Int128 amount);

  [[nodiscard]] bool has_order() const { return order_.has_value(); }
  // Whether the order took it. REQUIRES: has_order().
  bool tell(machines::order::Event event, const machines::order::NewFills& fills, const std::string& reason);
  // What a venue would make of this much of the order's size at this price: whole lots, fee included.
  [[nodiscard]] machines::order::NewFills fill_of(machines::Price price, Int128 part) const;
  [[nodiscard]] machines::order::NewFills fill_of_share(machines::Price price, std::int64_t share_ppm) const;
  static machines::order::NewFills no_fills();
  [[nodiscard]] machines::Instant next_open() const { return machines::next_bar_open(world_at_); }

  // The venue gets a drafted order and fills `share` ppm of it at this price in so many fills, then says that it is
  // full, or cancels it.
  void answer(machines::Price price, std::int64_t share_ppm, int parts);
  void reject();

  // The venue's statement differs by this much: a break. What a person says of it, and what the venue explains by
  // itself. Whether it was taken.
  void differ(machines::Amount by);
  bool explain(machines::AssetId asset, machines::reconciliation::Explanation as, machines::Amount part);
  bool explain_sale();
  bool hand_over(machines::AssetId asset, const std::string& person);
  bool take_back(machines::AssetId asset);
  bool finish(machines::AssetId asset);
  bool sell_outside(const machines::order::NewFills& fills);

  [[nodiscard]] Int128 quote() const { return book_.balance(accounts_.quote); }
  [[nodiscard]] Int128 returned() const { return book_.balance(accounts_.tradeable); }
  [[nodiscard]] const Book& book() const { return book_; }
  [[nodiscard]] machines::sleeve_cycle::State state() const { return state_; }
  [[nodiscard]] const machines::sleeve_cycle::Data& data() const { return data_; }
  [[nodiscard]] const std::vector<machines::sleeve_cycle::Data>& closed() const { return closed_; }
  // Nothing, or which promise of the books a step broke.
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  [[nodiscard]] machines::sleeve_cycle::Facts facts() const;
  [[nodiscard]] std::optional<machines::Price> close_of(std::int64_t hour) const;
  [[nodiscard]] std::optional<machines::Price> high_since_entry() const;
  void start_cycle(const std::optional<machines::sleeve_cycle::Data>& data);
  void take(const machines::sleeve_cycle::Step& step, std::vector<machines::Posting> before,
            machines::HoldKey step_key);
  void give_birth(const machines::OrderDraft& draft, machines::HoldKey hold);
  void end_order(const machines::order::Step& step, machines::HoldKey step_key);
  struct Break {
    machines::InstanceId id;
    std::int64_t version = 1;
    machines::reconciliation::State state;
    machines::reconciliation::Data data;
  };
  Break& last_break(machines::AssetId asset);
  void broke(Break& one, const machines::reconciliation::Step& step);
  bool cycle_sold(const machines::OrderSummary& sold, const std::vector<machines::Posting>& before,
                  machines::HoldKey key);
  void must(machines::order::Event event, const machines::order::NewFills& fills, const std::string& reason);
  void apply(const std::vector<machines::Posting>& postings, machines::InstanceId instance, std::int64_t version);

  machines::SleeveKind kind_;
  machines::Amount allocation_;
  Witness* witness_;
  machines::Instrument instrument_ = eth_usdt();
  machines::SleeveAccounts accounts_ = sleeve_accounts();
  Book book_{{accounts_.quote, accounts_.base, accounts_.tradeable, vault_reserve, coins}};
  bool has_cycle_ = false, has_coins_ = false, entries_stopped_ = false, paused_ = false;
  std::int64_t next_id_ = 1, version_ = 1, last_hour_ = -1;
  machines::Instant world_at_{0};
  std::map<std::int64_t, machines::Price> closes_;
  machines::InstanceId cycle_;
  machines::sleeve_cycle::State state_ = machines::sleeve_cycle::watching;
  machines::sleeve_cycle::Data data_;
  std::optional<machines::order::Facts> order_;
  machines::order::State order_state_ = machines::order::drafted;
  std::vector<machines::sleeve_cycle::Data> closed_;
  std::vector<Break> breaks_;
  std::string broken_;
};

}  // namespace tests
