// What the programs of scripts/bench share: sockets with large buffers, joined datagrams, names.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace caascan::bench {

// Of linux/udp.h, which clashes with netinet/udp.h.
inline constexpr int kUdpSegment = 103;
inline constexpr int kUdpGro = 104;
// Datagrams that one send may join: UDP_MAX_SEGMENTS of the oldest kernels that join any.
inline constexpr std::size_t kSegmentsMax = 64;
inline constexpr std::size_t kJoinedOctetsMax = 65507;  // the largest UDP payload over IPv4

// Ends the program with `what` and errno's text unless `good`.
void must(bool good, const char* what);
// A non-blocking IPv4 UDP socket with buffers of `buffer_octets`, beyond the system's limit where
// the program may. Port 0: the kernel draws one.
int open_udp(std::uint32_t address, std::uint16_t port, int buffer_octets);
void set_option(int fd, int level, int option, int value, const char* what);
sockaddr_in ipv4(std::uint32_t address, std::uint16_t port);

// User and system time of this process so far, in seconds.
struct CpuTime {
  double user_s = 0, system_s = 0;
};
CpuTime cpu_time();

// The names of the benchmark: registrable domains of 10 to 35 characters, all different. The same
// number gives the same name.
std::string name_of(std::uint64_t number);

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

}  // namespace caascan::bench
