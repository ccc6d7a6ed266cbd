#include "scanner/net/udp_sockets.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace caascan::net {
namespace {

// Room for one SO_RXQ_OVFL counter.
constexpr std::size_t kControlOctets = CMSG_SPACE(sizeof(std::uint32_t));

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t to_sockaddr(const engine::Endpoint& endpoint, SocketAddress& out) {
  std::memset(&out, 0, sizeof out);
  if (endpoint.address.v6) {
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(endpoint.port);
    std::memcpy(&out.v6.sin6_addr, endpoint.address.octets.data(), 16);
    return sizeof out.v6;
  }
  out.v4.sin_family = AF_INET;
  out.v4.sin_port = htons(endpoint.port);
  std::memcpy(&out.v4.sin_addr, endpoint.address.octets.data(), 4);
  return sizeof out.v4;
}

engine::Endpoint from_sockaddr(const SocketAddress& address) {
  engine::Endpoint endpoint;
  if (address.any.sa_family == AF_INET6) {
    endpoint.address.v6 = true;
    endpoint.port = ntohs(address.v6.sin6_port);
    std::memcpy(endpoint.address.octets.data(), &address.v6.sin6_addr, 16);
  } else {
    endpoint.port = ntohs(address.v4.sin_port);
    std::memcpy(endpoint.address.octets.data(), &address.v4.sin_addr, 4);
  }
  return endpoint;
}

bool is_back_pressure(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

}  // namespace

// connect(2) on a UDP socket looks the route up and sends nothing. a.root-servers.net stands for
// the Internet.
bool has_route(bool v6) {
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto root = engine::Endpoint::parse(v6 ? "2001:503:ba3e::2:30" : "198.41.0.4");
  SocketAddress address;
  const socklen_t length = to_sockaddr(*root, address);
  const bool routed = connect(fd, &address.any, length) == 0;
  ::close(fd);
  return routed;
}

struct UdpSockets::Socket {
  Socket(boost::asio::io_context& io, int fd) : descriptor(io, fd) {}
  boost::asio::posix::stream_descriptor descriptor;
  std::vector<Backlog> pending;  // to be sent, in order
  std::size_t pending_sent = 0;  // how many of them have been
  bool waiting_writable = false;
  std::uint32_t drops_seen = 0;  // last SO_RXQ_OVFL counter
};

UdpSockets::UdpSockets(boost::asio::io_context& io, UdpEvents& events)
    : io_(io), events_(events), receive_buffer_(kBatch * kDatagramOctetsMax) {}

UdpSockets::~UdpSockets() = default;

std::expected<void, std::string> UdpSockets::open(std::uint32_t v4, std::uint32_t v6) {
  for (std::uint32_t i = 0; i < v4 + v6; ++i) {
    if (auto opened = open_one(i, i >= v4); !opened) return opened;
  }
  for (std::uint32_t i = 0; i < v4 + v6; ++i) wait_readable(i);
  return {};
}

std::expected<void, std::string> UdpSockets::open_one(std::uint32_t, bool v6) {
  const char* family = v6 ? "IPv6" : "IPv4";
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return std::unexpected(
        fmt::format("cannot open an {} UDP socket: {}", family, std::strerror(errno)));
  }
  auto owned = std::make_unique<Socket>(io_, fd);
  const int on = 1;
  const int buffer = kReceiveBufferBytes;
  setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  engine::Endpoint any;
  any.address.v6 = v6;
  any.port = 0;
  SocketAddress address;
  const socklen_t length = to_sockaddr(any, address);
  if (bind(fd, &address.any, length) != 0) {
    return std::unexpected(
        fmt::format("cannot bind an {} UDP socket: {}", family, std::strerror(errno)));
  }
  sockets_.push_back(std::move(owned));
  return {};
}

void UdpSockets::wait_readable(std::uint32_t index) {
  sockets_[index]->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                         [this, index](boost::system::error_code error) {
                                           if (error) return;
                                           read_batches(index);
                                           wait_readable(index);
                                         });
}

