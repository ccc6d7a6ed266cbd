// Signed zones for tests: keys, signatures, NSEC and NSEC3 records, and whole messages as an
// authoritative server sends them. Canonical forms, hashes and signatures are ldns's, so that what
// is under test is not measured by itself. Any failure of ldns ends the process: test code.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scanner/wire/dnssec.h"
#include "scanner/wire/message.h"

namespace caascan::test {

using wire::Rdata;
using wire::RecordType;

// An RRset with its signatures, as it stands in a message. Names are presentation form without
// escapes; "." is the root.
struct Records {
  std::string owner;
  RecordType type = RecordType::kA;
  std::vector<Rdata> rdatas{};
  std::uint32_t ttl_s = 300;
  std::vector<Rdata> signatures{};  // RRSIG data
};

// One record as a zone file has it.
[[nodiscard]] Records record_from_text(std::string_view text);

// Data of the usual kinds.
[[nodiscard]] Rdata name_rdata(std::string_view name);
[[nodiscard]] Rdata soa_rdata(std::string_view zone);
[[nodiscard]] Rdata caa_rdata(std::string_view issuer);
[[nodiscard]] Rdata ds_rdata(const wire::DsRecord& ds);
[[nodiscard]] Rdata type_bitmap(const std::vector<RecordType>& types);
[[nodiscard]] Rdata nsec_rdata(std::string_view next, const std::vector<RecordType>& types);

struct Nsec3Parameters {
  std::uint16_t iterations = 0;
  Rdata salt{};
  bool opt_out = false;
  std::uint8_t algorithm = 1;
};
[[nodiscard]] Rdata nsec3_hash_of(std::string_view name, const Nsec3Parameters& parameters);
// The NSEC3 set of `zone` with this hash as owner; not signed.
[[nodiscard]] Records nsec3_records(std::string_view zone, const Rdata& hash, const Rdata& next,
                                    const std::vector<RecordType>& types,
                                    const Nsec3Parameters& parameters);
// The hash one before or after (`step` -1, 1), modulo 2^160.
[[nodiscard]] Rdata hash_beside(Rdata hash, int step);

enum class KeyAlgorithm : std::uint8_t {
  kRsaSha1 = 5,
  kRsaSha256 = 8,
  kRsaSha512 = 10,
  kEcdsaP256 = 13,
  kEcdsaP384 = 14,
  kEd25519 = 15,
  kEd448 = 16,
};

struct Validity {
  std::uint32_t inception = 1'700'000'000, expiration = 1'900'000'000;
};
inline constexpr std::int64_t kNow_unix_s = 1'800'000'000;  // within the default of Validity

// A zone's key. The same seed gives the same key, and with Ed25519 and Ed448 the same signatures;
// RSA keys (1024 bits) are drawn anew each time.
class SigningKey {
 public:
  SigningKey(std::string zone, std::string_view seed,
             KeyAlgorithm algorithm = KeyAlgorithm::kEd25519, std::uint16_t flags = 257);

  [[nodiscard]] const std::string& zone() const { return zone_; }
  [[nodiscard]] const wire::Dnskey& dnskey() const { return dnskey_; }
  [[nodiscard]] wire::DsRecord ds(std::uint8_t digest_type = 2) const;
  // `set` with this key's signature added. `set.owner` is what is signed: a wildcard first, and
  // `expanded` afterwards.
  [[nodiscard]] Records sign(Records set, Validity validity = {}) const;

