#include "tests/bench/signatures.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "ingest/assert.h"

namespace caascan::bench {
namespace {

using test::Rdata;
using test::RecordType;

// Owners of NSEC3 records of a TLD beside those of its own names.
constexpr unsigned kFillersPerTld = 58;
constexpr std::size_t kHashOctets = 20;
constexpr std::int64_t kDay_s = 86'400;

test::Validity valid_from(std::int64_t days, std::int64_t days_until) {
  const std::int64_t now = std::time(nullptr);
  return {.inception = static_cast<std::uint32_t>(now + days * kDay_s),
          .expiration = static_cast<std::uint32_t>(now + days_until * kDay_s)};
}

std::string wire_name(std::string_view name) {
  const Rdata wire = test::name_rdata(name == "." ? "" : name);
  return {wire.begin(), wire.end()};
}

// SHA-1 once, without salt.
Rdata hash_of(std::string_view wire) {
  Rdata hash(kHashOctets);
  SHA1(reinterpret_cast<const unsigned char*>(wire.data()), wire.size(), hash.data());
  return hash;
}

// As the writer of replies makes it.
Rdata soa_rdata(const std::string& zone) {
  const std::string end = zone == "." ? "" : zone;
  Rdata out = test::name_rdata("ns." + end);
  const Rdata mailbox = test::name_rdata("hostmaster." + end);
  out.insert(out.end(), mailbox.begin(), mailbox.end());
  for (const std::uint32_t value : {1U, 7200U, 900U, 1'209'600U, 3600U}) {
    for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return out;
}

// The set of NSEC3 records of a zone: each of `names` at its hash.
void make_nsec3_chain(SignedZone& zone,
                      std::vector<std::pair<Rdata, std::vector<RecordType>>> names, bool opt_out) {
  std::ranges::sort(names);
  const test::Nsec3Parameters parameters = {.opt_out = opt_out};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& [hash, types] = names[i];
    test::Records made =
        nsec3_records(zone.name, hash, names[(i + 1) % names.size()].first, types, parameters);
    zone.chain.push_back(zone.sign(made.owner.substr(0, made.owner.find('.')), RecordType::kNsec3,
                                   kNegativeTtl_s, std::move(made.rdatas)));
    zone.chain_hashes.push_back(hash);
  }
}

}  // namespace

SignedZone::SignedZone(std::string zone, test::Validity times)
    : name(std::move(zone)),
      key(name, "bench " + name, test::KeyAlgorithm::kEcdsaP256),
      validity(times) {
  dnskey = sign("", RecordType::kDnskey, kNegativeTtl_s, {key.dnskey().rdata});
  soa = sign("", RecordType::kSoa, kNegativeTtl_s, {soa_rdata(name)});
}

SignedSet SignedZone::sign(std::string label, RecordType type, std::uint32_t ttl_s,
                           std::vector<Rdata> rdatas) const {
  std::string owner = label;
  if (label.empty())
    owner = name;
  else if (name != ".")
    owner += "." + name;
  test::Records made = key.sign(
      {.owner = owner, .type = type, .rdatas = std::move(rdatas), .ttl_s = ttl_s}, validity);
  return {.label = std::move(label),
          .owner = std::move(owner),
          .type = type,
          .ttl_s = ttl_s,
          .rdatas = std::move(made.rdatas),
          .signature = std::move(made.signatures.front())};
}

const SignedSet& SignedZone::covering(std::string_view wire) const {
  const auto after = std::ranges::upper_bound(chain_hashes, hash_of(wire));
  const std::size_t next = static_cast<std::size_t>(after - chain_hashes.begin());
  return chain[(next + chain.size() - 1) % chain.size()];
}

const SignedSet& SignedZone::matching(std::string_view wire) const {
  const auto at = std::ranges::lower_bound(chain_hashes, hash_of(wire));
  CAASCAN_ASSERT(at != chain_hashes.end() && *at == hash_of(wire));
  return chain[static_cast<std::size_t>(at - chain_hashes.begin())];
}

Signatures::Signatures(const std::vector<std::string_view>& tlds) {
  const test::Validity valid = valid_from(-1, 30);
  root_ = std::make_unique<SignedZone>(".", valid);
  for (const std::string_view name : tlds) {
    SignedZone& tld = *tlds_.emplace_back(std::make_unique<SignedZone>(std::string(name), valid));
    tld_ds_.push_back(
        root_->sign(tld.name, RecordType::kDs, kDelegationTtl_s, {test::ds_rdata(tld.key.ds())}));
    std::vector<std::pair<Rdata, std::vector<RecordType>>> names = {
        {hash_of(wire_name(tld.name)),
         {RecordType::kNs, RecordType::kSoa, RecordType::kRrsig, RecordType::kDnskey}},
        {hash_of(wire_name("nic." + tld.name)), {}}};
    for (const char letter : {'a', 'b', 'c', 'd'}) {
      names.push_back({hash_of(wire_name(fmt::format("{}.nic.{}", letter, tld.name))),
                       {RecordType::kA, RecordType::kAaaa, RecordType::kRrsig}});
    }
    for (unsigned i = 0; i < kFillersPerTld; ++i) {
      Rdata hash(kHashOctets, 0x55);
      hash[0] = static_cast<std::uint8_t>(i * 256 / kFillersPerTld);
      names.push_back({hash, {RecordType::kNs, RecordType::kDs, RecordType::kRrsig}});
    }
    make_nsec3_chain(tld, std::move(names), true);
  }
  std::vector<std::string> labels = {""};
  for (const std::string_view name : tlds) labels.emplace_back(name);
  std::ranges::sort(labels);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::vector<RecordType> types = {RecordType::kNs, RecordType::kRrsig, RecordType::kNsec};
    if (i == 0)
      types.insert(types.end(), {RecordType::kSoa, RecordType::kDnskey});
    else
      types.push_back(RecordType::kDs);
    root_->chain.push_back(root_->sign(labels[i], RecordType::kNsec, kNegativeTtl_s,
                                       {test::nsec_rdata(labels[(i + 1) % labels.size()], types)}));
  }
}

