#include "scanner/engine/server_pace.h"

#include <gtest/gtest.h>

namespace caascan::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ServerPaceTest : public ::testing::Test {
 protected:
  void replies(int count, bool pushed_back) {
    for (int i = 0; i < count; ++i) pace_.on_reply(pushed_back, now_);
  }
  void silence(int count) {
    for (int i = 0; i < count; ++i) pace_.on_silence(now_);
  }
  ServerPace pace_;
  Instant now_{seconds(100)};
};

TEST_F(ServerPaceTest, AHealthyServerHasItsCap) {
  replies(1000, false);
  EXPECT_EQ(pace_.share(), 1);
  pace_.on_send(now_);
  EXPECT_LE(pace_.next_send(milliseconds(20)), now_);
}

TEST_F(ServerPaceTest, AJumpInRefusalsHalvesTheRateAndHoldsIt) {
  replies(200, false);
  replies(7, true);
  EXPECT_EQ(pace_.share(), 0.5);
  replies(50, true);
  EXPECT_EQ(pace_.share(), 0.5);  // held
  pace_.on_send(now_);
  EXPECT_EQ(pace_.next_send(milliseconds(20)), now_ + milliseconds(40));
}

TEST_F(ServerPaceTest, TroubleThatGoesOnHalvesItAgainButNotBelowTheLeast) {
  replies(200, false);
  for (int i = 0; i < 10; ++i) {
    replies(200, false);
    replies(12, true);
    now_ += ServerPace::kHold;
  }
  EXPECT_EQ(pace_.share(), ServerPace::kShareMin);
}

TEST_F(ServerPaceTest, WhatWasThereFromTheBeginningIsNoJump) {
  replies(1000, true);
  EXPECT_EQ(pace_.share(), 1);
}

TEST_F(ServerPaceTest, WhatStaysIsNoJumpAnyMore) {
  replies(200, false);
  replies(400, true);
  const double slowed = pace_.share();
  EXPECT_LT(slowed, 1);
  for (int i = 0; i < 60; ++i) {
    now_ += seconds(1);
    replies(10, true);
  }
  EXPECT_EQ(pace_.share(), 1);
}

TEST_F(ServerPaceTest, LossAtAServerThatAnswersHalvesTheRate) {
  replies(1, false);
  silence(20);
  EXPECT_EQ(pace_.share(), 0.5);
}

TEST_F(ServerPaceTest, ADeadServerIsNotCalledOverloaded) {
  silence(1000);
  EXPECT_EQ(pace_.share(), 1);
}

TEST_F(ServerPaceTest, OneLostDatagramInFiveEachWayIsNoTrouble) {
  for (int i = 0; i < 1000; ++i) {
    replies(16, false);
    silence(9);
  }
  EXPECT_EQ(pace_.share(), 1);
}

TEST_F(ServerPaceTest, HealthRaisesTheRateAgainAfterTheHold) {
  replies(200, false);
  replies(7, true);
  now_ += ServerPace::kHold;
  replies(20, false);
  EXPECT_EQ(pace_.share(), 0.5);
  now_ += seconds(4);
  replies(1, false);
  EXPECT_DOUBLE_EQ(pace_.share(), 0.5 + 4 * ServerPace::kSharePerSecond);
  now_ += seconds(10);
  replies(1, false);
  EXPECT_EQ(pace_.share(), 1);
}

}  // namespace
}  // namespace caascan::engine
