#include "tests/bench/wire_io.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace caascan::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// splitmix64.
std::uint64_t spread(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

void set_buffer(int fd, int forced, int plain, int octets) {
  if (setsockopt(fd, SOL_SOCKET, forced, &octets, sizeof octets) != 0)
    set_option(fd, SOL_SOCKET, plain, octets, "socket buffer");
}

void set_buffers(int fd, int octets) {
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, octets);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, octets);
}

template <typename Value>
Value value_of(const cmsghdr* header) {
  Value value;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

bool is_time(const cmsghdr* header) {
  return header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS;
}

std::int64_t time_ns(const cmsghdr* header) {
  const auto time = value_of<timespec>(header);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

void must(bool good, const char* what) {
  if (good) return;
  fmt::print(stderr, "{}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

void set_option(int fd, int level, int option, int value, const char* what) {
  must(setsockopt(fd, level, option, &value, sizeof value) == 0, what);
}

std::string text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.octets.data(), buffer.data(), buffer.size());
  return buffer.data();
}

sockaddr_in ipv4(std::uint32_t address, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  made.sin_addr.s_addr = htonl(address);
  return made;
}

int open_udp(std::uint32_t address, std::uint16_t port, int buffer_octets) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  must(fd >= 0, "socket");
  set_buffers(fd, buffer_octets);
  const sockaddr_in at = ipv4(address, port);
  must(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0, "bind");
  return fd;
}

int open_server(bool v6, int type, std::uint16_t port, int buffer_octets) {
  const int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  must(fd >= 0, "socket");
  if (v6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  if (type == SOCK_DGRAM) {
    set_buffers(fd, buffer_octets);
    set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL");
    if (v6)
      set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    else
      set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  } else {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  }
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  const sockaddr_in any_v4 = ipv4(INADDR_ANY, port);
  const auto* at =
      v6 ? reinterpret_cast<const sockaddr*>(&any) : reinterpret_cast<const sockaddr*>(&any_v4);
  must(bind(fd, at, v6 ? sizeof any : sizeof any_v4) == 0, "bind");
  if (type == SOCK_STREAM) must(listen(fd, SOMAXCONN) == 0, "listen");
  return fd;
}

std::optional<std::int64_t> arrival_ns(msghdr& header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (is_time(c)) return time_ns(c);
  }
  return std::nullopt;
}

Inbox::Inbox(int fd, std::size_t octets_each)
    : fd_(fd), octets_each_(octets_each), octets_(kBatch * octets_each) {}

std::span<const Datagram> Inbox::read() {
  for (unsigned i = 0; i < kBatch; ++i) {
    vectors_[i] = {octets_.data() + i * octets_each_, octets_each_};
    messages_[i] = {};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_name = &datagrams_[i].peer.address;
    header.msg_namelen = sizeof datagrams_[i].peer.address;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].octets.data();
    header.msg_controllen = controls_[i].octets.size();
  }
  const int got = recvmmsg(fd_, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
  const auto count = static_cast<std::size_t>(std::max(got, 0));
  for (std::size_t i = 0; i < count; ++i) {
    msghdr& header = messages_[i].msg_hdr;
    Datagram& datagram = datagrams_[i];
    datagram.octets = {octets_.data() + i * octets_each_, messages_[i].msg_len};
    datagram.each = messages_[i].msg_len;
    datagram.peer.octets = header.msg_namelen;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        datagram.to = {};
        const auto info = value_of<in_pktinfo>(c);
        std::memcpy(datagram.to.octets.data(), &info.ipi_addr, sizeof info.ipi_addr);
      } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        datagram.to.v6 = true;
        const auto info = value_of<in6_pktinfo>(c);
        std::memcpy(datagram.to.octets.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
      } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == kUdpGro) {
        datagram.each = static_cast<std::size_t>(value_of<int>(c));
      } else if (is_time(c)) {
        datagram.at_ns = time_ns(c);
      } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
        dropped_ = value_of<std::uint32_t>(c);
      }
    }
  }
  return {datagrams_.data(), count};
}

void Outbox::add(const Peer& peer, const Address& from, std::span<const std::uint8_t> octets,
                 std::size_t each) {
  const unsigned at = count_++;
  peers_[at] = peer;
  vectors_[at] = {const_cast<std::uint8_t*>(octets.data()), octets.size()};
  joined_[at] = each == 0 ? 1 : (octets.size() + each - 1) / each;
  Control& control = controls_[at];
  control.used = 0;
  if (from.v6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.octets.data(), 16);
    control.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.octets.data(), 4);
    control.add(IPPROTO_IP, IP_PKTINFO, info);
  }
  if (joined_[at] > 1) control.add(IPPROTO_UDP, kUdpSegment, static_cast<std::uint16_t>(each));
  messages_[at] = {};
  msghdr& header = messages_[at].msg_hdr;
  header.msg_name = &peers_[at].address;
  header.msg_namelen = peers_[at].octets;
  header.msg_iov = &vectors_[at];
  header.msg_iovlen = 1;
  header.msg_control = control.octets.data();
  header.msg_controllen = control.used;
}

void Outbox::flush() {
  for (unsigned sent = 0; sent < count_;) {
    const int done = sendmmsg(fd_, messages_.data() + sent, count_ - sent, 0);
    if (done > 0)
      sent += static_cast<unsigned>(done);
    else if (errno != EAGAIN && errno != EINTR)
      lost_ += joined_[sent++];
  }
  count_ = 0;
}

ServerLoop::ServerLoop() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  end_ = signalfd(-1, &ends, SFD_CLOEXEC);
  poll_ = epoll_create1(EPOLL_CLOEXEC);
  must(end_ >= 0 && poll_ >= 0, "epoll");
  watch(end_);
}

void ServerLoop::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  must(epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

bool ServerLoop::wait(int milliseconds, std::vector<int>& readable) {
  std::array<epoll_event, 64> events;
  readable.clear();
  const int count = epoll_wait(poll_, events.data(), events.size(), milliseconds);
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd == end_) return false;
    readable.push_back(fd);
  }
  return true;
}

CpuTime cpu_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return {seconds(used.ru_utime), seconds(used.ru_stime)};
}

void write_file(const std::string& path, std::string_view content) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  must(file != nullptr, path.c_str());
  must(std::fwrite(content.data(), 1, content.size(), file) == content.size(), path.c_str());
  must(std::fclose(file) == 0, path.c_str());
}

std::string name_of(std::uint64_t number) {
  static constexpr std::array<std::string_view, 6> kTlds = {"com", "com", "org",
                                                            "net", "de",  "shop"};
  std::uint64_t chance = spread(number);
  std::string name;
  // 3 to 18 letters tell names apart for people, and their number does for certain.
  for (std::uint64_t left = 3 + chance % 16; left != 0; --left) {
    chance = spread(chance);
    name += static_cast<char>('a' + chance % 26);
  }
  return fmt::format("{}-{}.{}", name, number, kTlds[chance / 26 % kTlds.size()]);
}

}  // namespace caascan::bench
