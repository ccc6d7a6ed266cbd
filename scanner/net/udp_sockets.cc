#include "scanner/net/udp_sockets.h"

#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "ingest/assert.h"

namespace caascan::net {
namespace {

// Of linux/udp.h, which clashes with netinet/udp.h.
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;
// Room for the length of joined datagrams, sent (16 bits) or received (an int).
constexpr std::size_t kControlOctets = CMSG_SPACE(sizeof(int));
// Octets of joined datagrams: the largest UDP payload over IPv4.
constexpr std::size_t kJoinedOctetsMax = 65507;
// From one buffer to the next. An odd number of cache lines above a power of two: with equal low
// bits, the first lines of all buffers would share the few places that a cache has for them.
constexpr std::size_t kReadStride = 65536 + 3 * 64;
static_assert(kMessageOctetsMax < kReadStride);

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t to_sockaddr(const engine::Endpoint& endpoint, SocketAddress& out) {
  if (endpoint.address.v6) {
    out.v6 = {};
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(endpoint.port);
    std::memcpy(&out.v6.sin6_addr, endpoint.address.octets.data(), 16);
    return sizeof out.v6;
  }
  out.v4 = {};
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

// What the kernel says of a message whose parts it will not send joined: a device without checksum
// offload (EIO), a size that it cannot cut (EINVAL, EMSGSIZE), or IPsec (EOPNOTSUPP).
bool is_no_segmentation(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

// Spreads destination and length over 64 bits.
std::uint64_t key_of(const engine::Datagram& datagram) {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, datagram.to.address.octets.data(), 8);
  std::memcpy(&low, datagram.to.address.octets.data() + 8, 8);
  std::uint64_t key = high * 0x9E3779B97F4A7C15U ^ low * 0xC2B2AE3D27D4EB4FU;
  key ^= (std::uint64_t{datagram.to.port} << 32 | datagram.octets) * 0xBF58476D1CE4E5B9U;
  return key ^ key >> 29;
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
  explicit Socket(int opened) : fd(opened) {}
  ~Socket() { ::close(fd); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd;
  std::uint32_t index = 0;
  bool watching_writable = false;
  std::uint32_t drops_seen = 0;
  std::vector<std::uint32_t> queued;  // of the outbox being sent
  std::vector<Backlog> backlog;       // what the kernel had no room for, in order
  std::size_t backlog_sent = 0;       // how many of them have been
};

// What calls need room for, kept from one to the next.
struct UdpSockets::Scratch {
  static constexpr std::size_t kPlaces = 1024;  // a power of two, twice the groups at least
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  // Datagrams of one destination and length, linked through `next`.
  struct Group {
    std::uint32_t first = 0, last = 0, count = 0, place = 0;
  };

  std::array<mmsghdr, kBatch> messages;
  std::array<SocketAddress, kBatch> addresses;
  alignas(cmsghdr) std::array<std::array<char, kControlOctets>, kBatch> controls;
  std::array<iovec, kBatch> read_vectors;
  std::vector<engine::Received> received;
  std::vector<iovec> vectors;        // one a datagram
  std::vector<std::uint32_t> order;  // datagrams in the order of the groups
  std::vector<std::uint32_t> next;   // by position in Socket::queued
  std::vector<Group> groups;
  std::array<std::uint32_t, kPlaces> places;  // group by key; kNone
  std::unique_ptr<std::uint8_t[]> read =
      std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kReadStride);
};

UdpSockets::UdpSockets(boost::asio::io_context& io, UdpEvents& events)
    : events_(events), scratch_(std::make_unique<Scratch>()), wake_(io) {
  scratch_->places.fill(Scratch::kNone);
}

UdpSockets::~UdpSockets() = default;

std::expected<void, std::string> UdpSockets::open(std::uint32_t v4, std::uint32_t v6) {
  poll_ = epoll_create1(EPOLL_CLOEXEC);
  if (poll_ < 0)
    return std::unexpected(fmt::format("cannot make an epoll instance: {}", std::strerror(errno)));
  boost::system::error_code error;
  wake_.assign(poll_, error);
  if (error) return std::unexpected(fmt::format("cannot watch sockets: {}", error.message()));
  for (std::uint32_t i = 0; i < v4 + v6; ++i) {
    if (auto opened = open_one(i, i >= v4); !opened) return opened;
  }
  return {};
}

std::expected<void, std::string> UdpSockets::open_one(std::uint32_t index, bool v6) {
  const char* family = v6 ? "IPv6" : "IPv4";
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return std::unexpected(
        fmt::format("cannot open an {} UDP socket: {}", family, std::strerror(errno)));
  }
  auto owned = std::make_unique<Socket>(fd);
  owned->index = index;
  const int on = 1;
  const int off = 0;
  const int buffer = kReceiveBufferBytes;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  // Neither is there before Linux 5.0; then each datagram comes and goes by itself.
  setsockopt(fd, IPPROTO_UDP, kUdpGro, &on, sizeof on);
  can_segment_ = setsockopt(fd, IPPROTO_UDP, kUdpSegment, &off, sizeof off) == 0;
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
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = index;
  if (epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return std::unexpected(
        fmt::format("cannot watch an {} UDP socket: {}", family, std::strerror(errno)));
  }
  sockets_.push_back(std::move(owned));
  return {};
}

void UdpSockets::watch_writable(Socket& socket, bool on) {
  if (socket.watching_writable == on) return;
  socket.watching_writable = on;
  epoll_event event{};
  event.events = EPOLLIN;
  if (on) event.events |= EPOLLOUT;
  event.data.u32 = socket.index;
  CAASCAN_ASSERT(epoll_ctl(poll_, EPOLL_CTL_MOD, socket.fd, &event) == 0);
}

void UdpSockets::wake_when_ready() {
  if (waking_) return;
  waking_ = true;
  wake_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [this](boost::system::error_code) { waking_ = false; });
}

std::size_t UdpSockets::read_ready() {
  std::array<epoll_event, kBatch> ready;
  const int count = epoll_wait(poll_, ready.data(), ready.size(), 0);
  std::size_t datagrams = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    if ((event.events & EPOLLOUT) != 0) send_backlog(event.data.u32);
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
      datagrams += read_socket(event.data.u32);
  }
  return datagrams;
}

