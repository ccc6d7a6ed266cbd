#include "scanner/scan_options.h"

#include <gtest/gtest.h>

namespace caascan {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ScanOptions, DefaultsAreThoseOfTheManual) {
  const auto options = read_scan_options({});
  ASSERT_TRUE(options) << options.error();
  EXPECT_TRUE(options->engine.resolvers.empty());
  EXPECT_EQ(options->engine.servers.server_qps, 50);
  EXPECT_EQ(options->engine.servers.infrastructure_qps, 500);
  EXPECT_EQ(options->engine.servers.global_qps, 0);
  EXPECT_EQ(options->engine.confirm_rounds, 1u);
  EXPECT_EQ(options->engine.confirm_after, seconds(30));
  EXPECT_EQ(options->engine.root.nameservers.size(), 13u);
  EXPECT_EQ(options->engine.root.nameservers[0].glue.size(), 2u);
  EXPECT_FALSE(options->engine.servers.forbidden.empty());
}

TEST(ScanOptions, AResolverHasACapOfItsOwnUnlessOneIsGiven) {
  ScanOptionTexts texts;
  texts.resolver = {"192.0.2.1", "[2001:db8::1]:5353"};
  EXPECT_EQ(read_scan_options(texts)->engine.servers.server_qps, 1000);
  texts.server_qps = "7.5";
  EXPECT_EQ(read_scan_options(texts)->engine.servers.server_qps, 7.5);
}

TEST(ScanOptions, ThreadsAreOneACoreUnlessGiven) {
  ScanOptionTexts texts;
  EXPECT_GE(read_scan_options(texts)->threads, 1u);
  texts.threads = "3";
  EXPECT_EQ(read_scan_options(texts)->threads, 3u);
  for (const char* bad : {"0", "65", "-1", "x", "2x"}) {
    texts.threads = bad;
    EXPECT_FALSE(read_scan_options(texts)) << bad;
  }
}

TEST(ScanOptions, AGivenCapIsForRootAndTldServersToo) {
  ScanOptionTexts texts;
  texts.server_qps = "20";
  EXPECT_EQ(read_scan_options(texts)->engine.servers.infrastructure_qps, 20);
}

TEST(ScanOptions, ALimitIsOfARangeOrOfASuffix) {
  ScanOptionTexts texts;
  texts.limit = {"192.0.2.0/24=10", "2001:db8::/32=20", "ns.example.com=30", "net=40"};
  const auto options = read_scan_options(texts);
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->engine.servers.range_limits.size(), 2u);
  ASSERT_EQ(options->engine.servers.suffix_limits.size(), 2u);
  EXPECT_EQ(options->engine.servers.suffix_limits[0].suffix.text(), "ns.example.com");
  EXPECT_EQ(options->engine.servers.suffix_limits[1].qps, 40);
}

TEST(ScanOptions, EachBadValueIsRefused) {
  const auto refused = [](auto set) {
    ScanOptionTexts texts;
    set(texts);
    return !read_scan_options(texts);
  };
  for (const char* text : {"", "0", "-1", "x", "1x", "nan", "inf", "10000001"}) {
    if (*text == '\0') continue;
    EXPECT_TRUE(refused([&](ScanOptionTexts& t) { t.server_qps = text; })) << text;
    EXPECT_TRUE(refused([&](ScanOptionTexts& t) { t.qps = text; })) << text;
  }
  for (const char* text :
       {"192.0.2.1", "=5", "192.0.2.0/24=", "a b=5", "192.0.2.1/24=5", "ns.example.com=0"}) {
    EXPECT_TRUE(refused([&](ScanOptionTexts& t) { t.limit = {text}; })) << text;
  }
  for (const char* text : {"", "-1", "11", "1.5", "1s"}) {
    EXPECT_TRUE(refused([&](ScanOptionTexts& t) { t.confirm_rounds = text; })) << text;
  }
  for (const char* text : {"", "30", "s", "1d", "169h", "99999999999999999999s"}) {
    EXPECT_TRUE(refused([&](ScanOptionTexts& t) { t.confirm_after = text; })) << text;
  }
  EXPECT_TRUE(refused([](ScanOptionTexts& t) { t.root_hints = "; nothing\n"; }));
  EXPECT_TRUE(refused([](ScanOptionTexts& t) { t.allow_address = {"10.0.0.1/8"}; }));
  EXPECT_TRUE(refused([](ScanOptionTexts& t) { t.memory = "31MiB"; }));
  EXPECT_FALSE(refused([](ScanOptionTexts& t) { t.memory = "32MiB"; }));
  EXPECT_TRUE(refused([](ScanOptionTexts& t) { t.profile = "bind"; }));
  EXPECT_TRUE(refused([](ScanOptionTexts& t) { t.canary = "not a name"; }));
  EXPECT_TRUE(refused([](ScanOptionTexts& t) {
    t.trust_anchor_origin = "anchors";  // an empty file anchors nothing
  }));
  EXPECT_TRUE(refused([](ScanOptionTexts& t) {
    t.trust_anchor_origin = "anchors";
    t.trust_anchor = ". IN DS 20326 8 2 nothex";
  }));
}

