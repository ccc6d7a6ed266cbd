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

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/bench/wire_io.h"

namespace caascan::bench {
namespace {

constexpr std::size_t kReadOctets = 65536;
constexpr int kBufferOctets = 64 << 20;
constexpr std::size_t kHeaderOctets = 12;
// Answers are padded to this by the SOA record's first name, so that they can be joined.
constexpr std::size_t kAnswerOctets = 132;
constexpr std::size_t kAnswerOctetsMax = 512;
// Whoever forges from another address has this one.
constexpr Address kForger = {.octets = {45, 79, 0, 1}};

struct Asker {
  Peer peer;
  Address asked;  // whose address is the answer's
};

// Answers to one asker that leave in one call, all of the same length.
struct Joined {
  Asker asker;
  bool by_other_port = false;
  std::size_t each = 0;
  std::vector<std::uint8_t> octets;
  std::size_t count = 0;
};

// The IPv4 address as a number.
std::uint32_t number_of(const Address& address) {
  std::uint32_t number = 0;
  std::memcpy(&number, address.octets.data(), sizeof number);
  return ntohl(number);
}

class Responder {
 public:
  Responder(std::uint16_t port, bool forge);
  void serve();
  [[nodiscard]] std::string report() const;

 private:
  void read_batch();
  void answer(const Asker& asker, std::span<const std::uint8_t> question);
  void add(bool by_other_port, const Asker& asker, std::span<const std::uint8_t> message);
  void flush();
  void send_outboxes();

  bool forge_;
  int fd_;
  Inbox inbox_;
  Outbox outbox_, by_other_port_;
  std::vector<Joined> joined_;
  std::size_t joined_used_ = 0;
  std::unordered_map<std::uint64_t, std::size_t> open_;     // asker, address and length -> Joined
  std::unordered_map<std::uint32_t, std::uint64_t> asked_;  // by address
  std::uint64_t questions_ = 0, answers_ = 0, forged_ = 0;
};

Responder::Responder(std::uint16_t port, bool forge)
    : forge_(forge),
      fd_(open_server(false, SOCK_DGRAM, port, kBufferOctets)),
      inbox_(fd_, kReadOctets),
      outbox_(fd_),
      by_other_port_(forge ? open_udp(INADDR_ANY, 0, kBufferOctets) : -1) {
  set_option(fd_, IPPROTO_UDP, kUdpGro, 1, "UDP_GRO");
}

void Responder::add(bool by_other_port, const Asker& asker, std::span<const std::uint8_t> message) {
  const std::uint64_t key = (std::uint64_t{asker.peer.address.sin6_port} << 48) ^
                            (std::uint64_t{by_other_port} << 42) ^ (message.size() << 32) ^
                            number_of(asker.asked);
  const auto [at, is_new] = open_.try_emplace(key, joined_used_);
  Joined* joined = is_new ? nullptr : &joined_[at->second];
  if (joined == nullptr || joined->count == kSegmentsMax ||
      joined->octets.size() + message.size() > kJoinedOctetsMax) {
    at->second = joined_used_;
    if (joined_used_ == joined_.size()) joined_.emplace_back();
    joined = &joined_[joined_used_++];
    joined->asker = asker;
    joined->by_other_port = by_other_port;
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
    const auto send = [&](const Asker& as, bool by_other_port = false) {
      add(by_other_port, as, message);
      ++forged_;
    };
    reset();
    send(asker, true);
    send({asker.peer, kForger});
    lie[1] ^= 0x55;
    send(asker);
    reset();
    for (std::size_t i = kHeaderOctets; lie[i] != 0;) {
      const std::size_t label_end = i + 1 + lie[i];
      for (++i; i < label_end; ++i) {
        if (std::isalpha(lie[i]) != 0) lie[i] ^= 0x20;
      }
    }
    send(asker);
    reset();
    lie[kHeaderOctets + 1] = lie[kHeaderOctets + 1] == 'q' ? 'p' : 'q';
    send(asker);
    reset();
    lie[5] = 0;
    send(asker);
  }
  add(false, asker, {out.data(), at});
  ++answers_;
}

// True answers after the forged ones.
void Responder::send_outboxes() {
  by_other_port_.flush();
  outbox_.flush();
}

// Sends what has been joined.
void Responder::flush() {
  for (std::size_t i = 0; i < joined_used_; ++i) {
    const Joined& joined = joined_[i];
    Outbox& outbox = joined.by_other_port ? by_other_port_ : outbox_;
    outbox.add(joined.asker.peer, joined.asker.asked, joined.octets, joined.each);
    if (outbox.full()) send_outboxes();
  }
  send_outboxes();
  joined_used_ = 0;
  open_.clear();
}

void Responder::read_batch() {
  for (const Datagram& datagram : inbox_.read()) {
    const Asker asker{datagram.peer, datagram.to};
    std::span<const std::uint8_t> left = datagram.octets;
    while (!left.empty()) {
      const auto question = left.first(std::min(datagram.each, left.size()));
      left = left.subspan(question.size());
      ++questions_;
      ++asked_[number_of(asker.asked)];
      answer(asker, question);
    }
  }
  flush();
}

void Responder::serve() {
  ServerLoop loop;
  loop.watch(fd_);
  fmt::print("ready\n");
  std::fflush(stdout);
  std::vector<int> readable;
  while (loop.wait(-1, readable)) {
    if (!readable.empty()) read_batch();
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
      questions_, answers_, forged_, outbox_.lost() + by_other_port_.lost(), inbox_.dropped(),
      asked_.size(), least, most, used.user_s + used.system_s);
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
  Responder responder(static_cast<std::uint16_t>(port), forge);
  responder.serve();
  write_file(report, responder.report());
  return 0;
}

}  // namespace
}  // namespace caascan::bench

int main(int argc, char** argv) {
  return caascan::bench::run({argv + 1, static_cast<std::size_t>(argc - 1)});
}
