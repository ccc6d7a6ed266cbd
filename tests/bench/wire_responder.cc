// One server for scripts/bench, as fast as one core makes it: any question has an empty answer of
// NOERROR with a SOA record, at whatever local IPv4 address it was asked. Answers to one asker
// leave joined (UDP_SEGMENT), so they are all equally long where the names allow it.
//
//   wire_responder --names N                     prints N names, one a line
//   wire_responder --port PORT --report FILE [--forge]
//       serves until SIGINT or SIGTERM, then writes what it was asked
//
// With --forge each answer comes behind six forged ones, all of which say SERVFAIL: from another
// port, from another address, with another id, with the question in another case, with another
// question, with none.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/bench/wire_io.h"

namespace caascan::bench {
namespace {

constexpr unsigned kBatch = 64;
constexpr std::size_t kReadOctets = 65536;
constexpr int kBufferOctets = 64 << 20;
constexpr std::size_t kHeaderOctets = 12;
// Answers are padded to this by the SOA record's first name, so that they can be joined.
constexpr std::size_t kAnswerOctets = 132;
constexpr std::size_t kAnswerOctetsMax = 512;
// Whoever forges from another address has this one: 45.79.0.1.
constexpr std::uint32_t kForger = 0x2D4F0001;

struct Asker {
  sockaddr_in peer;
  in_pktinfo asked{};  // whose address is the answer's
};

// Answers to one asker that leave in one call, all of the same length.
struct Joined {
  Asker asker;
  int fd = -1;
  std::size_t each = 0;
  std::vector<std::uint8_t> octets;
  std::size_t count = 0;
};

class Responder {
 public:
  Responder(std::uint16_t port, bool forge);
  void serve();
  [[nodiscard]] std::string report() const;

 private:
  void read_batch();
  void answer(const Asker& asker, std::span<const std::uint8_t> question);
  void add(int fd, const Asker& asker, std::span<const std::uint8_t> message);
  void flush();

