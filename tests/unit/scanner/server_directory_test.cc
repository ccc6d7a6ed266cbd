#include "scanner/engine/server_directory.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/sim/sim_world.h"

namespace caascan::engine {
namespace {

class NobodyAsks final : public ExchangeOwner {
 public:
  void on_reply(std::uint32_t, const AttemptInfo&, wire::Bytes, Instant) override {}
  void on_wait_over(std::uint32_t, AttemptId, const AttemptInfo&, Instant) override {}
  void on_failed(std::uint32_t, const AttemptInfo&, Instant) override {}
};

class ServerDirectoryTest : public testing::Test {
 protected:
  ServerDirectoryTest() { exchanges_.set_owner(owner_); }
  static wire::DnsName name(const char* text) { return wire::DnsName::from_text(text).value(); }
  static IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }
  static AddressRange range(const char* text) { return AddressRange::parse(text).value(); }
  // How many of fifty questions to each of `servers` leave at once.
  std::size_t sent(const std::vector<ServerId>& servers) {
    for (const ServerId server : servers) {
      for (int i = 0; i < 50; ++i) exchanges_.start(server, {}, std::chrono::seconds(1), false, 0);
    }
    exchanges_.advance(Instant{});
    return exchanges_.outbox().datagrams.size();
  }
  sim::SeededEntropy entropy_{1};
  Random random_{entropy_};
  ScanCounts counts_;
  NobodyAsks owner_;
  Exchanges exchanges_{{1, 1}, random_, counts_};
  ServerDirectoryOptions options_;
};

TEST_F(ServerDirectoryTest, AnAddressIsOneServerWhoeverNamesIt) {
  Budgets budgets(options_);
  ServerDirectory servers(options_, budgets, exchanges_);
  EXPECT_EQ(servers.nameserver(ip("5.0.0.1"), name("ns1.a.com"), name("a.com")),
            servers.nameserver(ip("5.0.0.1"), name("ns9.b.net"), name("b.net")));
  EXPECT_NE(servers.nameserver(ip("5.0.0.1"), name("ns1.a.com"), name("a.com")),
            servers.nameserver(ip("5.0.0.2"), name("ns1.a.com"), name("a.com")));
}

TEST_F(ServerDirectoryTest, ForbiddenRangesAreNotAskedUnlessAllowed) {
  options_.forbidden = {range("10.0.0.0/8"), range("fd00::/8")};
  options_.allowed = {range("10.1.0.0/16")};
  Budgets budgets(options_);
  const ServerDirectory servers(options_, budgets, exchanges_);
  EXPECT_FALSE(servers.may_be_asked(ip("10.0.255.255")));
  EXPECT_TRUE(servers.may_be_asked(ip("10.1.0.0")));
  EXPECT_TRUE(servers.may_be_asked(ip("10.1.255.255")));
  EXPECT_FALSE(servers.may_be_asked(ip("10.2.0.0")));
  EXPECT_FALSE(servers.may_be_asked(ip("fd00::1")));
  EXPECT_TRUE(servers.may_be_asked(ip("2a01::1")));
}

TEST_F(ServerDirectoryTest, RootAndTldServersHaveTheirOwnRate) {
  options_.server_qps = 100;
  options_.infrastructure_qps = 1000;
  Budgets budgets(options_);
  ServerDirectory servers(options_, budgets, exchanges_);
  EXPECT_EQ(sent({servers.nameserver(ip("5.0.0.1"), name("ns1.a.com"), name("a.com"))}), 1u);
  EXPECT_EQ(sent({servers.nameserver(ip("5.0.0.2"), name("a.nic.com"), name("com"))}), 1u + 10u);
  EXPECT_EQ(sent({servers.nameserver(ip("5.0.0.3"), name("a.root"), wire::DnsName())}),
            1u + 10u + 10u);
}

TEST_F(ServerDirectoryTest, TheLongestRangeCountsAndIsSharedByItsServers) {
  options_.server_qps = 10000;
  options_.range_limits = {{range("5.0.0.0/8"), 2000}, {range("5.0.0.0/24"), 500}};
  Budgets budgets(options_);
  ServerDirectory servers(options_, budgets, exchanges_);
  EXPECT_EQ(sent({servers.nameserver(ip("5.0.0.1"), name("ns1.a.com"), name("a.com")),
                  servers.nameserver(ip("5.0.0.2"), name("ns2.a.com"), name("a.com"))}),
            5u);
  EXPECT_EQ(sent({servers.nameserver(ip("5.0.1.1"), name("ns3.a.com"), name("a.com"))}), 5u + 20u);
}

TEST_F(ServerDirectoryTest, TheLongestSuffixCountsAndARangeGoesBeforeIt) {
  options_.server_qps = 10000;
  options_.suffix_limits = {{name("provider.net"), 2000}, {name("slow.provider.net"), 500}};
  options_.range_limits = {{range("6.0.0.0/8"), 1000}};
  Budgets budgets(options_);
  ServerDirectory servers(options_, budgets, exchanges_);
  std::size_t all = 0;
  const auto next = [&](const char* address, const char* nameserver) {
    const std::size_t now =
        sent({servers.nameserver(ip(address), name(nameserver), name("a.com"))});
    const std::size_t more = now - all;
    all = now;
    return more;
  };
  EXPECT_EQ(next("5.0.0.1", "ns.slow.provider.net"), 5u);
  EXPECT_EQ(next("5.0.0.2", "ns.provider.net"), 20u);
  EXPECT_EQ(next("5.0.0.3", "ns.otherprovider.net"), 50u);
  EXPECT_EQ(next("6.0.0.1", "ns9.provider.net"), 10u);
}

TEST_F(ServerDirectoryTest, TheGlobalCapStandsOverAll) {
  options_.server_qps = 10000;
  options_.global_qps = 300;
  Budgets budgets(options_);
  ServerDirectory servers(options_, budgets, exchanges_);
  EXPECT_EQ(sent({servers.nameserver(ip("5.0.0.1"), name("ns1.a.com"), name("a.com")),
                  servers.resolver({ip("5.0.0.2"), 5353})}),
            3u);
}

TEST_F(ServerDirectoryTest, TwoShardsHaveOneBudgetForAnAddress) {
  options_.server_qps = 500;  // bursts of 5
  Budgets budgets(options_);
  Exchanges other({1, 1}, random_, counts_);
  other.set_owner(owner_);
  ServerDirectory one(options_, budgets, exchanges_), two(options_, budgets, other);
  EXPECT_EQ(sent({one.nameserver(ip("5.0.0.1"), name("ns1.a.com"), name("a.com"))}), 5u);
  other.start(two.nameserver(ip("5.0.0.1"), name("ns9.b.net"), name("b.net")), {},
              std::chrono::seconds(1), false, 0);
  other.start(two.nameserver(ip("5.0.0.2"), name("ns9.b.net"), name("b.net")), {},
              std::chrono::seconds(1), false, 0);
  other.advance(Instant{});
  EXPECT_EQ(other.outbox().datagrams.size(), 1u);
}

TEST_F(ServerDirectoryTest, BudgetsAreExactHoweverManyThreadsTakeFromThem) {
  options_.server_qps = 1000;  // bursts of 10
  Budgets budgets(options_);
  constexpr int kThreads = 4, kTries = 20000;
  std::array<int, kThreads> granted{};
  const Budgets::Of of = budgets.of({ip("5.0.0.1"), 53}, 1000, nullptr);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kTries; ++n) granted[i] += of.own->take(Instant{}) == Instant{};
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::accumulate(granted.begin(), granted.end(), 0), 10);
}

}  // namespace
}  // namespace caascan::engine
