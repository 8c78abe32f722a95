// tests/schemas/codec/generators.hpp: any message of the protocol, with every field anywhere in its range.
#pragma once

#include <rapidcheck/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "machines/core/names.hpp"
#include "schemas/codec/messages.hpp"
#include "tests/machines/wide.hpp"

namespace tests {

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
inline bool flag() { return any<bool>(); }
// Small numbers and the ends of the range both come often.
inline std::int64_t whole() {
  using Limits = std::numeric_limits<std::int64_t>;
  return *rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(),
                         rc::gen::element<std::int64_t>(0, -1, Limits::min(), Limits::max()));
}
inline int credit() { return *rc::gen::inRange(0, 100'001); }
inline machines::Instant instant() { return {whole()}; }
inline machines::Int128 minor() { return *any_minor(); }

// Valid UTF-8 without NUL, with and without letters beyond ASCII.
inline std::string text() {
  std::string made = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  if (flag()) made += *rc::gen::element<std::string>("é", "€", "😀", "\n", "\"", "\x7f");
  return made;
}

template <class E>
E enumerator() {
  return static_cast<E>(*rc::gen::inRange(0, static_cast<int>(machines::count_of<E>)));
}

template <class F>
auto several(F make) {
  std::vector<decltype(make())> made;
  const int size = *rc::gen::inRange(0, 4);
  for (int i = 0; i < size; ++i) made.push_back(make());
  return made;
}

inline machines::Token token() {
  machines::Token made;
  for (auto& byte : made.bytes) byte = any<std::uint8_t>();
  return made;
}

inline machines::JobKey job_key() { return {{any<std::int32_t>()}, {whole()}, whole(), any<std::int32_t>()}; }
inline machines::LeasedJob job() {
  return {job_key(), token(), any<int>(), whole(), text(), text(), flag(), instant(), any<int>(), any<int>()};
}
inline schemas::Capability capability() { return {text(), any<int>(), several(text), several(text)}; }
inline schemas::Fill fill() { return {any<int>(), instant(), {whole()}, minor(), minor(), minor(), flag(), text()}; }
inline schemas::ForeignFill foreign_fill() {
  return {text(), text(), instant(), enumerator<schemas::Side>(), minor(), minor(), minor(), text()};
}
inline schemas::Released released() {
  schemas::Released made{instant(), flag(), {}, "", instant()};
  if (made.stalled) made.parked = job_key();
  if (made.stalled) made.reason = text();
  made.shards = several(any<int>);
  made.live = several(any<int>);
  return made;
}
inline schemas::Release release() {
  schemas::Release made{{any<std::int32_t>()}, {}};
  std::int64_t last = made.world_at.us;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    last += *rc::gen::inRange(1, 1'000'000);
    made.ahead.push_back({instant(), {last}});
  }
  return made;
}
inline schemas::BrokerView broker_view() {
  const auto worker = [] { return schemas::WorkerView{text(), any<int>(), whole()}; };
  const auto refusal = [] { return schemas::RefusalView{text(), whole()}; };
  const auto limit = [] { return schemas::LimitView{text(), text(), any<int>(), any<int>(), whole(), text()}; };
  const auto unable = [] { return schemas::UnableView{text(), text(), any<int>()}; };
  return {text(), whole(),        several(worker), whole(), whole(),   whole(), several(refusal), several(any<int>),
          text(), several(limit), several(unable), whole(), {whole()}, whole()};
}
inline schemas::Done done() {
  return {several([] { return schemas::DoneJob{token(), enumerator<schemas::DoneKind>()}; }), several(job)};
}

// The message at this place of the variant.
inline schemas::Message message_at(std::size_t index) {
  using namespace schemas;
  const std::vector<std::function<Message()>> makers{
      [] {
        return Ready{"w" + text(),   any<int>(), any<int>(), several(capability),
                     several(token), credit(),   credit(),   token()};
      },
      [] { return done(); },
      [] {
        return Failed{token(), enumerator<machines::CallError>(), whole(), text(), flag(),
                      flag(),  enumerator<machines::GiveUpCode>()};
      },
      [] { return Heartbeat{several(token)}; },
      [] { return Goodbye{several(token)}; },
      [] {
        return Welcome{whole(), whole()};
      },
      [] {
        return Refused{text(), whole()};
      },
      [] {
        return Assign{several(job), instant()};
      },
      [] { return release(); },
      [] { return released(); },
      [] {
        return Submit{{any<std::int32_t>()}, {whole()}, text(), instant()};
      },
      [] {
        return Submitted{{whole()}, enumerator<SubmitAnswer>(), text()};
      },
      [] { return Query{}; },
      [] { return broker_view(); },
      [] { return HandedBack{several(token)}; },
      [] { return Revoke{several(token)}; },
      [] { return Cancel{job_key()}; },
      [] {
        return Cancelled{job_key(), enumerator<CancelResult>()};
      },
  };
  RC_ASSERT(makers.size() == std::variant_size_v<Message>);
  return makers[index]();
}

inline schemas::VenueMessage venue_message_at(std::size_t index) {
  using namespace schemas;
  const std::vector<std::function<VenueMessage()>> makers{
      [] { return PlaceOrder{text(), text(), enumerator<Side>(), minor(), instant(), whole()}; },
      [] {
        return QueryOrder{text(), flag()};
      },
      [] { return CancelOrder{text()}; },
      [] {
        return OpenBar{text(), instant(), {whole()}};
      },
      [] { return StatementRequest{}; },
      [] {
        return HandTrade{text(), text(), enumerator<Side>(), minor(), instant()};
      },
      [] {
        return HandTransfer{text(), text(), minor(), instant()};
      },
      [] {
        return OrderReport{text(), enumerator<OrderStatus>(), text(),  flag(), several(fill),
                           text(), enumerator<Side>(),        minor(), whole()};
      },
      [] {
        return BarTaken{instant(), any<int>()};
      },
      [] {
        return Statement{several([] { return StatementLine{text(), minor()}; }), several(foreign_fill)};
      },
      [] {
        return VenueRefusal{text(), whole()};
      },
      [] {
        return KeyInfoRequest{text(), text(), whole(), text()};
      },
      [] { return KeyInfo{text(), flag(), flag(), flag(), flag(), whole(), whole()}; },
      [] { return VenueRulesRequest{}; },
      [] {
        return VenueRules{flag(), flag(), flag(), whole(), whole()};
      },
  };
  RC_ASSERT(makers.size() == std::variant_size_v<VenueMessage>);
  return makers[index]();
}

inline schemas::Message any_message() {
  return message_at(*rc::gen::inRange<std::size_t>(0, std::variant_size_v<schemas::Message>));
}
// Signed or not.
inline schemas::VenueFrame frame_of(schemas::VenueMessage message) {
  schemas::VenueFrame frame{any<std::uint64_t>(), std::move(message)};
  if (flag()) frame.signature = schemas::Signature{text(), text(), whole(), text()};
  frame.rate_used_ppm = whole();
  return frame;
}
inline schemas::VenueFrame any_frame() {
  return frame_of(venue_message_at(*rc::gen::inRange<std::size_t>(0, std::variant_size_v<schemas::VenueMessage>)));
}

}  // namespace tests