  std::uint16_t port_;
  bool forge_;
  int fd_ = -1, other_port_ = -1;
  std::vector<std::uint8_t> in_ = std::vector<std::uint8_t>(kBatch * kReadOctets);
  std::vector<Joined> joined_;
  std::size_t joined_used_ = 0;
  std::unordered_map<std::uint64_t, std::size_t> open_;     // asker, address and length -> Joined
  std::unordered_map<std::uint32_t, std::uint64_t> asked_;  // by address
  std::uint64_t questions_ = 0, answers_ = 0, forged_ = 0, lost_ = 0;
  std::uint32_t dropped_ = 0;
};

Responder::Responder(std::uint16_t port, bool forge) : port_(port), forge_(forge) {
  fd_ = open_udp(INADDR_ANY, port, kBufferOctets);
  set_option(fd_, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  set_option(fd_, SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL");
  set_option(fd_, IPPROTO_UDP, kUdpGro, 1, "UDP_GRO");
  if (forge) other_port_ = open_udp(INADDR_ANY, 0, kBufferOctets);
}

void Responder::add(int fd, const Asker& asker, std::span<const std::uint8_t> message) {
  const std::uint64_t key = (std::uint64_t{asker.peer.sin_port} << 48) ^
                            (std::uint64_t{static_cast<std::uint32_t>(fd)} << 42) ^
                            (message.size() << 32) ^ asker.asked.ipi_spec_dst.s_addr;
  const auto [at, is_new] = open_.try_emplace(key, joined_used_);
  Joined* joined = is_new ? nullptr : &joined_[at->second];
  if (joined == nullptr || joined->count == kSegmentsMax ||
      joined->octets.size() + message.size() > kJoinedOctetsMax) {
    at->second = joined_used_;
    if (joined_used_ == joined_.size()) joined_.emplace_back();
    joined = &joined_[joined_used_++];
    joined->asker = asker;
    joined->fd = fd;
    joined->each = message.size();
    joined->octets.clear();
    joined->count = 0;
  }
  joined->octets.insert(joined->octets.end(), message.begin(), message.end());
  ++joined->count;
}

void Responder::answer(const Asker& asker, std::span<const std::uint8_t> question) {
  if (question.size() < kHeaderOctets + 5) return;
  std::size_t end = kHeaderOctets;
  while (end < question.size() && question[end] != 0) end += 1u + question[end];
  end += 5;
  if (end > question.size() || end > 300) return;
  std::array<std::uint8_t, kAnswerOctetsMax> out;
  std::memcpy(out.data(), question.data(), end);
  out[2] = 0x80 | (question[2] & 1);  // QR, RD as it came
  out[3] = 0x80;                      // RA, NOERROR
  constexpr std::array<std::uint8_t, 8> kCounts = {0, 1, 0, 0, 0, 1, 0, 1};
  std::memcpy(out.data() + 4, kCounts.data(), kCounts.size());
  std::size_t at = end;
  const auto put = [&](std::initializer_list<int> octets) {
    for (const int octet : octets) out[at++] = static_cast<std::uint8_t>(octet);
  };
  // SOA of the name that was asked; its first name has one label as long as is needed (1 to 63).
  constexpr std::size_t kFixed = 12 + 2 + 2 + 20 + 11;  // SOA less that label, and the OPT record
  const std::size_t wanted = kAnswerOctets - std::min(kAnswerOctets, end + kFixed);
  const std::size_t filler = std::clamp<std::size_t>(wanted, 1, 63);
  const auto data_octets = static_cast<int>(1 + filler + 1 + 2 + 20);
  put({0xC0, 0x0C, 0, 6, 0, 1, 0, 0, 0x0E, 0x10, 0, data_octets, static_cast<int>(filler)});
  std::memset(out.data() + at, 'x', filler);
  at += filler;
  put({0, 0xC0, 0x0C});
  put({0, 0, 0, 1, 0, 0, 0x0E, 0x10, 0, 0, 2, 0x58, 0, 9, 0x3A, 0x80, 0, 0, 1, 0x2C});
  put({0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0});
  if (forge_) {
    std::array<std::uint8_t, kAnswerOctetsMax> lie;
    const auto reset = [&] {
      std::memcpy(lie.data(), out.data(), at);
      lie[3] = 0x82;  // SERVFAIL
    };
    const std::span<const std::uint8_t> message(lie.data(), at);
    const auto send = [&](int fd, const Asker& as) {
      add(fd, as, message);
      ++forged_;
    };
    reset();
    send(other_port_, asker);
    Asker other = asker;
    other.asked.ipi_spec_dst.s_addr = htonl(kForger);
    send(fd_, other);
    lie[1] ^= 0x55;
    send(fd_, asker);
    reset();
    for (std::size_t i = kHeaderOctets; lie[i] != 0;) {
      const std::size_t label_end = i + 1 + lie[i];
      for (++i; i < label_end; ++i) {
        if (std::isalpha(lie[i]) != 0) lie[i] ^= 0x20;
      }
    }
    send(fd_, asker);
    reset();
    lie[kHeaderOctets + 1] = lie[kHeaderOctets + 1] == 'q' ? 'p' : 'q';
    send(fd_, asker);
    reset();
    lie[5] = 0;
    send(fd_, asker);
  }
  add(fd_, asker, {out.data(), at});
  ++answers_;
}

// Sends what has been joined. One call that fails keeps back no other.
void Responder::flush() {
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<Control, kBatch> controls;
  for (std::size_t first = 0; first < joined_used_;) {
    unsigned count = 0;
    const int fd = joined_[first].fd;
    for (; count < kBatch && first + count < joined_used_ && joined_[first + count].fd == fd;
         ++count) {
      Joined& joined = joined_[first + count];
      vectors[count] = {joined.octets.data(), joined.octets.size()};
      Control& control = controls[count];
      control.used = 0;
      in_pktinfo info{};
      info.ipi_spec_dst = joined.asker.asked.ipi_spec_dst;
      control.add(IPPROTO_IP, IP_PKTINFO, info);
      if (joined.count > 1)
        control.add(IPPROTO_UDP, kUdpSegment, static_cast<std::uint16_t>(joined.each));
      messages[count] = {};
      msghdr& header = messages[count].msg_hdr;
      header.msg_name = &joined.asker.peer;
      header.msg_namelen = sizeof joined.asker.peer;
      header.msg_iov = &vectors[count];
      header.msg_iovlen = 1;
      header.msg_control = control.octets.data();
      header.msg_controllen = control.used;
    }
    for (unsigned sent = 0; sent < count;) {
      const int done = sendmmsg(fd, messages.data() + sent, count - sent, 0);
      if (done > 0) {
        sent += static_cast<unsigned>(done);
      } else if (errno != EAGAIN && errno != EINTR) {
        lost_ += joined_[first + sent++].count;
      }
    }
    first += count;
  }
  joined_used_ = 0;
  open_.clear();
}

void Responder::read_batch() {
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> peers;
  std::array<Control, kBatch> controls;
  for (unsigned i = 0; i < kBatch; ++i) {
    vectors[i] = {in_.data() + i * kReadOctets, kReadOctets};
    messages[i] = {};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = &peers[i];
    header.msg_namelen = sizeof peers[i];
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].octets.data();
    header.msg_controllen = controls[i].octets.size();
  }
  const int got = recvmmsg(fd_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < got; ++i) {
    const auto at = static_cast<std::size_t>(i);
    msghdr& header = messages[at].msg_hdr;
    Asker asker{peers[at], {}};
    std::size_t each = messages[at].msg_len;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        std::memcpy(&asker.asked, CMSG_DATA(c), sizeof asker.asked);
        asker.asked.ipi_spec_dst = asker.asked.ipi_addr;
      } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == kUdpGro) {
        int size = 0;
        std::memcpy(&size, CMSG_DATA(c), sizeof size);
        each = static_cast<std::size_t>(size);
      } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
        std::memcpy(&dropped_, CMSG_DATA(c), sizeof dropped_);
      }
    }
    const std::span<const std::uint8_t> all(in_.data() + at * kReadOctets, messages[at].msg_len);
    for (std::size_t from = 0; from < all.size(); from += each) {
      ++questions_;
      ++asked_[ntohl(asker.asked.ipi_addr.s_addr)];
      answer(asker, all.subspan(from, std::min(each, all.size() - from)));
    }
  }
  flush();
}

