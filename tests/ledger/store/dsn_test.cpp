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

}  // namespace
}  // namespace ledger
