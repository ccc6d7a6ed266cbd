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
  static Question address_of(const char* text) {
    return {wire::DnsName::from_text(text).value(), wire::RecordType::kA};
  }
  // A quarter is for good answers about names.
  static std::size_t room_for(std::size_t entries) {
    return (entries * ResolutionTable::kEntryBytes * 4 + 2) / 3;
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
  const auto add = [&](const char* text, bool failed) {
    const auto asked = table_.ask(address_of(text), Instant{}, Waiter{0}, at(0));
    table_.resolution(asked.index).failed = failed;
    table_.resolution(asked.index).ttl = minutes(1);
    table_.finish(asked.index, at(0));
  };
  EXPECT_EQ(table_.use(address_of("a.com"), {}, at(0)), nullptr);
  add("a.com", false);
  add("b.com", true);
  EXPECT_NE(table_.use(address_of("a.com"), {}, at(60)), nullptr);
  EXPECT_EQ(table_.use(address_of("a.com"), {}, at(61)), nullptr);
  EXPECT_EQ(table_.use(address_of("b.com"), {}, at(0)), nullptr);
}

TEST_F(ResolutionTableTest, WhoIsStillToBeToldKeepsAnAnswerThatTheBudgetDropped) {
  ResolutionTable tiny(0);
  for (const Question& question : {question("a.com"), address_of("a.com")}) {
    const auto asked = tiny.ask(question, Instant{}, Waiter{7}, at(0));
    tiny.resolution(asked.index).has_rrset = true;
    tiny.finish(asked.index, at(1));
    EXPECT_EQ(tiny.use(question, {}, at(1)), nullptr);
    int told = 0;
    tiny.deliver([&](std::uint32_t, Waiter waiter, const Question&, const Resolution& resolution) {
      ++told;
      EXPECT_EQ(waiter.index, 7u);
      EXPECT_TRUE(resolution.has_rrset);
    });
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(tiny.ask(question, Instant{}, Waiter{0}, at(1)).is_new);
  }
}

TEST_F(ResolutionTableTest, TheLeastRecentlyUsedAnswerMakesRoom) {
  ResolutionTable two(room_for(2));
  for (const char* text : {"a.com", "b.com", "c.com"}) {
    if (text[0] == 'c')
      static_cast<void>(two.ask(address_of("a.com"), Instant{}, Waiter{0}, at(0)));
    const auto asked = two.ask(address_of(text), Instant{}, Waiter{0}, at(0));
    two.finish(asked.index, at(0));
  }
  EXPECT_NE(two.use(address_of("a.com"), {}, at(0)), nullptr);
  EXPECT_EQ(two.use(address_of("b.com"), {}, at(0)), nullptr);
  EXPECT_NE(two.use(address_of("c.com"), {}, at(0)), nullptr);
}

TEST_F(ResolutionTableTest, AnAnswerThatIsUsedStays) {
  ResolutionTable two(room_for(2));
  for (const char* text : {"a.com", "b.com", "c.com"}) {
    if (text[0] == 'c') {
      EXPECT_NE(two.use(address_of("a.com"), {}, at(0)), nullptr);
    }
    two.finish(two.ask(address_of(text), Instant{}, Waiter{0}, at(0)).index, at(0));
  }
  EXPECT_NE(two.use(address_of("a.com"), {}, at(0)), nullptr);
  EXPECT_EQ(two.use(address_of("b.com"), {}, at(0)), nullptr);
}

TEST_F(ResolutionTableTest, NamesThatFailDoNotDriveOutTheAddressesOfServers) {
  ResolutionTable four(room_for(4));
  const auto add = [&](const Question& asked) {
    const std::uint32_t index = four.ask(asked, Instant{}, Waiter{0}, at(0)).index;
    four.resolution(index).failed = asked.type == wire::RecordType::kCaa;
    four.finish(index, at(0));
    four.deliver([](std::uint32_t, Waiter, const Question&, const Resolution&) {});
  };
  const auto knows = [&](const char* text) {
    return !four.ask(question(text), Instant{}, Waiter{0}, at(0)).is_new;
  };
  const auto holds = [&](const char* text) {
    return four.use(address_of(text), {}, at(0)) != nullptr;
  };
  add(address_of("ns1.com"));
  add(address_of("ns2.com"));
  for (const char* name : {"a.com", "b.com", "c.com", "d.com"}) add(question(name));
  EXPECT_TRUE(holds("ns1.com"));
  EXPECT_TRUE(holds("ns2.com"));
  EXPECT_FALSE(knows("b.com"));
  EXPECT_TRUE(knows("d.com"));
  // Nor the other way round.
  for (const char* name : {"e.com", "f.com", "g.com"}) add(address_of(name));
  EXPECT_TRUE(knows("d.com"));
  EXPECT_FALSE(holds("ns1.com"));
  EXPECT_TRUE(holds("g.com"));
}

TEST_F(ResolutionTableTest, OfAGoodAnswerAboutANameWhetherThereWasASetIsKept) {
  const auto add = [](ResolutionTable& table) {
    const auto asked = table.ask(question("a.com"), Instant{}, Waiter{0}, at(5));
    table.resolution(asked.index).has_rrset = true;
    table.resolution(asked.index).zone = wire::DnsName::from_text("com").value();
    table.finish(asked.index, at(6));
    table.deliver([](std::uint32_t, Waiter, const Question&, const Resolution&) {});
    EXPECT_FALSE(table.ask(question("a.com"), Instant{}, Waiter{1}, at(7)).is_new);
    Resolution told;
    table.deliver([&](std::uint32_t, Waiter, const Question& about, const Resolution& resolution) {
      EXPECT_EQ(about, question("a.com"));
      told = resolution;
    });
    return told;
  };
  const Resolution kept_short = add(table_);
  EXPECT_TRUE(kept_short.has_rrset);
  EXPECT_FALSE(kept_short.failed);
  EXPECT_EQ(kept_short.started, at(5));
  EXPECT_TRUE(kept_short.zone.is_root());
  ResolutionTable whole(1 << 20, /*keep_whole=*/true);
  EXPECT_EQ(add(whole).zone.text(), "com");
  // Whoever wants to know how it is now asks again.
  EXPECT_TRUE(table_.ask(question("a.com"), Freshness{at(6), true}, Waiter{2}, at(7)).is_new);
}

TEST_F(ResolutionTableTest, AGoodAnswerDoesNotOutliveAFailureThatCameAfterIt) {
  ended("a.com", false, 0, 1);
  // Somebody wants to know how it is now, and it fails.
  const auto again = table_.ask(question("a.com"), Freshness{at(2), true}, Waiter{1}, at(2));
  ASSERT_TRUE(again.is_new);
  table_.resolution(again.index).failed = true;
  table_.finish(again.index, at(3));
  EXPECT_EQ(told(), (std::vector<std::uint32_t>{1}));
  // The next round takes neither the failure nor what was good before it.
  EXPECT_TRUE(is_new("a.com", at(4), at(4)));
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
