// The event loop of a shard: does what the engine says, tells it what happened, decides nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <string>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "scanner/engine/engine.h"
#include "scanner/name_queue.h"
#include "scanner/net/tcp_client.h"
#include "scanner/net/udp_sockets.h"

namespace caascan::net {

// Runs one engine on the calling thread. A turn: take names, run the engine once, send what it
// wants sent, hand out verdicts; then wait for replies, the next timer or new names. One clock read
// a turn.
class EventLoop final : public UdpEvents, public TcpEvents {
 public:
  using VerdictHandler = std::function<std::expected<void, std::string>(engine::Verdict&&)>;
  // Once a turn, for progress and for what can fail beside the network.
  using TurnHandler = std::function<std::expected<void, std::string>()>;

  // Borrows all. `start` is Instant zero.
  EventLoop(engine::Engine& engine, ShardQueue& names, std::chrono::steady_clock::time_point start,
            VerdictHandler on_verdict, TurnHandler on_turn);

  [[nodiscard]] std::expected<void, std::string> open(std::uint32_t sockets_v4,
                                                      std::uint32_t sockets_v6);
  // Until every name has its verdict, or `stop` (may be null) is true: then it returns with names
  // unfinished.
  [[nodiscard]] std::expected<void, std::string> run(const std::atomic<bool>* stop);
  // Seconds from `start` to the first datagram sent; negative where none was.
  [[nodiscard]] double first_query_s() const { return first_query_s_; }

  void on_readable() override { read_clock(); }
  void on_datagrams(std::uint32_t socket, std::span<const engine::Received> received) override;
  void on_send_failed(engine::AttemptId attempt) override;
  void on_kernel_drops(std::uint64_t datagrams) override;
  void on_tcp_message(engine::AttemptId attempt, wire::Bytes message) override;
  void on_tcp_failed(engine::AttemptId attempt) override;

 private:
  void read_clock();
  [[nodiscard]] bool take_names();
  void flush();
  void wait_until(engine::Instant wake);

  engine::Engine& engine_;
  ShardQueue& names_;
  std::chrono::steady_clock::time_point start_;
  VerdictHandler on_verdict_;
  TurnHandler on_turn_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  UdpSockets udp_;
  TcpClient tcp_;
  ShardQueue::Batch batch_;
  std::size_t batch_used_ = 0;
  engine::Instant now_{}, looked_around_{};
  double first_query_s_ = -1;
};

}  // namespace caascan::net
