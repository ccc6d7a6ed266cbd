#include "scanner/engine/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>

namespace caascan::engine {
namespace {

using std::chrono::milliseconds;

std::vector<std::uint64_t> expire(TimerWheel& wheel, Instant now) {
  std::vector<std::uint64_t> due;
  wheel.expire(now, due);
  return due;
}

TEST(TimerWheel, GivesNothingBeforeTheDeadlineAndEverythingSoonAfter) {
  const auto wheel = std::make_unique<TimerWheel>();
  wheel->add(7, Instant(milliseconds(1000)));
  EXPECT_TRUE(expire(*wheel, Instant(milliseconds(1000))).empty());
  EXPECT_EQ(expire(*wheel, Instant(milliseconds(1001))), std::vector<std::uint64_t>{7});
  EXPECT_EQ(wheel->size(), 0u);
}

TEST(TimerWheel, NextIsTheMomentAtWhichExpireGivesSomething) {
  const auto wheel = std::make_unique<TimerWheel>();
  EXPECT_EQ(wheel->next(), kNever);
  Instant now{};
  // Far more than one turn of the wheel, with deadlines on both sides of its seam.
  for (int i = 0; i < 5000; ++i) {
    wheel->add(static_cast<std::uint64_t>(i), now + milliseconds(1 + (i * 37) % 16000));
    const Instant next = wheel->next();
    ASSERT_NE(next, kNever);
    ASSERT_TRUE(expire(*wheel, next - Duration(1)).empty());
    ASSERT_FALSE(expire(*wheel, next).empty());
    now = next;
  }
}

TEST(TimerWheel, KeepsTimersThroughALongSleep) {
  const auto wheel = std::make_unique<TimerWheel>();
  wheel->add(1, Instant(milliseconds(5)));
  wheel->add(2, Instant(milliseconds(9000)));
  EXPECT_EQ(expire(*wheel, Instant(std::chrono::hours(5))), (std::vector<std::uint64_t>{1, 2}));
}

TEST(TimerWheel, KeepsTheOrderOfASlotHoweverOftenItsMemoryWasUsed) {
  const auto wheel = std::make_unique<TimerWheel>();
  for (int round = 0; round < 3; ++round) {
    const Instant now(milliseconds(100 * round));
    std::vector<std::uint64_t> near, far;
    for (std::uint64_t handle = 0; handle < 200; ++handle) {
      const bool is_near = handle % 3 == 0;
      wheel->add(handle, now + milliseconds(is_near ? 10 : 50));
      (is_near ? near : far).push_back(handle);
    }
    EXPECT_EQ(wheel->size(), 200u);
    EXPECT_EQ(expire(*wheel, now + milliseconds(20)), near);
    EXPECT_EQ(expire(*wheel, now + milliseconds(60)), far);
    EXPECT_EQ(wheel->next(), kNever);
  }
}

}  // namespace
}  // namespace caascan::engine
