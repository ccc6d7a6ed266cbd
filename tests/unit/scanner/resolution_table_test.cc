#include "scanner/engine/resolution_table.h"

#include <gtest/gtest.h>

namespace caascan::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class ResolutionTableTest : public testing::Test {
 protected:
  static Question question(const char* text) {
    return {wire::DnsName::from_text(text).value(), wire::RecordType::kCaa};
  }
  static Instant at(int s) { return Instant(seconds(s)); }
  std::vector<std::uint32_t> told() {
    std::vector<std::uint32_t> waiters;
    table_.deliver([&](std::uint32_t, Waiter waiter, const Question&, const Resolution&) {
      waiters.push_back(waiter.index);
    });
    return waiters;
  }
  std::uint32_t ended(const char* text, bool failed, int asked_s, int finished_s) {
    const auto asked = table_.ask(question(text), Instant{}, Waiter{0}, at(asked_s));
    table_.resolution(asked.index).failed = failed;
    table_.resolution(asked.index).ttl = minutes(1);
    table_.finish(asked.index, at(finished_s));
    told();
    return asked.index;
  }
  bool is_new(const char* text, Instant fresh_after, Instant now) {
    return table_.ask(question(text), fresh_after, Waiter{9}, now).is_new;
  }
  ResolutionTable table_{1 << 20};
};

