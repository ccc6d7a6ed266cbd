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

TEST_F(ServerPaceTest, AServerThatNeverAnsweredIsSilentAfterThreeWaitsAndItsPausesGrow) {
  silence(2);
  EXPECT_FALSE(pace_.is_silent());
  EXPECT_EQ(pace_.share(), 1);
  silence(1);
  EXPECT_TRUE(pace_.is_silent());
  EXPECT_EQ(pace_.share(), 0.5);
  for (int i = 0; i < 10; ++i) {
    now_ += ServerPace::kHold;
    silence(1);
  }
  EXPECT_EQ(pace_.share(), ServerPace::kShareMin);
}

TEST_F(ServerPaceTest, AServerThatHasAnsweredIsSilentAfterTwelveWaitsUntilItAnswers) {
  replies(1, false);
  silence(11);
  EXPECT_FALSE(pace_.is_silent());
  silence(1);
  EXPECT_TRUE(pace_.is_silent());
  replies(1, false);
  EXPECT_FALSE(pace_.is_silent());
}

TEST_F(ServerPaceTest, WhatIsNoAnswerShowsThatAServerLives) {
  silence(3);
  pace_.on_sign_of_life();
  EXPECT_FALSE(pace_.is_silent());
}

TEST_F(ServerPaceTest, OneQuestionInTenMayBeAskedAgain) {
  int repeats = 0;
  for (int i = 0; i < 1000; ++i) {
    pace_.on_send(now_);
    if (!pace_.may_repeat()) continue;
    pace_.on_repeat();
    ++repeats;
  }
  EXPECT_NEAR(repeats, 100 + ServerPace::kRepeatsAtFirst, 1);
}

TEST_F(ServerPaceTest, RepeatsThatWereNotNeededAreSavedUpToABound) {
  for (int i = 0; i < 100000; ++i) pace_.on_send(now_);
  int repeats = 0;
  for (; pace_.may_repeat(); ++repeats) pace_.on_repeat();
  EXPECT_EQ(repeats, ServerPace::kRepeatsMax);
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
