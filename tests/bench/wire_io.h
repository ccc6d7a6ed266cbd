// What the programs of scripts/bench share: addresses, sockets with large buffers, datagrams in
// batches, a loop that ends by a signal, names.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::bench {

// Of linux/udp.h, which clashes with netinet/udp.h.
inline constexpr int kUdpSegment = 103;
inline constexpr int kUdpGro = 104;
// Datagrams that one send may join: UDP_MAX_SEGMENTS of the oldest kernels that join any.
inline constexpr std::size_t kSegmentsMax = 64;
inline constexpr std::size_t kJoinedOctetsMax = 65507;  // the largest UDP payload over IPv4

// Ends the program with `what` and errno's text unless `good`.
void must(bool good, const char* what);
void set_option(int fd, int level, int option, int value, const char* what);

// IPv4 in the first four octets, the rest zero.
struct Address {
  bool v6 = false;
  std::array<std::uint8_t, 16> octets{};
  friend bool operator==(const Address&, const Address&) = default;
};
std::string text(const Address& address);
sockaddr_in ipv4(std::uint32_t address, std::uint16_t port);

// Who has asked: a sockaddr_in6, or a sockaddr_in in its place.
struct Peer {
  sockaddr_in6 address{};
  socklen_t octets = 0;
};

// A non-blocking IPv4 UDP socket with buffers of `buffer_octets`, beyond the system's limit where
// the program may. Port 0: the kernel draws one.
int open_udp(std::uint32_t address, std::uint16_t port, int buffer_octets);
// A non-blocking socket of SOCK_DGRAM, with such buffers, or of SOCK_STREAM, that listens, at each
// address of a family.
int open_server(bool v6, int type, std::uint16_t port, int buffer_octets);

// Room for what is said beside one datagram, and what has been put there.
struct Control {
  alignas(cmsghdr) std::array<char, 256> octets;
  std::size_t used = 0;

  template <typename Value>
  void add(int level, int type, const Value& value) {
    auto* const header = reinterpret_cast<cmsghdr*>(octets.data() + used);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    used += CMSG_SPACE(sizeof value);
  }
};

// The kernel's time of arrival, if the socket has SO_TIMESTAMPNS.
std::optional<std::int64_t> arrival_ns(msghdr& header);

inline constexpr unsigned kBatch = 64;  // datagrams in one call

struct Datagram {
  std::span<const std::uint8_t> octets;
  std::size_t each = 0;  // so long is each of several that came joined; otherwise all of `octets`
  Peer peer;
  Address to;
  std::int64_t at_ns = 0;  // as arrival_ns
};

// The datagrams of a socket of open_server, read in batches.
class Inbox {
 public:
  Inbox(int fd, std::size_t octets_each);
  // What waits now; valid until the next call.
  std::span<const Datagram> read();
  // By the socket so far.
  [[nodiscard]] std::uint32_t dropped() const { return dropped_; }

 private:
  int fd_;
  std::size_t octets_each_;
  std::vector<std::uint8_t> octets_;
  std::array<Datagram, kBatch> datagrams_;
  std::array<Control, kBatch> controls_;
  std::array<iovec, kBatch> vectors_;
  std::array<mmsghdr, kBatch> messages_;
  std::uint32_t dropped_ = 0;
};

// Datagrams that leave by one socket in batches, each from the address that was asked.
class Outbox {
 public:
  explicit Outbox(int fd) : fd_(fd) {}
  // `octets` stay as they are until the next flush. With `each` they are several joined datagrams.
  void add(const Peer& peer, const Address& from, std::span<const std::uint8_t> octets,
           std::size_t each = 0);
  [[nodiscard]] bool full() const { return count_ == kBatch; }
  // One that cannot be sent keeps back no other.
  void flush();
  [[nodiscard]] std::uint64_t lost() const { return lost_; }  // datagrams

 private:
  int fd_;
  unsigned count_ = 0;
  std::array<Peer, kBatch> peers_;
  std::array<Control, kBatch> controls_;
  std::array<iovec, kBatch> vectors_;
  std::array<std::size_t, kBatch> joined_;
  std::array<mmsghdr, kBatch> messages_;
  std::uint64_t lost_ = 0;
};

// Waits for sockets, until SIGINT or SIGTERM.
class ServerLoop {
 public:
  ServerLoop();
  void watch(int fd);
  // Those that can be read, at most `milliseconds` from now (-1: whenever that is). False at the
  // end.
  [[nodiscard]] bool wait(int milliseconds, std::vector<int>& readable);

 private:
  int end_, poll_;
};

// User and system time of this process so far, in seconds.
struct CpuTime {
  double user_s = 0, system_s = 0;
};
CpuTime cpu_time();

void write_file(const std::string& path, std::string_view content);

// The names of the benchmark of the wire: registrable domains of 10 to 35 characters, all
// different. The same number gives the same name.
std::string name_of(std::uint64_t number);

}  // namespace caascan::bench