TEST_F(ResolutionTableTest, EqualQuestionsShareOneResolutionAndAllAreToldOnceInOrder) {
  const auto first = table_.ask(question("a.com"), Instant{}, Waiter{1}, at(0));
  const auto second = table_.ask(question("a.com"), Instant{}, Waiter{2}, at(1));
  EXPECT_TRUE(first.is_new);
  EXPECT_FALSE(second.is_new);
  EXPECT_EQ(first.index, second.index);
  EXPECT_EQ(table_.under_way(), 1u);
  EXPECT_FALSE(table_.has_deliveries());
  table_.finish(first.index, at(2));
  EXPECT_EQ(table_.under_way(), 0u);
  EXPECT_EQ(told(), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_FALSE(table_.has_deliveries());
}

TEST_F(ResolutionTableTest, AGoodAnswerIsReusedForItsTtlWhateverTheRound) {
  ended("a.com", false, 0, 0);
  EXPECT_FALSE(is_new("a.com", at(50), at(60)));
  EXPECT_EQ(told(), (std::vector<std::uint32_t>{9}));
  EXPECT_TRUE(is_new("a.com", Instant{}, at(61)));
}

TEST_F(ResolutionTableTest, AFailureIsReusedForFiveMinutesAndNeverByALaterRound) {
  ended("a.com", true, 10, 12);
  EXPECT_FALSE(is_new("a.com", at(10), at(12) + kFailureTtl));
  told();
  EXPECT_TRUE(is_new("a.com", at(11), at(13)));
}

TEST_F(ResolutionTableTest, AFailureIsForgottenAfterFiveMinutes) {
  ended("a.com", true, 10, 12);
  EXPECT_TRUE(is_new("a.com", Instant{}, at(12) + kFailureTtl + Duration(1)));
}

TEST_F(ResolutionTableTest, WhatFailedByTheBoundsOfOneLookupIsNotReusedByAnother) {
  const auto asked = table_.ask(question("a.com"), Instant{}, Waiter{0}, at(0));
  table_.resolution(asked.index).failed = true;
  table_.resolution(asked.index).limited = true;
  table_.finish(asked.index, at(1));
  EXPECT_TRUE(is_new("a.com", Instant{}, at(1)));
}

TEST_F(ResolutionTableTest, ALaterRoundDoesNotJoinAQuestionThatWasAskedBeforeIt) {
  const auto old = table_.ask(question("a.com"), Instant{}, Waiter{1}, at(0));
  const auto fresh = table_.ask(question("a.com"), at(1), Waiter{2}, at(1));
  EXPECT_TRUE(fresh.is_new);
  EXPECT_NE(old.index, fresh.index);
  table_.finish(old.index, at(2));
  EXPECT_EQ(told(), (std::vector<std::uint32_t>{1}));
  table_.finish(fresh.index, at(3));
  EXPECT_EQ(told(), (std::vector<std::uint32_t>{2}));
}

TEST_F(ResolutionTableTest, UseShowsGoodAnswersOnly) {
  EXPECT_EQ(table_.use(question("a.com"), {}, at(0)), nullptr);
  ended("a.com", false, 0, 0);
  ended("b.com", true, 0, 0);
  EXPECT_NE(table_.use(question("a.com"), {}, at(60)), nullptr);
  EXPECT_EQ(table_.use(question("a.com"), {}, at(61)), nullptr);
  EXPECT_EQ(table_.use(question("b.com"), {}, at(0)), nullptr);
}

TEST_F(ResolutionTableTest, WhoIsStillToBeToldKeepsAnAnswerThatTheBudgetDropped) {
  ResolutionTable tiny(0);
  const auto asked = tiny.ask(question("a.com"), Instant{}, Waiter{7}, at(0));
  tiny.resolution(asked.index).has_rrset = true;
  tiny.finish(asked.index, at(1));
  EXPECT_EQ(tiny.use(question("a.com"), {}, at(1)), nullptr);
  int told = 0;
  tiny.deliver([&](std::uint32_t, Waiter waiter, const Question&, const Resolution& resolution) {
    ++told;
    EXPECT_EQ(waiter.index, 7u);
    EXPECT_TRUE(resolution.has_rrset);
  });
  EXPECT_EQ(told, 1);
}

TEST_F(ResolutionTableTest, TheLeastRecentlyUsedAnswerMakesRoom) {
  ResolutionTable two(2 * ResolutionTable::kEntryBytes);
  for (const char* text : {"a.com", "b.com", "c.com"}) {
    if (text[0] == 'c') static_cast<void>(two.ask(question("a.com"), Instant{}, Waiter{0}, at(0)));
    const auto asked = two.ask(question(text), Instant{}, Waiter{0}, at(0));
    two.finish(asked.index, at(0));
  }
  EXPECT_NE(two.use(question("a.com"), {}, at(0)), nullptr);
  EXPECT_EQ(two.use(question("b.com"), {}, at(0)), nullptr);
  EXPECT_NE(two.use(question("c.com"), {}, at(0)), nullptr);
}

TEST_F(ResolutionTableTest, AnAnswerThatIsUsedStays) {
  ResolutionTable two(2 * ResolutionTable::kEntryBytes);
  for (const char* text : {"a.com", "b.com", "c.com"}) {
    if (text[0] == 'c') {
      EXPECT_NE(two.use(question("a.com"), {}, at(0)), nullptr);
    }
    two.finish(two.ask(question(text), Instant{}, Waiter{0}, at(0)).index, at(0));
  }
  EXPECT_NE(two.use(question("a.com"), {}, at(0)), nullptr);
  EXPECT_EQ(two.use(question("b.com"), {}, at(0)), nullptr);
}

TEST_F(ResolutionTableTest, NamesDoNotDriveOutTheAddressesOfServers) {
  ResolutionTable four(4 * ResolutionTable::kEntryBytes);
  const auto add = [&](const char* text, wire::RecordType type) {
    const Question asked{wire::DnsName::from_text(text).value(), type};
    four.finish(four.ask(asked, Instant{}, Waiter{0}, at(0)).index, at(0));
  };
  const auto holds = [&](const char* text, wire::RecordType type) {
    return four.use({wire::DnsName::from_text(text).value(), type}, {}, at(0)) != nullptr;
  };
  add("ns1.com", wire::RecordType::kA);
  add("ns2.com", wire::RecordType::kAaaa);
  for (const char* name : {"a.com", "b.com", "c.com", "d.com"}) add(name, wire::RecordType::kCaa);
  EXPECT_TRUE(holds("ns1.com", wire::RecordType::kA));
  EXPECT_TRUE(holds("ns2.com", wire::RecordType::kAaaa));
  EXPECT_FALSE(holds("b.com", wire::RecordType::kCaa));
  EXPECT_TRUE(holds("d.com", wire::RecordType::kCaa));
  // Nor the other way round.
  for (const char* name : {"e.com", "f.com", "g.com"}) add(name, wire::RecordType::kA);
  EXPECT_TRUE(holds("d.com", wire::RecordType::kCaa));
  EXPECT_FALSE(holds("ns1.com", wire::RecordType::kA));
  EXPECT_TRUE(holds("g.com", wire::RecordType::kA));
}

TEST_F(ResolutionTableTest, WhoIsToldMayAskAndFinishAgain) {
  const auto asked = table_.ask(question("a.com"), Instant{}, Waiter{1}, at(0));
  table_.finish(asked.index, at(0));
  int told = 0;
  table_.deliver([&](std::uint32_t, Waiter, const Question&, const Resolution&) {
    if (++told > 3) return;
    const std::string next = "n" + std::to_string(told) + ".com";
    table_.finish(table_.ask(question(next.c_str()), Instant{}, Waiter{2}, at(0)).index, at(0));
  });
  EXPECT_EQ(told, 4);
}

}  // namespace
}  // namespace caascan::engine
