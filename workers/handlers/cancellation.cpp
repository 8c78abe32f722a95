#include "workers/handlers/cancellation.hpp"

#include "machines/catalog/catalog.hpp"

namespace workers::handlers {

machines::Result<std::string_view, NotCancelled> cancelled(std::string_view kind, std::string_view command,
                                                           bool is_event, std::string_view state) {
  if (is_event) return machines::fail(NotCancelled::event_stands);
  const auto* known = machines::catalog::find(machines::catalog::kinds(), kind);
  if (known == nullptr) return machines::fail(NotCancelled::unlisted);
  return known->versions.back().cancelled(command, state);
}

std::string_view advice(NotCancelled why) {
  switch (why) {
    case NotCancelled::event_stands:
      return "what was said to a machine stands; it takes the event when it can";
    case NotCancelled::may_have_left:
      return "the venue may have the order already; `bursar job retry` asks it";
    case NotCancelled::venue_decides:
      return "without this job the order would hang in doubt; `bursar job retry` asks the venue again";
    case NotCancelled::timer_of_a_cycle:
      return "nothing else would wake the cycle; `bursar pause sleeve` keeps it from buying";
    case NotCancelled::review_of_a_vault:
      return "nothing else would order the vault's next review; `bursar pause vault` keeps it from moving coins";
    case NotCancelled::unlisted:
      return "no machine says what it would mean";
  }
  return "";
}

}  // namespace workers::handlers
