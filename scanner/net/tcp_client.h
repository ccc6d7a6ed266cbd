// DNS over TCP (RFC 7766), for replies that did not fit a datagram: connections are kept and used
// again, and carry several questions at a time.
//
// The life of a question. It goes to an idle connection to its server; else to a new one, while the
// server has few; else it joins those that are under way on one (RFC 7766 §6.2.1.1); else it waits.
// Replies are told apart by their ids, which are unique on a connection. Where a connection ends
// before its questions are answered, they are asked once more on another one: servers may close
// whenever they like (§6.2.3), and some take one question only, so this one gets a connection for
// each from then on. A connection on which a question was given up takes no new ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "scanner/engine/exchanges.h"

namespace caascan::net {

inline constexpr std::size_t kTcpConnectionsMax =
    256;  // well below the usual limit of 1,024 descriptors
// To one server (RFC 7766 §6.2.2 asks for few), and questions under way on each.
inline constexpr std::size_t kTcpConnectionsPerServerMax = 2;
inline constexpr std::size_t kTcpQuestionsMax = 16;
// So long a connection without a question is kept. Servers keep theirs for seconds.
inline constexpr engine::Duration kTcpIdleMax = std::chrono::seconds(2);

class TcpEvents {
 public:
  virtual ~TcpEvents() = default;
  virtual void on_tcp_message(engine::AttemptId attempt, wire::Bytes message) = 0;
  virtual void on_tcp_failed(engine::AttemptId attempt) = 0;
};

// Owns the connections. One thread: the one that runs `io`, in which all events come.
class TcpClient {
 public:
  TcpClient(boost::asio::io_context& io, TcpEvents& events) : io_(io), events_(events) {}
  ~TcpClient();
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  // Asks a question, or gives one up where `request.message` is empty.
  void handle(engine::TcpRequest&& request);
  // Closes connections that have had no question for kTcpIdleMax. To be called now and then.
  void close_idle(engine::Instant now);
  // Drops everything without telling anybody.
  void close();

  [[nodiscard]] std::size_t connections() const { return open_; }
  [[nodiscard]] std::uint64_t connections_made() const { return made_; }

 private:
  class Connection;
  struct Question {
    engine::TcpRequest request;
    bool moved = false;  // it has lost a connection before
  };
  struct Server {
    std::vector<std::shared_ptr<Connection>> connections;
    std::deque<Question> waiting;
    bool one_at_a_time = false;
  };
  void place(const engine::Endpoint& to, Question&& question);
  [[nodiscard]] Connection* choose(Server& server, const engine::Endpoint& to, std::uint16_t id);
  [[nodiscard]] bool make_room();
  void place_waiting(const engine::Endpoint& to);
  void answered(Connection& connection, engine::AttemptId attempt, wire::Bytes message);
  void ended(const std::shared_ptr<Connection>& connection);
  void drop(const std::shared_ptr<Connection>& connection);

  boost::asio::io_context& io_;
  TcpEvents& events_;
  std::map<engine::Endpoint, Server> servers_;
  std::unordered_map<std::uint64_t, engine::Endpoint> asked_;  // where each question is
  std::deque<engine::Endpoint> starved_;  // servers whose questions wait for one of all connections
  std::size_t open_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace caascan::net
