#include "scanner/engine/lines.h"

#include <gtest/gtest.h>

namespace caascan::engine {
namespace {

void join(Lines& lines, LineId line, std::size_t times) {
  for (; times > 0; --times) lines.join(line);
}
// A line whose server sleeps.
LineId add(Lines& lines, double qps) {
  const LineId line = lines.add(qps);
  lines.sleep(line);
  return line;
}
void leave(Lines& lines, LineId line, std::size_t times) {
  for (; times > 0; --times) lines.leave(line);
}

TEST(Lines, AreFullWithASecondOfTheirRateWithinBounds) {
  Lines lines;
  for (const auto& [qps, full] :
       {std::pair{0.5, kLineMin}, {100.0, std::size_t{100}}, {100'000.0, kLineMax}}) {
    const LineId line = add(lines, qps);
    join(lines, line, full - 1);
    EXPECT_FALSE(lines.is_full(line)) << qps;
    lines.join(line);
    EXPECT_TRUE(lines.is_full(line)) << qps;
  }
  EXPECT_FALSE(lines.is_full(kNoLine));
}

TEST(Lines, AreNotFullWhileNoBudgetHoldsThemBack) {
  Lines lines;
  const LineId line = lines.add(20);
  join(lines, line, 100);
  EXPECT_FALSE(lines.is_full(line));
  lines.sleep(line);
  EXPECT_TRUE(lines.is_full(line));
  lines.wake(line);
  EXPECT_FALSE(lines.is_full(line));
}

TEST(Lines, WithLittleRoomALineMayFillASmallShareOfItAndAlwaysAFew) {
  Lines lines;
  const LineId line = add(lines, 100);
  join(lines, line, 50);
  lines.set_room(51 * kLineShareOfRoom);
  EXPECT_FALSE(lines.is_full(line));
  lines.set_room(50 * kLineShareOfRoom);
  EXPECT_TRUE(lines.is_full(line));
  leave(lines, line, 50 - kLineLeast);
  lines.set_room(0);
  EXPECT_TRUE(lines.is_full(line));
  lines.leave(line);
  EXPECT_FALSE(lines.is_full(line));
}

TEST(Lines, CallNamesBackWhenHalfEmptyAndOnceOnly) {
  Lines lines;
  const LineId line = add(lines, 100);
  join(lines, line, 100);
  for (int name = 0; name < 70; ++name) lines.put_away(line);
  leave(lines, line, 49);
  EXPECT_EQ(lines.short_lines(), 0u);
  leave(lines, line, 2);
  ASSERT_EQ(lines.short_lines(), 1u);
  EXPECT_EQ(lines.take_short(), line);
  EXPECT_EQ(lines.call_back(line), 51u);  // to a full line
  EXPECT_EQ(lines.outside(), 19u);
  // They are on their way; as long as they are, nobody else is called.
  leave(lines, line, 40);
  EXPECT_EQ(lines.short_lines(), 0u);
  leave(lines, line, 9);
  EXPECT_EQ(lines.short_lines(), 0u);
  lines.arrive(line);
  ASSERT_EQ(lines.short_lines(), 1u);
  EXPECT_EQ(lines.take_short(), line);
  EXPECT_EQ(lines.call_back(line), 19u);
  EXPECT_EQ(lines.outside(line), 0u);
}

TEST(Lines, HaveTheirTurnsInTheOrderInWhichTheyBecameShort) {
  Lines lines;
  const LineId first = add(lines, 20);
  const LineId second = add(lines, 20);
  for (const LineId line : {first, second}) {
    join(lines, line, 20);
    lines.put_away(line);
  }
  leave(lines, second, 20);
  leave(lines, first, 20);
  ASSERT_EQ(lines.short_lines(), 2u);
  EXPECT_EQ(lines.take_short(), second);
  EXPECT_EQ(lines.take_short(), first);
}

TEST(Lines, ThatHaveNobodyOutsideAreNeverShort) {
  Lines lines;
  const LineId line = add(lines, 20);
  join(lines, line, 20);
  leave(lines, line, 20);
  EXPECT_EQ(lines.short_lines(), 0u);
}

}  // namespace
}  // namespace caascan::engine
