// All nameservers of a small Internet in one process, for scripts/bench: it answers on port 53 at
// whatever address was asked, in a network namespace in which every address is local.
//
//   fake_internet --names N          prints N registrable domains, one a line
//   fake_internet --outcomes N       prints how many of them have which outcome, for those who
//                                    validate and for those who do not
//   fake_internet --slow-addresses   prints the addresses of the provider of --slow
//   fake_internet --report FILE      serves until SIGINT or SIGTERM, then writes what it was asked
//   fake_internet --anchors FILE     writes the trust anchor of an Internet that is signed
//
// One thread; a socket for datagrams and one for connections in each family. Replies over UDP can
// be held back and lost.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <deque>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

#include "scanner/builtin_data.h"
#include "tests/bench/asked.h"
#include "tests/bench/fake_zones.h"
#include "tests/bench/wire_io.h"

namespace caascan::bench {
namespace {

constexpr std::size_t kQueryOctetsMax = 512;
constexpr std::size_t kRepliesOctets = kBatch * kReplyOctetsMax;
constexpr int kBufferOctets = 64 << 20;
constexpr std::uint16_t kPort = 53;
constexpr std::size_t kLengthOctets = 2;  // before a message over TCP
constexpr std::int64_t kMillisecond_ns = 1'000'000;

// As the kernel's times of arrival.
std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

double cpu_s() {
  const CpuTime used = cpu_time();
  return used.user_s + used.system_s;
}

// How the way to each server is.
struct Way {
  unsigned delay_ms = 0;      // there and back
  unsigned loss_percent = 0;  // of the datagrams, each way
};

// One family's socket for datagrams.
struct DatagramSocket {
  explicit DatagramSocket(bool v6)
      : fd(open_server(v6, SOCK_DGRAM, kPort, kBufferOctets)),
        inbox(fd, kQueryOctetsMax),
        outbox(fd) {
    // A server that is late must not make its asker look fast.
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
  }
  int fd;
  Inbox inbox;
  Outbox outbox;
};

struct Connection {
  Address to;
  std::uint64_t number;  // of all connections: an fd comes again
  std::vector<std::uint8_t> in{};
};

// A reply that is still on its way: over TCP where it has no socket.
struct Delayed {
  std::int64_t due_ns;
  DatagramSocket* socket;
  Peer peer;
  Address from;
  int connection;
  std::uint64_t connection_number;
  std::vector<std::uint8_t> octets;
};

class Server {
 public:
  Server(FakeZones zones, Way way)
      : zones_(std::move(zones)), way_(way), addresses_(zones_.places()) {}

  void serve();
  [[nodiscard]] std::string report() const;

 private:
  // The octets of the reply, at `reply`; 0 where there is none.
  std::size_t answer(const Address& to, bool tcp, std::int64_t at_ns,
                     std::span<const std::uint8_t> query,
                     std::span<std::uint8_t, kReplyOctetsMax> reply);
  void serve_datagrams(DatagramSocket& socket);
  void accept_from(int listener);
  void serve_connection(int fd);
  void send_over_tcp(int fd, std::span<const std::uint8_t> message);
  void close_connection(int fd);
  // Milliseconds until the next reply is due, -1: never.
  int send_delayed();
  [[nodiscard]] bool lost() {
    return way_.loss_percent != 0 && chance_() % 100 < way_.loss_percent;
  }