void UdpSockets::wait_writable(std::uint32_t index) {
  Socket& socket = *sockets_[index];
  if (socket.waiting_writable) return;
  socket.waiting_writable = true;
  socket.descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                               [this, index](boost::system::error_code error) {
                                 sockets_[index]->waiting_writable = false;
                                 if (!error) send_pending(index);
                               });
}

void UdpSockets::read_batches(std::uint32_t index) {
  Socket& socket = *sockets_[index];
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<SocketAddress, kBatch> addresses;
  alignas(cmsghdr) std::array<std::array<char, kControlOctets>, kBatch> controls;
  for (unsigned round = 0; round < kBatchesPerTurn; ++round) {
    std::memset(messages.data(), 0, sizeof messages);
    for (unsigned i = 0; i < kBatch; ++i) {
      vectors[i] = {receive_buffer_.data() + i * kDatagramOctetsMax, kDatagramOctetsMax};
      messages[i].msg_hdr.msg_name = &addresses[i];
      messages[i].msg_hdr.msg_namelen = sizeof addresses[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = controls[i].data();
      messages[i].msg_hdr.msg_controllen = controls[i].size();
    }
    const int got =
        recvmmsg(socket.descriptor.native_handle(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) return;
    events_.on_readable();
    for (int i = 0; i < got; ++i) {
      const msghdr& header = messages[static_cast<unsigned>(i)].msg_hdr;
      for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
           control = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(control))) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_RXQ_OVFL) continue;
        std::uint32_t drops = 0;
        std::memcpy(&drops, CMSG_DATA(control), sizeof drops);
        if (drops != socket.drops_seen) events_.on_kernel_drops(drops - socket.drops_seen);
        socket.drops_seen = drops;
      }
      events_.on_datagram(
          index, from_sockaddr(addresses[static_cast<unsigned>(i)]),
          wire::Bytes(receive_buffer_.data() + static_cast<unsigned>(i) * kDatagramOctetsMax,
                      messages[static_cast<unsigned>(i)].msg_len));
    }
    if (static_cast<unsigned>(got) < kBatch) return;
  }
}

void UdpSockets::send(const engine::Outbox& outbox) {
  if (outbox.datagrams.empty()) return;
  for (const engine::Datagram& datagram : outbox.datagrams) {
    const auto begin = outbox.bytes.begin() + datagram.offset;
    sockets_[datagram.socket]->pending.push_back(
        {datagram.to, datagram.attempt, {begin, begin + datagram.octets}});
  }
  for (std::uint32_t i = 0; i < sockets_.size(); ++i) {
    if (!sockets_[i]->pending.empty() && !sockets_[i]->waiting_writable) send_pending(i);
  }
}

void UdpSockets::send_pending(std::uint32_t index) {
  Socket& socket = *sockets_[index];
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<SocketAddress, kBatch> addresses;
  while (socket.pending_sent < socket.pending.size()) {
    const unsigned count = static_cast<unsigned>(
        std::min<std::size_t>(kBatch, socket.pending.size() - socket.pending_sent));
    std::memset(messages.data(), 0, sizeof messages);
    for (unsigned i = 0; i < count; ++i) {
      Backlog& datagram = socket.pending[socket.pending_sent + i];
      vectors[i] = {datagram.bytes.data(), datagram.bytes.size()};
      messages[i].msg_hdr.msg_name = &addresses[i];
      messages[i].msg_hdr.msg_namelen = to_sockaddr(datagram.to, addresses[i]);
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent =
        sendmmsg(socket.descriptor.native_handle(), messages.data(), count, MSG_DONTWAIT);
    if (sent > 0) {
      socket.pending_sent += static_cast<std::size_t>(sent);
      continue;
    }
    if (is_back_pressure(errno)) {
      wait_writable(index);
      return;
    }
    if (errno == EINTR) continue;
    // The first datagram of the batch cannot be sent (no route, not permitted): it alone has
    // failed.
    events_.on_send_failed(socket.pending[socket.pending_sent].attempt);
    ++socket.pending_sent;
  }
  socket.pending.clear();
  socket.pending_sent = 0;
}

void UdpSockets::close() {
  for (const auto& socket : sockets_) {
    boost::system::error_code ignored;
    socket->descriptor.close(ignored);
  }
}

}  // namespace caascan::net
