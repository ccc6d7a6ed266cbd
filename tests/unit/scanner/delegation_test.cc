#include "scanner/engine/delegation.h"

#include <gtest/gtest.h>

namespace caascan::engine {
namespace {

using std::chrono::seconds;

DelegationPtr make(const char* zone, Instant expires) {
  Delegation made;
  made.zone = wire::DnsName::from_text(zone).value();
  made.nameservers.push_back({wire::DnsName::from_text("ns1.example.net").value(), {}});
  made.expires = expires;
  return std::make_shared<Delegation>(std::move(made));
}
wire::DnsName name(const char* text) {
  return wire::DnsName::from_text(text).value();
}

TEST(DelegationCache, AnEntryIsGoodUntilItsTimeAndNotAfter) {
  DelegationCache cache(100000);
  cache.put(make("example.com", Instant(seconds(60))));
  EXPECT_NE(cache.get(name("example.com"), Instant(seconds(59))), nullptr);
  EXPECT_NE(cache.get(name("example.com"), Instant(seconds(60))), nullptr);
  EXPECT_EQ(cache.get(name("example.com"), Instant(seconds(60)) + Duration(1)), nullptr);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(DelegationCache, OnlyTheExactZoneIsFound) {
  DelegationCache cache(100000);
  cache.put(make("example.com", kNever));
  EXPECT_EQ(cache.get(name("www.example.com"), Instant{}), nullptr);
  EXPECT_EQ(cache.get(name("com"), Instant{}), nullptr);
}

TEST(DelegationCache, ASetWithoutGlueIsKept) {
  DelegationCache cache(100000);
  cache.put(make("example.com", kNever));
  EXPECT_TRUE(cache.get(name("example.com"), Instant{})->nameservers[0].glue.empty());
}

TEST(DelegationCache, ANewerSetReplacesTheOlder) {
  DelegationCache cache(100000);
  cache.put(make("example.com", Instant(seconds(1))));
  const std::size_t bytes = cache.bytes();
  cache.put(make("example.com", Instant(seconds(9))));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.bytes(), bytes);
  EXPECT_EQ(cache.get(name("example.com"), Instant{})->expires, Instant(seconds(9)));
}

TEST(DelegationCache, TheLeastRecentlyUsedGoesFirstAndTheBudgetIsKept) {
  DelegationCache one(100000);
  one.put(make("a.com", kNever));
  DelegationCache cache(2 * one.bytes());
  cache.put(make("a.com", kNever));
  cache.put(make("b.com", kNever));
  ASSERT_NE(cache.get(name("a.com"), Instant{}), nullptr);
  cache.put(make("c.com", kNever));
  EXPECT_NE(cache.get(name("a.com"), Instant{}), nullptr);
  EXPECT_EQ(cache.get(name("b.com"), Instant{}), nullptr);
  EXPECT_LE(cache.bytes(), 2 * one.bytes());
}

TEST(DelegationCache, TheNewestStaysHoweverSmallTheBudget) {
  DelegationCache cache(0);
  cache.put(make("a.com", kNever));
  cache.put(make("b.com", kNever));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_NE(cache.get(name("b.com"), Instant{}), nullptr);
}

}  // namespace
}  // namespace caascan::engine