  FakeZones zones_;
  Way way_;
  ServerLoop loop_;
  DatagramSocket v4_{false}, v6_{true};
  std::vector<std::uint8_t> replies_space_ = std::vector<std::uint8_t>(kRepliesOctets);
  std::unordered_map<int, Connection> connections_;
  std::uint64_t connections_made_ = 0;
  std::deque<Delayed> delayed_;
  std::minstd_rand chance_;
  std::vector<AskedAddress> addresses_;
  AskedDomains at_tlds_, at_others_;
  std::vector<std::uint64_t> others_first_;  // by hundredth of a second since the first question
  std::optional<std::int64_t> began_ns_;
  std::int64_t slow_first_ns_ = 0, slow_last_ns_ = 0;
  std::uint64_t questions_ = 0, over_tcp_ = 0, replies_ = 0, dropped_by_way_ = 0, elsewhere_ = 0;
  std::uint64_t truncated_ = 0, tcp_lost_ = 0;
  std::size_t largest_octets_ = 0;
  std::array<std::uint64_t, kRoleWords.size()> chain_{};  // questions for DS and DNSKEY, by role
  std::uint64_t of_tlds_ = 0;                             // of these, at the TLDs for their own
  double cpu_before_s_ = 0;                               // spent before the first question
};

std::size_t Server::answer(const Address& to, bool tcp, std::int64_t at_ns,
                           std::span<const std::uint8_t> query,
                           std::span<std::uint8_t, kReplyOctetsMax> reply) {
  const Place place = zones_.place_of(to);
  ++questions_;
  if (tcp) ++over_tcp_;
  if (place.role == Role::kNone) {
    ++elsewhere_;
    return 0;
  }
  // What is lost has been asked all the same.
  addresses_[zones_.number_of(place)].count(at_ns);
  Asked asked;
  const std::size_t octets = zones_.answer(place, tcp, query, reply, asked);
  if (!began_ns_) began_ns_ = at_ns;
  const std::int64_t since_ns = std::max<std::int64_t>(at_ns - *began_ns_, 0);
  if (place.role == Role::kTld && !asked.registrable.empty()) at_tlds_.count(asked.registrable);
  if (zones_.is_slow(place)) {
    if (slow_last_ns_ == 0) slow_first_ns_ = since_ns;
    slow_last_ns_ = since_ns;
  } else if (place.role == Role::kProvider && asked.is_caa && at_others_.count(asked.registrable)) {
    const auto slot = static_cast<std::size_t>(since_ns / (10 * kMillisecond_ns));
    if (others_first_.size() <= slot) others_first_.resize(slot + 1);
    ++others_first_[slot];
  }
  if (asked.is_chain) {
    ++chain_[static_cast<std::size_t>(place.role)];
    if (place.role == Role::kTld && asked.registrable.empty()) ++of_tlds_;
  }
  if (asked.truncated) ++truncated_;
  largest_octets_ = std::max(largest_octets_, octets);
  if (octets != 0) ++replies_;
  return octets;
}

void Server::serve_datagrams(DatagramSocket& socket) {
  std::size_t at = 0;
  for (const Datagram& datagram : socket.inbox.read()) {
    const std::span<std::uint8_t, kReplyOctetsMax> reply(&replies_space_[at], kReplyOctetsMax);
    const std::size_t octets = answer(datagram.to, false, datagram.at_ns, datagram.octets, reply);
    if (octets == 0) continue;
    if (lost() || lost()) {
      ++dropped_by_way_;
      continue;
    }
    if (way_.delay_ms != 0) {
      delayed_.push_back({.due_ns = datagram.at_ns + way_.delay_ms * kMillisecond_ns,
                          .socket = &socket,
                          .peer = datagram.peer,
                          .from = datagram.to,
                          .connection = -1,
                          .connection_number = 0,
                          .octets = {reply.begin(), reply.begin() + static_cast<long>(octets)}});
      continue;
    }
    socket.outbox.add(datagram.peer, datagram.to, reply.first(octets));
    at += kReplyOctetsMax;
  }
  socket.outbox.flush();
}

void Server::accept_from(int listener) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
    sockaddr_in6 local{};
    socklen_t octets = sizeof local;
    must(getsockname(fd, reinterpret_cast<sockaddr*>(&local), &octets) == 0, "getsockname");
    Address to;
    to.v6 = local.sin6_family == AF_INET6;
    if (to.v6) {
      std::memcpy(to.octets.data(), &local.sin6_addr, 16);
    } else {
      sockaddr_in v4{};
      std::memcpy(&v4, &local, sizeof v4);
      std::memcpy(to.octets.data(), &v4.sin_addr, 4);
    }
    connections_.insert_or_assign(fd, Connection{.to = to, .number = ++connections_made_});
    loop_.watch(fd);
  }
}

void Server::close_connection(int fd) {
  connections_.erase(fd);
  close(fd);
}

