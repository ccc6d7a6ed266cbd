// The counters that the promised pace and the promised order are judged by.
#include "tests/bench/asked.h"

#include <gtest/gtest.h>

#include <string>

namespace caascan::bench {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

TEST(AskedAddress, BusiestSecondIsOfAnyWindowNotOfTheClock) {
  AskedAddress asked;
  for (const double at_s : {0.1, 0.9, 1.0, 1.05, 1.2, 5.0})
    asked.count(static_cast<std::int64_t>(at_s * 1e9));
  EXPECT_EQ(6, asked.questions);
  EXPECT_EQ(4, asked.busiest_second);  // 0.1 to 1.05, and 0.9 to 1.2
}

TEST(AskedAddress, AWindowIsHalfOpen) {
  AskedAddress asked;
  asked.count(0);
  asked.count(kSecond_ns);
  EXPECT_EQ(1, asked.busiest_second);
  asked.count(2 * kSecond_ns - 1);
  EXPECT_EQ(2, asked.busiest_second);
}

TEST(AskedAddress, WhatIsReadLateCountsAtItsTime) {
  AskedAddress asked;
  asked.count(0);
  asked.count(kSecond_ns + 2);
  asked.count(kSecond_ns + 1);
  EXPECT_EQ(2, asked.busiest_second);
  EXPECT_EQ(3, asked.questions);
}

TEST(AskedDomains, TheFirstTimeIsToldThroughAllGrowth) {
  AskedDomains asked;
  constexpr int kDomains = 200'000;
  for (int i = 0; i < kDomains; ++i) EXPECT_TRUE(asked.count("d" + std::to_string(i)));
  for (int i = 0; i < kDomains; i += 2) EXPECT_FALSE(asked.count("d" + std::to_string(i)));
  EXPECT_EQ(kDomains, asked.domains());
  EXPECT_EQ(kDomains / 2, asked.asked_again());
  EXPECT_EQ(2, asked.most());
}

}  // namespace
}  // namespace caascan::bench
