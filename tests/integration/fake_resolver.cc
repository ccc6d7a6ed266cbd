#include "tests/integration/fake_resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "ingest/assert.h"
#include "tests/sim/sim_world.h"

namespace caascan::integration {
namespace {

constexpr unsigned kBatch = 64;
constexpr std::size_t kOctetsMax = 1024;

int open_socket(int type, std::uint16_t port, std::uint32_t host = INADDR_LOOPBACK) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  CAASCAN_ASSERT(fd >= 0);
  const int on = 1;
  const int buffer = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  CAASCAN_ASSERT(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

std::string last_two_labels(const std::string& name) {
  const std::size_t last = name.rfind('.');
  if (last == std::string::npos || last == 0) return name;
  const std::size_t before = name.rfind('.', last - 1);
  return before == std::string::npos ? name : name.substr(before + 1);
}

// The reply's bytes; none is silence.
std::vector<std::uint8_t> answer(const sim::SeenQuery& query) {
  const bool caa = query.type == wire::RecordType::kCaa;
  if (caa && query.name.starts_with("drop")) return {};
  if (caa && query.name.starts_with("sf")) return sim::make_reply(query, wire::Rcode::kServFail);
  const bool tc = query.name.starts_with("tc");
  if (caa && tc && !query.tcp) return sim::make_reply(query, wire::Rcode::kNoError, true);
  std::vector<std::uint8_t> reply = sim::make_reply(query, wire::Rcode::kNoError);
  const std::string zone = last_two_labels(query.name);
  if (caa && (tc || query.name.starts_with("caa"))) {
    sim::add_record(reply, wire::Section::kAnswer, "", wire::RecordType::kCaa,
                    sim::caa_data("letsencrypt.org"));
  } else if (query.type == wire::RecordType::kNs && query.name == zone) {
    sim::add_record(reply, wire::Section::kAnswer, "", wire::RecordType::kNs,
                    sim::name_data("ns1.hoster.net"));
  } else {
    sim::add_record(reply, wire::Section::kAuthority, zone, wire::RecordType::kSoa,
                    sim::soa_data("hostmaster.hoster.net"));
  }
  return reply;
}

// When the kernel received it: what counts is the wire, not how late this thread reads.
std::chrono::nanoseconds arrival(const msghdr& header) {
  for (const cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr;
       at = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(at))) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(at), sizeof time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  CAASCAN_ASSERT(false);
}

bool read_question(sim::SeenQuery& query) {
  wire::Cursor cursor(query.bytes, wire::kHeaderOctets);
  query.name = wire::DnsName::read(cursor).text();
  query.type = static_cast<wire::RecordType>(cursor.u16());
  return cursor.ok();
}

}  // namespace

struct FakeResolver::Impl {
  int udp = -1, tcp = -1, other_port = -1, other_address = -1;
  std::deque<std::chrono::nanoseconds> window;  // arrivals of the last second
  ~Impl() {
    for (const int fd : {udp, tcp, other_port, other_address}) {
      if (fd >= 0) close(fd);
    }
  }
  void serve_tcp();
};

FakeResolver::FakeResolver(FakeResolverOptions options)
    : options_(options), impl_(std::make_unique<Impl>()) {
  impl_->udp = open_socket(SOCK_DGRAM, 0);
  const int on = 1;
  CAASCAN_ASSERT(setsockopt(impl_->udp, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0);
  const std::uint16_t port = port_of(impl_->udp);
  impl_->tcp = open_socket(SOCK_STREAM, port);
  impl_->other_port = open_socket(SOCK_DGRAM, 0);
  impl_->other_address = open_socket(SOCK_DGRAM, port, INADDR_LOOPBACK + 1);
  CAASCAN_ASSERT(listen(impl_->tcp, 64) == 0);
  endpoint_ = engine::Endpoint::parse("127.0.0.1", port).value();
  thread_ = std::thread([this] { serve(); });
}

FakeResolver::~FakeResolver() {
  stop_ = true;
  thread_.join();
}

// One question a connection, answered and closed.
void FakeResolver::Impl::serve_tcp() {
  const int fd = accept(tcp, nullptr, nullptr);
  if (fd < 0) return;
  std::array<std::uint8_t, 2> length{};
  sim::SeenQuery query;
  query.tcp = true;
  if (recv(fd, length.data(), 2, MSG_WAITALL) == 2) {
    query.bytes.resize(static_cast<std::size_t>(length[0] << 8 | length[1]));
    if (recv(fd, query.bytes.data(), query.bytes.size(), MSG_WAITALL) > 0 && read_question(query)) {
      std::vector<std::uint8_t> reply = answer(query);
      const std::array<std::uint8_t, 2> head = {static_cast<std::uint8_t>(reply.size() >> 8),
                                                static_cast<std::uint8_t>(reply.size())};
      reply.insert(reply.begin(), head.begin(), head.end());
      send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }
  close(fd);
}

void FakeResolver::serve() {
  std::vector<std::array<std::uint8_t, kOctetsMax>> in(kBatch);
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> peers;
  alignas(cmsghdr) std::array<std::array<char, CMSG_SPACE(sizeof(timespec))>, kBatch> controls;
  while (!stop_) {
    std::array<pollfd, 2> ready = {pollfd{impl_->udp, POLLIN, 0}, pollfd{impl_->tcp, POLLIN, 0}};
    if (poll(ready.data(), ready.size(), 50) <= 0) continue;
    if (ready[1].revents != 0) impl_->serve_tcp();
    if (ready[0].revents == 0) continue;
    std::memset(messages.data(), 0, sizeof messages);
    for (unsigned i = 0; i < kBatch; ++i) {
      vectors[i] = {in[i].data(), in[i].size()};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &peers[i];
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
      messages[i].msg_hdr.msg_control = controls[i].data();
      messages[i].msg_hdr.msg_controllen = controls[i].size();
    }
    const int got = recvmmsg(impl_->udp, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (unsigned i = 0; got > 0 && i < static_cast<unsigned>(got); ++i) {
      ++queries_;
      const std::chrono::nanoseconds now = arrival(messages[i].msg_hdr);
      while (!impl_->window.empty() && now - impl_->window.front() >= std::chrono::seconds(1)) {
        impl_->window.pop_front();
      }
      impl_->window.push_back(now);
      busiest_second_ = std::max<std::uint64_t>(busiest_second_, impl_->window.size());
      sim::SeenQuery query;
      query.bytes.assign(in[i].begin(), in[i].begin() + messages[i].msg_len);
      if (!read_question(query)) continue;
      const auto reply_from = [&](int fd, const std::vector<std::uint8_t>& bytes) {
        sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&peers[i]),
               sizeof peers[i]);
      };
      if (options_.forge) {
        const std::vector<std::uint8_t> lie = sim::make_reply(query, wire::Rcode::kServFail);
        std::vector<std::uint8_t> id = lie;
        id[1] ^= 0x55;
        std::vector<std::uint8_t> letter_case = lie;
        for (std::size_t c = 13; c < 13u + lie[12]; ++c) {
          if (std::isalpha(letter_case[c]) != 0) letter_case[c] ^= 0x20;
        }
        std::vector<std::uint8_t> question = lie;
        question[13] ^= 1;
        std::vector<std::uint8_t> none = lie;
        none[5] = 0;
        reply_from(impl_->other_port, lie);
        reply_from(impl_->other_address, lie);
        for (const auto& forged : {id, question, none}) reply_from(impl_->udp, forged);
        // A name without letters has no other case.
        if (letter_case != lie) reply_from(impl_->udp, letter_case);
        forged_ += letter_case != lie ? 6 : 5;
      }
      if (const std::vector<std::uint8_t> bytes = answer(query); !bytes.empty())
        reply_from(impl_->udp, bytes);
    }
  }
}

}  // namespace caascan::integration