void Responder::serve() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  const int end = signalfd(-1, &ends, SFD_CLOEXEC);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  must(end >= 0 && poll >= 0, "epoll");
  for (const int fd : {end, fd_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    must(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
  }
  fmt::print("ready\n");
  std::fflush(stdout);
  for (;;) {
    std::array<epoll_event, 2> events{};
    const int count = epoll_wait(poll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      if (events[static_cast<std::size_t>(i)].data.fd == end) return;
      read_batch();
    }
  }
}

// One JSON object.
std::string Responder::report() const {
  std::uint64_t least = questions_, most = 0;
  for (const auto& [address, count] : asked_) {
    least = std::min(least, count);
    most = std::max(most, count);
  }
  const CpuTime used = cpu_time();
  return fmt::format(
      "{{\"questions\": {}, \"answers\": {}, \"forged\": {}, \"answers_lost\": {}, "
      "\"questions_dropped\": {}, \"addresses\": {}, \"least_asked\": {}, \"most_asked\": {}, "
      "\"cpu_s\": {:.3f}}}\n",
      questions_, answers_, forged_, lost_, dropped_, asked_.size(), least, most,
      used.user_s + used.system_s);
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

int usage() {
  fmt::print(stderr, "usage: wire_responder --names N | --port PORT --report FILE [--forge]\n");
  return 2;
}

int run(std::span<char*> arguments) {
  std::uint64_t names = 0, port = 0;
  std::string report;
  bool forge = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--forge") {
      forge = true;
      continue;
    }
    if (i + 1 == arguments.size()) return usage();
    const std::string_view value = arguments[++i];
    if (word == "--report") {
      report = value;
    } else if (word == "--names" ? !read_number(value, names)
                                 : word != "--port" || !read_number(value, port)) {
      return usage();
    }
  }
  if (names != 0) {
    std::string text;
    for (std::uint64_t i = 0; i < names; ++i) text += name_of(i) + '\n';
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
  }
  if (port == 0 || port > 65535 || report.empty()) return usage();
  const auto responder = std::make_unique<Responder>(static_cast<std::uint16_t>(port), forge);
  responder->serve();
  std::FILE* file = std::fopen(report.c_str(), "w");
  must(file != nullptr, report.c_str());
  fmt::print(file, "{}", responder->report());
  must(std::fclose(file) == 0, report.c_str());
  return 0;
}

}  // namespace
}  // namespace caascan::bench

int main(int argc, char** argv) {
  return caascan::bench::run({argv + 1, static_cast<std::size_t>(argc - 1)});
}
