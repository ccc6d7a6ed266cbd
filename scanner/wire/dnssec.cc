#include "scanner/wire/dnssec.h"

#include <fmt/format.h>
#include <ldns/ldns.h>
// ldns.h leaves this out.
#include <ldns/sha2.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "ingest/assert.h"
#include "scanner/wire/name_walk.h"

namespace caascan::wire {
namespace {

constexpr std::size_t kSetsExpected = 4;  // in a message that matters
constexpr std::size_t kSha1Octets = 20, kSha256Octets = 32, kSha384Octets = 48;

// Where the names in the data of a type lie: `names` of them behind `prefix` octets, the rest is
// opaque. These are the types that an answer to one of our questions may hold; other types keep
// their octets as they came (RFC 3597 §4: nothing newer may be compressed).
struct NameLayout {
  std::uint8_t prefix = 0, names = 0;
  bool folded = true;  // canonical form is in lower case (RFC 4034 §6.2, RFC 6840 §5.1)
};
NameLayout names_in(std::uint16_t type) {
  switch (type) {
    case 2:   // NS
    case 5:   // CNAME
    case 12:  // PTR
    case 39:  // DNAME
      return {0, 1};
    case 6:  // SOA
      return {0, 2};
    case 15:  // MX
      return {2, 1};
    case 33:  // SRV
      return {6, 1};
    case 46:  // RRSIG
      return {kRrsigFixedOctets, 1};
    case 47:  // NSEC
      return {0, 1, false};
    default:
      return {0, 0};
  }
}

std::uint8_t lower(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 32) : octet;
}

void put(Rdata& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
Bytes bytes_of(const DnsName& name) {
  return Bytes(reinterpret_cast<const std::uint8_t*>(name.wire().data()), name.wire().size());
}

// As DnsName::read, in the case that was sent.
void copy_name(Cursor& cursor, Rdata& out) {
  walk_name(cursor, [&](Bytes label) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    put(out, label);
  });
}

// The data of `record` without compression; nothing where it is shorter than its type needs, or a
// name in it does not end where the data do.
std::optional<Rdata> expand(Bytes message, const RecordView& record) {
  const std::size_t end = std::size_t{record.rdata_offset} + record.rdata_octets;
  // Names may point anywhere before; nothing may run beyond the end of the data.
  Cursor cursor(message.first(end), record.rdata_offset);
  const NameLayout layout = names_in(record.type);
  Rdata out;
  out.reserve(record.rdata_octets);
  put(out, cursor.bytes(layout.prefix));
  for (int i = 0; i < layout.names; ++i) copy_name(cursor, out);
  put(out, cursor.bytes(cursor.remaining()));
  if (!cursor.ok()) return std::nullopt;
  return out;
}

std::optional<Rrsig> parse_rrsig(Rdata rdata) {
  Rrsig made;
  Cursor cursor(rdata);
  made.type_covered = cursor.u16();
  made.algorithm = cursor.u8();
  made.labels = cursor.u8();
  made.original_ttl_s = cursor.u32();
  made.expiration = cursor.u32();
  made.inception = cursor.u32();
  made.key_tag = cursor.u16();
  made.signer = DnsName::read(cursor);
  if (!cursor.ok()) return std::nullopt;
  made.rdata = std::move(rdata);
  return made;
}

struct BufferDeleter {
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};
struct RrDeleter {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};

std::optional<std::uint8_t> base32hex(char octet) {
  if (octet >= '0' && octet <= '9') return static_cast<std::uint8_t>(octet - '0');
  if (octet >= 'a' && octet <= 'v') return static_cast<std::uint8_t>(octet - 'a' + 10);
  return std::nullopt;
}

std::optional<Rdata> key_digest(const DnsName& owner, std::uint8_t digest_type, Bytes key_rdata) {
  Rdata data;
  put(data, bytes_of(owner));
  put(data, key_rdata);
  Rdata digest;
  switch (digest_type) {
    case LDNS_SHA1:
      put(digest, sha1(data, {}));
      return digest;
    case LDNS_SHA256:
      put(digest, sha256(data));
      return digest;
    case LDNS_SHA384:
      digest.resize(kSha384Octets);
      ldns_sha384(data.data(), static_cast<unsigned>(data.size()), digest.data());
      return digest;
    default:
      return std::nullopt;
  }
}

// The type that a record belongs to: that of what it covers, where it is a signature.
std::uint16_t signed_type(const MessageView& view, const RecordView& record) {
  if (record.type != static_cast<std::uint16_t>(RecordType::kRrsig)) return record.type;
  return Cursor(view.message(), record.rdata_offset).u16();
}

bool is_of_delegation(std::uint16_t type) {
  switch (static_cast<RecordType>(type)) {
    case RecordType::kCname:
    case RecordType::kDs:
    case RecordType::kNsec:
    case RecordType::kNsec3:
      return true;
    default:
      return false;
  }
}

// Where the set of an owner, type and section is among the sets of a message. The few of an honest
// message are looked through; a hostile one may hold thousands.
class SetIndex {
 public:
  RrSet* find(std::vector<RrSet>& sets, Section section, const DnsName& owner,
              std::uint16_t type) const {
    if (places_.empty()) {
      for (std::size_t i = 0; i < indexed_; ++i) {
        RrSet& set = sets[i];
        if (set.type == type && set.section == section && set.owner == owner) return &set;
      }
      return nullptr;
    }
    const auto at = places_.find(place(section, owner, type));
    return at == places_.end() ? nullptr : &sets[at->second];
  }
  // The last one of `sets` is new.
  void add(const std::vector<RrSet>& sets) {
    const std::size_t before = indexed_++;
    if (indexed_ < kLookedThroughMax) return;
    for (std::size_t i = places_.empty() ? 0 : before; i < indexed_; ++i)
      places_.emplace(place(sets[i].section, sets[i].owner, sets[i].type), i);
  }