std::size_t UdpSockets::read_socket(std::uint32_t index) {
  Scratch& scratch = *scratch_;
  std::size_t datagrams = 0;
  while (datagrams < kDatagramsPerTurn) {
    for (unsigned i = 0; i < kBatch; ++i) {
      scratch.read_vectors[i] = {scratch.read.get() + i * kReadStride, kMessageOctetsMax};
      msghdr& header = scratch.messages[i].msg_hdr;
      header.msg_name = &scratch.addresses[i];
      header.msg_namelen = sizeof scratch.addresses[i];
      header.msg_iov = &scratch.read_vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = scratch.controls[i].data();
      header.msg_controllen = scratch.controls[i].size();
      header.msg_flags = 0;
    }
    const int got =
        recvmmsg(sockets_[index]->fd, scratch.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) break;
    events_.on_readable();
    for (unsigned i = 0; i < static_cast<unsigned>(got); ++i) {
      msghdr& header = scratch.messages[i].msg_hdr;
      const std::size_t octets = scratch.messages[i].msg_len;
      std::size_t each = octets;
      for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
           control = CMSG_NXTHDR(&header, control)) {
        if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != kUdpGro) continue;
        int size = 0;
        std::memcpy(&size, CMSG_DATA(control), sizeof size);
        if (size > 0) each = static_cast<std::size_t>(size);
      }
      const engine::Endpoint from = from_sockaddr(scratch.addresses[i]);
      const std::uint8_t* bytes = scratch.read.get() + i * kReadStride;
      std::size_t at = 0;
      do {
        const std::size_t part = std::min(each, octets - at);
        scratch.received.push_back({from, wire::Bytes(bytes + at, part)});
        at += part;
      } while (at < octets);
    }
    datagrams += scratch.received.size();
    events_.on_datagrams(index, scratch.received);
    scratch.received.clear();
    if (static_cast<unsigned>(got) < kBatch) break;
  }
  return datagrams;
}