 private:
  struct Handle;
  std::string zone_;
  wire::Dnskey dnskey_;
  std::shared_ptr<Handle> handle_;  // copies share it: one thread
};

// What a server makes of a wildcard set: another owner over the same signatures.
[[nodiscard]] Records expanded(Records wildcard, std::string owner);

// A message, in answer to a question. A record that is there already is not added again.
class Message {
 public:
  Message(std::string_view name, RecordType type, wire::Rcode rcode = wire::Rcode::kNoError);
  Message& add(wire::Section section, const Records& set);
  // Without the records of this owner and type, and their signatures.
  [[nodiscard]] Message without(std::string_view owner, RecordType type) const;
  // Without any signature.
  [[nodiscard]] Message unsigned_copy() const;
  [[nodiscard]] Message with_rcode(wire::Rcode rcode) const;
  // The sets of authority, by owner and type, without SOA.
  [[nodiscard]] std::vector<std::pair<std::string, RecordType>> denials() const;
  // All of its sets in order of first appearance, signatures included.
  [[nodiscard]] std::vector<std::pair<wire::Section, Records>> sets() const;
  [[nodiscard]] std::vector<std::uint8_t> bytes() const;
  // The same with id and question, case included, of this query.
  [[nodiscard]] std::vector<std::uint8_t> bytes_for(wire::Bytes query) const;

 private:
  struct Record {
    wire::Section section;
    std::string owner;
    RecordType type;  // of an RRSIG: what it covers
    bool signature;
    std::vector<std::uint8_t> bytes;
  };
  void add(Record record);

  std::vector<std::uint8_t> question_;
  wire::Rcode rcode_;
  std::vector<Record> records_;
};

struct ZoneOptions {
  std::string name;
  bool nsec3 = false;
  Nsec3Parameters parameters{};
  Validity validity{};
  std::uint32_t ttl_s = 300;
  KeyAlgorithm algorithm = KeyAlgorithm::kEd25519;
  std::string seed{};               // of the key; the zone's name where empty
  std::optional<SigningKey> key{};  // one that is there already, in place of `algorithm` and `seed`
};

// A whole zone with one key, and an authoritative server for it that does everything right.
class SignedZone {
 public:
  explicit SignedZone(ZoneOptions options);

  void add(const std::string& owner, RecordType type, std::vector<Rdata> rdatas);
  void delegate(const std::string& child, std::vector<wire::DsRecord> ds);

  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] const SigningKey& key() const { return key_; }
  [[nodiscard]] std::vector<wire::DsRecord> ds() const { return {key_.ds()}; }

  // The answer of a server of this zone: data, alias, referral or denial, with DO set.
  [[nodiscard]] Message answer(std::string_view name, RecordType type) const;
  // The signed set of `owner`; it must be there.
  [[nodiscard]] Records set(const std::string& owner, RecordType type) const;
  // The signed NSEC record of `owner` (which must be in the chain), and the one that covers `name`.
  [[nodiscard]] Records nsec_of(const std::string& owner) const;
  [[nodiscard]] Records nsec_before(const std::string& name) const;
  // The same by hash.
  [[nodiscard]] Records nsec3_of(const std::string& name) const;
  [[nodiscard]] Records nsec3_before(const std::string& name) const;

 private:
  using Place = std::vector<std::string>;  // labels from the right: the canonical order
  struct Node {
    std::string name;
    std::map<RecordType, std::vector<Rdata>> sets;
  };
  using Nodes = std::map<Place, Node>;
  using Hashes = std::map<Rdata, std::string>;

  [[nodiscard]] const Node* find(const std::string& name) const;
  [[nodiscard]] bool exists(const std::string& name) const;
  [[nodiscard]] bool is_cut(const Node& node) const;
  [[nodiscard]] bool is_below_cut(const std::string& name) const;
  [[nodiscard]] std::vector<RecordType> types_at(const std::string& name, RecordType denial) const;
  [[nodiscard]] const Hashes& hashes() const;
  [[nodiscard]] Records nsec3_at(const Hashes& hashes, Hashes::const_iterator at) const;
  [[nodiscard]] Records sign(const Records& set) const;
  void deny(Message& message, const std::string& name) const;
  void deny_match(Message& message, const std::string& name) const;

  ZoneOptions options_;
  SigningKey key_;
  Nodes nodes_;
  mutable std::map<std::pair<std::string, RecordType>, Records> signed_;
  mutable Hashes hashes_;  // empty: not computed yet
};

}  // namespace caascan::test
