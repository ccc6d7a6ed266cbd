#include "scanner/net/tcp_client.h"

#include <algorithm>
#include <array>
#include <utility>

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

// The id of a message; a question of ours has one.
std::uint16_t id_of(wire::Bytes message) {
  return static_cast<std::uint16_t>(message[0] << 8 | message[1]);
}

}  // namespace

// Connects, then writes what it is given and reads what comes, both at any time. A handler that
// runs after `stop` finds no client and does nothing.
class TcpClient::Connection : public std::enable_shared_from_this<TcpClient::Connection> {
 public:
  Connection(TcpClient& client, const engine::Endpoint& to)
      : client_(&client), socket_(client.io_), to_(to) {}

  void connect() {
    socket_.async_connect(to_asio(to_),
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!self->goes_on(error)) return;
                            boost::system::error_code ignored;
                            self->socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
                            self->connected_ = true;
                            self->write();
                            self->read_length();
                          });
  }
  void stop() {
    client_ = nullptr;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  void ask(Question&& question) {
    const std::vector<std::uint8_t>& message = question.request.message;
    out_.push_back(static_cast<std::uint8_t>(message.size() >> 8));
    out_.push_back(static_cast<std::uint8_t>(message.size()));
    out_.insert(out_.end(), message.begin(), message.end());
    asked_.push_back({std::move(question), false});
    idle_since_ = engine::kNever;
    if (connected_) write();
  }
  // True where the question was here. Its id stays taken, as a reply may still come.
  bool give_up(engine::AttemptId attempt) {
    for (Asked& asked : asked_) {
      if (asked.given_up || asked.question.request.attempt != attempt) continue;
      asked.given_up = true;
      retired_ = true;
      return true;
    }
    return false;
  }
  [[nodiscard]] bool takes(std::uint16_t id) const {
    return !retired_ && std::ranges::none_of(asked_, [id](const Asked& asked) {
      return id_of(asked.question.request.message) == id;
    });
  }
  void retire() { retired_ = true; }
  // Nobody waits for anything here.
  [[nodiscard]] bool is_idle() const {
    return std::ranges::all_of(asked_, [](const Asked& asked) { return asked.given_up; });
  }
  [[nodiscard]] std::size_t load() const { return asked_.size(); }
  [[nodiscard]] bool retired() const { return retired_; }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool has_answered() const { return has_answered_; }
  [[nodiscard]] const engine::Endpoint& to() const { return to_; }
  // Since when it has had no question, as far as has been looked.
  [[nodiscard]] engine::Instant idle_since(engine::Instant now) {
    if (idle_since_ == engine::kNever) idle_since_ = now;
    return idle_since_;
  }
  // The questions that have no answer, in the order of asking.
  std::vector<Question> take_questions() {
    std::vector<Question> left;
    for (Asked& asked : asked_) {
      if (!asked.given_up) left.push_back(std::move(asked.question));
    }
    asked_.clear();
    return left;
  }

 private:
  struct Asked {
    Question question;
    bool given_up = false;
  };

  // False, and the connection has ended, where `error` is set; false too after `stop`.
  bool goes_on(boost::system::error_code error) {
    if (client_ == nullptr) return false;
    if (!error) return true;
    client_->ended(shared_from_this());
    return false;
  }
  void write() {
    if (!writing_.empty() || out_.empty()) return;
    writing_.swap(out_);
    boost::asio::async_write(
        socket_, boost::asio::buffer(writing_),
        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
          if (!self->goes_on(error)) return;
          self->writing_.clear();
          self->write();
        });
  }
  void read_length() {
    boost::asio::async_read(
        socket_, boost::asio::buffer(length_),
        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
          if (self->goes_on(error)) self->read_message();
        });
  }
  void read_message() {
    in_.resize(static_cast<std::size_t>(length_[0] << 8 | length_[1]));
    boost::asio::async_read(
        socket_, boost::asio::buffer(in_),
        [self = shared_from_this()](boost::system::error_code error, std::size_t) {
          if (!self->goes_on(error)) return;
          self->take_message();
          if (self->client_ != nullptr) self->read_length();
        });
  }
  // What answers no question of ours is passed over.
  void take_message() {
    if (in_.size() < 2) return;
    const auto found = std::ranges::find_if(asked_, [&](const Asked& asked) {
      return id_of(asked.question.request.message) == id_of(in_);
    });
    if (found == asked_.end()) return;
    const bool given_up = found->given_up;
    const engine::AttemptId attempt = found->question.request.attempt;
    asked_.erase(found);
    has_answered_ = true;
    if (!given_up) client_->answered(*this, attempt, in_);
  }

  TcpClient* client_;
  boost::asio::ip::tcp::socket socket_;
  engine::Endpoint to_;
  std::vector<Asked> asked_;
  std::vector<std::uint8_t> out_, writing_;
  std::array<std::uint8_t, 2> length_{};
  std::vector<std::uint8_t> in_;
  engine::Instant idle_since_ = engine::kNever;
  bool connected_ = false, has_answered_ = false, retired_ = false;
};

TcpClient::~TcpClient() {
  close();
}

