// schemas/sql/migrations.hpp: the files of this folder, embedded in the program: the numbered migrations (tables and
// data) and the set of functions (functions, triggers, rights). Never reads a file, never throws.
#pragma once

#include <string_view>
#include <vector>

namespace schemas::sql {

struct File {
  std::string_view name;  // 0001_house.sql, commit.sql
  std::string_view sql;
};

// In order, from number 1, without gaps.
std::vector<File> migration_files();

// functions/*.sql in the order of their names, in which they are applied.
std::vector<File> function_files();

// functions/sets.txt: a line `NUMBER SHA256` for each set that there was, from 1 on, the last one for today's files;
// lines that begin with # say what it is for.
std::string_view known_sets();

}  // namespace schemas::sql
