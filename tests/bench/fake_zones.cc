#include "tests/bench/fake_zones.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>
#include <utility>

#include "ingest/assert.h"

namespace caascan::bench {
namespace {

constexpr std::array<std::string_view, 12> kTlds = {"com", "net", "org", "de",  "info", "nl",
                                                    "fr",  "eu",  "xyz", "top", "shop", "ch"};
constexpr unsigned kTldCount = kTlds.size();
constexpr unsigned kPlacesPerTld = kTldServers * 2;
constexpr unsigned kPlacesPerProvider = kProviderServersMax * 2;

// 60.K.K.10 …, 61.0.TLD.10 …, and 2a0e:b2ff:ROLE:INDEX::SERVER.
constexpr std::uint8_t kProviderNet = 60, kTldNet = 61, kServerFirst = 10;
constexpr std::array<std::uint8_t, 4> kNetV6 = {0x2a, 0x0e, 0xb2, 0xff};

constexpr std::uint16_t kA = 1, kNs = 2, kSoa = 6, kAaaa = 28, kOpt = 41, kCaa = 257;
constexpr std::uint8_t kServFail = 2, kNxDomain = 3, kRefused = 5;
constexpr std::uint32_t kTtl_s = 86'400;
constexpr std::size_t kHeaderOctets = 12;
constexpr std::size_t kLabelsMax = 127;

// splitmix64's finish.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

unsigned tld_of_number(std::uint64_t number) {
  const std::uint64_t chance = mix(number) % (2 * (kTldCount - 1));
  return chance < kTldCount - 1 ? 0 : static_cast<unsigned>(chance - (kTldCount - 2));
}

// The number after `letter`, or -1.
std::int64_t number_after(char letter, std::string_view label) {
  if (label.size() < 2 || label.size() > 12 || label[0] != letter) return -1;
  std::int64_t number = 0;
  for (const char digit : label.substr(1)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

std::string text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.octets.data(), buffer.data(), buffer.size());
  return buffer.data();
}

// A question, its labels lower-cased.
struct FakeZones::Question {
  std::size_t count = 0;  // of labels
  std::array<std::string_view, kLabelsMax> labels;
  std::array<std::uint8_t, kLabelsMax> offsets{};  // in the message
  std::uint16_t type = 0;
  std::size_t end = 0;  // where the question section ends
  bool edns = false;
  unsigned tld = kTldCount;
  // The label from the right, from 0.
  [[nodiscard]] std::string_view label(std::size_t from_right) const {
    return labels[count - 1 - from_right];
  }
  // A pointer to the last `n` labels, 0 for the root.
  [[nodiscard]] unsigned suffix(std::size_t n) const { return n == 0 ? 0 : offsets[count - n]; }
};

struct FakeZones::Domain {
  unsigned provider = 0;
  unsigned tld = 0;  // of the nameserver names
  Manner manner = Manner::kEmpty;
};

// Writes one reply. Names are written in full once and then pointed to.
class FakeZones::Writer {
 public:
  Writer(std::span<const std::uint8_t> query, const Question& question,
         std::span<std::uint8_t, kReplyOctetsMax> out)
      : out_(out), at_(question.end), edns_(question.edns) {
    std::memcpy(out.data(), query.data(), question.end);
    out[2] = static_cast<std::uint8_t>(0x80 | (query[2] & 0x79));  // QR; opcode and RD as asked
    out[3] = 0;
    std::fill(out.begin() + 6, out.begin() + kHeaderOctets, std::uint8_t{0});
  }
  enum Section : std::size_t { kAnswer = 6, kAuthority = 8, kAdditional = 10 };