void UdpSockets::check_drops() {
  std::uint64_t dropped = 0;
  for (const auto& socket : sockets_) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t length = sizeof info;
    if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0) continue;
    dropped += info[SK_MEMINFO_DROPS] - socket->drops_seen;
    socket->drops_seen = info[SK_MEMINFO_DROPS];
  }
  if (dropped != 0) events_.on_kernel_drops(dropped);
}

void UdpSockets::send(const engine::Outbox& outbox) {
  for (std::uint32_t i = 0; i < outbox.datagrams.size(); ++i) {
    Socket& socket = *sockets_[outbox.datagrams[i].socket];
    if (socket.queued.empty()) sending_.push_back(socket.index);
    socket.queued.push_back(i);
  }
  for (const std::uint32_t index : sending_) {
    send_queued(index, outbox);
    sockets_[index]->queued.clear();
  }
  sending_.clear();
}

// Puts what is queued at a socket into `order`, equal destinations and lengths together.
void UdpSockets::group(const Socket& socket, const engine::Outbox& outbox) {
  Scratch& scratch = *scratch_;
  const auto count = static_cast<std::uint32_t>(socket.queued.size());
  scratch.order.clear();
  scratch.groups.clear();
  if (!can_segment_ || count == 1) {
    for (std::uint32_t i = 0; i < count; ++i) scratch.groups.push_back({i, i, 1, 0});
    scratch.order = socket.queued;
    return;
  }
  scratch.next.assign(count, Scratch::kNone);
  constexpr std::size_t kMask = Scratch::kPlaces - 1;
  std::size_t grouped = 0;  // of `groups`, those that are in `order`
  const auto put_in_order = [&] {
    for (; grouped < scratch.groups.size(); ++grouped) {
      for (std::uint32_t at = scratch.groups[grouped].first; at != Scratch::kNone;
           at = scratch.next[at])
        scratch.order.push_back(socket.queued[at]);
      scratch.places[scratch.groups[grouped].place] = Scratch::kNone;
    }
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const engine::Datagram& datagram = outbox.datagrams[socket.queued[i]];
    std::size_t place = key_of(datagram) & kMask;
    for (; scratch.places[place] != Scratch::kNone; place = (place + 1) & kMask) {
      Scratch::Group& found = scratch.groups[scratch.places[place]];
      const engine::Datagram& other = outbox.datagrams[socket.queued[found.first]];
      if (other.octets != datagram.octets || other.to != datagram.to) continue;
      scratch.next[found.last] = i;
      found.last = i;
      ++found.count;
      break;
    }
    if (scratch.places[place] != Scratch::kNone) continue;
    scratch.places[place] = static_cast<std::uint32_t>(scratch.groups.size());
    scratch.groups.push_back({i, i, 1, static_cast<std::uint32_t>(place)});
    if (scratch.groups.size() - grouped == Scratch::kPlaces / 2) put_in_order();
  }
  put_in_order();
}

