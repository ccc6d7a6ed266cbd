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

constexpr std::uint16_t kA = 1, kNs = 2, kSoa = 6, kAaaa = 28, kOpt = 41, kDs = 43, kRrsig = 46,
                        kDnskey = 48, kCaa = 257;
constexpr std::size_t kPlainOctets = 512, kEdnsOctets = 1232;  // of a reply, at most
constexpr std::uint16_t kDnssecOk = 0x8000;
constexpr std::uint8_t kServFail = 2, kNxDomain = 3, kRefused = 5;
constexpr std::uint32_t kTtl_s = kDelegationTtl_s;
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

// A question, its labels lower-cased.
struct FakeZones::Question {
  std::size_t count = 0;  // of labels
  std::array<std::string_view, kLabelsMax> labels;
  std::array<std::uint8_t, kLabelsMax> offsets{};  // in the message
  std::uint16_t type = 0;
  std::size_t end = 0;  // where the question section ends
  bool edns = false;
  bool tcp = false;
  bool dnssec_ok = false;
  std::size_t reply_octets = kPlainOctets;  // that its asker takes
  unsigned tld = kTldCount;
  // The label from the right, from 0.
  [[nodiscard]] std::string_view label(std::size_t from_right) const {
    return labels[count - 1 - from_right];
  }
  // A pointer to the last `n` labels, 0 for the root.
  [[nodiscard]] unsigned suffix(std::size_t n) const { return n == 0 ? 0 : offsets[count - n]; }
};

struct FakeZones::Domain {
  std::uint64_t number = 0;
  unsigned provider = 0;
  unsigned tld = 0;  // of the nameserver names
  Manner manner = Manner::kEmpty;
  bool is_signed = false;
  bool nsec3 = false;
  Fault fault = Fault::kNone;
  bool truncated = false;
};

// Writes one reply. Names are written in full once and then pointed to.
class FakeZones::Writer {
 public:
  Writer(std::span<const std::uint8_t> query, const Question& question,
         std::span<std::uint8_t, kReplyOctetsMax> out)
      : out_(out), at_(question.end), question_(question) {
    std::memcpy(out.data(), query.data(), question.end);
    out[2] = static_cast<std::uint8_t>(0x80 | (query[2] & 0x79));  // QR; opcode and RD as asked
    out[3] = 0;
    std::fill(out.begin() + 6, out.begin() + kHeaderOctets, std::uint8_t{0});
  }
  enum Section : std::size_t { kAnswer = 6, kAuthority = 8, kAdditional = 10 };

