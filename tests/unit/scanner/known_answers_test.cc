#include "scanner/engine/known_answers.h"

#include <gtest/gtest.h>

#include <string>

namespace caascan::engine {
namespace {

using std::chrono::seconds;

wire::DnsName name(const std::string& text) {
  return wire::DnsName::from_text(text).value();
}
Instant at(int s) {
  return Instant(seconds(s));
}

TEST(KnownAnswers, WhatWasPutLastIsKnown) {
  KnownAnswers known(std::size_t{1} << 16);
  EXPECT_EQ(known.use(name("a.com"), at(6)), nullptr);
  known.put(name("a.com"), {at(1), at(2), false});
  known.put(name("b.com"), {at(3), at(4), true});
  known.put(name("a.com"), {at(5), at(6), true});
  EXPECT_EQ(known.size(), 2u);
  const KnownAnswer* answer = known.use(name("a.com"), at(6));
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->started, at(5));
  EXPECT_EQ(answer->until, at(6));
  EXPECT_TRUE(answer->has_rrset);
  EXPECT_EQ(known.use(name("com"), at(0)), nullptr);
}

TEST(KnownAnswers, TheLeastRecentlyUsedMakesRoomAndWhatIsUsedStays) {
  KnownAnswers known(3 * KnownAnswers::kEntryBytes);
  for (const char* text : {"a.com", "b.com", "c.com"}) known.put(name(text), {});
  EXPECT_NE(known.use(name("a.com"), at(0)), nullptr);
  known.put(name("d.com"), {});
  EXPECT_EQ(known.use(name("b.com"), at(0)), nullptr);
  known.put(name("e.com"), {});
  EXPECT_EQ(known.use(name("c.com"), at(0)), nullptr);
  for (const char* text : {"a.com", "d.com", "e.com"})
    EXPECT_NE(known.use(name(text), at(0)), nullptr);
  EXPECT_EQ(known.size(), 3u);
}

TEST(KnownAnswers, ManyNamesLongOnesToo) {
  constexpr int kRoom = 100, kNames = 1000;
  KnownAnswers known(kRoom * KnownAnswers::kEntryBytes);
  const auto nth = [](int n) { return name(std::string(60, 'x') + "." + std::to_string(n)); };
  for (int n = 0; n < kNames; ++n) known.put(nth(n), {at(n), at(n), n % 2 == 0});
  for (int n = 0; n < kNames; ++n) {
    const KnownAnswer* answer = known.use(nth(n), at(0));
    ASSERT_EQ(answer != nullptr, n >= kNames - kRoom) << n;
    if (answer != nullptr) {
      EXPECT_EQ(answer->started, at(n));
    }
  }
}

TEST(KnownAnswers, WhatIsTooOldForSomebodyIsNoAnswerForAnybodyAnyMore) {
  KnownAnswers known(std::size_t{1} << 16);
  known.put(name("a.com"), {at(5), at(10), true});
  EXPECT_NE(known.use(name("a.com"), at(10), at(5)), nullptr);
  EXPECT_EQ(known.use(name("a.com"), at(10), at(6)), nullptr);
  EXPECT_EQ(known.use(name("a.com"), at(7)), nullptr);
  known.put(name("a.com"), {at(8), at(10), false});
  EXPECT_NE(known.use(name("a.com"), at(10)), nullptr);
  EXPECT_EQ(known.use(name("a.com"), at(11)), nullptr);
  EXPECT_EQ(known.use(name("a.com"), at(10)), nullptr);
}

TEST(KnownAnswers, NoRoomKeepsNothing) {
  KnownAnswers known(KnownAnswers::kEntryBytes - 1);
  known.put(name("a.com"), {});
  EXPECT_EQ(known.use(name("a.com"), at(6)), nullptr);
}

}  // namespace
}  // namespace caascan::engine
