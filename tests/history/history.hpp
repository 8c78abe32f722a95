// tests/history/history.hpp: what machines were asked and what they answered, a line of canonical JSON each, and the
// same questions asked again. A line with "house" holds what does not change until the next one: accounts, instrument,
// rules.
#pragma once

#include <string>
#include <vector>

#include "tests/machines/house.hpp"

namespace tests::history {

// Writes down every question and answer of the houses that it watches.
class Recorder : public Witness {
 public:
  void looked(machines::sleeve_cycle::State state, const machines::sleeve_cycle::Facts& facts,
              const CycleAnswer& step) override;
  void order_ended(machines::sleeve_cycle::State state, const machines::sleeve_cycle::Facts& facts,
                   const machines::OrderSummary& summary, const CycleAnswer& step) override;
  void order_told(machines::order::State state, const machines::order::Facts& facts,
                  const machines::order::Message& message, const OrderAnswer& step) override;
  void moved(machines::allocation::State state, const machines::allocation::Facts& facts,
             const Movement& step) override;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void house_of(const machines::sleeve_cycle::Facts& facts);
  std::string text_, house_;
};

// Asks today's machines each question again. One finding per answer that differs, or line that can't be read:
// "NAME:LINE: question, recorded answer, today's answer".
std::vector<std::string> replay(const std::string& name, const std::string& text);

}  // namespace tests::history
