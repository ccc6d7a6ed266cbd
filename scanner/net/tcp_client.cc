#include "scanner/net/tcp_client.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace caascan::net {
namespace {

boost::asio::ip::tcp::endpoint to_asio(const engine::Endpoint& endpoint) {
  if (endpoint.address.v6) {
    return {boost::asio::ip::address_v6(endpoint.address.octets), endpoint.port};
  }
  const auto& octets = endpoint.address.octets;
  return {boost::asio::ip::address_v4({octets[0], octets[1], octets[2], octets[3]}), endpoint.port};
}

}  // namespace

// Connect, write the length and the question, read two octets of length, then the reply. A handler
// that runs after `stop` finds no client and does nothing.
class TcpClient::Connection : public std::enable_shared_from_this<TcpClient::Connection> {
 public:
  Connection(TcpClient& client, engine::TcpRequest&& request)
      : client_(&client), socket_(client.io_), attempt_(request.attempt), to_(request.to) {
    const std::size_t octets = request.message.size();
    out_.reserve(octets + 2);
    out_.push_back(static_cast<std::uint8_t>(octets >> 8));
    out_.push_back(static_cast<std::uint8_t>(octets));
    out_.insert(out_.end(), request.message.begin(), request.message.end());
  }

  void start() {
    socket_.async_connect(to_asio(to_),
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (self->proceed(error)) self->write();
                          });
  }
  void stop() {
    client_ = nullptr;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  // False, and the request has failed, where `error` is set; false too after `stop`.
  bool proceed(boost::system::error_code error) {
    if (client_ == nullptr) return false;
    if (!error) return true;
    TcpClient* client = std::exchange(client_, nullptr);
    client->events_.on_tcp_failed(attempt_);
    client->finished(attempt_);
    return false;
  }
  void write() {
    boost::asio::async_write(
        socket_, boost::asio::buffer(out_),
        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
          if (self->proceed(error)) self->read_length();
        });
  }
  void read_length() {
    boost::asio::async_read(
        socket_, boost::asio::buffer(length_),
        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
          if (self->proceed(error)) self->read_message();
        });
  }
  void read_message() {
    in_.resize(static_cast<std::size_t>(length_[0] << 8 | length_[1]));
    boost::asio::async_read(
        socket_, boost::asio::buffer(in_),
        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
          if (!self->proceed(error)) return;
          TcpClient* client = std::exchange(self->client_, nullptr);
          client->events_.on_tcp_message(self->attempt_, self->in_);
          client->finished(self->attempt_);
        });
  }

  TcpClient* client_;
  boost::asio::ip::tcp::socket socket_;
  engine::AttemptId attempt_;
  engine::Endpoint to_;
  std::vector<std::uint8_t> out_;
  std::array<std::uint8_t, 2> length_{};
  std::vector<std::uint8_t> in_;
};

TcpClient::~TcpClient() {
  close();
}

void TcpClient::handle(engine::TcpRequest&& request) {
  const std::uint64_t key = request.attempt.packed();
  if (!request.message.empty()) {
    if (connections_.size() < kTcpConnectionsMax) {
      start(std::move(request));
    } else {
      waiting_.push_back(std::move(request));
    }
    return;
  }
  std::erase_if(waiting_, [key](const engine::TcpRequest& waiting) {
    return waiting.attempt.packed() == key;
  });
  if (const auto found = connections_.find(key); found != connections_.end()) {
    found->second->stop();
    finished(request.attempt);
  }
}

void TcpClient::start(engine::TcpRequest&& request) {
  const std::uint64_t key = request.attempt.packed();
  const auto connection = std::make_shared<Connection>(*this, std::move(request));
  connections_[key] = connection;
  connection->start();
}

void TcpClient::finished(engine::AttemptId attempt) {
  connections_.erase(attempt.packed());
  if (waiting_.empty()) return;
  engine::TcpRequest next = std::move(waiting_.front());
  waiting_.pop_front();
  start(std::move(next));
}

void TcpClient::close() {
  for (const auto& [key, connection] : connections_) connection->stop();
  connections_.clear();
  waiting_.clear();
}

}  // namespace caascan::net
