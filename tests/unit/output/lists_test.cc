#include "output/lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "affected_fixtures.h"
#include "output/list_name.h"

namespace caascan {
namespace {

using test::FindingSpec;
using test::make_affected;

const std::vector<std::string> kNamebrightServers = {"ns1.namebrightdns.com",
                                                     "ns2.namebrightdns.com"};

TEST(ListName, TakesCanonicalNamesOnly) {
  for (const std::string_view good : {"a", "com", "a.b", "xn--a_b-1.example"}) {
    EXPECT_TRUE(is_list_name(good)) << good;
  }
  for (const std::string_view bad :
       {"", ".", "a.", ".a", "a..b", "A.b", "a b", "a\\032b", "*.a", "a\n", "a\r", "\xc3\xa4.a"}) {
    EXPECT_FALSE(is_list_name(bad)) << bad;
  }
  const std::string label(63, 'a');
  EXPECT_TRUE(is_list_name(label + ".b"));
  EXPECT_FALSE(is_list_name("a" + label + ".b"));
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  EXPECT_EQ(longest.size(), kNameOctetsMax);
  EXPECT_TRUE(is_list_name(longest));
  EXPECT_FALSE(is_list_name(longest + "b"));
}

TEST(Lists, SplitByOutcomeAndProvider) {
  const AffectedNames affected = make_affected({
      {.name = "s1.example", .nameservers = kNamebrightServers},
      {.name = "s2.example"},
      {.name = "t1.example", .outcome = Outcome::kTimeout, .nameservers = kNamebrightServers},
      {.name = "t2.example", .outcome = Outcome::kTimeout},
  });
  const Lists lists = build_lists(affected);
  EXPECT_EQ(list_text(lists.servfail_namebright), "s1.example\n");
  EXPECT_EQ(list_text(lists.servfail_other), "s2.example\n");
  EXPECT_EQ(list_text(lists.zones_namebright), "s1.example\n");
  EXPECT_EQ(list_text(lists.zones_other), "s2.example\n");
  EXPECT_EQ(list_text(lists.timeout_namebright), "t1.example\n");
  EXPECT_EQ(list_text(lists.timeout_other), "t2.example\n");
  EXPECT_EQ(list_text(lists.exceptions), "s1.example\ns2.example\n");
}

TEST(Lists, EmptyListIsAnEmptyText) {
  const Lists lists = build_lists(make_affected({}));
  for (const ListFile& file : kListFiles) EXPECT_EQ(list_text(lists.*file.list), "");
}

TEST(Lists, ZoneOfManyNamesStandsOnceAndRootOrHostileZonesNowhere) {
  const AffectedNames affected = make_affected({
      {.name = "a.x.example", .zone = "x.example"},
      {.name = "b.x.example", .zone = "x.example"},
      {.name = "c.example", .zone = "."},
      {.name = "d.example", .zone = "evil\\010zone.example"},
      {.name = "e.example", .zone = "UPPER.example"},
  });
  EXPECT_EQ(list_text(build_lists(affected).zones_other), "x.example\n");
}

TEST(Lists, FindingWithoutZoneIsInNoZoneList) {
  Finding finding = test::make_finding({.name = "a.example"});
  finding.zone.clear();
  const AffectedNames affected = test::affected_by({finding});
  const Lists lists = build_lists(affected);
  EXPECT_EQ(list_text(lists.zones_other), "");
  EXPECT_EQ(list_text(lists.servfail_other), "a.example\n");
}

TEST(Lists, ZoneIsInOneListOnly) {
  const AffectedNames affected = make_affected({
      {.name = "a.x.example", .zone = "x.example"},
      {.name = "b.x.example", .zone = "x.example", .nameservers = kNamebrightServers},
      {.name = "y.example"},
  });
  const Lists lists = build_lists(affected);
  EXPECT_EQ(list_text(lists.zones_namebright), "x.example\n");
  EXPECT_EQ(list_text(lists.zones_other), "y.example\n");
}

// Boulder matched the looked-up label exactly, so each label that fails must be there.
TEST(Lists, ExceptionsAreClosedOverTheClimb) {
  const AffectedNames affected = make_affected({
      {.name = "a.b.example", .failing_label = "b.example"},
      {.name = "c.b.example", .failing_label = "b.example"},
      {.name = "b.example", .failing_label = "example"},
      {.name = "t.example.org", .outcome = Outcome::kTimeout, .failing_label = "example.org"},
  });
  EXPECT_EQ(list_text(build_lists(affected).exceptions),
            "a.b.example\nb.example\nc.b.example\nexample\n");
}

// `fgrep --line-regexp --file LIST`: a blank line would match every blank line, and CR, upper case
// or a final dot would match nothing.
TEST(Lists, KeepTheFgrepContract) {
  std::vector<FindingSpec> specs;
  for (int i = 0; i < 500; ++i) {
    const std::string name =
        "n" + std::to_string((i * 7919) % 1000) + (i % 3 == 0 ? "-x" : "") + ".example";
    specs.push_back({.name = name,
                     .outcome = i % 5 == 0 ? Outcome::kTimeout : Outcome::kServfail,
                     .zone = i % 7 == 0 ? "z\\255.example" : name,
                     .nameservers = i % 2 == 0 ? kNamebrightServers : std::vector<std::string>(),
                     .failing_label = i % 4 == 0 ? "example" : ""});
  }
  const AffectedNames affected = make_affected(specs);
  const Lists lists = build_lists(affected);
  for (const ListFile& file : kListFiles) {
    const List& list = lists.*file.list;
    EXPECT_FALSE(list.empty()) << file.file_name;
    EXPECT_TRUE(std::ranges::is_sorted(list)) << file.file_name;
    EXPECT_EQ(std::ranges::adjacent_find(list), list.end()) << file.file_name;
    const std::string text = list_text(list);
    EXPECT_FALSE(text.starts_with('\n'));
    EXPECT_FALSE(text.contains("\n\n"));
    EXPECT_FALSE(text.contains(".\n"));
    EXPECT_TRUE(text.ends_with('\n'));
    EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.\n"),
              std::string::npos);
  }
}

TEST(Providers, LargestFirstAndEqualsBytewise) {
  const AffectedNames affected = make_affected({
      {.name = "a1.example", .nameservers = {"ns.b.net"}},
      {.name = "a2.example", .nameservers = {"ns.b.net"}},
      {.name = "a3.example", .zone = "a2.example", .nameservers = {"ns2.b.net"}},
      {.name = "b1.example", .nameservers = {"ns.d.net"}},
      {.name = "c1.example", .nameservers = {"ns.c.net"}},
      {.name = "d1.example", .nameservers = {"ns.a.net"}},
      {.name = "d2.example", .outcome = Outcome::kTimeout, .nameservers = {"ns.a.net"}},
      {.name = "e1.example", .outcome = Outcome::kTimeout, .nameservers = {"=x.net"}},
  });
  EXPECT_EQ(providers_text(rank_providers(affected)),
            "provider\tservfail\tshare\ttimeout\tzones\tnameservers\n"
            "b.net\t3\t0.5000\t0\t2\tns.b.net,ns2.b.net\n"
            "a.net\t1\t0.1667\t1\t2\tns.a.net\n"
            "c.net\t1\t0.1667\t0\t1\tns.c.net\n"
            "d.net\t1\t0.1667\t0\t1\tns.d.net\n"
            "unknown\t0\t0.0000\t1\t1\t\n");
}

TEST(Providers, WithoutNamesThereIsTheHeaderAlone) {
  EXPECT_EQ(providers_text(rank_providers(make_affected({}))),
            "provider\tservfail\tshare\ttimeout\tzones\tnameservers\n");
}

TEST(Providers, NameserversBeyondTheBoundAreCounted) {
  for (const std::size_t count : {kNameserversShownMax, kNameserversShownMax + 2}) {
    std::vector<std::string> nameservers;
    for (std::size_t i = 0; i < count; ++i) {
      nameservers.push_back("ns" + std::to_string(i) + ".b.net");
    }
    const AffectedNames affected =
        make_affected({{.name = "a.example", .nameservers = nameservers}});
    const std::string text = providers_text(rank_providers(affected));
    EXPECT_EQ(text.ends_with(",+2\n"), count > kNameserversShownMax) << text;
    EXPECT_EQ(std::ranges::count(text, ','), count > kNameserversShownMax ? 16 : 15);
  }
}

}  // namespace
}  // namespace caascan