 private:
  static constexpr std::size_t kLookedThroughMax = 16;
  static std::string place(Section section, const DnsName& owner, std::uint16_t type) {
    std::string made(owner.wire());
    made += static_cast<char>(section);
    made += static_cast<char>(type >> 8);
    made += static_cast<char>(type);
    return made;
  }

  std::unordered_map<std::string, std::size_t> places_;
  std::size_t indexed_ = 0;
};

// One line of trust anchors; nothing for a line without a record.
std::expected<std::optional<DsRecord>, std::string> parse_anchor(std::string_view line) {
  line = line.substr(0, line.find(';'));
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return std::optional<DsRecord>();
  ldns_rr* raw = nullptr;
  const ldns_status status =
      ldns_rr_new_frm_str(&raw, std::string(line).c_str(), 0, nullptr, nullptr);
  const std::unique_ptr<ldns_rr, RrDeleter> rr(raw);
  if (status != LDNS_STATUS_OK || !rr) {
    return std::unexpected(std::string(ldns_get_errorstr_by_id(status)));
  }
  const ldns_rdf* owner = ldns_rr_owner(rr.get());
  if (owner == nullptr || ldns_rdf_size(owner) != 1)
    return std::unexpected("the record is not of the root");
  const std::unique_ptr<ldns_buffer, BufferDeleter> buffer(ldns_buffer_new(kMessageOctetsMax));
  if (!buffer || ldns_rr_rdata2buffer_wire(buffer.get(), rr.get()) != LDNS_STATUS_OK)
    return std::unexpected("the record cannot be read");
  const std::uint8_t* begin = ldns_buffer_begin(buffer.get());
  const Rdata rdata(begin, begin + ldns_buffer_position(buffer.get()));
  if (ldns_rr_get_type(rr.get()) == LDNS_RR_TYPE_DS) {
    auto ds = parse_ds(rdata);
    if (!ds) return std::unexpected("the DS record cannot be read");
    const std::size_t wanted = ds->digest_type == LDNS_SHA1     ? kSha1Octets
                               : ds->digest_type == LDNS_SHA256 ? kSha256Octets
                               : ds->digest_type == LDNS_SHA384 ? kSha384Octets
                                                                : ds->digest.size();
    if (ds->digest.size() != wanted) return std::unexpected("the DS record's digest is cut");
    return ds;
  }
  if (ldns_rr_get_type(rr.get()) != LDNS_RR_TYPE_DNSKEY)
    return std::unexpected("neither a DS nor a DNSKEY record");
  const auto key = parse_dnskey(rdata);
  if (!key || !key->is_zone_key() || key->is_revoked())
    return std::unexpected("the DNSKEY is not a key that may sign a zone");
  return DsRecord{.key_tag = key->key_tag,
                  .algorithm = key->algorithm,
                  .digest_type = LDNS_SHA256,
                  .digest = key_digest(DnsName(), LDNS_SHA256, rdata).value_or(Rdata())};
}

}  // namespace

