// Questions over real TCP connections on loopback, to servers of several manners.
#include "scanner/net/tcp_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

namespace caascan::net {
namespace {

using std::chrono::seconds;

enum class Manner {
  kAnswers,           // each at once
  kAnswersBackwards,  // waits for `batch` questions, then answers the last one first
  kClosesAfterOne,    // one answer a connection
  kCloses,            // after the first question, without an answer
  kIsSilent,
};

// Answers with the question and QR=1.
class TcpServer {
 public:
  explicit TcpServer(Manner manner, std::size_t batch = 1) : manner_(manner), batch_(batch) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    endpoint_ = engine::Endpoint::parse("127.0.0.1", ntohs(address.sin_port)).value();
    thread_ = std::thread([this] { serve(); });
  }
  ~TcpServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  [[nodiscard]] engine::Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  struct Peer {
    std::string in;
    std::vector<std::string> questions;
  };
  // False where the connection is to be closed.
  bool take(int fd, Peer& peer) {
    while (peer.in.size() >= 2) {
      const auto octets = static_cast<std::size_t>(static_cast<std::uint8_t>(peer.in[0]) << 8 |
                                                   static_cast<std::uint8_t>(peer.in[1]));
      if (peer.in.size() < octets + 2) break;
      peer.questions.push_back(peer.in.substr(0, octets + 2));
      peer.in.erase(0, octets + 2);
    }
    if (manner_ == Manner::kIsSilent || peer.questions.size() < batch_) return true;
    if (manner_ == Manner::kCloses) return false;
    if (manner_ == Manner::kAnswersBackwards)
      std::reverse(peer.questions.begin(), peer.questions.end());
    for (std::string& question : peer.questions) {
      question[4] = static_cast<char>(question[4] | '\x80');
      if (send(fd, question.data(), question.size(), MSG_NOSIGNAL) < 0) return false;
      if (manner_ == Manner::kClosesAfterOne) return false;
    }
    peer.questions.clear();
    return true;
  }
  void serve() {
    std::map<int, Peer> peers;
    while (!stop_) {
      std::vector<pollfd> ready = {{listener_, POLLIN, 0}};
      for (const auto& [fd, peer] : peers) ready.push_back({fd, POLLIN, 0});
      if (poll(ready.data(), ready.size(), 20) <= 0) continue;
      for (const pollfd& one : ready) {
        if (one.revents == 0) continue;
        if (one.fd == listener_) {
          peers[accept(listener_, nullptr, nullptr)];
          ++connections_;
          continue;
        }
        std::array<char, 4096> buffer;
        const ssize_t got = recv(one.fd, buffer.data(), buffer.size(), 0);
        if (got > 0) peers[one.fd].in.append(buffer.data(), static_cast<std::size_t>(got));
        if (got > 0 && take(one.fd, peers[one.fd])) continue;
        close(one.fd);
        peers.erase(one.fd);
      }
    }
    for (const auto& [fd, peer] : peers) close(fd);
  }

