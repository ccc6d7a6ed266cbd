#include "tests/bench/wire_io.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
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

}  // namespace

void must(bool good, const char* what) {
  if (good) return;
  fmt::print(stderr, "{}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

void set_option(int fd, int level, int option, int value, const char* what) {
  must(setsockopt(fd, level, option, &value, sizeof value) == 0, what);
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
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffer_octets);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer_octets);
  const sockaddr_in at = ipv4(address, port);
  must(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0, "bind");
  return fd;
}

CpuTime cpu_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return {seconds(used.ru_utime), seconds(used.ru_stime)};
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
