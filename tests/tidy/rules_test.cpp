// tests/tidy/rules_test.cpp: each rule finds what it is for, and leaves good files alone.
#include "tests/tidy/rules.hpp"

#include <gmock/gmock.h>

namespace tests::tidy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Findings includes_in(const std::string& path, const std::string& name) {
  return includes({path, "#include \"" + name + "\"\n"});
}

TEST(Rules, TheIncludeTableIsKept) {
  EXPECT_THAT(includes_in("machines/order/decide.cpp", "machines/core/amount.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("machines/order/decide.cpp", "machines/order/decide.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("machines/sleeve_cycle/decide.hpp", "machines/strategy/momentum/momentum.hpp"), IsEmpty());
  EXPECT_THAT(
      includes_in("machines/order/decide.cpp", "machines/sleeve_cycle/decide.hpp"),
      ElementsAre("machines/order/decide.cpp:1: machines/order may not include machines/sleeve_cycle/decide.hpp"));
  EXPECT_THAT(includes_in("machines/catalog/catalog.cpp", "machines/sleeve_cycle/sleeve_cycle.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("machines/order/decide.cpp", "machines/catalog/catalog.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("machines/core/step.cpp", "machines/order/decide.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("machines/core/step.cpp", "ledger/store/connection.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("ledger/model/ledger.cpp", "ledger/store/connection.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("ledger/jobs/jobs.cpp", "ledger/store/connection.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("brokers/dispatch/dispatch.cpp", "machines/order/order.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("workers/harness/harness.cpp", "brokers/wire/socket.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("brokers/wire/socket.cpp", "workers/harness/harness.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("workers/harness/harness.cpp", "deploy/cluster/cluster.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("deploy/bursar/up.cpp", "tests/support/cluster.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("tests/support/cluster.cpp", "deploy/cluster/cluster.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("ledger/jobs/jobs.cpp", "jobs.hpp"), SizeIs(1)) << "not from the top";
}

TEST(Rules, NoArrowBetweenDeploysRoomsRunsBackUp) {
  EXPECT_THAT(includes_in("deploy/bursar/up.cpp", "deploy/cli/status.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("deploy/cli/jobs/jobs.cpp", "deploy/cli/context.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("deploy/cli/status.cpp", "deploy/house/stuck.hpp"), IsEmpty());
  EXPECT_THAT(includes_in("deploy/house/house.cpp", "deploy/cli/context.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("deploy/house/house.cpp", "deploy/bursar/up.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("deploy/report/html.cpp", "deploy/replay/results.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("deploy/terminal/print.hpp", "deploy/house/house.hpp"), SizeIs(1));
  EXPECT_THAT(links({"deploy/house/CMakeLists.txt", "bursar_library(deploy_house DEPS bursar_deploy_cli_jobs)\n"}),
              SizeIs(1));
}

TEST(Rules, ARoomOfDeployIsNoAttic) {
  std::vector<std::string> paths{"deploy/cli/CMakeLists.txt", "ledger/books/books.cpp"};
  for (int i = 0; i < 30; ++i) paths.push_back("deploy/cli/noun_" + std::to_string(i) + ".cpp");
  paths.push_back("deploy/cli/jobs/jobs.cpp");
  EXPECT_THAT(crowding(paths), IsEmpty());
  paths.push_back("deploy/cli/one_more.hpp");
  EXPECT_THAT(crowding(paths), ElementsAre("deploy/cli: 31 sources and headers; a room of deploy has 30 at most"));
}

TEST(Rules, APageForPeopleIsShortAndTrue) {
  const auto finds = [](const std::string& path, const std::string& text) {
    return pages({path, text}, [](const std::string& named) { return named == "ledger/jobs"; });
  };
  std::string words = "| --- |\n";
  for (int i = 0; i < 2'300; ++i) words += "word ";
  EXPECT_THAT(finds("ARCHITECTURE.md", words), IsEmpty()) << "a table's bars are no words";
  EXPECT_THAT(finds("ARCHITECTURE.md", words + "more"),
              ElementsAre("ARCHITECTURE.md:1: 2301 words; 2300 at most, or nobody reads it in ten minutes"));
  EXPECT_THAT(finds("README.md", words + "more"), IsEmpty());
  EXPECT_THAT(finds("ledger/README.md", std::string(10, '\n')), IsEmpty());
  EXPECT_THAT(finds("ledger/README.md", std::string(40, '\n')), IsEmpty());
  EXPECT_THAT(finds("ledger/README.md", std::string(41, '\n')),
              ElementsAre("ledger/README.md:1: 41 lines; the README of a top folder has 10 to 40"));
  EXPECT_THAT(finds("ledger/README.md", ""), SizeIs(1)) << "it isn't there";
  EXPECT_THAT(finds("ARCHITECTURE.md", "`up` asks `ledger/jobs` and\n`ledger/gone --all`, `ledger.claim`, `a/b`\n"),
              ElementsAre("ARCHITECTURE.md:2: there is no ledger/gone"));
  EXPECT_THAT(finds("ARCHITECTURE.md", "```mermaid\nit says `ledger/gone`\n```\n"), IsEmpty());
}

TEST(Rules, ASuiteIsWhereAPageSaysThatItIs) {
  const std::vector<File> files{{"tests/ledger/a_test.cpp", std::string("TE") + "ST_F(Base, Opens) {}\n"}};
  EXPECT_THAT(suites({"a.md", "| x | `tests/ledger` (`Base`), `tests/kill` |\n"}, files), IsEmpty());
  EXPECT_THAT(suites({"a.md", "\n`tests/ledger` (`Base`, `Bas`), `tests/kill` (`Base`)\n"}, files),
              ElementsAre("a.md:2: there is no Bas below tests/ledger", "a.md:2: there is no Base below tests/kill"));
}

TEST(Rules, EachSourceOfSomeRoomsHasItsTestAtTheMirroredPath) {
  const std::string test = "tests/deploy/cli/status_test.cpp";
  std::vector<File> files{{"deploy/cli/status.cpp", ""}, {"deploy/cli/status.hpp", ""}, {"deploy/report/html.cpp", ""}};
  EXPECT_THAT(untested(files), ElementsAre("deploy/cli/status.cpp: it has no test; write " + test));
  files.push_back({"tests/deploy/bursar/status_test.cpp", ""});
  EXPECT_THAT(untested(files), SizeIs(1)) << "another place";
  files.push_back({test, ""});
  EXPECT_THAT(untested(files), ElementsAre(test + ": it is in no program; name it in a CMakeLists.txt of tests"));
  files.push_back({"tests/deploy/bursar/CMakeLists.txt", "bursar_test(a SOURCES status_test.cpp LIBS b)\n"});
  EXPECT_THAT(untested(files), SizeIs(1)) << "another file";
  files.back().text = "bursar_test(a SOURCES house.cpp ../cli/status_test.cpp\n  LIBS b)\n";
  EXPECT_THAT(untested(files), IsEmpty());
  files.back().text = "bursar_test(a SOURCES ${CMAKE_SOURCE_DIR}/" + test + ")\n";
  EXPECT_THAT(untested(files), IsEmpty());
}

TEST(Rules, EachLibraryHasOneOwner) {
  const auto finds = [](const std::string& path, const std::string& name) {
    return kept_headers({path, "#include <" + name + ">\n"});
  };
  EXPECT_THAT(finds("ledger/store/connection.cpp", "pqxx/pqxx"), IsEmpty());
  EXPECT_THAT(finds("ledger/jobs/jobs.cpp", "pqxx/pqxx"),
              ElementsAre("ledger/jobs/jobs.cpp:1: only ledger/store includes libpqxx"));
  EXPECT_THAT(finds("brokers/wire/socket.cpp", "zmq.hpp"), IsEmpty());
  EXPECT_THAT(finds("brokers/service/service.cpp", "zmq.hpp"), SizeIs(1));
  EXPECT_THAT(finds("tests/brokers/wire/socket_test.cpp", "zmq.h"), SizeIs(1));
  EXPECT_THAT(finds("deploy/bursar/up.cpp", "toml++/toml.h"), SizeIs(1));
  EXPECT_THAT(kept_headers({"brokers/wire/x.cpp", "#include \"schemas/proto/wire.pb.h\"\n"}), SizeIs(1));
  EXPECT_THAT(kept_headers({"schemas/codec/x.cpp", "#include \"schemas/proto/wire.pb.h\"\n"}), IsEmpty());
}

TEST(Rules, TheLinkGraphRepeatsTheTable) {
  const auto finds = [](const std::string& folder, const std::string& deps) {
    return links({folder + "/CMakeLists.txt", "\nbursar_library(some_name DEPS\n  " + deps + ")\n"});
  };
  EXPECT_THAT(finds("machines/order", "bursar_machines_core"), IsEmpty());
  EXPECT_THAT(finds("machines/sleeve_cycle", "bursar_machines_core bursar_machines_strategy_momentum"), IsEmpty());
  EXPECT_THAT(finds("machines/order", "bursar_machines_sleeve_cycle"),
              ElementsAre("machines/order/CMakeLists.txt:2: machines/order may not link bursar_machines_sleeve_cycle"));
  EXPECT_THAT(finds("ledger/model", "bursar_ledger_store"), SizeIs(1));
  EXPECT_THAT(finds("brokers/service", "bursar_ledger_jobs PkgConfig::zmq"), SizeIs(1));
  EXPECT_THAT(finds("workers/harness", "PkgConfig::pqxx"), SizeIs(1));
  EXPECT_THAT(finds("ledger/jobs", "bursar_deploy_cluster"), SizeIs(1));
}

TEST(Rules, MachinesArePure) {
  const auto finds = [](const std::string& text) { return purity({"machines/order/decide.cpp", text}); };
  EXPECT_THAT(finds("#include <vector>\n#include <boost/multiprecision/cpp_int.hpp>\n"), IsEmpty());
  EXPECT_THAT(finds("#include <chrono>\n"), SizeIs(1));
  EXPECT_THAT(finds("#include <fmt/format.h>\n"), SizeIs(1));
  EXPECT_THAT(finds("void f() {\n  throw 1;\n}\n"),
              ElementsAre("machines/order/decide.cpp:2: machines are pure: no throw"));
  EXPECT_THAT(finds("// it does not throw anything\nconst char* t = \"try me\";\n"), IsEmpty());
  EXPECT_THAT(purity({"ledger/store/connection.cpp", "#include <chrono>\n"}), IsEmpty());
}

std::string function_of(int lines) {
  std::string text = "namespace a {\nvoid long_one(int x) {\n";
  for (int i = 2; i < lines; ++i) text += "  ++x;\n";
  return text + "}\n}  // namespace a\n";
}

TEST(Rules, LengthsAreHard) {
  EXPECT_THAT(lengths({"a/b.cpp", function_of(70)}), IsEmpty());
  EXPECT_THAT(lengths({"a/b.cpp", function_of(71)}), ElementsAre("a/b.cpp:2: 71 lines; a function has 70 at most"));
  EXPECT_THAT(lengths({"a/b.cpp", "// tidy: long because the table is one\n" + function_of(71)}), IsEmpty());
  EXPECT_THAT(lengths({"a/b.cpp", "// tidy: long because\n" + function_of(71)}), SizeIs(1)) << "a reason is words";
  std::string many;
  for (int i = 0; i < 500; ++i) many += "int x;\n";
  EXPECT_THAT(lengths({"a/b.sql", many}), IsEmpty());
  EXPECT_THAT(lengths({"a/b.sql", many + "\n"}), SizeIs(1));
}

TEST(Rules, FunctionsAreFoundByTheirBraces) {
  const std::vector<Function> found = functions_of(R"x(
#define MACRO(x) { x }
namespace a {
struct S {
  S(int x) : one_{x}, two_{x, {1}} {
    go();
  }
  int get() const { return one_; }
  int one_{0};
};
enum class E { a, b };
const auto table = make({
  {1, 2},
  {3, 4},
});
int free_one(
    int x) {
  if (x) {
    return [&] { return "}"; }();  // }
  }
  return '{' + 1'000;
}
}
)x");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].line, 5);
  EXPECT_EQ(found[0].length, 3);
  EXPECT_EQ(found[1].line, 8);
  EXPECT_EQ(found[1].length, 1);
  EXPECT_EQ(found[2].line, 16);
  EXPECT_EQ(found[2].length, 7);
}

TEST(Rules, AHeaderSaysWhatItIs) {
  EXPECT_THAT(first_line({"a/b.hpp", "// a/b.hpp: does it.\n#pragma once\n"}), IsEmpty());
  EXPECT_THAT(first_line({"a/b.hpp", "// b.hpp: does it.\n#pragma once\n"}), SizeIs(1));
  EXPECT_THAT(first_line({"a/b.hpp", "// a/b.hpp: does it.\n"}), SizeIs(1));
  EXPECT_THAT(first_line({"a/b.cpp", "int x;\n"}), IsEmpty());
}

TEST(Rules, SomeWordsAreNotWritten) {
  const std::string note = std::string("TO") + "DO";
  EXPECT_THAT(words({"a/b.cpp", "// " + note + " later\n"}), SizeIs(1));
  EXPECT_THAT(words({"a/b.cpp", "int " + note + "LIST;\n"}), IsEmpty());
  EXPECT_THAT(words({"a/b.cpp", std::string("// /wo") + "rk/main\n"}), SizeIs(1));
  EXPECT_THAT(words({"a/b.cpp", "int x;\t\n"}), SizeIs(1));
  EXPECT_THAT(words({"a/b.cpp", "int x; \n"}), SizeIs(1));
}

TEST(Tidy, SeesWideLines) {
  EXPECT_THAT(width({"a/b.cpp", "\n" + std::string(121, 'x') + "\n"}),
              ElementsAre("a/b.cpp:2: 121 columns; 120 at most"));
  EXPECT_THAT(width({"a/b.cpp", std::string(120, 'x') + "\n"}), IsEmpty());
  std::string wide = "// ";
  for (int i = 0; i < 117; ++i) wide += "\u00e9";
  EXPECT_THAT(width({"a/b.cpp", wide + "\n"}), IsEmpty()) << "a letter is one column";
}

TEST(Rules, ALoopGoesOverNoPartOfATemporary) {
  const std::string body = ") one();\n";
  EXPECT_THAT(loops({"a/b.cpp", "\nfor (const auto& x : f(1)[\"list\"]" + body}),
              ElementsAre("a/b.cpp:2: a loop over a part of a temporary: give the whole a name"));
  EXPECT_THAT(loops({"a/b.cpp", "for (auto x : f()->list" + body}), SizeIs(1));
  EXPECT_THAT(loops({"a/b.cpp", "for (auto x : whole[\"list\"]) f()[1];\n"}), IsEmpty());
  EXPECT_THAT(loops({"a/b.cpp", "for (auto x : f().list" + body}), IsEmpty()) << "a member keeps the whole";
  EXPECT_THAT(loops({"a/b.cpp", "for (int i = 0; i < f()[1]; ++i" + body}), IsEmpty());
}

TEST(Rules, SqlHas110Columns) {
  EXPECT_THAT(sql_width({"schemas/sql/0001_a.sql", std::string(110, 'x') + "\n"}), IsEmpty());
  EXPECT_THAT(sql_width({"schemas/sql/functions/a.sql", "\n" + std::string(111, 'x') + "\n"}),
              ElementsAre("schemas/sql/functions/a.sql:2: 111 columns; 110 at most"));
  EXPECT_THAT(sql_width({"tests/bench/a.sql", std::string(111, 'x') + "\n"}), IsEmpty());
}

TEST(Rules, FunctionsAreNotInMigrationsNorPatched) {
  const std::string migration = "schemas/sql/0001_a.sql", set = "schemas/sql/functions/a.sql";
  for (const char* sql : {"CREATE FUNCTION f() RETURNS int", "create or replace function f()", "DROP FUNCTION f()",
                          "CREATE TRIGGER t BEFORE UPDATE", "  EXECUTE 'CREATE CONSTRAINT TRIGGER t'"})
    EXPECT_THAT(sql_functions({migration, sql}), SizeIs(1)) << sql;
  EXPECT_THAT(sql_functions({migration, "-- CREATE FUNCTION is for functions/\nCREATE TABLE t (x int);\n"}), IsEmpty());
  EXPECT_THAT(sql_functions({set, "CREATE FUNCTION f() RETURNS int\nCREATE CONSTRAINT TRIGGER t\nGRANT EXECUTE\n"}),
              IsEmpty());
  for (const char* sql :
       {"CREATE OR REPLACE FUNCTION f()", "DROP FUNCTION f()", "ALTER FUNCTION f() SET x = 1", "CREATE TABLE t (x int)",
        "ALTER TABLE t ADD", "CREATE UNIQUE INDEX i", "INSERT INTO leaving VALUES (1)", "UPDATE setting SET value = 1"})
    EXPECT_THAT(sql_functions({set, sql}), SizeIs(1)) << sql;
  // In pieces: this file keeps the rule too.
  const std::string source = std::string("pg_get_function") + "def(", column = std::string("pro") + "src";
  EXPECT_THAT(sql_functions({migration, "  f text := " + source + "1);"}), SizeIs(1));
  EXPECT_THAT(sql_functions({set, "SELECT p." + column + " FROM pg_proc p"}), SizeIs(1));
  for (const std::string path : {"ledger/store/a.cpp", "tests/a.cpp", "deploy/up/a.sh"}) {
    EXPECT_THAT(sql_functions({path, "run(\"DO $$ EXECUTE replace(" + source + "1), 'a', 'b') $$\")"}), SizeIs(1));
    EXPECT_THAT(sql_functions({path, "run(\"SELECT replace(p." + column + ", 'a', 'b')\")"}), SizeIs(1));
    EXPECT_THAT(sql_functions({path, "run(\"SELECT " + source + "p.oid) FROM pg_proc p\")"}), IsEmpty())
        << "to look at it is another thing";
    EXPECT_THAT(sql_functions({path, "\nrun(\"DO $$ EXECUTE replace(\"\n    \"" + source + "1), 'a', 'b') $$\")"}),
                ElementsAre(StartsWith(path + ":2: a function is written where it stands")));
  }
}

TEST(Rules, ALongSqlFunctionHasSections) {
  const auto function_of_lines = [](int before, int after) {
    std::string text = "CREATE FUNCTION f() RETURNS int AS $$\n";
    for (int line = 1; line < before; ++line) text += "x\n";
    if (after > 0) text += "  -- ======== The other half.\n";
    for (int line = 1; line < after; ++line) text += "x\n";
    return File{"schemas/sql/functions/a.sql", text + "END $$;\n"};
  };
  EXPECT_THAT(sql_screens(function_of_lines(80, 0)), IsEmpty());
  EXPECT_THAT(sql_screens(function_of_lines(81, 0)),
              ElementsAre("schemas/sql/functions/a.sql:1: 81 lines; a section has 80 at most"));
  EXPECT_THAT(sql_screens(function_of_lines(80, 80)), IsEmpty());
  EXPECT_THAT(sql_screens(function_of_lines(40, 81)),
              ElementsAre("schemas/sql/functions/a.sql:41: 81 lines; a section has 80 at most"));
}

TEST(Rules, HeadersSayTheirContractsInWords) {
  const std::string bare = "#pragma once\n\nint f();\nint g();\nint h();\n", said = "// What f does.\n";
  EXPECT_THAT(comments({{"ledger/a/a.hpp", bare}}),
              ElementsAre(StartsWith("ledger/a: 0 %"), StartsWith("all headers: 0 %")));
  EXPECT_THAT(comments({{"ledger/a/a.hpp", said + bare}}), ElementsAre(StartsWith("all headers: 20 %")));
  EXPECT_THAT(comments({{"ledger/a/a.hpp", said + said + bare}}), IsEmpty());
  const std::string much = said + said + said + said + said + said;
  EXPECT_THAT(comments({{"ledger/a/a.hpp", bare}, {"ledger/b/b.hpp", much}}), ElementsAre(StartsWith("ledger/a: 0 %")))
      << "no room hides behind another";
  EXPECT_THAT(comments({{"tests/a.hpp", bare}, {"ledger/a/a.cpp", bare}}), IsEmpty());
  const CommentShare share =
      comment_shares({{"ledger/a/a.hpp", "int f();  // in seconds\nauto u = \"http://x\";\n"}}).at("ledger/a");
  EXPECT_EQ(share.with_comment, 1) << "a comment behind code counts, an address in a text does not";
  EXPECT_EQ(share.lines, 2);
}

TEST(Rules, NoBehaviourHangsOnASentence) {
  const auto finds = [](const std::string& line, const std::string& path = "workers/harness/a.cpp") {
    return sentences({path, "\n" + line + "\n"});
  };
  for (const std::string line :
       {"if (why.reason.find(\"not known here\") != std::string::npos)", "if (reason.starts_with(\"no such\"))",
        "if (answer->reason_.ends_with(\"finished\"))", "if (error.text.contains(\"permission denied\"))",
        "return result.error().text.starts_with(\"[42501]\");", "if (failure.text == \"no answer\")",
        "if (one.reason != \"later\")", "if (\"later\" == job.last_error)", "if (job.parked == \"kills_worker\")",
        "if (std::string_view(error.what()).find(\"cached plan\") != npos)", "if (reason.rfind(\"above\", 0) == 0)",
        "if (reason.compare(0, 5, \"above\") == 0)", "if (broker->message == \"gone\")",
        "desk.groups({.reason = \"no worker here knows \"}, now)", "\"SELECT 1 WHERE last_error LIKE 'waits for %'\"",
        "\"SELECT 1 WHERE starts_with(last_error, 'waits')\"", "\"SELECT 1 WHERE j.parked = 'kills_worker'\""})
    EXPECT_THAT(finds(line), ElementsAre("workers/harness/a.cpp:2: it hangs on a sentence: give it a code")) << line;
  for (const std::string sql : {"WHERE last_error NOT LIKE 'waits%'", "WHERE j.last_error ~ 'waits'",
                                "AND position('waits' IN s.reason) > 0", "AND j.parked IN ('a', 'b')"})
    EXPECT_THAT(finds(sql, "schemas/sql/functions/a.sql"), SizeIs(1)) << sql;
  for (const std::string line :
       {"answer.reason = \"no such instance\";", "if (why.code == GiveUpCode::not_known_here)",
        "if (rows->text(0, 0) == \"in_flight\")", "if (text.starts_with(\"PG\"))", "if (said.reason.empty())",
        "if (one.reason != \"\")", "// if (reason == \"later\")", "reason + (name == \"x\" ? \"y\" : \"z\")",
        "WHERE j.parked IS NULL AND error_class = $1"})
    EXPECT_THAT(finds(line), IsEmpty()) << line;
  EXPECT_THAT(finds("if (what == \"a\" || error.text == \"b\")", "ledger/store/connection.cpp"), IsEmpty());
  EXPECT_THAT(finds("EXPECT_TRUE(reason == \"later\");", "tests/a_test.cpp"), IsEmpty());
  EXPECT_THAT(sentences({"deploy/a.cpp", "// tidy: a sentence because it is one\nif (reason == \"later\")\n"}),
              IsEmpty());
}

TEST(Rules, TextGoesToATerminalOneWay) {
  EXPECT_THAT(printing({"deploy/bursar/a.cpp", "void f() { fmt::print(\"x\"); }\n"}), SizeIs(1));
  EXPECT_THAT(printing({"deploy/bursar/a.cpp", "// fmt::print(\nvoid f() { print_text(\"x\"); }\n"}), IsEmpty());
  EXPECT_THAT(printing({"tests/a.cpp", "void f() { fmt::print(\"x\"); }\n"}), IsEmpty());
}

TEST(Rules, OperationsAreSilentAndToldWhoAsks) {
  const auto finds = [](const std::string& text) { return silence({"deploy/operations/a.cpp", text}); };
  for (const char* header : {"<iostream>", "<cstdio>", "<CLI/CLI.hpp>", "\"deploy/terminal/print.hpp\""})
    EXPECT_THAT(finds(std::string("#include ") + header + "\n"), SizeIs(1)) << header;
  EXPECT_THAT(finds("#include <string>\n#include \"deploy/house/stuck.hpp\"\n"), IsEmpty());
  EXPECT_THAT(finds("void f() { who_asks(); }\n"), SizeIs(1));
  EXPECT_THAT(silence({"deploy/cli/a.cpp", "#include <iostream>\n"}), IsEmpty());
  EXPECT_THAT(includes_in("deploy/operations/a.cpp", "deploy/cli/context.hpp"), SizeIs(1));
  EXPECT_THAT(includes_in("deploy/cli/a.cpp", "deploy/operations/error.hpp"), IsEmpty());
}

TEST(Once, ClocksRandomBytesHashesAndHexAreFoundOutsideTheirRoom) {
  const std::vector<std::string> twice{"SHA256(text.data(), text.size(), hash);",
                                       "EVP_Digest(a, n, to, nullptr, EVP_sha256(), nullptr);",
                                       "EVP_DigestUpdate(context, a, n);",
                                       "RAND_bytes(a, n);",
                                       "getrandom(a, n, 0);",
                                       "std::random_device device;",
                                       "x = \"0123456789abcdef\"[n];",
                                       "x += fmt::format(\"{:02x}\", byte);",
                                       "const auto now = std::chrono::system_clock::now();",
                                       "clock_gettime(CLOCK_REALTIME, &at);",
                                       "std::chrono::steady_clock::now().time_since_epoch()"};
  for (const std::string& line : twice) {
    EXPECT_THAT(once({"workers/harness/a.cpp", "\n" + line + "\n"}), SizeIs(1)) << line;
    EXPECT_THAT(once({"ledger/env/a.cpp", line}), IsEmpty()) << line;
    EXPECT_THAT(once({"tests/a/b.cpp", line}), IsEmpty()) << line;
    EXPECT_THAT(once({"workers/harness/a.cpp", "// " + line}), IsEmpty()) << line;
  }
  for (const char* line : {"until = std::chrono::steady_clock::now() + limit;", "EVP_DigestSignInit(c, n, n, n, key);",
                           "HMAC(EVP_sha256(), key, n, a, n, to, nullptr);", "std::string sha256;"})
    EXPECT_THAT(once({"workers/harness/a.cpp", line}), IsEmpty()) << line;
}

}  // namespace
}  // namespace tests::tidy