const SignedSet& Signatures::root_denial(std::string_view label) const {
  const auto after = std::ranges::upper_bound(root_->chain, label, {}, &SignedSet::label);
  return *std::prev(after);
}

std::string Signatures::anchor() const {
  const wire::DsRecord ds = root_->key.ds();
  std::string line = fmt::format(". IN DS {} {} {} ", ds.key_tag, ds.algorithm, ds.digest_type);
  for (const std::uint8_t octet : ds.digest) line += fmt::format("{:02X}", octet);
  return line;
}

const SignedDomain* Signatures::find(std::uint64_t number) const {
  const auto at = domains_.find(number);
  return at == domains_.end() ? nullptr : &at->second;
}

const SignedDomain& Signatures::add(std::uint64_t number, const DomainContent& content) {
  SignedZone zone(content.name,
                  content.fault == Fault::kExpired ? valid_from(-60, -30) : valid_from(-1, 30));
  SignedDomain made{.dnskey = zone.dnskey, .soa = zone.soa};
  wire::DsRecord ds = zone.key.ds();
  if (content.fault == Fault::kWrongDs) ds.digest[0] ^= 1;
  made.ds = tlds_[content.tld]->sign(content.name.substr(0, content.name.find('.')),
                                     RecordType::kDs, kDelegationTtl_s, {test::ds_rdata(ds)});
  std::vector<RecordType> types = {RecordType::kNs, RecordType::kSoa, RecordType::kRrsig,
                                   RecordType::kDnskey};
  if (!content.caa.empty()) {
    types.push_back(RecordType::kCaa);
    made.caa = zone.sign("", RecordType::kCaa, kNegativeTtl_s, content.caa);
  }
  made.ns = zone.sign("", RecordType::kNs, kDelegationTtl_s, content.nameservers);
  // The one record of the zone matches its apex and covers everything below.
  if (content.nsec3) {
    make_nsec3_chain(zone, {{hash_of(wire_name(zone.name)), types}}, false);
    made.denial = std::move(zone.chain.front());
  } else {
    types.push_back(RecordType::kNsec);
    made.denial =
        zone.sign("", RecordType::kNsec, kNegativeTtl_s, {test::nsec_rdata(zone.name, types)});
  }
  return domains_.insert_or_assign(number, std::move(made)).first->second;
}

const SignedSet& Signatures::once(const SignedZone& zone, const std::string& label, RecordType type,
                                  std::uint32_t ttl_s, const std::vector<Rdata>& rdatas) {
  const auto [at, added] =
      once_.try_emplace(fmt::format("{} {} {}", zone.name, label, static_cast<unsigned>(type)));
  if (added) at->second = zone.sign(label, type, ttl_s, rdatas);
  return at->second;
}

}  // namespace caascan::bench
