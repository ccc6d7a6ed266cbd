#include "scanner/engine/endpoint.h"

#include <gtest/gtest.h>

namespace caascan::engine {
namespace {

TEST(Endpoint, ReadsAddressesWithAndWithoutPort) {
  EXPECT_EQ(Endpoint::parse("192.0.2.1")->text(), "192.0.2.1:53");
  EXPECT_EQ(Endpoint::parse("192.0.2.1:5353")->text(), "192.0.2.1:5353");
  EXPECT_EQ(Endpoint::parse("2001:db8::1")->text(), "[2001:db8::1]:53");
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:65535")->text(), "[2001:db8::1]:65535");
  EXPECT_EQ(Endpoint::parse("[::1]")->text(), "[::1]:53");
}

TEST(Endpoint, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", "localhost", "192.0.2", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:5x",
        "[192.0.2.1]:53", "[::1", "[::1]53", "[::1]:", "192.0.2.1 ", "::1%lo"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(AddressRange, HoldsExactlyTheAddressesOfItsPrefix) {
  const auto holds = [](const char* range, const char* address) {
    return AddressRange::parse(range)->contains(IpAddress::parse(address).value());
  };
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.128"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.255"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(holds("0.0.0.0/0", "255.255.255.255"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(AddressRange, RefusesWhatIsNotOne) {
  for (const char* text : {"", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.1/24",
                           "::/129", "192.0.2.0/2 "}) {
    EXPECT_FALSE(AddressRange::parse(text)) << text;
  }
}

}  // namespace
}  // namespace caascan::engine
