#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "tests/bench/fake_zones_reply.h"

namespace caascan::bench {
namespace {

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

}  // namespace

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

}  // namespace caascan::bench