TEST(Deadline, IsATimeFromNowOrTheNextMomentOfThatTimeOfDay) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  constexpr std::time_t kNow = 1800000000;  // 08:00:00
  using std::chrono::hours;
  using std::chrono::minutes;
  const auto left = [&](const char* text) { return read_deadline("--deadline", text, kNow); };
  EXPECT_EQ(left("90min"), minutes(90));
  EXPECT_EQ(left("08:01"), minutes(1));
  EXPECT_EQ(left("08:00"), hours(24));
  EXPECT_EQ(left("06:30"), hours(22) + minutes(30));
  EXPECT_EQ(left("23:59"), hours(15) + minutes(59));
  for (const char* text :
       {"", "0s", "8:00", "08:60", "24:00", "08:00:00", "-1:00", "ab:cd", ":", "6"})
    EXPECT_FALSE(left(text)) << text;
}

TEST(ScanOptions, TheRootsKeysAreBuiltInAndCanBeReplacedOrLeftOut) {
  ScanOptionTexts texts;
  const auto built_in = read_scan_options(texts);
  ASSERT_TRUE(built_in);
  ASSERT_EQ(built_in->engine.trust_anchors.size(), 2u);
  EXPECT_EQ(built_in->engine.trust_anchors[0].key_tag, 20326);
  EXPECT_EQ(built_in->engine.trust_anchors[1].key_tag, 38696);
  texts.trust_anchor_origin = "anchors";
  texts.trust_anchor = ". IN DS 7 13 2 " + std::string(64, 'a') + "\n";
  const auto replaced = read_scan_options(texts);
  ASSERT_TRUE(replaced);
  ASSERT_EQ(replaced->engine.trust_anchors.size(), 1u);
  EXPECT_EQ(replaced->engine.trust_anchors[0].key_tag, 7);
  texts.no_dnssec = true;
  EXPECT_TRUE(read_scan_options(texts)->engine.trust_anchors.empty());
}

TEST(ScanOptions, TheProfileSetsWhatResolversDifferIn) {
  ScanOptionTexts texts;
  texts.profile = "letsencrypt-2018";
  texts.canary = "Alive.example.COM # ours\n";
  texts.canary_origin = "canaries";
  const auto options = read_scan_options(texts);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->engine.profile.edns_size, 512);
  ASSERT_EQ(options->engine.canaries.size(), 1u);
  EXPECT_EQ(options->engine.canaries[0].text(), "alive.example.com");
}

TEST(ScanOptions, OptOutsAreRangesZonesAndNameserverNames) {
  ScanOptionTexts texts;
  texts.exclude =
      "# asked by mail\n192.0.2.0/24\nzone Example.COM.  # all below it too\nnameserver "
      "ns.example.net\nexample.org\n";
  texts.exclude_origin = "optout.txt";
  const auto options = read_scan_options(texts);
  ASSERT_TRUE(options) << options.error();
  const engine::Exclusions& out = options->engine.servers.exclusions;
  const auto name = [](const char* text) { return wire::DnsName::from_text(text).value(); };
  EXPECT_TRUE(out.holds_name(name("www.example.com")));
  EXPECT_FALSE(out.holds_name(name("notexample.com")));
  EXPECT_FALSE(out.holds_nameserver(name("example.com")));
  EXPECT_TRUE(out.holds_nameserver(name("a.ns.example.net")));
  EXPECT_FALSE(out.holds_name(name("ns.example.net")));
  EXPECT_TRUE(out.holds_name(name("example.org")));
  EXPECT_TRUE(out.holds_nameserver(name("example.org")));
  EXPECT_TRUE(out.holds_address(engine::IpAddress::parse("192.0.2.7").value()));
  EXPECT_FALSE(out.holds_address(engine::IpAddress::parse("192.0.3.7").value()));
}

TEST(ScanOptions, ABadOptOutNamesFileAndLine) {
  ScanOptionTexts texts;
  texts.exclude_origin = "optout.txt";
  for (const char* line :
       {"192.0.2.1/24", "domain example.com", "exa mple.com", "a..b", "*.example.com"}) {
    texts.exclude = std::string("example.com\n") + line + "\n";
    const auto options = read_scan_options(texts);
    ASSERT_FALSE(options) << line;
    EXPECT_EQ(options.error(),
              "optout.txt:2: not an address range, a domain, `zone DOMAIN` or `nameserver DOMAIN`");
  }
}

TEST(ScanOptions, TimesHaveUnits) {
  ScanOptionTexts texts;
  texts.confirm_after = "500ms";
  EXPECT_EQ(read_scan_options(texts)->engine.confirm_after, milliseconds(500));
  texts.confirm_after = "30min";
  EXPECT_EQ(read_scan_options(texts)->engine.confirm_after, seconds(1800));
}

}  // namespace
}  // namespace caascan
