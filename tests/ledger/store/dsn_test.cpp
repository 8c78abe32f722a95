#include "ledger/store/dsn.hpp"

#include <gmock/gmock.h>

namespace ledger {
namespace {

TEST(Dsn, SettingsComeBeforeItsOwnOptionsAndDefaultsOnlyWhereItNamesNone) {
  EXPECT_EQ(with_settings("host=/run dbname=bursar", "-c jit=off", "connect_timeout=5 application_name=bursar"),
            "application_name='bursar' connect_timeout='5' dbname='bursar' host='/run' options='-c jit=off'");
  EXPECT_EQ(with_settings("connect_timeout=60 options='-c jit=on'", "-c jit=off", "connect_timeout=5"),
            "connect_timeout='60' options='-c jit=off -c jit=on'");
}

TEST(Dsn, AUriIsReadAsWell) {
  EXPECT_EQ(with_settings("postgresql://ann:p%27w@db.example:5433/books?options=-c%20jit%3Don", "-c a=b", ""),
            "dbname='books' host='db.example' options='-c a=b -c jit=on' password='p\\'w' port='5433' user='ann'");
}

TEST(Dsn, AddedOptionsWin) {
  EXPECT_EQ(with_options("options='-c role=ann'", "-c role=bursar_service"),
            "options='-c role=ann -c role=bursar_service'");
}

TEST(Dsn, ValuesWithQuotesAndBlanksSurvive) {
  const std::string odd = R"(password='a\'b\\c d')";
  EXPECT_EQ(with_options(odd, "-c x=y"), R"(options='-c x=y' password='a\'b\\c d')");
}

TEST(Dsn, WhatLibpqCannotReadComesBackAsItIs) {
  EXPECT_EQ(with_settings("nonsense", "-c jit=off", "connect_timeout=5"), "nonsense");
  EXPECT_EQ(with_options("host=a unknown_word=b", "-c jit=off"), "host=a unknown_word=b");
}

TEST(Dsn, APlainWayOverANetworkIsNamed) {
  EXPECT_EQ(plain_over_network("host=/run/postgresql dbname=bursar"), "");
  EXPECT_EQ(plain_over_network("host=127.0.0.1,localhost,::1"), "");
  EXPECT_THAT(plain_over_network("host=db.example"), testing::StartsWith("db.example is reached over a network"));
  EXPECT_THAT(plain_over_network("host=/run,db.example"), testing::StartsWith("db.example"));
  EXPECT_THAT(plain_over_network("host=localhost hostaddr=10.0.0.1"), testing::StartsWith("10.0.0.1"));
  EXPECT_THAT(plain_over_network("postgresql://ann@db.example/books?sslmode=require"),
              testing::StartsWith("db.example"));
  EXPECT_EQ(plain_over_network("host=db.example sslmode=verify-full"), "");
}

TEST(Dsn, TheLastStatementTimeoutCounts) {
  using std::chrono::milliseconds;
  EXPECT_EQ(statement_timeout("options='-c statement_timeout=600000 -c jit=off'"), milliseconds(600'000));
  EXPECT_EQ(statement_timeout("options='-c statement_timeout=9 -c statement_timeout=2s'"), milliseconds(2'000));
  EXPECT_EQ(statement_timeout("options='-c statement_timeout=1min -c jit=off'"), milliseconds(60'000));
  EXPECT_EQ(statement_timeout("options='-c statement_timeout=0'"), milliseconds(0));
  EXPECT_EQ(statement_timeout("options='-c statement_timeout=soon'"), milliseconds(0));
  EXPECT_EQ(statement_timeout("host=a"), milliseconds(0));
  EXPECT_EQ(statement_timeout("nonsense"), milliseconds(0));
}

TEST(Dsn, ABriskOneKeepsItsOwnTimeout) {
  EXPECT_EQ(statement_timeout(brisk("host=a")), std::chrono::milliseconds(30'000));
  EXPECT_EQ(statement_timeout(brisk("options='-c statement_timeout=7'")), std::chrono::milliseconds(7));
}

TEST(Dsn, EachHostKeepsItsPortAndAllTheRest) {
  using testing::ElementsAre;
  EXPECT_THAT(each_host("host=/a,db.b port=1,2 user=ann"),
              ElementsAre("host='/a' port='1' user='ann'", "host='db.b' port='2' user='ann'"));
  EXPECT_THAT(
      each_host("postgresql://ann@a,b:5433/books"),
      ElementsAre("dbname='books' host='a' port='' user='ann'", "dbname='books' host='b' port='5433' user='ann'"));
  EXPECT_THAT(each_host("host=a,b port=7"), ElementsAre("host='a' port='7'", "host='b' port='7'"));
  EXPECT_THAT(each_host("host=/a user=ann"), ElementsAre("host=/a user=ann"));
  EXPECT_THAT(each_host("nonsense"), ElementsAre("nonsense"));
}

}  // namespace
}  // namespace ledger
