#include "ingest/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/log_builder.h"

namespace caascan::dump {
namespace {

TEST(Base64, RoundTripsEveryLengthAndOctet) {
  std::string bytes;
  std::string out;
  for (int size = 0; size < 300; ++size) {
    ASSERT_TRUE(decode_base64(test::base64(bytes), out));
    ASSERT_EQ(out, bytes);
    bytes += static_cast<char>(size * 7);
  }
}

TEST(Base64, TakesTheUrlSafeAlphabetAndNoPadding) {
  std::string out;
  ASSERT_TRUE(decode_base64("-_8", out));
  EXPECT_EQ(out, "\xfb\xff");
  ASSERT_TRUE(decode_base64("+/8=", out));
  EXPECT_EQ(out, "\xfb\xff");
  ASSERT_TRUE(decode_base64("-w", out));
  EXPECT_EQ(out, "\xfb");
}

TEST(Base64, RejectsWhatIsNotBase64) {
  std::string out;
  for (const char* text :
       {"A", "AAAAA", "AA=A", "A===", "AAA.", "AA A", "\xc3\xbc\xc3\xbc", "=A=="}) {
    EXPECT_FALSE(decode_base64(text, out)) << text;
  }
}

}  // namespace
}  // namespace caascan::dump
