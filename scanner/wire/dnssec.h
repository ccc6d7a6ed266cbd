// DNSSEC records and what is computed of them alone. Signatures: scanner/wire/signature_checker.h.
// No policy: what a matching digest means is the validator's business (scanner/engine/validator.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "scanner/wire/cursor.h"
#include "scanner/wire/digest.h"
#include "scanner/wire/dns_name.h"
#include "scanner/wire/message.h"

namespace caascan::wire {

// Record data without compression, names in it as sent (their case matters to signatures of NSEC).
using Rdata = std::vector<std::uint8_t>;

// RFC 4034 §3.1. Times are serial numbers modulo 2^32 (RFC 1982).
struct Rrsig {
  std::uint16_t type_covered = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl_s = 0;
  std::uint32_t expiration = 0, inception = 0;
  std::uint16_t key_tag = 0;
  DnsName signer;
  Rdata rdata;  // all of it
};

// RFC 4034 §2.1, with its tag (appendix B).
struct Dnskey {
  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  std::uint16_t key_tag = 0;
  Rdata rdata;

  [[nodiscard]] bool is_zone_key() const { return (flags & 0x0100) != 0 && protocol == 3; }
  [[nodiscard]] bool is_revoked() const { return (flags & 0x0080) != 0; }  // RFC 5011 §3
};

// RFC 4034 §5.1.
struct DsRecord {
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t digest_type = 0;
  Rdata digest{};
  friend bool operator==(const DsRecord&, const DsRecord&) = default;
};

// Records of one owner, type and section, with the signatures that cover them.
struct RrSet {
  Section section = Section::kAnswer;
  DnsName owner;
  std::uint16_t type = 0;
  std::uint32_t ttl_s = 0;  // the least of the records
  boost::container::small_vector<Rdata, 1> rdatas{};
  boost::container::small_vector<Rrsig, 1> signatures{};
};
inline constexpr std::size_t kRrsigFixedOctets = 18;  // RFC 4034 §3.1, up to the signer's name

// Which sets are wanted of a message: all, or those that say something of a delegation (DS, CNAME,
// NSEC, NSEC3).
enum class Wanted : std::uint8_t { kAll, kOfDelegation };

// The sets of answer and authority of `view`, in order of first appearance; RRSIG records stand in
// the sets that they cover, and those that cover nothing in the message are left out, as is what is
// not of class IN. An error where a name or data of a record cannot be read.
[[nodiscard]] std::expected<std::vector<RrSet>, ParseError> read_rrsets(
    const MessageView& view, Wanted wanted = Wanted::kAll);

// The form of record data of `type` that is signed: the names in it in lower case, where that is
// part of the canonical form (RFC 4034 §6.2, RFC 6840 §5.1).
[[nodiscard]] Rdata canonical_rdata(std::uint16_t type, const Rdata& rdata);

[[nodiscard]] std::optional<Dnskey> parse_dnskey(const Rdata& rdata);
[[nodiscard]] std::optional<DsRecord> parse_ds(const Rdata& rdata);

// NSEC (RFC 4034 §4.1) and NSEC3 (RFC 5155 §3.1) data; octets stay where they are in the data that
// were read.
struct Nsec {
  DnsName next;
  Bytes bitmap;
};
struct Nsec3 {
  std::uint8_t algorithm = 0;
  bool opt_out = false;
  std::uint8_t flags = 0;
  std::uint16_t iterations = 0;
  Bytes salt;
  Bytes next_hash;
  Bytes bitmap;
};
[[nodiscard]] std::optional<Nsec> parse_nsec(const Rdata& rdata);
[[nodiscard]] std::optional<Nsec3> parse_nsec3(const Rdata& rdata);
// Whether a type bit map (RFC 4034 §4.1.2) holds `type`.
[[nodiscard]] bool bitmap_holds(Bytes bitmap, RecordType type);
// RFC 5155 §5: SHA-1 of the name, `iterations` times more with the salt.
[[nodiscard]] Sha1 nsec3_hash(const DnsName& name, Bytes salt, std::uint16_t iterations);
// The hash in an NSEC3 owner name's first label (base32hex); nothing where it holds none.
[[nodiscard]] std::optional<Sha1> nsec3_owner_hash(const DnsName& owner);

// Whether this build can check signatures of `algorithm` (RSA with SHA-1, SHA-256 and SHA-512,
// ECDSA P-256 and P-384, Ed25519, Ed448) and digests of `digest_type` (SHA-1, SHA-256, SHA-384).
[[nodiscard]] bool is_supported_algorithm(std::uint8_t algorithm);
[[nodiscard]] bool is_supported_digest(std::uint8_t digest_type);
[[nodiscard]] bool ds_matches(const DnsName& owner, const DsRecord& ds, const Dnskey& key);

// DS and DNSKEY records of the root in presentation form, one a line, comments after `;`; DNSKEYs
// become DS (SHA-256). `origin` names the text in errors, which give the line.
[[nodiscard]] std::expected<std::vector<DsRecord>, std::string> parse_trust_anchors(
    std::string_view text, std::string_view origin);

}  // namespace caascan::wire
