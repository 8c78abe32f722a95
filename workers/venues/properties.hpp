// workers/venues/properties.hpp: VenueProperties, what decides when a venue's word about an order is final. They are
// parameters of a venue, not constants. Pure: no I/O, no clock, no throw.
#pragma once

#include <cstdint>
#include <string>

namespace workers::venues {

struct VenueProperties {
  // for_ever: an id that ever stood for an order never makes a second one. among_open: it may, once its order has
  // ended.
  enum class Ids { for_ever, among_open };
  Ids ids = Ids::for_ever;
  // A cancel of an unknown id bars it: a request that comes later under this id makes no order.
  bool tombstones = true;
  // Milliseconds of wall time, 500 to 60,000: the longest life of a request. Nothing of it is taken later than this
  // after it was written, whether by the deadline that it carries or by its signature's window. 0: not known, a request
  // may come at any time; only where ids are unique for ever.
  std::int64_t request_life_ms = 5'000;
  // The venue takes nothing of a request after the moment that the request names.
  bool enforces_deadline = false;
  // Milliseconds of wall time, 1 to 60,000: what the venue has taken shows in its answers at the latest after this.
  std::int64_t settle_ms = 200;

  // Nothing, or what is wrong.
  [[nodiscard]] std::string validate() const {
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    if (settle_ms < 1 || settle_ms > 60'000) return "a settle window of " + number(settle_ms) + " ms: 1 to 60,000";
    if (request_life_ms != 0 && (request_life_ms < 500 || request_life_ms > 60'000))
      return "a request life of " + number(request_life_ms) + " ms: 500 to 60,000, or 0 where it is not known";
    if (enforces_deadline && request_life_ms == 0) return "a venue that enforces deadlines needs a request life";
    if (ids == Ids::among_open && tombstones)
      return "ids that are unique among open orders only can't be barred by a tombstone";
    if (ids == Ids::among_open && request_life_ms == 0)
      return "ids that are unique among open orders only need a request life, best by an enforced deadline: without "
             "one "
             "a late request may make a second order at any time";
    return {};
  }
  // Where this claims more than the venue `promises`: the first field, by its name in a configuration, and both values.
  // Nothing where it does not. How long a request lives is not compared where nothing hangs on it: a cancel bars its
  // id, or it carries a deadline of its own.
  [[nodiscard]] std::string claims_beyond(const VenueProperties& promised) const {
    const auto differ = [](const std::string& field, const std::string& here, const std::string& there) {
      return field + " is " + here + " in the worker's configuration, and the venue promises " + there;
    };
    const auto number = [](std::int64_t ms) { return std::to_string(ms); };
    if (ids == Ids::for_ever && promised.ids != Ids::for_ever) return differ("ids", "\"for_ever\"", "\"among_open\"");
    if (tombstones && !promised.tombstones) return differ("tombstones", "true", "false");
    if (enforces_deadline && !promised.enforces_deadline) return differ("deadline", "\"enforced\"", "\"none\"");
    const bool counts_life = !tombstones && !enforces_deadline && request_life_ms != 0;
    if (counts_life && (promised.request_life_ms == 0 || request_life_ms < promised.request_life_ms))
      return differ("request_life_ms", number(request_life_ms), number(promised.request_life_ms));
    if (settle_ms < promised.settle_ms) return differ("settle_ms", number(settle_ms), number(promised.settle_ms));
    return {};
  }
  bool operator==(const VenueProperties&) const = default;
};

}  // namespace workers::venues
