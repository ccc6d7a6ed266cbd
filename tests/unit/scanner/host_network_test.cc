#include "scanner/net/host_network.h"

#include <gtest/gtest.h>

#include "scanner/net/udp_sockets.h"

namespace caascan::net {
namespace {

constexpr std::string_view kSnmp =
    "Ip: Forwarding DefaultTTL\n"
    "Ip: 1 64\n"
    "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\n"
    "Udp: 1000 1 7 900 5 3\n"
    "UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\n"
    "UdpLite: 0 0 70 0 50 0\n";
constexpr std::string_view kSnmp6 =
    "Udp6InDatagrams                  \t12\n"
    "Udp6InErrors                     \t30\n"
    "Udp6RcvbufErrors                 \t20\n"
    "UdpLite6InErrors                 \t9\n";

TEST(UdpErrors, AreAddedUpOverBothFamilies) {
  const UdpErrors errors = parse_udp_errors(kSnmp, kSnmp6);
  EXPECT_EQ(errors.receive_buffer, 25u);
  EXPECT_EQ(errors.all, 37u);
}

TEST(UdpErrors, WhatIsNotThereCountsAsZero) {
  EXPECT_EQ(parse_udp_errors("", "").all, 0u);
  EXPECT_EQ(parse_udp_errors("Udp: InErrors\n", "").all, 0u);
  EXPECT_EQ(parse_udp_errors("Udp: InErrors\nUdp:\n", "Udp6InErrors\n").all, 0u);
  EXPECT_EQ(parse_udp_errors("Udp: InErrors\nUdp: x\n", "Udp6InErrors -1").all, 0u);
}

TEST(HostLimits, NothingIsSaidWhereThereIsRoom) {
  HostLimits limits;
  EXPECT_TRUE(warnings_of(limits, 1e6).empty());
  limits.receive_buffer_max = kReceiveBufferBytes;
  limits.tracked = 0;  // nothing is tracked
  limits.tracked_max = 1;
  EXPECT_TRUE(warnings_of(limits, 1e6).empty());
  limits.tracked = 100;
  limits.tracked_max = 30100;
  limits.tracked_udp_s = 30;
  EXPECT_TRUE(warnings_of(limits, 1000).empty());
}

TEST(HostLimits, EachLimitThatIsTooLowHasItsSentence) {
  HostLimits limits;
  limits.receive_buffer_max = kReceiveBufferBytes - 1;
  limits.tracked = 101;
  limits.tracked_max = 30100;
  limits.tracked_udp_s = 30;
  const auto warnings = warnings_of(limits, 1000);
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("net.core.rmem_max is 4194303"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("101 of 30100 entries"), std::string::npos) << warnings[1];
  EXPECT_NE(warnings[1].find("need 30000 more"), std::string::npos) << warnings[1];
}

}  // namespace
}  // namespace caascan::net
