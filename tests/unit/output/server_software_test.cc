#include "output/server_software.h"

#include <gtest/gtest.h>

#include <string_view>

namespace caascan {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto parsed = SoftwarePattern::parse(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern;
  return parsed && parsed->matches(text);
}

TEST(SoftwarePattern, FindsProductAndVersionInWhatServersSay) {
  struct Row {
    std::string_view pattern, text;
    bool match;
  };
  constexpr std::string_view kOld =
      "PowerDNS Authoritative Server 4.0.3 (built Jan 17 2017 10:11:12 by root@host)";
  const Row rows[] = {
      {"powerdns", kOld, true},
      {"powerdns", "Served by POWERDNS 3.4.1 $Id$", true},
      {"powerdns", "9.18.1-Debian", false},
      {"powerdns", "", false},
      {"powerdns/4.0.0-4.0.3", kOld, true},
      {"powerdns/4.0.0-4.0.3", "PowerDNS Authoritative Server 3.4.11", false},
      {"powerdns/4.0.0-4.0.3", "PowerDNS Authoritative Server 4.0.0-alpha2", true},
      {"powerdns/4.0.0-4.0.3", "PowerDNS Authoritative Server 4.0.4", false},
      {"powerdns/4.0.0-4.0.3", "PowerDNS Authoritative Server 4.0.10", false},
      {"powerdns/4.0.0-4.0.3", "PowerDNS Authoritative Server 4.7.3", false},
      {"powerdns/4.0.0-4.0.3", "Served by PowerDNS - https://www.powerdns.com/", false},
      {"powerdns/4.0.0-4.0.3", "4.0.3", false},
      // A bound counts as far as it is written out.
      {"powerdns/1-3.3", "PowerDNS 3.3.3", true},
      {"powerdns/1-3.3", "PowerDNS 2.9.22", true},
      {"powerdns/1-3.3", "PowerDNS 3.4.0", false},
      {"powerdns/5.0", "PowerDNS Authoritative Server 5.0.2", true},
      {"powerdns/5.0", "PowerDNS Authoritative Server 5.1.0", false},
      {"powerdns/?", "Served by PowerDNS - https://www.powerdns.com/", true},
      {"powerdns/?", "PowerDNS git-20160101", true},
      {"powerdns/?", kOld, false},
      {"powerdns/?", "unbound", false},
      {"powerdns/4", "PowerDNS 99999999999999999999.1", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(matches(row.pattern, row.text), row.match) << row.pattern << " in " << row.text;
  }
}

TEST(SoftwarePattern, OneServerOfManyIsEnough) {
  const auto pattern = SoftwarePattern::parse("powerdns/4.0");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_TRUE(pattern->matches(std::vector<ServerVersion>{
      {"192.0.2.1", ""}, {"192.0.2.2", "NSD 4.6.1"}, {"192.0.2.3", "PowerDNS 4.0.1"}}));
  EXPECT_FALSE(pattern->matches(std::vector<ServerVersion>{}));
  EXPECT_FALSE(says_anything(std::vector<ServerVersion>{}));
  EXPECT_FALSE(says_anything(std::vector<ServerVersion>{{"192.0.2.1", ""}}));
  EXPECT_TRUE(says_anything(std::vector<ServerVersion>{{"192.0.2.1", ""}, {"192.0.2.2", "x"}}));
}

TEST(SoftwarePattern, WhatIsNoPatternIsRefused) {
  for (const std::string_view text :
       {"", "/", "/4.0", "PowerDNS", "power dns", "powerdns/", "powerdns/4.", "powerdns/.4",
        "powerdns/4-", "powerdns/-4", "powerdns/4.0.3-4.0.0", "powerdns/4.0-4.1-4.2", "powerdns/04",
        "powerdns/4.x", "powerdns/1234567890", "powerdns/??"}) {
    EXPECT_FALSE(SoftwarePattern::parse(text).has_value()) << text;
  }
  EXPECT_TRUE(SoftwarePattern::parse("powerdns/4.0.3-4.0").has_value());
}

}  // namespace
}  // namespace caascan
