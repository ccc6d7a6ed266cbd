// DNS over TCP (RFC 7766): one question a connection, for replies that did not fit a datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "scanner/engine/exchanges.h"

namespace caascan::net {

inline constexpr std::size_t kTcpConnectionsMax =
    256;  // well below the usual limit of 1,024 descriptors

class TcpEvents {
 public:
  virtual ~TcpEvents() = default;
  virtual void on_tcp_message(engine::AttemptId attempt, wire::Bytes message) = 0;
  virtual void on_tcp_failed(engine::AttemptId attempt) = 0;
};

// Owns the connections. Beyond kTcpConnectionsMax requests wait for a place. One thread.
class TcpClient {
 public:
  TcpClient(boost::asio::io_context& io, TcpEvents& events) : io_(io), events_(events) {}
  ~TcpClient();
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  // Starts a request, or gives one up where `request.message` is empty.
  void handle(engine::TcpRequest&& request);
  // Drops everything without telling anybody.
  void close();

 private:
  class Connection;
  void start(engine::TcpRequest&& request);
  void finished(engine::AttemptId attempt);

  boost::asio::io_context& io_;
  TcpEvents& events_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::deque<engine::TcpRequest> waiting_;
};

}  // namespace caascan::net
