// UDP towards the world: many unconnected sockets, datagrams in batches, every failure told apart.
//
// The way of a datagram. `send` sorts what a turn wants sent by socket, destination and length.
// Those that share all three leave as one send that the kernel cuts up (UDP_SEGMENT, 64 at most);
// the others leave one by one, up to kBatch in a call, straight from the outbox. Only what the
// kernel has no room for is copied, and sent when it has. Replies are read in batches too; where
// the kernel has joined some (UDP_GRO) they are taken apart again here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
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
inline constexpr unsigned kBatch = 64;             // messages a recvmmsg or sendmmsg call
inline constexpr std::size_t kDatagramsPerTurn =
    1024;  // read from one socket before the engine runs again
inline constexpr std::size_t kSegmentsMax =
    64;  // joined in one message; older kernels take no more
inline constexpr std::size_t kMessageOctetsMax =
    65535;  // what one read may give: the largest datagram, or several that are joined

// Whether this machine has a route to addresses of that family. Sends nothing.
[[nodiscard]] bool has_route(bool v6);

// Told what happened on the sockets. Called from the thread that calls UdpSockets.
class UdpEvents {
 public:
  virtual ~UdpEvents() = default;
  // Datagrams are about to be handed over: the moment to read the clock.
  virtual void on_readable() = 0;
  virtual void on_datagrams(std::uint32_t socket, std::span<const engine::Received> received) = 0;
  virtual void on_send_failed(engine::AttemptId attempt) = 0;
  // So many datagrams have come and found a receive buffer of ours full since the last call.
  virtual void on_kernel_drops(std::uint64_t datagrams) = 0;
};

// Owns the sockets. One thread: the one that runs `io`.
class UdpSockets {
 public:
  UdpSockets(boost::asio::io_context& io, UdpEvents& events);
  ~UdpSockets();
  UdpSockets(const UdpSockets&) = delete;
  UdpSockets& operator=(const UdpSockets&) = delete;

  // Opens sockets 0..v4-1 for IPv4 and the next v6 for IPv6, each on a port that the kernel draws.
  [[nodiscard]] std::expected<void, std::string> open(std::uint32_t v4, std::uint32_t v6);
  // Sends the datagrams of `outbox`, in whatever order. What the kernel has no room for now is kept
  // and sent when it has.
  void send(const engine::Outbox& outbox);
  // Hands over what has come, kDatagramsPerTurn of each socket or little more, and says how many.
  std::size_t read_ready();
  // Has the io_context wake up once there is something for `read_ready`.
  void wake_when_ready();
  // Asks the kernel what it has dropped for want of room, and tells.
  void check_drops();
  // Stops waiting, so that the io_context runs dry.
  void close();

 private:
  struct Socket;
  struct Scratch;
  struct Backlog {
    engine::Endpoint to;
    engine::AttemptId attempt;
    std::vector<std::uint8_t> bytes;
  };
  [[nodiscard]] std::expected<void, std::string> open_one(std::uint32_t index, bool v6);
  [[nodiscard]] std::size_t read_socket(std::uint32_t index);
  void send_queued(std::uint32_t index, const engine::Outbox& outbox);
  void group(const Socket& socket, const engine::Outbox& outbox);
  void send_backlog(std::uint32_t index);
  void watch_writable(Socket& socket, bool on);

  UdpEvents& events_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<std::uint32_t> sending_;  // sockets with something queued
  std::unique_ptr<Scratch> scratch_;
  bool can_segment_ = false;  // the kernel knows UDP_SEGMENT, and no device has refused it
  bool waking_ = false;
  int poll_ = -1;                               // epoll over all sockets
  boost::asio::posix::stream_descriptor wake_;  // owns poll_
};

}  // namespace caascan::net