void Server::send_over_tcp(int fd, std::span<const std::uint8_t> message) {
  std::vector<std::uint8_t> out = {static_cast<std::uint8_t>(message.size() >> 8),
                                   static_cast<std::uint8_t>(message.size())};
  out.insert(out.end(), message.begin(), message.end());
  // Replies are small beside the buffer of a connection.
  if (send(fd, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size()))
    ++tcp_lost_;
}

void Server::serve_connection(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  std::array<std::uint8_t, 4096> octets;
  Control control;
  iovec vector{octets.data(), octets.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.octets.data();
  header.msg_controllen = control.octets.size();
  const ssize_t got = recvmsg(fd, &header, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return close_connection(fd);
  const std::int64_t at_ns = arrival_ns(header).value_or(now_ns());
  connection.in.insert(connection.in.end(), octets.begin(), octets.begin() + got);
  std::size_t at = 0;
  while (connection.in.size() - at >= kLengthOctets) {
    const auto length = static_cast<std::size_t>(connection.in[at] << 8 | connection.in[at + 1]);
    if (connection.in.size() - at - kLengthOctets < length) break;
    const std::span<std::uint8_t, kReplyOctetsMax> reply(replies_space_.data(), kReplyOctetsMax);
    const std::size_t made =
        answer(connection.to, true, at_ns,
               std::span(connection.in).subspan(at + kLengthOctets, length), reply);
    at += kLengthOctets + length;
    if (made == 0) continue;
    if (way_.delay_ms != 0) {
      delayed_.push_back({.due_ns = at_ns + way_.delay_ms * kMillisecond_ns,
                          .socket = nullptr,
                          .peer = {},
                          .from = {},
                          .connection = fd,
                          .connection_number = connection.number,
                          .octets = {reply.begin(), reply.begin() + static_cast<long>(made)}});
    } else {
      send_over_tcp(fd, reply.first(made));
    }
  }
  connection.in.erase(connection.in.begin(), connection.in.begin() + static_cast<long>(at));
}

int Server::send_delayed() {
  const std::int64_t now = delayed_.empty() ? 0 : now_ns();
  std::size_t ready = 0;
  for (; ready < delayed_.size() && delayed_[ready].due_ns <= now; ++ready) {
    const Delayed& reply = delayed_[ready];
    if (reply.socket == nullptr) {
      const auto found = connections_.find(reply.connection);
      if (found != connections_.end() && found->second.number == reply.connection_number)
        send_over_tcp(reply.connection, reply.octets);
      continue;
    }
    reply.socket->outbox.add(reply.peer, reply.from, reply.octets);
    if (reply.socket->outbox.full()) reply.socket->outbox.flush();
  }
  v4_.outbox.flush();
  v6_.outbox.flush();
  delayed_.erase(delayed_.begin(), delayed_.begin() + static_cast<long>(ready));
  if (delayed_.empty()) return -1;
  return static_cast<int>((delayed_.front().due_ns - now) / kMillisecond_ns) + 1;
}

void Server::serve() {
  // A connection is kept for as long as its asker likes.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const std::array<int, 2> listeners = {open_server(false, SOCK_STREAM, kPort, 0),
                                        open_server(true, SOCK_STREAM, kPort, 0)};
  for (const int fd : {v4_.fd, v6_.fd, listeners[0], listeners[1]}) loop_.watch(fd);
  cpu_before_s_ = cpu_s();
  fmt::print("ready\n");
  std::fflush(stdout);
  std::vector<int> readable;
  while (loop_.wait(send_delayed(), readable)) {
    for (const int fd : readable) {
      if (fd == v4_.fd || fd == v6_.fd)
        serve_datagrams(fd == v4_.fd ? v4_ : v6_);
      else if (fd == listeners[0] || fd == listeners[1])
        accept_from(fd);
      else
        serve_connection(fd);
    }
  }
}

// One JSON object.
std::string Server::report() const {
  constexpr double kSecond_ns = 1e9;
  std::string out = fmt::format(
      "{{\"questions\": {}, \"over_tcp\": {}, \"replies\": {}, \"replies_lost\": {}, "
      "\"lost_by_way\": {}, \"questions_dropped\": {}, \"questions_elsewhere\": {}, "
      "\"cpu_s\": {:.3f}, \"cpu_before_s\": {:.3f}, "
      "\"truncated\": {}, \"largest_octets\": {},\n"
      " \"ds_and_dnskey\": {{\"root\": {}, \"tld\": {}, \"tld_own\": {}, \"provider\": {}}},\n"
      " \"at_tlds\": {{\"questions\": {}, \"domains\": {}, \"domains_asked_again\": {}, "
      "\"questions_per_domain_max\": {}, \"example\": \"{}\"}},\n"
      " \"slow_first_s\": {:.3f}, \"slow_last_s\": {:.3f}, \"others_first_by_10ms\": [{}],\n"
      " \"addresses\": [",
      questions_, over_tcp_, replies_, v4_.outbox.lost() + v6_.outbox.lost() + tcp_lost_,
      dropped_by_way_, v4_.inbox.dropped() + v6_.inbox.dropped(), elsewhere_,
      cpu_s() - cpu_before_s_, cpu_before_s_, truncated_, largest_octets_,
      chain_[static_cast<std::size_t>(Role::kRoot)], chain_[static_cast<std::size_t>(Role::kTld)],
      of_tlds_, chain_[static_cast<std::size_t>(Role::kProvider)], at_tlds_.questions(),
      at_tlds_.domains(), at_tlds_.asked_again(), at_tlds_.most(), at_tlds_.example(),
      static_cast<double>(slow_first_ns_) / kSecond_ns,
      static_cast<double>(slow_last_ns_) / kSecond_ns, fmt::join(others_first_, ","));
  bool first = true;
  const auto add = [&](Role role, unsigned index, unsigned servers) {
    for (unsigned i = 0; i < 2 * servers; ++i) {
      const Place place = {.role = role, .index = index, .server = i / 2, .v6 = i % 2 == 1};
      const AskedAddress& asked = addresses_[zones_.number_of(place)];
      if (asked.questions == 0) continue;
      const std::string_view word =
          zones_.is_slow(place) ? "slow" : kRoleWords[static_cast<std::size_t>(role)];
      out += fmt::format(
          "{}\n  {{\"address\": \"{}\", \"role\": \"{}\", \"questions\": {}, "
          "\"busiest_second\": {}}}",
          std::exchange(first, false) ? "" : ",", text(zones_.address_of(place)), word,
          asked.questions, asked.busiest_second);
    }
  };
  for (unsigned i = 0; i < kRootServers; ++i) add(Role::kRoot, i, 1);
  for (unsigned i = 0; i < zones_.tlds(); ++i) add(Role::kTld, i, kTldServers);
  for (unsigned i = 0; i < zones_.providers(); ++i) add(Role::kProvider, i, kProviderServersMax);
  return out + "\n ]}\n";
}

// Which names are listed of the first domains.
enum class Which : std::uint8_t {
  kDomains,
  kHosts,   // and their www
  kOthers,  // but those of the slow provider
};
constexpr std::array<std::pair<std::string_view, Which>, 3> kWhichWords = {
    {{"domains", Which::kDomains}, {"hosts", Which::kHosts}, {"others", Which::kOthers}}};

void print_names(const FakeZones& zones, unsigned domains, Which which) {
  for (unsigned i = 0; i < domains; ++i) {
    if (which == Which::kOthers && zones.is_slow(i)) continue;
    const std::string domain = FakeZones::domain(i);
    fmt::print("{}\n", domain);
    if (which == Which::kHosts) fmt::print("www.{}\n", domain);
  }
}

// A host's CAA lookup ends as that of its domain does.
std::string outcomes_of(const FakeZones& zones, unsigned domains, Which which) {
  std::array<unsigned, 5> counts{};
  std::array<unsigned, 4> faults{};
  unsigned bogus_with_caa = 0, is_signed = 0, names = 0;
  for (unsigned i = 0; i < domains; ++i) {
    if (which == Which::kOthers && zones.is_slow(i)) continue;
    ++names;
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
    const unsigned times = which == Which::kHosts ? 2 : 1;
    return fmt::format("{{\"found\": {}, \"empty\": {}, \"servfail\": {}, \"timeout\": {}}}",
                       times * found, times * empty, times * servfail,
                       times * count(Manner::kSilent));
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

int usage() {
  fmt::print(stderr,
             "usage: fake_internet --names N [--which WHICH] [SHARES]\n"
             "       fake_internet --outcomes N [--which WHICH] [SHARES]\n"
             "       fake_internet --slow-addresses [--providers N]\n"
             "       fake_internet --report FILE [--providers N] [--sign-ahead N] "
             "[--delay-ms N] [--loss PERCENT] [SHARES]\n"
             "       fake_internet --anchors FILE --signed PERCENT\n"
             "WHICH: domains, hosts (and their www), others (but those of the slow provider).\n"
             "SHARES: --servfail N, --refused N, --silent N, --with-caa N, --truncated N; "
             "ten-thousandths of the domains.\n"
             "        --signed PERCENT of the domains, and the root and the TLDs if not 0; "
             "--bogus N; ten-thousandths of these.\n"
             "        --slow PERCENT of the domains, at one provider with two addresses.\n"
             "--sign-ahead N: signs those of the first N domains before the first question.\n"
             "--delay-ms N, --loss PERCENT: of each question and its reply together; of the "
             "datagrams, each way.\n");
  return 2;
}

int run(std::span<char*> arguments) {
  FakeZonesOptions options;
  Way way;
  std::string report_path, anchors_path;
  bool slow_addresses = false;
  Which which = Which::kDomains;
  unsigned names = 0, outcomes = 0, sign = 0;
  const std::array<std::pair<std::string_view, unsigned*>, 14> numbers = {{
      {"--names", &names},
      {"--outcomes", &outcomes},
      {"--providers", &options.providers},
      {"--servfail", &options.servfail},
      {"--refused", &options.refused},
      {"--silent", &options.silent},
      {"--with-caa", &options.with_caa},
      {"--signed", &options.signed_percent},
      {"--bogus", &options.bogus},
      {"--truncated", &options.truncated},
      {"--slow", &options.slow_percent},
      {"--sign-ahead", &sign},
      {"--delay-ms", &way.delay_ms},
      {"--loss", &way.loss_percent},
  }};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--slow-addresses") {
      slow_addresses = true;
      continue;
    }
    if (++i == arguments.size()) return usage();
    const std::string_view value = arguments[i];
    if (option == "--report" || option == "--anchors") {
      (option == "--report" ? report_path : anchors_path) = value;
    } else if (option == "--which") {
      const auto* const found =
          std::ranges::find(kWhichWords, value, &std::pair<std::string_view, Which>::first);
      if (found == kWhichWords.end()) return usage();
      which = found->second;
    } else {
      const auto* const found =
          std::ranges::find(numbers, option, &std::pair<std::string_view, unsigned*>::first);
      if (found == numbers.end() ||
          std::from_chars(value.begin(), value.end(), *found->second).ptr != value.end()) {
        return usage();
      }
    }
  }
  const int modes =
      (names > 0) + (outcomes > 0) + slow_addresses + !report_path.empty() + !anchors_path.empty();
  const bool good = options.providers > 0 && options.providers < kProvidersMax &&
                    options.signed_percent <= 100 && options.slow_percent <= 100;
  if (!good || modes != 1 || (!anchors_path.empty() && options.signed_percent == 0)) return usage();
  if (!report_path.empty()) {
    FakeZones zones(options, builtin_root_hints());
    zones.sign_domains(sign);
    Server server(std::move(zones), way);
    server.serve();
    write_file(report_path, server.report());
    return 0;
  }
  if (slow_addresses) options.slow_percent = 1;
  const FakeZones zones(options, builtin_root_hints());
  if (names > 0) print_names(zones, names, which);
  if (outcomes > 0) fmt::print("{}", outcomes_of(zones, outcomes, which));
  if (!anchors_path.empty()) write_file(anchors_path, zones.anchor() + "\n");
  for (unsigned i = 0; slow_addresses && i < kSlowServers; ++i) {
    const Place place = {.role = Role::kProvider, .index = options.providers, .server = i};
    fmt::print("{}\n", text(zones.address_of(place)));
  }
  return 0;
}

}  // namespace
}  // namespace caascan::bench

int main(int argc, char** argv) {
  return caascan::bench::run({argv + 1, static_cast<std::size_t>(argc - 1)});
}
