#include "ledger/store/error.hpp"

namespace ledger {

StoreCause cause_of(std::string_view sqlstate) {
  struct Known {
    std::string_view sqlstate;
    StoreCause cause;
  };
  static constexpr Known known[] = {
      {"BU001", StoreCause::epoch_moved},      {"BU002", StoreCause::does_not_fit},
      {"BU003", StoreCause::step_epoch},       {"BU011", StoreCause::crossing},
      {"BU013", StoreCause::moved_on},         {"23505", StoreCause::duplicate},
      {"25P02", StoreCause::transaction_over}, {"42501", StoreCause::no_permission},
      {"42P01", StoreCause::not_ours},         {"3F000", StoreCause::not_ours},
      {"42883", StoreCause::not_ours},         {"28P01", StoreCause::wrong_password},
  };
  for (const Known& one : known)
    if (one.sqlstate == sqlstate) return one.cause;
  return sqlstate.substr(0, 2) == "23" ? StoreCause::constraint : StoreCause::other;
}

}  // namespace ledger