  void authoritative() { out_[2] |= 0x04; }
  void rcode(std::uint8_t value) { out_[3] = value; }
  void begin(Section section, unsigned owner, std::uint16_t type, std::uint32_t ttl_s) {
    ++out_[section + 1];  // far below 256
    pointer(owner);
    u16(type);
    u16(1);
    u16(static_cast<std::uint16_t>(ttl_s >> 16));
    u16(static_cast<std::uint16_t>(ttl_s));
    length_at_ = at_;
    u16(0);
  }
  void end() {
    const std::size_t length = at_ - length_at_ - 2;
    out_[length_at_] = static_cast<std::uint8_t>(length >> 8);
    out_[length_at_ + 1] = static_cast<std::uint8_t>(length);
  }
  void u8(std::uint8_t value) {
    CAASCAN_ASSERT(at_ < out_.size());
    out_[at_++] = value;
  }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  void octets(std::string_view text) {
    for (const char c : text) u8(static_cast<std::uint8_t>(c));
  }
  void label(std::string_view text) {
    u8(static_cast<std::uint8_t>(text.size()));
    octets(text);
  }
  // A short label: a letter or two and a number.
  void label(std::string_view letters, unsigned number) {
    std::array<char, 16> made;
    const auto done =
        fmt::format_to_n(made.data(), made.size(), FMT_STRING("{}{}"), letters, number);
    label({made.data(), done.size});
  }
  // Offset 0, where the header is, stands for the root.
  void pointer(unsigned to) {
    if (to == 0) {
      u8(0);
    } else {
      u16(static_cast<std::uint16_t>(0xc000 | to));
    }
  }
  void soa(unsigned zone) {
    begin(kAuthority, zone, kSoa, 3600);
    label("ns");
    pointer(zone);
    label("hostmaster");
    pointer(zone);
    for (const std::uint32_t value : {1U, 7200U, 900U, 1'209'600U, 3600U}) {
      u16(static_cast<std::uint16_t>(value >> 16));
      u16(static_cast<std::uint16_t>(value));
    }
    end();
  }
  void address(Section section, unsigned owner, const Address& value) {
    begin(section, owner, value.v6 ? kAaaa : kA, kTtl_s);
    for (std::size_t i = 0; i < (value.v6 ? 16 : 4); ++i) u8(value.octets[i]);
    end();
  }
  [[nodiscard]] unsigned at() const { return static_cast<unsigned>(at_); }
  std::size_t finish() {
    if (edns_) {
      ++out_[kAdditional + 1];
      u8(0);
      u16(kOpt);
      u16(kReplyOctetsMax);
      for (int i = 0; i < 3; ++i) u16(0);
    }
    return at_;
  }