std::expected<std::vector<RrSet>, ParseError> read_rrsets(const MessageView& view, Wanted wanted) {
  std::vector<RrSet> sets;
  SetIndex index;
  struct Loose {
    Rrsig signature;
    RecordView record;
    DnsName owner;
  };
  boost::container::small_vector<Loose, 4> loose;
  sets.reserve(kSetsExpected);
  for (const RecordView& record : view.records()) {
    if (record.section == Section::kAdditional || record.klass != kClassIn) continue;
    if (wanted == Wanted::kOfDelegation && !is_of_delegation(signed_type(view, record))) continue;
    auto owner = view.owner(record);
    if (!owner) return std::unexpected(owner.error());
    auto rdata = expand(view.message(), record);
    if (!rdata) return std::unexpected(ParseError::kBadRecordData);
    if (record.type == static_cast<std::uint16_t>(RecordType::kRrsig)) {
      auto signature = parse_rrsig(std::move(*rdata));
      if (!signature) return std::unexpected(ParseError::kBadRecordData);
      loose.push_back({std::move(*signature), record, std::move(*owner)});
      continue;
    }
    RrSet* set = index.find(sets, record.section, *owner, record.type);
    if (set == nullptr) {
      set = &sets.emplace_back(RrSet{.section = record.section,
                                     .owner = std::move(*owner),
                                     .type = record.type,
                                     .ttl_s = record.ttl_s});
      index.add(sets);
    }
    set->ttl_s = std::min(set->ttl_s, record.ttl_s);
    set->rdatas.push_back(std::move(*rdata));
  }
  for (Loose& one : loose) {
    RrSet* set = index.find(sets, one.record.section, one.owner, one.signature.type_covered);
    if (set != nullptr) {
      set->signatures.push_back(std::move(one.signature));
      continue;
    }
    sets.push_back({.section = one.record.section,
                    .owner = std::move(one.owner),
                    .type = one.record.type,
                    .ttl_s = one.record.ttl_s,
                    .rdatas = {std::move(one.signature.rdata)}});
  }
  return sets;
}

Rdata canonical_rdata(std::uint16_t type, const Rdata& rdata) {
  const NameLayout layout = names_in(type);
  Rdata out = rdata;
  if (!layout.folded) return out;
  std::size_t at = layout.prefix;
  for (int i = 0; i < layout.names; ++i) {
    while (at < out.size() && out[at] != 0) {
      const std::size_t end = std::min(out.size(), at + 1 + out[at]);
      for (++at; at < end; ++at) out[at] = lower(out[at]);
    }
    ++at;
  }
  return out;
}

std::optional<Dnskey> parse_dnskey(const Rdata& rdata) {
  Cursor cursor(rdata);
  Dnskey made;
  made.flags = cursor.u16();
  made.protocol = cursor.u8();
  made.algorithm = cursor.u8();
  if (!cursor.ok() || cursor.remaining() == 0) return std::nullopt;
  made.key_tag = ldns_calc_keytag_raw(rdata.data(), rdata.size());
  made.rdata = rdata;
  return made;
}

std::optional<DsRecord> parse_ds(const Rdata& rdata) {
  Cursor cursor(rdata);
  DsRecord made;
  made.key_tag = cursor.u16();
  made.algorithm = cursor.u8();
  made.digest_type = cursor.u8();
  if (!cursor.ok()) return std::nullopt;
  const Bytes digest = cursor.bytes(cursor.remaining());
  made.digest.assign(digest.begin(), digest.end());
  return made;
}