  [[nodiscard]] bool dnssec_ok() const { return question_.dnssec_ok && !stripped_; }
  // From here on as if nobody had asked for signatures.
  void strip() { stripped_ = true; }
  void authoritative() { out_[2] |= 0x04; }
  void rcode(std::uint8_t value) { out_[3] = value; }
  // `before`: one more label of the owner.
  void begin(Section section, unsigned owner, std::uint16_t type, std::uint32_t ttl_s,
             std::string_view before = {}) {
    if (section == kAdditional && out_[section + 1] == 0) additional_at_ = at_;
    ++out_[section + 1];  // far below 256
    if (!before.empty()) label(before);
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
  void octets(std::span<const std::uint8_t> bytes) {
    CAASCAN_ASSERT(bytes.size() <= out_.size() - at_);
    std::ranges::copy(bytes, out_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += bytes.size();
  }
  // A set of the zone `zone` with its signature, which only those who know DNSSEC are sent.
  void put(Section section, unsigned zone, const SignedSet& set) {
    for (const test::Rdata& rdata : set.rdatas) {
      begin(section, zone, static_cast<std::uint16_t>(set.type), set.ttl_s, set.label);
      octets(rdata);
      end();
    }
    put_signature(section, zone, set);
  }
  void put_signature(Section section, unsigned zone, const SignedSet& set) {
    if (!dnssec_ok()) return;
    begin(section, zone, kRrsig, set.ttl_s, set.label);
    octets(set.signature);
    end();
  }
  // Records of a denial are left out without DO, and never sent twice.
  void put_denials(unsigned zone, std::initializer_list<const SignedSet*> sets) {
    if (!dnssec_ok()) return;
    for (auto at = sets.begin(); at != sets.end(); ++at) {
      if (std::find(sets.begin(), at, *at) == at) put(kAuthority, zone, **at);
    }
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
    constexpr std::size_t kOptOctets = 11;
    const std::size_t limit = question_.reply_octets - (question_.edns ? kOptOctets : 0);
    if (at_ > limit && additional_at_ != 0 && (out_[2] & 0x04) != 0) {
      at_ = additional_at_;
      out_[kAdditional + 1] = 0;
    }
    if (at_ > limit || truncated_) {
      truncated_ = true;
      out_[2] |= 0x02;
      at_ = question_.end;
      std::fill(out_.begin() + 6, out_.begin() + kHeaderOctets, std::uint8_t{0});
    }
    if (question_.edns) {
      ++out_[kAdditional + 1];
      u8(0);
      u16(kOpt);
      u16(kEdnsOctets);
      u16(0);
      u16(question_.dnssec_ok ? kDnssecOk : 0);
      u16(0);
    }
    return at_;
  }
  void truncate() { truncated_ = true; }
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  std::span<std::uint8_t, kReplyOctetsMax> out_;
  std::size_t at_;
  std::size_t length_at_ = 0;
  std::size_t additional_at_ = 0;
  const Question& question_;
  bool stripped_ = false;
  bool truncated_ = false;
};

FakeZones::FakeZones(FakeZonesOptions options, std::string_view hints)
    : options_(options), zipf_log_(std::log(options.providers + 1.0)) {
  CAASCAN_ASSERT(options.providers > 0 && options.providers < kProvidersMax);
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
  if (options.signed_percent > 0)
    signatures_ = std::make_unique<Signatures>(std::vector(kTlds.begin(), kTlds.end()));
}

std::string FakeZones::domain(std::uint64_t number) {
  return fmt::format("d{:08}.{}", number, kTlds[tld_of_number(number)]);
}

Manner FakeZones::manner_of(std::uint64_t number) const {
  return domain_of(number, tld_of_number(number)).manner;
}

bool FakeZones::is_signed(std::uint64_t number) const {
  return domain_of(number, tld_of_number(number)).is_signed;
}

bool FakeZones::is_slow(std::uint64_t number) const {
  return domain_of(number, tld_of_number(number)).provider == options_.providers;
}

Fault FakeZones::fault_of(std::uint64_t number) const {
  return domain_of(number, tld_of_number(number)).fault;
}

void FakeZones::sign_domains(std::uint64_t count) {
  for (std::uint64_t number = 0; number < count; ++number) {
    const Domain domain = domain_of(number, tld_of_number(number));
    if (domain.is_signed) signatures_of(domain);
  }
}

const SignedDomain& FakeZones::signatures_of(const Domain& domain) {
  if (const SignedDomain* known = signatures_->find(domain.number)) return *known;
  Signatures::DomainContent content = {.name = FakeZones::domain(domain.number),
                                       .tld = tld_of_number(domain.number),
                                       .nsec3 = domain.nsec3,
                                       .fault = domain.fault};
  for (unsigned i = 0; i < servers_of(domain.provider); ++i) {
    content.nameservers.push_back(
        test::name_rdata(fmt::format("ns{}.p{}.{}", i + 1, domain.provider, kTlds[domain.tld])));
  }
  if (domain.manner == Manner::kCaa) content.caa = {test::caa_rdata("ca.example")};
  return signatures_->add(domain.number, content);
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
  if (place.role == Role::kProvider && place.index < providers() &&
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
  return 2 * kRootServers + kPlacesPerTld * kTldCount + kPlacesPerProvider * providers();
}

unsigned FakeZones::tlds() {
  return kTldCount;
}

unsigned FakeZones::servers_of(unsigned provider) const {
  if (provider == options_.providers) return kSlowServers;
  return 2 + static_cast<unsigned>(mix(provider + 1000) % (kProviderServersMax - 1));
}

// Two thirds of the providers have IPv6, all TLDs do.
bool FakeZones::has_v6(const Place& place) const {
  return place.role != Role::kProvider || (!is_slow(place) && mix(place.index + 2000) % 3 != 0);
}

FakeZones::Domain FakeZones::domain_of(std::uint64_t number, unsigned tld) const {
  const std::uint64_t hash = mix(mix(number) + tld);
  // The density is 1/rank: exp of a uniform number between 0 and log(providers + 1).
  const double chance = static_cast<double>(hash >> 11) * 0x1p-53;
  Domain domain;
  domain.provider =
      std::min(options_.providers - 1, static_cast<unsigned>(std::exp(chance * zipf_log_)) - 1);
  const std::uint64_t more = mix(hash);
  if (mix(more + 2) % 100 < options_.slow_percent) domain.provider = options_.providers;
  domain.truncated = mix(more + 3) % 10'000 < options_.truncated;
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
  domain.number = number;
  const std::uint64_t of_chain = mix(more + 1);
  if (of_chain % 100 >= options_.signed_percent || tld != tld_of_number(number)) return domain;
  domain.is_signed = true;
  domain.nsec3 = (of_chain >> 16) % 2 == 0;
  const bool answers = domain.manner == Manner::kEmpty || domain.manner == Manner::kCaa;
  if (answers && (of_chain >> 24) % 10'000 < options_.bogus)
    domain.fault = static_cast<Fault>(1 + (of_chain >> 48) % 3);
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
  if (question.edns && query.size() >= question.end + 11) {
    const std::uint8_t* opt = &query[question.end];
    question.reply_octets = std::clamp<std::size_t>(static_cast<std::size_t>(opt[3] << 8 | opt[4]),
                                                    kPlainOctets, kEdnsOctets);
    question.dnssec_ok = signatures_ && (opt[7] & (kDnssecOk >> 8)) != 0;
  }
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

// The last `labels` labels, lower-cased, on the wire.
std::string_view FakeZones::wire_suffix(const Question& question, std::size_t labels) const {
  constexpr std::size_t kTypeAndClassOctets = 4;
  const std::size_t end = question.end - kTypeAndClassOctets;
  const std::size_t begin = labels == 0 ? end - 1 : question.suffix(labels);
  return std::string_view(lower_).substr(begin, end - begin);
}

void FakeZones::answer_root(const Question& question, Writer& writer) {
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
    if (writer.dnssec_ok()) {
      std::vector<test::Rdata> rdatas;
      for (unsigned i = 0; i < kRootServers; ++i) {
        rdatas.push_back(
            test::name_rdata(fmt::format("{}.root-servers.net", static_cast<char>('a' + i))));
      }
      writer.put_signature(
          Writer::kAnswer, 0,
          signatures_->once(signatures_->root(), "", test::RecordType::kNs, kTtl_s, rdatas));
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
  if (signatures_ && itself && question.type == kDnskey) {
    writer.authoritative();
    writer.put(Writer::kAnswer, 0, signatures_->root().dnskey);
    return;
  }
  if (question.tld == kTldCount) {
    writer.authoritative();
    if (!itself) writer.rcode(kNxDomain);
    writer.soa(0);
    if (!signatures_) return;
    writer.put_signature(Writer::kAuthority, 0, signatures_->root().soa);
    const SignedSet& apex = signatures_->root_denial("");
    writer.put_denials(0, {itself ? &apex : &signatures_->root_denial(question.label(0)), &apex});
    return;
  }
  if (signatures_ && question.count == 1 && question.type == kDs) {
    writer.authoritative();
    writer.put(Writer::kAnswer, 0, signatures_->ds_of_tld(question.tld));
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
  if (writer.dnssec_ok()) writer.put(Writer::kAuthority, 0, signatures_->ds_of_tld(question.tld));
  for (unsigned i = 0; i < kTldServers; ++i)
    put_addresses({.role = Role::kTld, .index = question.tld, .server = i}, 0, names[i], writer);
}

void FakeZones::answer_tld(const Place& place, const Question& question, Writer& writer) {
  if (question.tld != place.index) return writer.rcode(kRefused);
  const unsigned zone = question.suffix(1);
  const SignedZone* tld = signatures_ ? &signatures_->tld(place.index) : nullptr;
  // That what has `labels` labels exists, without what was asked for.
  const auto nothing = [&](std::size_t labels) {
    writer.authoritative();
    writer.soa(zone);
    if (!writer.dnssec_ok()) return;
    writer.put_signature(Writer::kAuthority, zone, tld->soa);
    writer.put_denials(zone, {&tld->matching(wire_suffix(question, labels))});
  };
  // The same, and nothing of the name below it.
  const auto no_name = [&](std::size_t labels) {
    writer.authoritative();
    writer.rcode(kNxDomain);
    writer.soa(zone);
    if (!writer.dnssec_ok()) return;
    writer.put_signature(Writer::kAuthority, zone, tld->soa);
    std::string wildcard("\1*", 2);
    wildcard += wire_suffix(question, labels);
    writer.put_denials(
        zone, {&tld->matching(wire_suffix(question, labels)),
               &tld->covering(wire_suffix(question, labels + 1)), &tld->covering(wildcard)});
  };
  if (question.count == 1 && question.type == kNs) {
    std::vector<test::Rdata> rdatas;
    writer.authoritative();
    for (unsigned i = 0; i < kTldServers; ++i) {
      writer.begin(Writer::kAnswer, zone, kNs, kTtl_s);
      writer.u8(1);
      writer.u8(static_cast<std::uint8_t>('a' + i));
      writer.label("nic");
      writer.pointer(zone);
      writer.end();
      rdatas.push_back(test::name_rdata(
          fmt::format("{}.nic.{}", static_cast<char>('a' + i), kTlds[place.index])));
    }
    if (writer.dnssec_ok()) {
      writer.put_signature(Writer::kAnswer, zone,
                           signatures_->once(*tld, "", test::RecordType::kNs, kTtl_s, rdatas));
    }
    return;
  }
  if (tld != nullptr && question.count == 1 && question.type == kDnskey) {
    writer.authoritative();
    return writer.put(Writer::kAnswer, zone, tld->dnskey);
  }
  if (question.count == 1) return nothing(1);
  const std::string_view registrable = question.label(1);
  if (registrable == "nic") {
    const bool server = question.count == 3 && question.label(2).size() == 1 &&
                        question.label(2)[0] >= 'a' &&
                        question.label(2)[0] < 'a' + static_cast<int>(kTldServers);
    if (!server) return question.count == 2 ? nothing(2) : no_name(2);
    if (question.type != kA && question.type != kAaaa) return nothing(3);
    writer.authoritative();
    const auto index = static_cast<unsigned>(question.label(2)[0] - 'a');
    Place asked = {.role = Role::kTld, .index = place.index, .server = index};
    put_addresses(asked, question.type, question.suffix(3), writer);
    if (writer.dnssec_ok()) {
      asked.v6 = question.type == kAaaa;
      const Address address = address_of(asked);
      const test::Rdata rdata(address.octets.begin(), address.octets.begin() + (asked.v6 ? 16 : 4));
      const std::string label = fmt::format("{}.nic", question.label(2));
      SignedSet made = signatures_->once(*tld, label, static_cast<test::RecordType>(question.type),
                                         kTtl_s, {rdata});
      made.label.clear();
      writer.put_signature(Writer::kAnswer, question.suffix(3), made);
    }
    return;
  }
  Domain domain;
  if (const std::int64_t number = number_after('d', registrable); number >= 0) {
    domain = domain_of(static_cast<std::uint64_t>(number), question.tld);
  } else if (const std::int64_t provider = number_after('p', registrable);
             provider >= 0 && provider < providers()) {
    domain.provider = static_cast<unsigned>(provider);
    domain.tld = question.tld;
  } else {
    return no_name(1);
  }
  const auto deny_ds = [&] {
    if (!writer.dnssec_ok()) return;
    writer.put_denials(
        zone, {&tld->matching(wire_suffix(question, 1)), &tld->covering(wire_suffix(question, 2))});
  };
  if (tld != nullptr && question.count == 2 && question.type == kDs) {
    writer.authoritative();
    if (domain.is_signed) return writer.put(Writer::kAnswer, zone, signatures_of(domain).ds);
    writer.soa(zone);
    writer.put_signature(Writer::kAuthority, zone, tld->soa);
    return deny_ds();
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
  if (!domain.is_signed)
    deny_ds();
  else if (writer.dnssec_ok())
    writer.put(Writer::kAuthority, zone, signatures_of(domain).ds);
  if (domain.tld != question.tld) return;
  for (unsigned i = 0; i < servers; ++i) {
    put_addresses({.role = Role::kProvider, .index = domain.provider, .server = i}, 0, names[i],
                  writer);
  }
}

// What a signed domain, of which only the apex exists, says otherwise than an unsigned one.
bool FakeZones::answer_signed(const Domain& domain, const Question& question, Writer& writer) {
  const SignedDomain& made = signatures_of(domain);
  const unsigned zone = question.suffix(2);
  const bool apex = question.count == 2;
  const SignedSet* found = nullptr;
  if (apex && question.type == kDnskey) found = &made.dnskey;
  if (apex && question.type == kNs) found = &made.ns;
  if (apex && question.type == kSoa) found = &made.soa;
  if (apex && question.type == kCaa && domain.manner == Manner::kCaa) found = &made.caa;
  writer.authoritative();
  if (domain.fault == Fault::kStripped) writer.strip();
  if (found != nullptr) {
    writer.put(Writer::kAnswer, zone, *found);
    return true;
  }
  if (!apex) writer.rcode(kNxDomain);
  writer.put(Writer::kAuthority, zone, made.soa);
  writer.put_denials(zone, {&made.denial});
  return true;
}

// False for silence.
bool FakeZones::answer_provider(const Place& place, const Question& question, Writer& writer) {
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
    if (caa && domain.truncated && !question.tcp) {
      writer.truncate();
      return true;
    }
    if (domain.is_signed) return answer_signed(domain, question, writer);
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

std::size_t FakeZones::answer(const Place& place, bool tcp, std::span<const std::uint8_t> query,
                              std::span<std::uint8_t, kReplyOctetsMax> reply, Asked& asked) {
  Question question;
  asked = {};
  if (place.role == Role::kNone || !read(query, question)) return 0;
  asked.is_chain = question.type == kDs || question.type == kDnskey;
  asked.is_caa = question.type == kCaa;
  if (tcp) {
    question.tcp = true;
    question.reply_octets = kReplyOctetsMax;
  }
  Writer writer(query, question, reply);
  bool silent = false;
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
      silent = !answer_provider(place, question, writer);
      break;
  }
  if (question.count >= 2) {
    lower_[question.offsets[question.count - 1]] = '.';
    const std::string_view last = question.label(0);
    const std::string_view before = question.label(1);
    asked.registrable = {before.data(),
                         static_cast<std::size_t>(last.data() + last.size() - before.data())};
  }
  if (silent) return 0;
  const std::size_t octets = writer.finish();
  asked.truncated = writer.truncated();
  return octets;
}

}  // namespace caascan::bench
