// schemas/sql/migrations.hpp: the numbered migration files, embedded in the program in their order.
#pragma once

#include <string_view>
#include <vector>

namespace schemas::sql {

struct Migration {
  std::string_view name;  // 0001_ledger.sql
  std::string_view sql;
};

// In order, from number 1, without gaps.
std::vector<Migration> migrations();

}  // namespace schemas::sql
