// tests/machines/sleeve_cycle/house.hpp: one sleeve alone with its machines: cycles give birth to orders, a venue fills
// them as it is told, and a strict book takes every step. A cycle and its order move in one step, as in the harness.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/order/decide.hpp"
#include "machines/sleeve_cycle/decide.hpp"
#include "tests/machines/book.hpp"

namespace tests {

machines::Instrument eth_usdt();  // fee 0.1 %, lot 0.0001 ETH, minimum 5 USDT

class House {
 public:
  using Int128 = machines::Int128;
  House(machines::SleeveKind kind, Int128 allocation);

  // One look at the closes, the last of which is now. An order may be born.
  void look(const std::vector<machines::Price>& closes);
  [[nodiscard]] bool has_order() const { return order_.has_value(); }
  // The venue fills `share` ppm of the order at this price in so many fills, then says that it is full, or cancels it.
  void answer(machines::Price price, std::int64_t share_ppm, int parts);
  void reject();

  [[nodiscard]] Int128 quote() const { return book_.balance(accounts_.quote); }
  [[nodiscard]] Int128 base() const { return book_.balance(accounts_.base); }
  [[nodiscard]] Int128 returned() const { return book_.balance(accounts_.tradeable); }
  [[nodiscard]] const Book& book() const { return book_; }
  [[nodiscard]] machines::sleeve_cycle::State state() const { return state_; }
  [[nodiscard]] const machines::sleeve_cycle::Data& data() const { return data_; }
  [[nodiscard]] const std::vector<machines::sleeve_cycle::Data>& closed() const { return closed_; }
  // Nothing, or which promise of the books a step broke.
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  [[nodiscard]] machines::sleeve_cycle::Facts facts() const;
  void take(const machines::sleeve_cycle::Step& step, std::vector<machines::Posting> before,
            machines::HoldKey step_key);
  void tell(const machines::order::Message& message);
  [[nodiscard]] machines::order::NewFills fill_of(machines::Price price, Int128 part) const;
  void apply(const std::vector<machines::Posting>& postings, machines::InstanceId instance, std::int64_t version);

  machines::SleeveKind kind_;
  machines::Amount allocation_;
  machines::Instrument instrument_ = eth_usdt();
  machines::SleeveAccounts accounts_ = sleeve_accounts();
  Book book_{
      {accounts_.quote, accounts_.base, accounts_.tradeable}
  };
  std::int64_t next_id_ = 1, version_ = 1;
  machines::InstanceId cycle_{next_id_++};
  machines::sleeve_cycle::State state_ = machines::sleeve_cycle::watching;
  machines::sleeve_cycle::Data data_;
  machines::strategy::Window window_;
  std::optional<machines::Price> high_since_;
  std::optional<machines::order::Facts> order_;
  machines::order::State order_state_ = machines::order::drafted;
  std::vector<machines::sleeve_cycle::Data> closed_;
  std::string broken_;
};

}  // namespace tests
