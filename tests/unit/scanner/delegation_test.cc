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

void expect_equal(const Delegation& a, const Delegation& b) {
  EXPECT_EQ(a.zone, b.zone);
  EXPECT_EQ(a.parent, b.parent);
  EXPECT_EQ(a.fetched, b.fetched);
  EXPECT_EQ(a.expires, b.expires);
  EXPECT_EQ(a.may_be_signed, b.may_be_signed);
  EXPECT_EQ(a.referral, b.referral);
  ASSERT_EQ(a.nameservers.size(), b.nameservers.size());
  for (std::size_t i = 0; i < a.nameservers.size(); ++i) {
    EXPECT_EQ(a.nameservers[i].name, b.nameservers[i].name);
    EXPECT_EQ(a.nameservers[i].glue, b.nameservers[i].glue);
  }
  ASSERT_EQ(a.insecure == nullptr, b.insecure == nullptr);
  if (a.insecure) {
    EXPECT_FALSE(b.insecure->secure);
    EXPECT_EQ(a.insecure->insecure_at, b.insecure->insecure_at);
  }
  ASSERT_EQ(a.ds == nullptr, b.ds == nullptr);
  if (a.ds) {
    EXPECT_EQ(a.ds->state, b.ds->state);
    EXPECT_EQ(a.ds->records, b.ds->records);
    EXPECT_EQ(a.ds->ttl_s, b.ds->ttl_s);
    EXPECT_EQ(a.ds->nsec, b.ds->nsec);
  }
}

TEST(PackedDelegation, IsReadBackAsItWas) {
  const Delegation bare = *make("example.com", kNever);
  Delegation with_glue =
      *make("a.very-long-label-that-does-not-fit-into-the-object.example", Instant(seconds(7)));
  with_glue.fetched = Instant(seconds(3));
  with_glue.nameservers[0].glue = {IpAddress::parse("192.0.2.1").value(),
                                   IpAddress::parse("2001:db8::1").value()};
  with_glue.nameservers.push_back({name("ns2.example.net"), {}});
  auto insecure = std::make_shared<ZoneSecurity>();
  insecure->insecure_at = name("example");
  with_glue.insecure = insecure;
  with_glue.parent = name("example");
  Delegation with_ds = *make("signed.example", kNever);
  auto ds = std::make_shared<DsAnswer>();
  ds->state = DsState::kSecure;
  ds->ttl_s = 3600;
  ds->nsec = true;
  ds->records = {{1, 13, 2, std::vector<std::uint8_t>(32, 0xAB)},
                 {65535, 8, 4, std::vector<std::uint8_t>(48, 0)}};
  with_ds.ds = ds;
  with_ds.may_be_signed = true;
  Delegation unsettled = *make("late.example", kNever);
  unsettled.may_be_signed = true;
  unsettled.referral = std::vector<std::uint8_t>(1000, 0xFF);
  const std::vector<Delegation> all = {bare, with_glue, with_ds, unsettled};
  std::string packed;
  for (const Delegation& delegation : all) pack(delegation, packed);
  const std::vector<DelegationPtr> read = unpack(packed);
  ASSERT_EQ(read.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) expect_equal(*read[i], all[i]);
  EXPECT_TRUE(unpack("").empty());
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
