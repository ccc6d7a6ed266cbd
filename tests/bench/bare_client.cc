// The floor of scripts/bench: what sending N questions in batches and counting the answers costs,
// when nothing is decided, matched or kept. The questions are made before the clock starts.
//
//   bare_client --to ADDRESS --port PORT --count N [--addresses N] [--window N] [--segment]
//
// Four sockets with buffers of 4 MiB, sendmmsg and recvmmsg. With --addresses question i goes to
// ADDRESS plus i modulo N. With --segment, questions to one address are all equally long and leave
// joined (UDP_SEGMENT). Prints one JSON object. Status 1: an answer was lost.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <span>
#include <string_view>
#include <vector>

#include "tests/bench/wire_io.h"

namespace caascan::bench {
namespace {

constexpr unsigned kSockets = 4;
constexpr int kBufferOctets = 4 << 20;
constexpr std::size_t kReadOctets = 4096;
constexpr unsigned kQuestions = 16384;  // made beforehand, and sent again with other ids
constexpr std::size_t kEqualNameOctets = 35;
constexpr int kSilence_ms = 2000;  // without an answer for so long, what is missing is lost

struct Options {
  std::uint32_t to = 0;
  std::uint16_t port = 0;
  std::uint64_t count = 0, addresses = 1, window = 4000;
  bool segment = false;
};

std::vector<std::uint8_t> question(std::string name, bool equal) {
  if (equal) name.insert(0, kEqualNameOctets - std::min(kEqualNameOctets, name.size()), 'x');
  std::vector<std::uint8_t> out = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t dot = std::min(name.find('.', from), name.size());
    out.push_back(static_cast<std::uint8_t>(dot - from));
    for (std::size_t i = from; i < dot; ++i) out.push_back(static_cast<std::uint8_t>(name[i]));
    from = dot + 1;
  }
  constexpr std::array<std::uint8_t, 16> kRest = {0, 1,    1, 0, 1, 0, 0, 41,
                                                  4, 0xD0, 0, 0, 0, 0, 0, 0};
  out.push_back(0);
  out.insert(out.end(), kRest.begin(), kRest.end());
  return out;
}

class BareClient {
 public:
  explicit BareClient(const Options& options);
  int run();

 private:
  void send_batch(int fd);
  std::uint64_t read_batch(int fd);

  Options options_;
  std::array<int, kSockets> sockets_{};
  std::vector<std::vector<std::uint8_t>> questions_;
  std::vector<std::uint8_t> joined_, in_;
  std::uint64_t sent_ = 0;
};

BareClient::BareClient(const Options& options)
    : options_(options), in_(std::size_t{kBatch} * kReadOctets) {
  for (int& fd : sockets_) fd = open_udp(INADDR_ANY, 0, kBufferOctets);
  for (unsigned i = 0; i < kQuestions; ++i)
    questions_.push_back(question(name_of(i), options.segment));
}

void BareClient::send_batch(int fd) {
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> peers;
  const unsigned count =
      static_cast<unsigned>(std::min<std::uint64_t>(kBatch, options_.count - sent_));
  joined_.clear();
  for (unsigned i = 0; i < count; ++i) {
    std::vector<std::uint8_t>& octets = questions_[(sent_ + i) % kQuestions];
    octets[0] = static_cast<std::uint8_t>((sent_ + i) >> 8);
    octets[1] = static_cast<std::uint8_t>(sent_ + i);
    vectors[i] = {octets.data(), octets.size()};
    const auto offset = static_cast<std::uint32_t>((sent_ + i) % options_.addresses);
    peers[i] = ipv4(options_.to + offset, options_.port);
    messages[i] = {};
    messages[i].msg_hdr.msg_name = &peers[i];
    messages[i].msg_hdr.msg_namelen = sizeof peers[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  if (options_.segment && count > 1) {
    Control control;
    control.add(IPPROTO_UDP, kUdpSegment, static_cast<std::uint16_t>(vectors[0].iov_len));
    msghdr& header = messages[0].msg_hdr;
    header.msg_iovlen = count;
    header.msg_control = control.octets.data();
    header.msg_controllen = control.used;
    while (sendmsg(fd, &header, 0) < 0) must(errno == EAGAIN || errno == EINTR, "sendmsg");
  } else {
    for (unsigned done = 0; done < count;) {
      const int sent = sendmmsg(fd, messages.data() + done, count - done, 0);
      must(sent > 0 || errno == EAGAIN || errno == EINTR, "sendmmsg");
      if (sent > 0) done += static_cast<unsigned>(sent);
    }
  }
  sent_ += count;
}

std::uint64_t BareClient::read_batch(int fd) {
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> peers;
  for (unsigned i = 0; i < kBatch; ++i) {
    vectors[i] = {in_.data() + i * kReadOctets, kReadOctets};
    messages[i] = {};
    messages[i].msg_hdr.msg_name = &peers[i];
    messages[i].msg_hdr.msg_namelen = sizeof peers[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int got = recvmmsg(fd, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  return got > 0 ? static_cast<std::uint64_t>(got) : 0;
}

int BareClient::run() {
  std::array<pollfd, kSockets> ready{};
  for (unsigned i = 0; i < kSockets; ++i) ready[i] = {sockets_[i], POLLIN, 0};
  const CpuTime before = cpu_time();
  const auto started = std::chrono::steady_clock::now();
  std::uint64_t answers = 0;
  unsigned turn = 0;
  while (answers < options_.count) {
    while (sent_ < options_.count && sent_ - answers + kBatch <= options_.window)
      send_batch(sockets_[turn++ % kSockets]);
    if (poll(ready.data(), ready.size(), kSilence_ms) == 0) break;
    for (const pollfd& socket : ready) {
      if (socket.revents == 0) continue;
      while (const std::uint64_t got = read_batch(socket.fd)) {
        answers += got;
        if (got < kBatch) break;
      }
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const CpuTime after = cpu_time();
  fmt::print(
      "{{\"sent\": {}, \"answers\": {}, \"seconds\": {:.4f}, \"user_s\": {:.4f}, "
      "\"system_s\": {:.4f}}}\n",
      sent_, answers, seconds, after.user_s - before.user_s, after.system_s - before.system_s);
  return answers == options_.count ? 0 : 1;
}

int usage() {
  fmt::print(stderr,
             "usage: bare_client --to ADDRESS --port PORT --count N [--addresses N] [--window N] "
             "[--segment]\n");
  return 2;
}

int main_of(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--segment") {
      options.segment = true;
      continue;
    }
    if (i + 1 == arguments.size()) return usage();
    const std::string_view value = arguments[++i];
    if (word == "--to") {
      in_addr address{};
      if (inet_pton(AF_INET, arguments[i], &address) != 1) return usage();
      options.to = ntohl(address.s_addr);
      continue;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) return usage();
    if (word == "--port" && number <= 65535) {
      options.port = static_cast<std::uint16_t>(number);
    } else if (word == "--count") {
      options.count = number;
    } else if (word == "--addresses" && number > 0) {
      options.addresses = number;
    } else if (word == "--window" && number >= kBatch) {
      options.window = number;
    } else {
      return usage();
    }
  }
  if (options.to == 0 || options.port == 0 || options.count == 0) return usage();
  return BareClient(options).run();
}

}  // namespace
}  // namespace caascan::bench

int main(int argc, char** argv) {
  return caascan::bench::main_of({argv + 1, static_cast<std::size_t>(argc - 1)});
}
