#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scanner/oracle/oracle.h"
#include "scanner/scan_options.h"

namespace caascan::oracle {
namespace {

using engine::AddressRange;
using engine::IpAddress;

std::vector<AddressRange> ranges(const std::vector<std::string>& texts) {
  std::vector<AddressRange> made;
  for (const std::string& text : texts) made.push_back(AddressRange::parse(text).value());
  return made;
}

std::vector<std::string> texts(const std::vector<AddressRange>& given) {
  std::vector<std::string> made;
  for (const AddressRange& range : given)
    made.push_back(range.base.text() + "/" + std::to_string(range.prefix_bits));
  return made;
}

bool any_holds(const std::vector<AddressRange>& given, const std::string& address) {
  const IpAddress parsed = IpAddress::parse(address).value();
  return std::ranges::any_of(given,
                             [&](const AddressRange& range) { return range.contains(parsed); });
}

std::vector<std::string> values(const std::vector<Setting>& given, std::string_view name) {
  std::vector<std::string> made;
  for (const Setting& setting : given) {
    if (setting.name == name) made.push_back(setting.value);
  }
  return made;
}

engine::EngineOptions scan_options(const ScanOptionTexts& given = {}) {
  return read_scan_options(given).value().engine;
}

TEST(Subtract, LeavesWhatIsInNoHole) {
  struct Case {
    std::vector<std::string> from, holes, left;
  };
  const Case cases[] = {
      {{"10.0.0.0/8"}, {}, {"10.0.0.0/8"}},
      {{"10.0.0.0/8"}, {"192.168.0.0/16"}, {"10.0.0.0/8"}},
      {{"10.0.0.0/8"}, {"10.0.0.0/8"}, {}},
      {{"10.0.0.0/8"}, {"0.0.0.0/0"}, {}},
      {{"10.0.0.0/8"}, {"::/0"}, {"10.0.0.0/8"}},
      {{"10.0.0.0/30"}, {"10.0.0.1"}, {"10.0.0.0/32", "10.0.0.2/31"}},
      {{"10.0.0.0/30"}, {"10.0.0.0", "10.0.0.3"}, {"10.0.0.1/32", "10.0.0.2/32"}},
      {{"fd00::/126", "10.0.0.0/31"}, {"fd00::2/127", "10.0.0.1"}, {"fd00::/127", "10.0.0.0/32"}},
  };
  for (const Case& wanted : cases) {
    EXPECT_EQ(texts(subtract(ranges(wanted.from), ranges(wanted.holes))), wanted.left)
        << wanted.from[0] << " less " << (wanted.holes.empty() ? "nothing" : wanted.holes[0]);
  }
}

TEST(OracleOptions, NeverAsksSpecialUseAddressesOrOptOutsButWhatIsAllowed) {
  ScanOptionTexts given;
  given.allow_address = {"127.0.0.0/8", "fd00::/8"};
  given.exclude = "8.8.0.0/16\nzone example.com\n";
  const OracleOptions options = oracle_options(scan_options(given)).value();
  for (const char* address : {"10.1.2.3", "192.168.0.1", "::1", "fe80::1", "fc00::1", "8.8.8.8"})
    EXPECT_TRUE(any_holds(options.never_asked, address)) << address;
  for (const char* address : {"127.0.0.1", "fd12::1", "9.9.9.9", "2620:fe::fe"})
    EXPECT_FALSE(any_holds(options.never_asked, address)) << address;
  EXPECT_TRUE(options.exclusions.holds_name(*wire::DnsName::from_text("www.example.com")));
}

TEST(OracleOptions, TakesRootAndAnchorsOfTheScan) {
  const engine::EngineOptions scan = scan_options();
  const OracleOptions options = oracle_options(scan).value();
  EXPECT_EQ(options.root.nameservers.size(), scan.root.nameservers.size());
  EXPECT_EQ(options.trust_anchors, scan.trust_anchors);
  EXPECT_FALSE(options.trust_anchors.empty());
}

TEST(OracleOptions, RefusesWhatLibunboundCannotKeepTo) {
  ScanOptionTexts resolver;
  resolver.resolver = {"192.0.2.1"};
  EXPECT_EQ(oracle_options(scan_options(resolver)).error(),
            "libunbound asks the nameservers themselves: not with --resolver");
  ScanOptionTexts nameserver;
  nameserver.exclude = "nameserver ns.example.com\n";
  EXPECT_EQ(oracle_options(scan_options(nameserver)).error(),
            "--exclude holds nameserver names, from which libunbound cannot be kept: give it "
            "`zone NAME` and address ranges only");
}

TEST(Pace, PaysForEachLookupWithAllThatItMaySend) {
  struct Case {
    const char* what;
    std::string server_qps, qps;
    std::vector<std::string> limit;
    double group, all;
  };
  const Case cases[] = {
      {"defaults", "", "", {}, 50.0 / 32, 500.0 / 32},
      {"a cap for each server", "16", "", {}, 0.5, 0.5},
      {"the lowest limit", "", "", {"192.0.2.0/24=20", "ns.example.com=10"}, 10.0 / 32, 500.0 / 32},
      {"a limit above the cap", "", "", {"ns.example.com=100"}, 50.0 / 32, 500.0 / 32},
      {"a global cap", "", "1000", {}, 50.0 / 32, 5},
      {"a global cap above", "", "1000000", {}, 50.0 / 32, 500.0 / 32},
  };
  for (const Case& wanted : cases) {
    SCOPED_TRACE(wanted.what);
    ScanOptionTexts given;
    given.server_qps = wanted.server_qps;
    given.qps = wanted.qps;
    given.limit = wanted.limit;
    const Pace pace = oracle_options(scan_options(given)).value().pace;
    EXPECT_DOUBLE_EQ(pace.group_lookups_per_s, wanted.group);
    EXPECT_DOUBLE_EQ(pace.all_lookups_per_s, wanted.all);
  }
}

TEST(Settings, AreThoseOfACa) {
  const std::vector<Setting> made = settings(oracle_options(scan_options()).value());
  const std::pair<const char*, const char*> wanted[] = {
      {"module-config:", "validator iterator"},
      {"use-caps-for-id:", "yes"},
      {"qname-minimisation:", "no"},
      {"harden-below-nxdomain:", "no"},
      {"harden-glue:", "yes"},
      {"edns-buffer-size:", "1232"},
      {"val-sig-skew-min:", "0"},
      {"val-sig-skew-max:", "0"},
      {"cache-max-ttl:", "0"},
      {"cache-max-negative-ttl:", "0"},
      {"discard-timeout:", "0"},
      {"wait-limit:", "0"},
  };
  for (const auto& [name, value] : wanted) {
    EXPECT_EQ(values(made, name), std::vector<std::string>{value}) << name;
  }
  const std::vector<std::string> never = values(made, "do-not-query-address:");
  EXPECT_NE(std::ranges::find(never, "127.0.0.0/8"), never.end());
  EXPECT_EQ(never, values(made, "private-address:"));
}

TEST(Settings, HaveTheFamiliesOfTheScan) {
  engine::EngineOptions scan = scan_options();
  scan.use_v6 = false;
  const std::vector<Setting> made = settings(oracle_options(scan).value());
  EXPECT_EQ(values(made, "do-ip4:"), std::vector<std::string>{"yes"});
  EXPECT_EQ(values(made, "do-ip6:"), std::vector<std::string>{"no"});
}

// Only the optional ones may be unknown to the library that is here. Opens no socket.
TEST(Oracle, LibunboundTakesEverySettingTheRootAndTheAnchors) {
  const auto made = Oracle::create(oracle_options(scan_options()).value());
  EXPECT_TRUE(made) << made.error();
  EXPECT_TRUE(version().starts_with("libunbound 1.")) << version();
}

}  // namespace
}  // namespace caascan::oracle
