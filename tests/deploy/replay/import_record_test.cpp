#include "deploy/replay/import_record.hpp"

#include <gmock/gmock.h>

namespace deploy {
namespace {

using workers::market::ImportReport;

TEST(ImportRecord, EveryFieldComesBack) {
  ImportReport report;
  std::int64_t next = 1;
  for (auto* count : {&report.rows, &report.hours, &report.duplicates, &report.differing_duplicates, &report.gaps,
                      &report.missing, &report.rejected, &report.out_of_order, &report.outside_range, &report.rounded,
                      &report.in_seconds, &report.in_milliseconds, &report.in_microseconds, &report.iso_dates,
                      &report.twelve_hour_dates, &report.other_dates})
    *count = next++;
  report.newest_first = true;
  report.first = {1'502'942'400'000'000};
  report.last = {1'622'942'400'000'000};
  report.levels = {{{7}, {100}, {1'000}}};
  report.rejections = {{{1'502'942'400'000'000}, "open", {1'000'000}, {30'161'000'000}},
                       {{1'502'946'000'000'000}, "close", {99'000'000}, {30'161'000'000}}};
  EXPECT_EQ(parse_import(write_import(report)), report);
}

TEST(ImportRecord, WhatAnEarlierVersionWroteReadsAsFarAsItGoes) {
  ImportReport report;
  report.rows = 7;
  report.newest_first = true;
  EXPECT_EQ(parse_import(R"({"rows":7,"newest_first":true})"), report);
  for (const char* text : {"", "no JSON", "[]", R"({"rows":"seven","rejections":[1,"x"]})"})
    EXPECT_EQ(parse_import(text), ImportReport{}) << text;
}

}  // namespace
}  // namespace deploy
