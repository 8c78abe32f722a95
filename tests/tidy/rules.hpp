// tests/tidy/rules.hpp: the house rules that a machine can check: who may include and link whom, lengths, first lines,
// words. Each rule looks at one file's text and says what it finds, one line a finding: "PATH:LINE: WHAT".
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tests::tidy {

struct File {
  std::string path;  // from the repository's top
  std::string text;
};
using Findings = std::vector<std::string>;

const std::vector<std::string>& top_folders();

// The include table of ARCHITECTURE.md over every #include.
Findings includes(const File& file);
// Libraries and headers that one folder keeps to itself: libpqxx, ZeroMQ, Protobuf's generated code, toml++, SQLite.
Findings kept_headers(const File& file);
// The same two rules over the DEPS and target_link_libraries of a CMakeLists.txt.
Findings links(const File& file);
// machines/ is pure: no throw, no try, no clock, no I/O, no randomness.
Findings purity(const File& file);
// A function has 70 lines at most, a file 500, unless it says "tidy: long because REASON".
Findings lengths(const File& file);
// A header begins with its path and a purpose; then #pragma once.
Findings first_line(const File& file);
// No note to self, no path of somebody's machine, no tab, no space at a line's end.
Findings words(const File& file);
// A line of C++ has 120 columns at most, also where the formatter leaves it alone (raw strings).
Findings width(const File& file);
// A loop goes over no part of a temporary (`for (x : f()["list"])`): before C++23 the whole is gone by then.
Findings loops(const File& file);
// No behaviour hangs on a sentence: the product compares no reason, error or message with a literal, in C++ or in SQL.
// Codes are for that. A folder that decodes the words of others may: ledger/store, deploy/cluster, workers/venues. A
// line that says "tidy: a sentence because REASON" passes.
Findings sentences(const File& file);
// Clocks, random bytes, SHA-256 and hex digits are had in ledger/env alone; tests may have their own.
Findings once(const File& file);
// A line of schemas/sql has 110 columns at most.
Findings sql_width(const File& file);
// A numbered migration holds no function and no trigger; functions/ holds nothing else but rights, each created once;
// and no SQL, in no file, changes the text of a function that the catalog has.
Findings sql_functions(const File& file);
// A function of schemas/sql/functions is a screen (80 lines), or in sections of a screen, each under a comment
// "========".
Findings sql_screens(const File& file);
// In deploy/ every text goes to a terminal through print_text() (deploy/terminal/print.hpp), which makes it visible
// first.
Findings printing(const File& file);
// deploy/operations prints nothing, reads no words of a command line and is told who asks.
Findings silence(const File& file);
// No folder of deploy is an attic: it has 30 sources and headers at most. `paths` are those of the whole repository; a
// finding names the folder.
Findings crowding(const std::vector<std::string>& paths);
// A page that people read. ARCHITECTURE.md has 2,300 words at most, the README.md of a top folder 10 to 40 lines. No
// page names, in backticks, a path below a top folder that is not there.
Findings pages(const File& file, const std::function<bool(const std::string& path)>& is_there);
// A suite that a page names behind its folder, as in `tests/ledger` (`Base`, `Rights`), is in a source below it.
Findings suites(const File& page, const std::vector<File>& files);
// Each source of deploy/cli, deploy/house, deploy/replay and workers/handlers has its test at the mirrored path below
// tests/, and that one is compiled: some CMakeLists.txt there names it. Asks for all files of the repository.
Findings untested(const std::vector<File>& files);
// How much of some headers is comment: lines that hold a comment (alone or behind code) over lines that are not blank.
struct CommentShare {
  int lines = 0;         // not blank
  int with_comment = 0;  // of these
  // Whole percent, rounded down; 100 where there is no line.
  [[nodiscard]] int percent() const;
};
// The share of each room (a folder with headers outside tests/), by its path. Other files count nothing.
std::map<std::string, CommentShare> comment_shares(const std::vector<File>& files);
// Of the lines of all headers outside tests/, 30 % hold a comment at least; of those of each room, 20 %.
Findings comments(const std::vector<File>& files);
// All of the rules on one file that fit the file's kind.
Findings all_rules(const File& file);

// The text without comments and with string and character contents blanked; lines stay where they are.
std::string code_only(const std::string& text);

// A function's place, from the line where its head begins to its closing brace.
struct Function {
  std::string head;
  int line = 0;
  int length = 0;
};
std::vector<Function> functions_of(const std::string& text);

}  // namespace tests::tidy