 private:
  std::span<std::uint8_t, kReplyOctetsMax> out_;
  std::size_t at_;
  std::size_t length_at_ = 0;
  bool edns_;
};

FakeZones::FakeZones(FakeZonesOptions options, std::string_view hints)
    : options_(options), zipf_log_(std::log(options.providers + 1.0)) {
  CAASCAN_ASSERT(options.providers > 0 && options.providers <= kProvidersMax);
  std::istringstream lines{std::string(hints)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string owner, ttl, type, value;
    if (!(fields >> owner >> ttl >> type >> value) || (type != "A" && type != "AAAA")) continue;
    Address address;
    address.v6 = type == "AAAA";
    CAASCAN_ASSERT(
        inet_pton(address.v6 ? AF_INET6 : AF_INET, value.c_str(), address.octets.data()) == 1);
    (address.v6 ? roots_v6_ : roots_v4_).push_back(address);
  }
  CAASCAN_ASSERT(roots_v4_.size() == kRootServers && roots_v6_.size() == kRootServers);
}

std::string FakeZones::domain(std::uint64_t number) {
  return fmt::format("d{:06}.{}", number, kTlds[tld_of_number(number)]);
}

Manner FakeZones::manner_of(std::uint64_t number) const {
  return domain_of(number, tld_of_number(number)).manner;
}

Place FakeZones::place_of(const Address& address) const {
  const auto& octets = address.octets;
  Place place;
  place.v6 = address.v6;
  if (!address.v6 && (octets[0] == kProviderNet || octets[0] == kTldNet)) {
    place.role = octets[0] == kProviderNet ? Role::kProvider : Role::kTld;
    place.index = static_cast<unsigned>(octets[1] << 8 | octets[2]);
    place.server = octets[3] - kServerFirst;
  } else if (address.v6 && std::equal(kNetV6.begin(), kNetV6.end(), octets.begin())) {
    place.role = static_cast<Role>(octets[5]);
    place.index = static_cast<unsigned>(octets[6] << 8 | octets[7]);
    place.server = octets[15] - kServerFirst;
  } else {
    const std::vector<Address>& roots = address.v6 ? roots_v6_ : roots_v4_;
    const auto found = std::find(roots.begin(), roots.end(), address);
    if (found == roots.end()) return {};
    place.role = Role::kRoot;
    place.index = static_cast<unsigned>(found - roots.begin());
    return place;
  }
  if (place.role == Role::kTld && place.index < kTldCount && place.server < kTldServers)
    return place;
  if (place.role == Role::kProvider && place.index < options_.providers &&
      place.server < servers_of(place.index) && (!place.v6 || has_v6(place))) {
    return place;
  }
  return {};
}

Address FakeZones::address_of(const Place& place) const {
  if (place.role == Role::kRoot) return (place.v6 ? roots_v6_ : roots_v4_)[place.index];
  Address address;
  address.v6 = place.v6;
  const auto high = static_cast<std::uint8_t>(place.index >> 8);
  const auto low = static_cast<std::uint8_t>(place.index);
  const auto server = static_cast<std::uint8_t>(kServerFirst + place.server);
  if (place.v6) {
    std::copy(kNetV6.begin(), kNetV6.end(), address.octets.begin());
    address.octets[5] = static_cast<std::uint8_t>(place.role);
    address.octets[6] = high;
    address.octets[7] = low;
    address.octets[15] = server;
  } else {
    address.octets = {place.role == Role::kProvider ? kProviderNet : kTldNet, high, low, server};
  }
  return address;
}

std::size_t FakeZones::number_of(const Place& place) const {
  std::size_t number = place.v6 ? 1 : 0;
  switch (place.role) {
    case Role::kNone:
      CAASCAN_ASSERT(false);
    case Role::kRoot:
      return number + 2 * place.index;
    case Role::kTld:
      return number + 2 * kRootServers + kPlacesPerTld * place.index + 2 * place.server;
    case Role::kProvider:
      return number + 2 * kRootServers + kPlacesPerTld * kTldCount +
             kPlacesPerProvider * place.index + 2 * place.server;
  }
  return number;
}

std::size_t FakeZones::places() const {
  return 2 * kRootServers + kPlacesPerTld * kTldCount + kPlacesPerProvider * options_.providers;
}

unsigned FakeZones::tlds() {
  return kTldCount;
}

unsigned FakeZones::servers_of(unsigned provider) const {
  return 2 + static_cast<unsigned>(mix(provider + 1000) % (kProviderServersMax - 1));
}

// Two thirds of the providers have IPv6, all TLDs do.
bool FakeZones::has_v6(const Place& place) {
  return place.role != Role::kProvider || mix(place.index + 2000) % 3 != 0;
}

FakeZones::Domain FakeZones::domain_of(std::uint64_t number, unsigned tld) const {
  const std::uint64_t hash = mix(mix(number) + tld);
  // The density is 1/rank: exp of a uniform number between 0 and log(providers + 1).
  const double chance = static_cast<double>(hash >> 11) * 0x1p-53;
  Domain domain;
  domain.provider =
      std::min(options_.providers - 1, static_cast<unsigned>(std::exp(chance * zipf_log_)) - 1);
  const std::uint64_t more = mix(hash);
  domain.tld = tld;
  if (more % 2 == 0) {
    domain.tld = static_cast<unsigned>(mix(domain.provider + 3000) % kTldCount);
    if (domain.tld == tld) domain.tld = (tld + 1) % kTldCount;
  }
  auto chance_left = static_cast<unsigned>((more >> 8) % 10'000);
  const std::array<std::pair<Manner, unsigned>, 4> shares = {
      {{Manner::kServFail, options_.servfail},
       {Manner::kRefused, options_.refused},
       {Manner::kSilent, options_.silent},
       {Manner::kCaa, options_.with_caa}}};
  for (const auto& [manner, share] : shares) {
    if (chance_left < share) {
      domain.manner = manner;
      break;
    }
    chance_left -= share;
  }
  return domain;
}

bool FakeZones::read(std::span<const std::uint8_t> query, Question& question) {
  if (query.size() < kHeaderOctets + 5 || (query[2] & 0xf8) != 0 || query[4] != 0 || query[5] != 1)
    return false;
  lower_.assign(reinterpret_cast<const char*>(query.data()),
                std::min<std::size_t>(query.size(), 300));
  for (char& c : lower_) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  std::size_t at = kHeaderOctets;
  for (; query[at] != 0; at += query[at] + 1U) {
    if (query[at] > 63 || at + query[at] + 5U >= std::min<std::size_t>(query.size(), 255) ||
        question.count == kLabelsMax) {
      return false;
    }
    question.offsets[question.count] = static_cast<std::uint8_t>(at);
    question.labels[question.count++] = std::string_view(lower_).substr(at + 1, query[at]);
  }
  question.type = static_cast<std::uint16_t>(query[at + 1] << 8 | query[at + 2]);
  question.end = at + 5;
  // The additional section of a question holds nothing but OPT.
  question.edns = query[11] != 0;
  if (question.count > 0) {
    const auto found = std::find(kTlds.begin(), kTlds.end(), question.label(0));
    question.tld = static_cast<unsigned>(found - kTlds.begin());
  }
  return true;
}

// The addresses of one server, of the type asked for or (0) of both.
void FakeZones::put_addresses(const Place& place, std::uint16_t type, unsigned owner,
                              Writer& writer) const {
  const auto section = type == 0 ? Writer::kAdditional : Writer::kAnswer;
  Place at = place;
  at.v6 = false;
  if (type != kAaaa) writer.address(section, owner, address_of(at));
  at.v6 = true;
  if (type != kA && (at.role == Role::kRoot || has_v6(at)))
    writer.address(section, owner, address_of(at));
}

void FakeZones::answer_root(const Question& question, Writer& writer) const {
  const bool itself = question.count == 0;
  if (itself && question.type == kNs) {
    std::array<unsigned, kRootServers> names{};
    writer.authoritative();
    for (unsigned i = 0; i < kRootServers; ++i) {
      writer.begin(Writer::kAnswer, 0, kNs, kTtl_s);
      names[i] = writer.at();
      writer.u8(1);
      writer.u8(static_cast<std::uint8_t>('a' + i));
      if (i == 0) {
        writer.label("root-servers");
        writer.label("net");
        writer.u8(0);
      } else {
        writer.pointer(names[0] + 2);
      }
      writer.end();
    }
    for (unsigned i = 0; i < kRootServers; ++i)
      put_addresses({.role = Role::kRoot, .index = i}, 0, names[i], writer);
    return;
  }
  if (question.count == 3 && question.label(1) == "root-servers" &&
      (question.type == kA || question.type == kAaaa)) {
    const std::string_view letter = question.label(2);
    if (letter.size() == 1 && letter[0] >= 'a' &&
        letter[0] < 'a' + static_cast<int>(kRootServers)) {
      writer.authoritative();
      const auto index = static_cast<unsigned>(letter[0] - 'a');
      put_addresses({.role = Role::kRoot, .index = index}, question.type, question.suffix(3),
                    writer);
      return;
    }
  }
  if (question.tld == kTldCount) {
    writer.authoritative();
    if (!itself) writer.rcode(kNxDomain);
    writer.soa(0);
    return;
  }
  std::array<unsigned, kTldServers> names{};
  for (unsigned i = 0; i < kTldServers; ++i) {
    writer.begin(Writer::kAuthority, question.suffix(1), kNs, kTtl_s);
    names[i] = writer.at();
    writer.u8(1);
    writer.u8(static_cast<std::uint8_t>('a' + i));
    writer.label("nic");
    writer.pointer(question.suffix(1));
    writer.end();
  }
  for (unsigned i = 0; i < kTldServers; ++i)
    put_addresses({.role = Role::kTld, .index = question.tld, .server = i}, 0, names[i], writer);
}

void FakeZones::answer_tld(const Place& place, const Question& question, Writer& writer) const {
  if (question.tld != place.index) return writer.rcode(kRefused);
  const unsigned zone = question.suffix(1);
  const auto nothing = [&](std::uint8_t rcode) {
    writer.authoritative();
    writer.rcode(rcode);
    writer.soa(zone);
  };
  if (question.count == 1 && question.type == kNs) {
    writer.authoritative();
    for (unsigned i = 0; i < kTldServers; ++i) {
      writer.begin(Writer::kAnswer, zone, kNs, kTtl_s);
      writer.u8(1);
      writer.u8(static_cast<std::uint8_t>('a' + i));
      writer.label("nic");
      writer.pointer(zone);
      writer.end();
    }
    return;
  }
  if (question.count == 1) return nothing(0);
  const std::string_view registrable = question.label(1);
  if (registrable == "nic") {
    const bool server = question.count == 3 && question.label(2).size() == 1 &&
                        question.label(2)[0] >= 'a' &&
                        question.label(2)[0] < 'a' + static_cast<int>(kTldServers);
    if (!server) return nothing(question.count == 2 ? 0 : kNxDomain);
    if (question.type != kA && question.type != kAaaa) return nothing(0);
    writer.authoritative();
    const auto index = static_cast<unsigned>(question.label(2)[0] - 'a');
    return put_addresses({.role = Role::kTld, .index = place.index, .server = index}, question.type,
                         question.suffix(3), writer);
  }
  Domain domain;
  if (const std::int64_t number = number_after('d', registrable); number >= 0) {
    domain = domain_of(static_cast<std::uint64_t>(number), question.tld);
  } else if (const std::int64_t provider = number_after('p', registrable);
             provider >= 0 && provider < options_.providers) {
    domain.provider = static_cast<unsigned>(provider);
    domain.tld = question.tld;
  } else {
    return nothing(kNxDomain);
  }
  const unsigned servers = servers_of(domain.provider);
  std::array<unsigned, kProviderServersMax> names{};
  for (unsigned i = 0; i < servers; ++i) {
    writer.begin(Writer::kAuthority, question.suffix(2), kNs, kTtl_s);
    names[i] = writer.at();
    writer.label("ns", i + 1);
    if (i > 0) {
      writer.pointer(names[0] + 4);
    } else {
      writer.label("p", domain.provider);
      if (domain.tld == question.tld) {
        writer.pointer(zone);
      } else {
        writer.label(kTlds[domain.tld]);
        writer.u8(0);
      }
    }
    writer.end();
  }
  if (domain.tld != question.tld) return;
  for (unsigned i = 0; i < servers; ++i) {
    put_addresses({.role = Role::kProvider, .index = domain.provider, .server = i}, 0, names[i],
                  writer);
  }
}

// False for silence.
bool FakeZones::answer_provider(const Place& place, const Question& question,
                                Writer& writer) const {
  const auto refuse = [&] {
    writer.rcode(kRefused);
    return true;
  };
  if (question.tld == kTldCount || question.count < 2) return refuse();
  const unsigned zone = question.suffix(2);
  const auto nothing = [&](std::uint8_t rcode) {
    writer.authoritative();
    writer.rcode(rcode);
    writer.soa(zone);
    return true;
  };
  unsigned names_tld = question.tld;
  if (const std::int64_t number = number_after('d', question.label(1)); number >= 0) {
    const Domain domain = domain_of(static_cast<std::uint64_t>(number), question.tld);
    if (domain.provider != place.index) return refuse();
    names_tld = domain.tld;
    if (domain.manner == Manner::kRefused) return refuse();
    const bool caa = question.type == kCaa;
    if (caa && domain.manner == Manner::kSilent) return false;
    if (caa && domain.manner == Manner::kServFail) {
      writer.rcode(kServFail);
      return true;
    }
    if (caa && domain.manner == Manner::kCaa && question.count == 2) {
      writer.authoritative();
      writer.begin(Writer::kAnswer, zone, kCaa, 3600);
      writer.u8(0);
      writer.label("issue");
      writer.octets("ca.example");
      writer.end();
      return true;
    }
  } else if (number_after('p', question.label(1)) != static_cast<std::int64_t>(place.index)) {
    return refuse();
  } else if (question.count > 2) {
    const std::string_view host = question.label(2);
    const std::int64_t server = host.starts_with("ns") ? number_after('s', host.substr(1)) : -1;
    if (question.count > 3 || server < 1 || server > servers_of(place.index))
      return nothing(kNxDomain);
    const Place asked = {
        .role = Role::kProvider, .index = place.index, .server = static_cast<unsigned>(server - 1)};
    if (question.type != kA && (question.type != kAaaa || !has_v6(asked))) return nothing(0);
    writer.authoritative();
    put_addresses(asked, question.type, question.suffix(3), writer);
    return true;
  }
  if (question.count > 2 || question.type != kNs) return nothing(0);
  writer.authoritative();
  for (unsigned i = 0; i < servers_of(place.index); ++i) {
    writer.begin(Writer::kAnswer, zone, kNs, kTtl_s);
    writer.label("ns", i + 1);
    writer.label("p", place.index);
    writer.label(kTlds[names_tld]);
    writer.u8(0);
    writer.end();
  }
  return true;
}

std::size_t FakeZones::answer(const Place& place, std::span<const std::uint8_t> query,
                              std::span<std::uint8_t, kReplyOctetsMax> reply, Asked& asked) {
  Question question;
  asked = {};
  if (place.role == Role::kNone || !read(query, question)) return 0;
  if (question.count >= 2) {
    lower_[question.offsets[question.count - 1]] = '.';
    const std::string_view last = question.label(0);
    const std::string_view before = question.label(1);
    asked.registrable = {before.data(),
                         static_cast<std::size_t>(last.data() + last.size() - before.data())};
  }
  Writer writer(query, question, reply);
  switch (place.role) {
    case Role::kNone:
      return 0;
    case Role::kRoot:
      answer_root(question, writer);
      break;
    case Role::kTld:
      answer_tld(place, question, writer);
      break;
    case Role::kProvider:
      if (!answer_provider(place, question, writer)) return 0;
      break;
  }
  return writer.finish();
}

}  // namespace caascan::bench
