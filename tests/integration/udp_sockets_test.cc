// Real sockets on loopback: what leaves, what comes, and what is lost.
#include "scanner/net/udp_sockets.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <set>

namespace caascan::net {
namespace {

constexpr int kUdpSegment = 103;

class Recorder final : public UdpEvents {
 public:
  void on_readable() override {}
  void on_datagrams(std::uint32_t socket, std::span<const engine::Received> received) override {
    for (const engine::Received& one : received) {
      ++sockets[socket];
      last_from = one.from;
      messages.emplace(one.message.begin(), one.message.end());
    }
  }
  void on_send_failed(engine::AttemptId attempt) override { failed.insert(attempt.index); }
  void on_kernel_drops(std::uint64_t datagrams) override { drops += datagrams; }

  std::map<std::uint32_t, int> sockets;
  engine::Endpoint last_from;
  std::multiset<std::string> messages;
  std::set<std::uint32_t> failed;
  std::uint64_t drops = 0;
};

class UdpSocketsTest : public testing::Test {
 protected:
  UdpSocketsTest() {
    peer_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(peer_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    getsockname(peer_, reinterpret_cast<sockaddr*>(&address), &length);
    to_ = engine::Endpoint::parse("127.0.0.1", ntohs(address.sin_port)).value();
    EXPECT_TRUE(sockets_.open(3, 0).has_value());
  }
  ~UdpSocketsTest() override {
    sockets_.close();
    close(peer_);
  }

  void add(std::uint32_t socket, const engine::Endpoint& to, const std::string& text) {
    const auto offset = static_cast<std::uint32_t>(outbox_.bytes.size());
    outbox_.bytes.insert(outbox_.bytes.end(), text.begin(), text.end());
    outbox_.datagrams.push_back({socket,
                                 to,
                                 offset,
                                 static_cast<std::uint32_t>(text.size()),
                                 {static_cast<std::uint32_t>(outbox_.datagrams.size()), 0}});
  }
  // What has arrived at the peer; its sender is kept.
  std::multiset<std::string> arrived(std::size_t count) {
    std::multiset<std::string> all;
    std::array<char, 2048> buffer;
    pollfd ready{peer_, POLLIN, 0};
    while (all.size() < count && poll(&ready, 1, 5000) == 1) {
      socklen_t length = sizeof from_;
      const ssize_t got = recvfrom(peer_, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from_), &length);
      if (got >= 0) all.emplace(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  boost::asio::io_context io_{1};
  Recorder events_;
  UdpSockets sockets_{io_, events_};
  engine::Outbox outbox_;
  engine::Endpoint to_;
  sockaddr_in from_{};
  int peer_ = -1;
};

// Lengths and sockets mixed, more of one length than one call may join; and not more than a peer
// with an ordinary receive buffer has room for.
TEST_F(UdpSocketsTest, DatagramsArriveAsTheyWereGivenWhateverIsJoined) {
  std::multiset<std::string> given;
  for (int i = 0; i < 150; ++i) {
    const std::string text =
        std::to_string(1000 + i) + std::string(i % 4 != 0 ? 7 : 30 + i % 3, 'x');
    add(static_cast<std::uint32_t>(i % 5 == 0 ? 2 : 0), to_, text);
    given.insert(text);
  }
  sockets_.send(outbox_);
  EXPECT_EQ(arrived(given.size()), given);
  EXPECT_TRUE(events_.failed.empty());
}

TEST_F(UdpSocketsTest, MoreDestinationsThanAreGroupedAtATimeGetTheirOwn) {
  std::multiset<std::string> given;
  for (int i = 0; i < 2000; ++i) {
    engine::Endpoint to = to_;
    if (i % 20 != 1) {
      // Nobody listens there, which is nobody's failure.
      to.address.octets[1] = static_cast<std::uint8_t>(i / 256 + 1);
      to.address.octets[3] = static_cast<std::uint8_t>(i % 256);
    } else {
      given.insert("to the peer " + std::to_string(i));
    }
    add(0, to, "to the peer " + std::to_string(i));
  }
  sockets_.send(outbox_);
  EXPECT_EQ(arrived(given.size()), given);
  EXPECT_TRUE(events_.failed.empty());
}

TEST_F(UdpSocketsTest, WhatTheKernelRefusesFailsAndTheRestIsSent) {
  const engine::Endpoint everybody = engine::Endpoint::parse("255.255.255.255", 53).value();
  add(0, to_, "first");
  add(0, everybody, "refused");  // without SO_BROADCAST
  add(0, everybody, "REFUSED");
  add(0, to_, "last one");
  sockets_.send(outbox_);
  EXPECT_EQ(arrived(2), (std::multiset<std::string>{"first", "last one"}));
  EXPECT_EQ(events_.failed, (std::set<std::uint32_t>{1, 2}));
}

TEST_F(UdpSocketsTest, JoinedRepliesAreTakenApart) {
  add(1, to_, "question");
  sockets_.send(outbox_);
  ASSERT_EQ(arrived(1).size(), 1u);
  const int size = 20;
  // Linux 4.18 and later.
  ASSERT_EQ(setsockopt(peer_, IPPROTO_UDP, kUdpSegment, &size, sizeof size), 0);
  std::multiset<std::string> given;
  std::string joined;
  for (int i = 0; i < 10; ++i) {
    given.insert(std::string(20, static_cast<char>('a' + i)));
    joined += std::string(20, static_cast<char>('a' + i));
  }
  given.insert("short");
  joined += "short";
  ASSERT_EQ(sendto(peer_, joined.data(), joined.size(), 0, reinterpret_cast<sockaddr*>(&from_),
                   sizeof from_),
            static_cast<ssize_t>(joined.size()));
  // An empty one is a datagram too.
  ASSERT_EQ(sendto(peer_, "", 0, 0, reinterpret_cast<sockaddr*>(&from_), sizeof from_), 0);
  given.insert("");
  EXPECT_EQ(sockets_.read_ready(), 12u);
  EXPECT_EQ(events_.messages, given);
  EXPECT_EQ(events_.sockets, (std::map<std::uint32_t, int>{{1, 12}}));
  EXPECT_EQ(events_.last_from, to_);
  EXPECT_EQ(sockets_.read_ready(), 0u);
}

TEST_F(UdpSocketsTest, WhatFindsNoRoomIsTold) {
  add(0, to_, "question");
  sockets_.send(outbox_);
  ASSERT_EQ(arrived(1).size(), 1u);
  sockets_.check_drops();
  EXPECT_EQ(events_.drops, 0u);
  const std::string text(1000, 'x');
  int sent = 0;
  for (int i = 0; i < 40000; ++i) {
    if (sendto(peer_, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&from_),
               sizeof from_) > 0)
      ++sent;
  }
  sockets_.check_drops();
  EXPECT_GT(events_.drops, 0u);
  while (sockets_.read_ready() != 0) {
  }
  EXPECT_EQ(events_.messages.size() + events_.drops, static_cast<std::uint64_t>(sent));
  const std::uint64_t before = events_.drops;
  sockets_.check_drops();
  EXPECT_EQ(events_.drops, before);
}

TEST_F(UdpSocketsTest, TheLoopWakesUpWhenSomethingComes) {
  add(2, to_, "question");
  sockets_.send(outbox_);
  ASSERT_EQ(arrived(1).size(), 1u);
  sockets_.wake_when_ready();
  ASSERT_EQ(sendto(peer_, "answer", 6, 0, reinterpret_cast<sockaddr*>(&from_), sizeof from_), 6);
  EXPECT_EQ(io_.run_one_for(std::chrono::seconds(5)), 1u);
  EXPECT_EQ(sockets_.read_ready(), 1u);
  EXPECT_EQ(events_.messages.count("answer"), 1u);
}

}  // namespace
}  // namespace caascan::net
