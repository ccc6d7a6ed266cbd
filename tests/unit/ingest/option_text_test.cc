#include "ingest/option_text.h"

#include <gtest/gtest.h>

namespace caascan {
namespace {

TEST(ReadTime, TakesRfc3339WithZoneAndDatesAlone) {
  EXPECT_EQ(read_time("--at", "1970-01-01T00:00:00Z", 0), 0);
  EXPECT_EQ(read_time("--at", "2026-11-01T00:00:00Z", 0), 1793491200);
  EXPECT_EQ(read_time("--at", "2026-11-01", 0), 1793491200);
  EXPECT_EQ(read_time("--at", "2026-11-01T02:00:00+02:00", 0), 1793491200);
  EXPECT_EQ(read_time("--at", "2026-10-31T23:30:00-00:30", 0), 1793491200);
  EXPECT_EQ(read_time("--at", "2024-02-29T12:00:60z", 0), 1709208060);
  EXPECT_EQ(read_time("--at", "now", 42), 42);
}

TEST(ReadTime, RefusesWhatIsNoMoment) {
  for (const char* text :
       {"", "2026-11-01T00:00:00", "2026-11-1", "2026-02-30", "2026-13-01", "2026-11-01T24:00:00Z",
        "2026-11-01T00:60:00Z", "2026-11-01 00:00:00Z", "2026-11-01T00:00:00Zx",
        "2026-11-01T00:00:00+2:00", "2026-11-01T00:00:00+25:00", "+026-11-01", "20261101"}) {
    EXPECT_FALSE(read_time("--at", text, 0)) << text;
  }
}

TEST(ReadSize, TakesBinaryUnitsOfAtLeast32MiB) {
  EXPECT_EQ(read_size("--memory", "32MiB"), 32u << 20);
  EXPECT_EQ(read_size("--memory", "32768KiB"), 32u << 20);
  EXPECT_EQ(read_size("--memory", "2GiB"), 2ULL << 30);
  for (const char* text : {"", "32", "32MB", "-1GiB", "31MiB", "99999999999999GiB", "1.5GiB"}) {
    EXPECT_FALSE(read_size("--memory", text)) << text;
  }
}

TEST(BadValue, ShowsHostileTextEscaped) {
  EXPECT_EQ(bad_value("--at", "\x1b[2J", "a time").error(), "--at: '\\027[2J' is not a time");
}

}  // namespace
}  // namespace caascan
