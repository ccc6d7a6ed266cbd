// The ranges of data/special-use.txt, each at its borders.
#include <gtest/gtest.h>

#include <algorithm>

#include "scanner/builtin_data.h"
#include "scanner/engine/server_directory.h"

namespace caascan::engine {
namespace {

struct Borders {
  const char* before;  // nullptr: nothing stands before, or another range does
  const char* first;
  const char* last;
  const char* after;
};

const std::vector<AddressRange>& special_use() {
  static const std::vector<AddressRange> ranges =
      parse_ranges(builtin_special_use(), "special-use.txt").value();
  return ranges;
}

bool is_special(const char* text) {
  const IpAddress address = IpAddress::parse(text).value();
  for (const AddressRange& range : special_use()) {
    if (range.contains(address)) return true;
  }
  return false;
}

constexpr Borders kBorders[] = {
    {nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", nullptr},
    {nullptr, "240.0.0.0", "255.255.255.255", nullptr},
    {nullptr, "::", "::ffff:ffff", "::1:0:0"},
    {"::fffe:ffff:ffff", "::ffff:0:0", "::ffff:ffff:ffff", "::1:0:0:0"},
    {"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::", "64:ff9b::ffff:ffff", "64:ff9b::1:0:0"},
    {"64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
     "64:ff9b:2::"},
    {"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::"},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2003::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::"},
    {"5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "5f01::"},
    {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "fe00::"},
    {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     nullptr},
    {nullptr, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
    {nullptr, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
};

TEST(SpecialUse, EveryRangeEndsWhereItsRegistrySays) {
  for (const Borders& borders : kBorders) {
    EXPECT_TRUE(is_special(borders.first)) << borders.first;
    EXPECT_TRUE(is_special(borders.last)) << borders.last;
    if (borders.before != nullptr) {
      EXPECT_FALSE(is_special(borders.before)) << borders.before;
    }
    if (borders.after != nullptr) {
      EXPECT_FALSE(is_special(borders.after)) << borders.after;
    }
  }
}

TEST(SpecialUse, EveryRangeOfTheFileIsOneOfThese) {
  ASSERT_EQ(special_use().size(), std::size(kBorders));
  for (const AddressRange& range : special_use()) {
    const bool known = std::ranges::any_of(kBorders, [&](const Borders& borders) {
      return IpAddress::parse(borders.first).value() == range.base;
    });
    EXPECT_TRUE(known) << range.base.text();
  }
}

TEST(SpecialUse, AnIpv4AddressInsideAnIpv6OneIsNeverAsked) {
  for (const char* text : {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "::8.8.8.8"})
    EXPECT_TRUE(is_special(text)) << text;
}

TEST(SpecialUse, TheRootServersMayBeAsked) {
  const Delegation root = root_from_hints(builtin_root_hints(), "root.hints").value();
  ASSERT_EQ(root.nameservers.size(), 13u);
  for (const Nameserver& nameserver : root.nameservers) {
    for (const IpAddress& address : nameserver.glue)
      EXPECT_FALSE(is_special(address.text().c_str()));
  }
}

}  // namespace
}  // namespace caascan::engine
