// All nameservers of a small Internet in one process, for scripts/bench-internet: it answers on
// port 53 at whatever address was asked, in a network namespace in which every address is local.
//
//   fake_internet --names N          prints N registrable domains, one a line
//   fake_internet --outcomes N       prints how many of them have which outcome, for those who
//                                    validate and for those who do not
//   fake_internet --report FILE      serves until SIGINT or SIGTERM, then writes what it was asked
//   fake_internet --anchors FILE     writes the trust anchor of an Internet that is signed
//
// One thread, one socket for each family, datagrams in batches. UDP only, and no reply needs more.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "scanner/builtin_data.h"
#include "tests/bench/asked.h"
#include "tests/bench/fake_zones.h"

namespace caascan::bench {
namespace {

constexpr unsigned kBatch = 128;
constexpr std::size_t kQueryOctetsMax = 512;
constexpr std::size_t kControlOctets = 256;
constexpr int kBufferOctets = 64 << 20;
constexpr std::uint16_t kPort = 53;

void must(bool good, const char* what) {
  if (good) return;
  fmt::print(stderr, "fake_internet: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

void set(int fd, int level, int option, int value, const char* what) {
  must(setsockopt(fd, level, option, &value, sizeof value) == 0, what);
}

void set_buffer(int fd, int forced, int plain) {
  if (setsockopt(fd, SOL_SOCKET, forced, &kBufferOctets, sizeof kBufferOctets) != 0)
    set(fd, SOL_SOCKET, plain, kBufferOctets, "socket buffer");
}

int open_socket(bool v6) {
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  must(fd >= 0, "socket");
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL");
  // The kernel's time of arrival: a server that is late must not make its asker look fast.
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
  if (v6) {
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(kPort);
    must(bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind [::]:53");
  } else {
    set(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(kPort);
    must(bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind 0.0.0.0:53");
  }
  return fd;
}

struct Control {
  alignas(cmsghdr) std::array<char, kControlOctets> octets;
};

// What the kernel says of a datagram beside its octets.
struct Arrival {
  Address to;
  std::int64_t at_ns = 0;
  std::uint32_t dropped = 0;  // by the socket so far
};

Arrival read_control(msghdr& header) {
  Arrival arrival;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      std::memcpy(arrival.to.octets.data(), &info.ipi_addr, 4);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      arrival.to.v6 = true;
      std::memcpy(arrival.to.octets.data(), &info.ipi6_addr, 16);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec time;
      std::memcpy(&time, CMSG_DATA(c), sizeof time);
      arrival.at_ns = time.tv_sec * 1'000'000'000 + time.tv_nsec;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&arrival.dropped, CMSG_DATA(c), sizeof arrival.dropped);
    }
  }
  return arrival;
}

// The source address of a reply: what was asked.
void write_control(msghdr& header, Control& control, const Address& from) {
  const auto put = [&](int level, int type, const auto& info) {
    control.octets.fill(0);
    header.msg_control = control.octets.data();
    header.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
  };
  if (from.v6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.octets.data(), 16);
    put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.octets.data(), 4);
    put(IPPROTO_IP, IP_PKTINFO, info);
  }
}

// The CPU time of this process so far.
double cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class Server {
 public:
  Server(FakeZonesOptions options)
      : zones_(options, builtin_root_hints()), addresses_(zones_.places()) {}

  void sign(std::uint64_t domains) { zones_.sign_domains(domains); }
  void serve();
  [[nodiscard]] std::string report() const;

 private:
  struct Batch {
    std::array<std::array<std::uint8_t, kQueryOctetsMax>, kBatch> queries;
    std::array<std::array<std::uint8_t, kReplyOctetsMax>, kBatch> replies;
    std::array<Control, kBatch> controls_in, controls_out;
    std::array<sockaddr_storage, kBatch> peers;
    std::array<iovec, kBatch> vectors_in, vectors_out;
    std::array<mmsghdr, kBatch> in, out;
  };
  void serve_batch(int fd, std::uint32_t& dropped);

  FakeZones zones_;
  std::unique_ptr<Batch> batch_ = std::make_unique<Batch>();
  std::vector<AskedAddress> addresses_;
  AskedDomains at_tlds_;
  std::uint64_t questions_ = 0, replies_ = 0, replies_lost_ = 0, elsewhere_ = 0;
  std::uint64_t truncated_ = 0;
  std::size_t largest_octets_ = 0;
  std::array<std::uint64_t, kRoleWords.size()> chain_{};  // questions for DS and DNSKEY, by role
  std::uint64_t of_tlds_ = 0;                             // of these, at the TLDs for their own
  double cpu_before_s_ = 0;                               // spent before the first question
  std::uint32_t dropped_v4_ = 0, dropped_v6_ = 0;
};

void Server::serve_batch(int fd, std::uint32_t& dropped) {
  Batch& b = *batch_;
  for (unsigned i = 0; i < kBatch; ++i) {
    b.vectors_in[i] = {b.queries[i].data(), b.queries[i].size()};
    b.in[i] = {};
    msghdr& header = b.in[i].msg_hdr;
    header.msg_name = &b.peers[i];
    header.msg_namelen = sizeof b.peers[i];
    header.msg_iov = &b.vectors_in[i];
    header.msg_iovlen = 1;
    header.msg_control = b.controls_in[i].octets.data();
    header.msg_controllen = b.controls_in[i].octets.size();
  }
  const int got = recvmmsg(fd, b.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  unsigned count = 0;
  for (int i = 0; i < got; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Arrival arrival = read_control(b.in[at].msg_hdr);
    if (arrival.dropped != 0) dropped = arrival.dropped;
    const Place place = zones_.place_of(arrival.to);
    ++questions_;
    if (place.role == Role::kNone) {
      ++elsewhere_;
      continue;
    }
    addresses_[zones_.number_of(place)].count(arrival.at_ns);
    Asked asked;
    const std::size_t octets =
        zones_.answer(place, {b.queries[at].data(), b.in[at].msg_len}, b.replies[count], asked);
    if (place.role == Role::kTld && !asked.registrable.empty()) at_tlds_.count(asked.registrable);
    if (asked.is_chain) {
      ++chain_[static_cast<std::size_t>(place.role)];
      if (place.role == Role::kTld && asked.registrable.empty()) ++of_tlds_;
    }
    if (asked.truncated) ++truncated_;
    largest_octets_ = std::max(largest_octets_, octets);
    if (octets == 0) continue;
    b.vectors_out[count] = {b.replies[count].data(), octets};
    b.out[count] = {};
    msghdr& header = b.out[count].msg_hdr;
    header.msg_name = &b.peers[at];
    header.msg_namelen = b.in[at].msg_hdr.msg_namelen;
    header.msg_iov = &b.vectors_out[count];
    header.msg_iovlen = 1;
    write_control(header, b.controls_out[count], arrival.to);
    ++count;
  }
  for (unsigned sent = 0; sent < count;) {
    const int done = sendmmsg(fd, b.out.data() + sent, count - sent, 0);
    if (done <= 0) {
      // One reply that cannot be sent does not keep back the others.
      ++replies_lost_;
      ++sent;
      continue;
    }
    sent += static_cast<unsigned>(done);
    replies_ += static_cast<unsigned>(done);
  }
}

void Server::serve() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  const int end = signalfd(-1, &ends, SFD_CLOEXEC);
  const int v4 = open_socket(false);
  const int v6 = open_socket(true);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  must(end >= 0 && poll >= 0, "epoll");
  for (const int fd : {end, v4, v6}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    must(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
  }
  cpu_before_s_ = cpu_s();
  fmt::print("ready\n");
  std::fflush(stdout);
  for (;;) {
    std::array<epoll_event, 3> events{};
    const int count = epoll_wait(poll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == end) {
        for (const int open : {end, v4, v6, poll}) close(open);
        return;
      }
      serve_batch(fd, fd == v4 ? dropped_v4_ : dropped_v6_);
    }
  }
}

// One JSON object.
std::string Server::report() const {
  std::string out = fmt::format(
      "{{\"questions\": {}, \"replies\": {}, \"replies_lost\": {}, \"questions_dropped\": {}, "
      "\"questions_elsewhere\": {}, \"cpu_s\": {:.3f}, \"cpu_before_s\": {:.3f}, "
      "\"truncated\": {}, \"largest_octets\": {},\n"
      " \"ds_and_dnskey\": {{\"root\": {}, \"tld\": {}, \"tld_own\": {}, \"provider\": {}}},\n"
      " \"at_tlds\": {{\"questions\": {}, \"domains\": {}, \"domains_asked_again\": {}, "
      "\"questions_per_domain_max\": {}, \"example\": \"{}\"}},\n \"addresses\": [",
      questions_, replies_, replies_lost_, dropped_v4_ + dropped_v6_, elsewhere_,
      cpu_s() - cpu_before_s_, cpu_before_s_, truncated_, largest_octets_,
      chain_[static_cast<std::size_t>(Role::kRoot)], chain_[static_cast<std::size_t>(Role::kTld)],
      of_tlds_, chain_[static_cast<std::size_t>(Role::kProvider)], at_tlds_.questions(),
      at_tlds_.domains(), at_tlds_.asked_again(), at_tlds_.most(), at_tlds_.example());
  bool first = true;
  const auto add = [&](Role role, unsigned index, unsigned servers) {
    for (unsigned i = 0; i < 2 * servers; ++i) {
      const Place place = {.role = role, .index = index, .server = i / 2, .v6 = i % 2 == 1};
      const AskedAddress& asked = addresses_[zones_.number_of(place)];
      if (asked.questions == 0) continue;
      out += fmt::format(
          "{}\n  {{\"address\": \"{}\", \"role\": \"{}\", \"questions\": {}, "
          "\"busiest_second\": {}}}",
          std::exchange(first, false) ? "" : ",", text(zones_.address_of(place)),
          kRoleWords[static_cast<std::size_t>(role)], asked.questions, asked.busiest_second);
    }
  };
  for (unsigned i = 0; i < kRootServers; ++i) add(Role::kRoot, i, 1);
  for (unsigned i = 0; i < zones_.tlds(); ++i) add(Role::kTld, i, kTldServers);
  for (unsigned i = 0; i < zones_.providers(); ++i) add(Role::kProvider, i, kProviderServersMax);
  return out + "\n ]}\n";
}

std::string outcomes_of(const FakeZones& zones, unsigned names) {
  std::array<unsigned, 5> counts{};
  std::array<unsigned, 4> faults{};
  unsigned bogus_with_caa = 0, is_signed = 0;
  for (unsigned i = 0; i < names; ++i) {
    const Manner manner = zones.manner_of(i);
    const Fault fault = zones.fault_of(i);
    ++counts[static_cast<std::size_t>(manner)];
    ++faults[static_cast<std::size_t>(fault)];
    if (fault != Fault::kNone && manner == Manner::kCaa) ++bogus_with_caa;
    if (zones.is_signed(i)) ++is_signed;
  }
  const auto count = [&](Manner manner) { return counts[static_cast<std::size_t>(manner)]; };
  const auto faulty = [&](Fault fault) { return faults[static_cast<std::size_t>(fault)]; };
  const unsigned bogus = names - faulty(Fault::kNone);
  const auto outcomes = [&](unsigned found, unsigned empty, unsigned servfail) {
    return fmt::format("{{\"found\": {}, \"empty\": {}, \"servfail\": {}, \"timeout\": {}}}", found,
                       empty, servfail, count(Manner::kSilent));
  };
  const unsigned failing = count(Manner::kServFail) + count(Manner::kRefused);
  return fmt::format(
      "{{\"plain\": {},\n \"validated\": {},\n \"signed\": {}, \"expired\": {}, \"stripped\": {}, "
      "\"wrong_ds\": {}}}\n",
      outcomes(count(Manner::kCaa), count(Manner::kEmpty), failing),
      outcomes(count(Manner::kCaa) - bogus_with_caa,
               count(Manner::kEmpty) - (bogus - bogus_with_caa), failing + bogus),
      is_signed, faulty(Fault::kExpired), faulty(Fault::kStripped), faulty(Fault::kWrongDs));
}

void write_file(const std::string& path, std::string_view text) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  must(file != nullptr, path.c_str());
  fmt::print(file, "{}", text);
  must(std::fclose(file) == 0, path.c_str());
}

int run(int argc, char** argv) {
  FakeZonesOptions options;
  std::string report_path, anchors_path;
  unsigned names = 0, outcomes = 0, sign = 0;
  const std::array<std::pair<std::string_view, unsigned*>, 10> numbers = {{
      {"--names", &names},
      {"--outcomes", &outcomes},
      {"--providers", &options.providers},
      {"--servfail", &options.servfail},
      {"--refused", &options.refused},
      {"--silent", &options.silent},
      {"--with-caa", &options.with_caa},
      {"--signed", &options.signed_percent},
      {"--bogus", &options.bogus},
      {"--sign-ahead", &sign},
  }};
  bool good = argc % 2 == 1;
  for (int i = 1; good && i < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::string_view value = argv[i + 1];
    if (option == "--report" || option == "--anchors") {
      (option == "--report" ? report_path : anchors_path) = value;
      continue;
    }
    good = false;
    for (const auto& [name, number] : numbers) {
      if (option == name)
        good = std::from_chars(value.begin(), value.end(), *number).ptr == value.end();
    }
  }
  const int modes = (names > 0 || outcomes > 0) + !report_path.empty() + !anchors_path.empty();
  good = good && options.providers > 0 && options.providers <= kProvidersMax &&
         options.signed_percent <= 100;
  if (!good || modes != 1 || (!anchors_path.empty() && options.signed_percent == 0)) {
    fmt::print(stderr,
               "usage: fake_internet --names N\n"
               "       fake_internet --outcomes N [SHARES]\n"
               "       fake_internet --report FILE [--providers N] [--sign-ahead N] [SHARES]\n"
               "       fake_internet --anchors FILE --signed PERCENT\n"
               "SHARES: --servfail N, --refused N, --silent N, --with-caa N; ten-thousandths of "
               "the domains.\n"
               "        --signed PERCENT of the domains, and the root and the TLDs if not 0; "
               "--bogus N; ten-thousandths of these.\n"
               "--sign-ahead N: signs those of the first N domains before the first question.\n");
    return 2;
  }
  for (unsigned i = 0; i < names; ++i) fmt::print("{}\n", FakeZones::domain(i));
  if (outcomes > 0)
    fmt::print("{}", outcomes_of(FakeZones(options, builtin_root_hints()), outcomes));
  if (!anchors_path.empty())
    write_file(anchors_path, FakeZones(options, builtin_root_hints()).anchor() + "\n");
  if (report_path.empty()) return 0;
  Server server(options);
  server.sign(sign);
  server.serve();
  write_file(report_path, server.report());
  return 0;
}

}  // namespace
}  // namespace caascan::bench

int main(int argc, char** argv) {
  return caascan::bench::run(argc, argv);
}
