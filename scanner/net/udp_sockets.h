// UDP towards the world: many unconnected sockets, datagrams in batches, every failure told apart.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "scanner/engine/exchanges.h"

namespace caascan::net {

inline constexpr int kReceiveBufferBytes = 4
                                           << 20;  // the kernel may grant less (net.core.rmem_max)
inline constexpr unsigned kBatch = 64;             // datagrams a recvmmsg or sendmmsg call
inline constexpr unsigned kBatchesPerTurn =
    16;  // read from one socket before the engine runs again
inline constexpr std::size_t kDatagramOctetsMax =
    4096;  // above what we advertise; the rest would be cut

// Whether this machine has a route to addresses of that family. Sends nothing.
[[nodiscard]] bool has_route(bool v6);

// Told what happened on the sockets. Called from the io_context's thread.
class UdpEvents {
 public:
  virtual ~UdpEvents() = default;
  // Datagrams are about to be handed over: the moment to read the clock.
  virtual void on_readable() = 0;
  virtual void on_datagram(std::uint32_t socket, const engine::Endpoint& from,
                           wire::Bytes message) = 0;
  virtual void on_send_failed(engine::AttemptId attempt) = 0;
  virtual void on_kernel_drops(std::uint64_t datagrams) = 0;
};

// Owns the sockets. One thread: the one that runs `io`.
class UdpSockets {
 public:
  UdpSockets(boost::asio::io_context& io, UdpEvents& events);
  ~UdpSockets();
  UdpSockets(const UdpSockets&) = delete;
  UdpSockets& operator=(const UdpSockets&) = delete;

  // Opens sockets 0..v4-1 for IPv4 and the next v6 for IPv6, each on a port that the kernel draws,
  // and starts to wait for replies.
  [[nodiscard]] std::expected<void, std::string> open(std::uint32_t v4, std::uint32_t v6);
  // Sends the datagrams of `outbox`. What the kernel has no room for now is kept and sent when it
  // has.
  void send(const engine::Outbox& outbox);
  // Stops waiting, so that the io_context runs dry.
  void close();

 private:
  struct Socket;
  struct Backlog {
    engine::Endpoint to;
    engine::AttemptId attempt;
    std::vector<std::uint8_t> bytes;
  };
  [[nodiscard]] std::expected<void, std::string> open_one(std::uint32_t index, bool v6);
  void wait_readable(std::uint32_t index);
  void wait_writable(std::uint32_t index);
  void read_batches(std::uint32_t index);
  void send_pending(std::uint32_t index);

  boost::asio::io_context& io_;
  UdpEvents& events_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<std::uint8_t> receive_buffer_;
};

}  // namespace caascan::net