std::optional<Nsec> parse_nsec(const Rdata& rdata) {
  Cursor cursor(rdata);
  Nsec made;
  made.next = DnsName::read(cursor);
  if (!cursor.ok()) return std::nullopt;
  made.bitmap = cursor.bytes(cursor.remaining());
  return made;
}

std::optional<Nsec3> parse_nsec3(const Rdata& rdata) {
  Cursor cursor(rdata);
  Nsec3 made;
  made.algorithm = cursor.u8();
  made.flags = cursor.u8();
  made.opt_out = (made.flags & 1) != 0;
  made.iterations = cursor.u16();
  made.salt = cursor.bytes(cursor.u8());
  made.next_hash = cursor.bytes(cursor.u8());
  if (!cursor.ok()) return std::nullopt;
  made.bitmap = cursor.bytes(cursor.remaining());
  return made;
}

bool bitmap_holds(Bytes bitmap, RecordType type) {
  const auto number = static_cast<std::uint16_t>(type);
  Cursor cursor(bitmap);
  while (cursor.remaining() >= 2) {
    const std::uint8_t window = cursor.u8();
    const Bytes bits = cursor.bytes(cursor.u8());
    if (!cursor.ok()) return false;
    if (window != number >> 8) continue;
    const std::size_t octet = (number & 0xFF) / 8;
    return octet < bits.size() && (bits[octet] & (0x80 >> (number % 8))) != 0;
  }
  return false;
}

Sha1 nsec3_hash(const DnsName& name, Bytes salt, std::uint16_t iterations) {
  Sha1 hash = sha1(bytes_of(name), salt);
  for (std::uint16_t i = 0; i < iterations; ++i) hash = sha1(hash, salt);
  return hash;
}

std::optional<Sha1> nsec3_owner_hash(const DnsName& owner) {
  constexpr std::size_t kLabelOctets = kSha1Octets * 8 / 5;  // 5 bits an octet
  const std::string_view wire = owner.wire();
  if (static_cast<std::uint8_t>(wire[0]) != kLabelOctets) return std::nullopt;
  Sha1 hash{};
  std::size_t octets = 0;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char octet : wire.substr(1, kLabelOctets)) {
    const auto value = base32hex(octet);
    if (!value) return std::nullopt;
    bits = (bits << 5) | *value;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    hash[octets++] = static_cast<std::uint8_t>(bits >> held);
  }
  return hash;
}

bool is_supported_algorithm(std::uint8_t algorithm) {
  switch (algorithm) {
    case LDNS_RSASHA1:
    case LDNS_RSASHA1_NSEC3:
    case LDNS_RSASHA256:
    case LDNS_RSASHA512:
    case LDNS_ECDSAP256SHA256:
    case LDNS_ECDSAP384SHA384:
    case LDNS_ED25519:
    case LDNS_ED448:
      return true;
    default:
      return false;
  }
}

bool is_supported_digest(std::uint8_t digest_type) {
  return digest_type == LDNS_SHA1 || digest_type == LDNS_SHA256 || digest_type == LDNS_SHA384;
}

bool ds_matches(const DnsName& owner, const DsRecord& ds, const Dnskey& key) {
  if (ds.key_tag != key.key_tag || ds.algorithm != key.algorithm) return false;
  const auto digest = key_digest(owner, ds.digest_type, key.rdata);
  return digest && *digest == ds.digest;
}

std::expected<std::vector<DsRecord>, std::string> parse_trust_anchors(std::string_view text,
                                                                      std::string_view origin) {
  std::vector<DsRecord> anchors;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++number;
    auto anchor = parse_anchor(text.substr(0, end));
    if (!anchor) return std::unexpected(fmt::format("{}:{}: {}", origin, number, anchor.error()));
    if (*anchor) anchors.push_back(std::move(**anchor));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (anchors.empty()) return std::unexpected(fmt::format("{}: no DS or DNSKEY record", origin));
  return anchors;
}

}  // namespace caascan::wire