void UdpSockets::send_queued(std::uint32_t index, const engine::Outbox& outbox) {
  Socket& socket = *sockets_[index];
  Scratch& scratch = *scratch_;
  const auto keep = [&](std::uint32_t at) {
    const engine::Datagram& datagram = outbox.datagrams[at];
    const auto begin = outbox.bytes.begin() + datagram.offset;
    socket.backlog.push_back({datagram.to, datagram.attempt, {begin, begin + datagram.octets}});
  };
  if (!socket.backlog.empty()) {
    for (const std::uint32_t at : socket.queued) keep(at);
    return;
  }
  group(socket, outbox);
  scratch.vectors.resize(scratch.order.size());
  std::size_t at = 0;  // in `order`
  std::size_t group_at = 0;
  std::uint32_t group_left = scratch.groups.empty() ? 0 : scratch.groups[0].count;
  std::array<std::uint32_t, kBatch + 1> first;  // of each message, in `order`
  while (at < scratch.order.size()) {
    unsigned count = 0;
    std::size_t end = at;
    for (; count < kBatch && end < scratch.order.size(); ++count) {
      if (group_left == 0) group_left = scratch.groups[++group_at].count;
      const engine::Datagram& head = outbox.datagrams[scratch.order[end]];
      const std::size_t parts = std::min<std::size_t>(
          {group_left, kSegmentsMax, std::max<std::size_t>(1, kJoinedOctetsMax / head.octets)});
      first[count] = static_cast<std::uint32_t>(end);
      msghdr& header = scratch.messages[count].msg_hdr;
      header.msg_name = &scratch.addresses[count];
      header.msg_namelen = to_sockaddr(head.to, scratch.addresses[count]);
      header.msg_iov = &scratch.vectors[end];
      header.msg_iovlen = parts;
      header.msg_control = nullptr;
      header.msg_controllen = 0;
      header.msg_flags = 0;
      for (std::size_t i = 0; i < parts; ++i, ++end) {
        const engine::Datagram& datagram = outbox.datagrams[scratch.order[end]];
        // sendmmsg writes nothing through it.
        scratch.vectors[end] = {const_cast<std::uint8_t*>(outbox.bytes.data()) + datagram.offset,
                                datagram.octets};
      }
      group_left -= static_cast<std::uint32_t>(parts);
      if (parts == 1) continue;
      const auto size = static_cast<std::uint16_t>(head.octets);
      header.msg_control = scratch.controls[count].data();
      header.msg_controllen = CMSG_SPACE(sizeof size);
      cmsghdr* control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = IPPROTO_UDP;
      control->cmsg_type = kUdpSegment;
      control->cmsg_len = CMSG_LEN(sizeof size);
      std::memcpy(CMSG_DATA(control), &size, sizeof size);
    }
    first[count] = static_cast<std::uint32_t>(end);
    for (unsigned done = 0; done < count;) {
      const int sent =
          sendmmsg(socket.fd, scratch.messages.data() + done, count - done, MSG_DONTWAIT);
      if (sent > 0) {
        done += static_cast<unsigned>(sent);
        continue;
      }
      if (errno == EINTR) continue;
      const bool joined = first[done + 1] - first[done] > 1;
      if (is_back_pressure(errno) || (joined && is_no_segmentation(errno))) {
        // From here on one by one, and all of it later where there is no room.
        if (joined && !is_back_pressure(errno)) can_segment_ = false;
        for (std::size_t left = first[done]; left < scratch.order.size(); ++left)
          keep(scratch.order[left]);
        send_backlog(index);
        return;
      }
      // It cannot be sent (no route, not permitted): it alone has failed.
      for (std::size_t failed = first[done]; failed < first[done + 1]; ++failed)
        events_.on_send_failed(outbox.datagrams[scratch.order[failed]].attempt);
      ++done;
    }
    at = end;
  }
}

void UdpSockets::send_backlog(std::uint32_t index) {
  Socket& socket = *sockets_[index];
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<SocketAddress, kBatch> addresses;
  while (socket.backlog_sent < socket.backlog.size()) {
    const unsigned count = static_cast<unsigned>(
        std::min<std::size_t>(kBatch, socket.backlog.size() - socket.backlog_sent));
    std::memset(messages.data(), 0, sizeof messages);
    for (unsigned i = 0; i < count; ++i) {
      Backlog& datagram = socket.backlog[socket.backlog_sent + i];
      vectors[i] = {datagram.bytes.data(), datagram.bytes.size()};
      messages[i].msg_hdr.msg_name = &addresses[i];
      messages[i].msg_hdr.msg_namelen = to_sockaddr(datagram.to, addresses[i]);
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = sendmmsg(socket.fd, messages.data(), count, MSG_DONTWAIT);
    if (sent > 0) {
      socket.backlog_sent += static_cast<std::size_t>(sent);
      continue;
    }
    if (is_back_pressure(errno)) {
      watch_writable(socket, true);
      return;
    }
    if (errno == EINTR) continue;
    // The first one cannot be sent: it alone has failed.
    const engine::AttemptId failed = socket.backlog[socket.backlog_sent++].attempt;
    events_.on_send_failed(failed);
  }
  socket.backlog.clear();
  socket.backlog_sent = 0;
  watch_writable(socket, false);
}

void UdpSockets::close() {
  boost::system::error_code ignored;
  wake_.close(ignored);
  poll_ = -1;
}

}  // namespace caascan::net
