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

}  // namespace
}  // namespace caascan::engine
