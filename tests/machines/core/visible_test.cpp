// tests/machines/core/visible_test.cpp: what a text of somebody else may not do to a terminal.
#include "machines/core/visible.hpp"

#include <gtest/gtest.h>

namespace machines {
namespace {

TEST(Visible, PlainTextOfAnyLanguageStaysAsItIs) {
  for (const char* text :
       {"", "ETH/USDT: 1'000 \\ \"x\"", "für \xe2\x82\xac 5, \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x99"})
    EXPECT_EQ(visible(text), text);
}

TEST(Visible, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(visible("\x1b[2Jgone"), "\\x1b[2Jgone");
  EXPECT_EQ(visible("a\nb\r\tc\x7f"), "a\\nb\\r\\tc\\x7f");
  EXPECT_EQ(visible(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible("\xc2\x9b"
                    "31m"),
            "\\x9b31m")
      << "the one-character form of ESC [";
  EXPECT_EQ(visible("\xe2\x80\xae"
                    "txt"),
            "\\u202etxt")
      << "turns the reading order";
  EXPECT_EQ(visible("\xe2\x80\xa8"), "\\u2028");
  EXPECT_EQ(visible("\xf3\xa0\x80\xa1"), "\\U000e0021");
}

TEST(Visible, BytesThatAreNoCharacterAreWrittenOut) {
  EXPECT_EQ(visible("\x9b"
                    "31m"),
            "\\x9b31m");
  EXPECT_EQ(visible("\xc0\x9b"), "\\xc0\\x9b") << "too long a form";
  EXPECT_EQ(visible("\xe2\x82"), "\\xe2\\x82") << "cut short";
  EXPECT_EQ(visible("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half a pair";
}

TEST(Visible, TheLinesOfATableStay) { EXPECT_EQ(visible_lines("a\n\x1b\nb"), "a\n\\x1b\nb"); }

}  // namespace
}  // namespace machines