  Manner manner_;
  std::size_t batch_;
  int listener_ = -1;
  engine::Endpoint endpoint_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class TcpClientTest : public testing::Test, public TcpEvents {
 protected:
  void on_tcp_message(engine::AttemptId attempt, wire::Bytes message) override {
    EXPECT_GE(message.size(), 12u);
    answered_[attempt.index] = message[0] << 8 | message[1];
  }
  void on_tcp_failed(engine::AttemptId attempt) override { failed_.insert(attempt.index); }

  void ask(const TcpServer& server, std::uint32_t attempt, std::uint16_t id) {
    engine::TcpRequest request{{attempt, 0}, server.endpoint(), std::vector<std::uint8_t>(20)};
    request.message[0] = static_cast<std::uint8_t>(id >> 8);
    request.message[1] = static_cast<std::uint8_t>(id);
    client_.handle(std::move(request));
  }
  void give_up(std::uint32_t attempt) { client_.handle({{attempt, 0}, {}, {}}); }
  // Until so many questions have ended, or far too long.
  void run_until_ended(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    io_.restart();
    while (answered_.size() + failed_.size() < count && std::chrono::steady_clock::now() < end)
      io_.run_one_for(std::chrono::milliseconds(100)), io_.restart();
    EXPECT_EQ(answered_.size() + failed_.size(), count);
  }

  boost::asio::io_context io_{1};
  std::map<std::uint32_t, int> answered_;  // id of the answer by attempt
  std::set<std::uint32_t> failed_;
  TcpClient client_{io_, *this};
};

TEST_F(TcpClientTest, AConnectionIsUsedAgain) {
  TcpServer server(Manner::kAnswers);
  for (std::uint32_t i = 0; i < 20; ++i) {
    ask(server, i, static_cast<std::uint16_t>(7 * i));
    run_until_ended(i + 1);
    EXPECT_EQ(answered_[i], static_cast<int>(7 * i));
  }
  EXPECT_EQ(client_.connections_made(), 1u);
}

TEST_F(TcpClientTest, QuestionsShareConnectionsAndAnswersMayComeInAnyOrder) {
  TcpServer server(Manner::kAnswersBackwards, kTcpQuestionsMax);
  const auto count = static_cast<std::uint32_t>(kTcpConnectionsPerServerMax * kTcpQuestionsMax);
  for (std::uint32_t i = 0; i < count; ++i) ask(server, i, static_cast<std::uint16_t>(1000 + i));
  run_until_ended(count);
  for (std::uint32_t i = 0; i < count; ++i) EXPECT_EQ(answered_[i], static_cast<int>(1000 + i));
  EXPECT_EQ(client_.connections_made(), kTcpConnectionsPerServerMax);
}

TEST_F(TcpClientTest, OneServerGetsFewConnectionsAndTheRestWaits) {
  TcpServer server(Manner::kAnswers);
  for (std::uint32_t i = 0; i < 500; ++i) ask(server, i, static_cast<std::uint16_t>(i));
  EXPECT_EQ(client_.connections(), kTcpConnectionsPerServerMax);
  run_until_ended(500);
  EXPECT_EQ(answered_.size(), 500u);
  EXPECT_EQ(client_.connections_made(), kTcpConnectionsPerServerMax);
}

TEST_F(TcpClientTest, EqualIdsNeverMeetOnOneConnection) {
  TcpServer server(Manner::kAnswers);
  for (std::uint32_t i = 0; i < 5; ++i) ask(server, i, 42);
  run_until_ended(5);
  EXPECT_EQ(answered_.size(), 5u);
}

TEST_F(TcpClientTest, AServerThatClosesAfterEachAnswerIsAskedAgain) {
  TcpServer server(Manner::kClosesAfterOne);
  for (std::uint32_t i = 0; i < 20; ++i) ask(server, i, static_cast<std::uint16_t>(i));
  run_until_ended(20);
  EXPECT_EQ(answered_.size(), 20u);
  ask(server, 20, 1);
  run_until_ended(21);
  EXPECT_TRUE(failed_.empty());
}

TEST_F(TcpClientTest, AConnectionThatEndsWithoutAnAnswerIsAFailure) {
  TcpServer server(Manner::kCloses);
  ask(server, 1, 1);
  run_until_ended(1);
  EXPECT_EQ(failed_, std::set<std::uint32_t>{1});
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TcpClientTest, APortThatNobodyListensAtIsAFailureOfEachQuestion) {
  engine::Endpoint nobody;
  {
    TcpServer gone(Manner::kCloses);
    nobody = gone.endpoint();
  }
  for (std::uint32_t i = 0; i < 3; ++i)
    client_.handle({{i, 0}, nobody, std::vector<std::uint8_t>(20, static_cast<std::uint8_t>(i))});
  run_until_ended(3);
  EXPECT_EQ(failed_.size(), 3u);
  EXPECT_EQ(client_.connections(), 0u);
}

TEST_F(TcpClientTest, AQuestionThatIsGivenUpTakesItsConnectionOutOfUse) {
  TcpServer server(Manner::kIsSilent);
  ask(server, 1, 1);
  give_up(1);
  give_up(1);
  EXPECT_EQ(client_.connections(), 0u);
  io_.poll();
  EXPECT_TRUE(answered_.empty() && failed_.empty());
}

TEST_F(TcpClientTest, AQuestionThatWaitsCanBeGivenUp) {
  TcpServer server(Manner::kIsSilent);
  const auto full = static_cast<std::uint32_t>(kTcpConnectionsPerServerMax * kTcpQuestionsMax);
  for (std::uint32_t i = 0; i < full + 2; ++i) ask(server, i, static_cast<std::uint16_t>(i));
  for (std::uint32_t i = 0; i < full + 2; ++i) give_up(i);
  EXPECT_EQ(client_.connections(), 0u);
}

TEST_F(TcpClientTest, AnIdleConnectionIsClosedAfterItsTime) {
  TcpServer server(Manner::kAnswers);
  ask(server, 1, 1);
  run_until_ended(1);
  client_.close_idle(engine::Instant(seconds(100)));
  client_.close_idle(engine::Instant(seconds(100) + kTcpIdleMax - engine::Duration(1)));
  EXPECT_EQ(client_.connections(), 1u);
  client_.close_idle(engine::Instant(seconds(100) + kTcpIdleMax));
  EXPECT_EQ(client_.connections(), 0u);
}

}  // namespace
}  // namespace caascan::net
