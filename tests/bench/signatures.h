// What is signed on the fake Internet. Everything is signed once and kept: the root and the TLDs at
// start, domains when they are first needed or in advance, so that no run waits for a signature.
//
// Every zone has one key, ECDSA P-256, from its name. The root has NSEC. A TLD has NSEC3 with
// opt-out, over a few names only: the records of its signed delegations, of which a large TLD has
// millions, are left out, which no validator can notice as it never needs the proof of an unsigned
// delegation for a signed one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/support/zone_signer.h"

namespace caascan::bench {

inline constexpr std::uint32_t kNegativeTtl_s = 3600;
inline constexpr std::uint32_t kDelegationTtl_s = 86'400;

// What is wrong with a signed domain.
enum class Fault : std::uint8_t {
  kNone,
  kExpired,   // all signatures of the domain
  kStripped,  // its servers send none
  kWrongDs,   // the DS record at the TLD is another key's
};

// One RRset of a denial or of an apex with its signature, ready to be sent.
struct SignedSet {
  std::string label{};  // between the zone's name and the owner; empty: none
  std::string owner{};  // presentation form
  test::RecordType type = test::RecordType::kSoa;
  std::uint32_t ttl_s = 0;
  std::vector<test::Rdata> rdatas{};
  test::Rdata signature{};
};

struct SignedZone {
  SignedZone(std::string zone, test::Validity times);
  [[nodiscard]] SignedSet sign(std::string label, test::RecordType type, std::uint32_t ttl_s,
                               std::vector<test::Rdata> rdatas) const;
  // The NSEC3 record that covers a name (lower case, as on the wire), and the one at its hash.
  [[nodiscard]] const SignedSet& covering(std::string_view wire_name) const;
  [[nodiscard]] const SignedSet& matching(std::string_view wire_name) const;

  std::string name;
  test::SigningKey key;
  test::Validity validity;
  SignedSet dnskey, soa;
  std::vector<SignedSet> chain;           // of NSEC or NSEC3, in order
  std::vector<test::Rdata> chain_hashes;  // of NSEC3
};

struct SignedDomain {
  SignedSet ds, dnskey, soa, denial, ns, caa;
};

class Signatures {
 public:
  explicit Signatures(const std::vector<std::string_view>& tlds);

  [[nodiscard]] const SignedZone& root() const { return *root_; }
  [[nodiscard]] const SignedZone& tld(std::size_t index) const { return *tlds_[index]; }
  [[nodiscard]] const SignedSet& ds_of_tld(std::size_t index) const { return tld_ds_[index]; }
  // The NSEC record of the root that stands at or before `name`, one label in lower case.
  [[nodiscard]] const SignedSet& root_denial(std::string_view label) const;
  // The trust anchor, as a line of a zone file.
  [[nodiscard]] std::string anchor() const;

  struct DomainContent {
    std::string name;
    std::size_t tld = 0;
    bool nsec3 = false;
    Fault fault = Fault::kNone;
    std::vector<test::Rdata> nameservers{}, caa{};  // caa: none of them
  };
  [[nodiscard]] const SignedDomain* find(std::uint64_t number) const;
  const SignedDomain& add(std::uint64_t number, const DomainContent& content);
  // The signature over a set of a zone that is asked for seldom, made once.
  const SignedSet& once(const SignedZone& zone, const std::string& label, test::RecordType type,
                        std::uint32_t ttl_s, const std::vector<test::Rdata>& rdatas);

 private:
  std::unique_ptr<SignedZone> root_;
  std::vector<std::unique_ptr<SignedZone>> tlds_;
  std::vector<SignedSet> tld_ds_;
  std::unordered_map<std::uint64_t, SignedDomain> domains_;
  std::unordered_map<std::string, SignedSet> once_;
};

}  // namespace caascan::bench