void TcpClient::handle(engine::TcpRequest&& request) {
  const std::uint64_t key = request.attempt.packed();
  if (!request.message.empty()) {
    const engine::Endpoint to = request.to;
    asked_[key] = to;
    place(to, {std::move(request), false});
    return;
  }
  const auto found = asked_.find(key);
  if (found == asked_.end()) return;
  const engine::Endpoint to = found->second;
  asked_.erase(found);
  Server& server = servers_[to];
  if (std::erase_if(server.waiting, [&](const Question& question) {
        return question.request.attempt == request.attempt;
      }) != 0)
    return;
  for (std::size_t i = 0; i < server.connections.size(); ++i) {
    const std::shared_ptr<Connection> connection = server.connections[i];
    if (!connection->give_up(request.attempt)) continue;
    if (connection->is_idle()) drop(connection);
    break;
  }
  place_waiting(to);
}

// A connection that may take a question with this id now, made where there may be another; null
// where it has to wait.
TcpClient::Connection* TcpClient::choose(Server& server, const engine::Endpoint& to,
                                         std::uint16_t id) {
  Connection* best = nullptr;
  const std::size_t questions_max = server.one_at_a_time ? 1 : kTcpQuestionsMax;
  for (const auto& connection : server.connections) {
    if (connection->load() >= questions_max || !connection->takes(id)) continue;
    if (best == nullptr || connection->load() < best->load()) best = connection.get();
  }
  if (best != nullptr && best->load() == 0) return best;
  if (server.connections.size() >= kTcpConnectionsPerServerMax || !make_room()) return best;
  auto made = std::make_shared<Connection>(*this, to);
  server.connections.push_back(made);
  ++open_;
  ++made_;
  made->connect();
  return made.get();
}

// Whether there may be one connection more; an idle one gives way.
bool TcpClient::make_room() {
  if (open_ < kTcpConnectionsMax) return true;
  for (auto& [to, server] : servers_) {
    const auto idle = std::ranges::find_if(
        server.connections, [](const auto& connection) { return connection->is_idle(); });
    if (idle == server.connections.end()) continue;
    const std::shared_ptr<Connection> gone = *idle;
    gone->stop();
    server.connections.erase(idle);
    --open_;
    return true;
  }
  return false;
}

void TcpClient::place(const engine::Endpoint& to, Question&& question) {
  Server& server = servers_[to];
  Connection* connection =
      server.waiting.empty() ? choose(server, to, id_of(question.request.message)) : nullptr;
  if (connection != nullptr) {
    connection->ask(std::move(question));
    return;
  }
  if (server.connections.empty() && server.waiting.empty()) starved_.push_back(to);
  server.waiting.push_back(std::move(question));
}

void TcpClient::place_waiting(const engine::Endpoint& to) {
  if (const auto found = servers_.find(to); found != servers_.end()) {
    Server& server = found->second;
    while (!server.waiting.empty()) {
      Connection* connection = choose(server, to, id_of(server.waiting.front().request.message));
      if (connection == nullptr) break;
      connection->ask(std::move(server.waiting.front()));
      server.waiting.pop_front();
    }
    if (server.waiting.empty() && server.connections.empty() && !server.one_at_a_time)
      servers_.erase(found);
  }
  // What has become free may be another server's.
  while (!starved_.empty() && make_room()) {
    const engine::Endpoint next = starved_.front();
    starved_.pop_front();
    const auto found = servers_.find(next);
    if (found == servers_.end() || found->second.waiting.empty()) continue;
    place_waiting(next);
    return;
  }
}

void TcpClient::answered(Connection& connection, engine::AttemptId attempt, wire::Bytes message) {
  asked_.erase(attempt.packed());
  events_.on_tcp_message(attempt, message);
  const engine::Endpoint to = connection.to();
  // A server that closes after an answer may be about to.
  if (servers_[to].one_at_a_time) connection.retire();
  if (connection.retired() && connection.is_idle()) drop(connection.shared_from_this());
  place_waiting(to);
}

void TcpClient::drop(const std::shared_ptr<Connection>& connection) {
  connection->stop();
  std::erase(servers_[connection->to()].connections, connection);
  --open_;
}

void TcpClient::ended(const std::shared_ptr<Connection>& connection) {
  const engine::Endpoint to = connection->to();
  std::vector<Question> left = connection->take_questions();
  // One that took a single question and gave nothing has failed; so has one that never was.
  const bool several = connection->connected() && left.size() > 1;
  const bool may_move = several || connection->has_answered();
  drop(connection);
  Server& server = servers_[to];
  if (several) server.one_at_a_time = true;
  std::vector<engine::AttemptId> failed;
  for (Question& question : left) {
    if (!may_move || question.moved) {
      failed.push_back(question.request.attempt);
      asked_.erase(question.request.attempt.packed());
      continue;
    }
    question.moved = true;
    place(to, std::move(question));
  }
  for (const engine::AttemptId attempt : failed) events_.on_tcp_failed(attempt);
  place_waiting(to);
}

void TcpClient::close_idle(engine::Instant now) {
  if (servers_.empty()) return;
  std::vector<std::shared_ptr<Connection>> idle;
  for (auto& [to, server] : servers_) {
    for (const auto& connection : server.connections) {
      if (connection->is_idle() && now - connection->idle_since(now) >= kTcpIdleMax)
        idle.push_back(connection);
    }
  }
  for (const auto& connection : idle) {
    drop(connection);
    place_waiting(connection->to());
  }
  std::erase_if(servers_, [](const auto& known) {
    const Server& server = known.second;
    return server.connections.empty() && server.waiting.empty() && !server.one_at_a_time;
  });
}

void TcpClient::close() {
  for (auto& [to, server] : servers_) {
    for (const auto& connection : server.connections) connection->stop();
  }
  servers_.clear();
  asked_.clear();
  starved_.clear();
  open_ = 0;
}

}  // namespace caascan::net
