#include "output/time_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string_view>

namespace caascan {
namespace {

struct TimeCase {
  std::int64_t unix_s;
  std::string_view text;
};

TEST(TimeText, Rfc3339FromYear0To9999) {
  constexpr TimeCase kCases[] = {
      {0, "1970-01-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59Z"},
      {1'709'210'096, "2024-02-29T12:34:56Z"},
      {253'402'300'799, "9999-12-31T23:59:59Z"},
      {253'402'300'800, "9999-12-31T23:59:59Z"},
      {std::numeric_limits<std::int64_t>::max(), "9999-12-31T23:59:59Z"},
      {std::numeric_limits<std::int64_t>::min(), "0000-01-01T00:00:00Z"},
  };
  for (const TimeCase& test : kCases) EXPECT_EQ(rfc3339(test.unix_s), test.text);
}

TEST(TimeText, CompactTimeSortsAsTimeDoes) {
  EXPECT_EQ(compact_time(1'709'210'096), "20240229T123456Z");
  EXPECT_LT(compact_time(999'999'999), compact_time(1'000'000'000));
}

TEST(TimeText, ClockTextHasNoBound) {
  EXPECT_EQ(clock_text(0), "0:00:00");
  EXPECT_EQ(clock_text(-1), "0:00:00");
  EXPECT_EQ(clock_text(3723.9), "1:02:03");
  EXPECT_EQ(clock_text(360'000), "100:00:00");
}

}  // namespace
}  // namespace caascan
