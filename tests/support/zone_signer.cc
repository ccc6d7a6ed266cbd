#include "tests/support/zone_signer.h"

#include <ldns/ldns.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "ingest/assert.h"

namespace caascan::test {
namespace {

constexpr unsigned kRsaBits = 1024;

void put16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xFFFF);
}
void put(std::vector<std::uint8_t>& out, const std::vector<std::uint8_t>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

struct RdfDeleter {
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
};
struct RrDeleter {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};
struct ListDeleter {
  void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
};
struct BufferDeleter {
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};
using Rdf = std::unique_ptr<ldns_rdf, RdfDeleter>;
using Rr = std::unique_ptr<ldns_rr, RrDeleter>;
using List = std::unique_ptr<ldns_rr_list, ListDeleter>;

Rdf dname(std::string_view name) {
  Rdf made(ldns_dname_new_frm_str(std::string(name).c_str()));
  CAASCAN_ASSERT(made);
  return made;
}

std::vector<std::uint8_t> record_bytes(const std::string& owner, RecordType type,
                                       std::uint32_t ttl_s, const Rdata& rdata) {
  std::vector<std::uint8_t> out = name_rdata(owner);
  put16(out, static_cast<std::uint16_t>(type));
  put16(out, 1);
  put32(out, ttl_s);
  put16(out, rdata.size());
  put(out, rdata);
  return out;
}

Rr read_record(const std::vector<std::uint8_t>& bytes) {
  ldns_rr* raw = nullptr;
  std::size_t position = 0;
  CAASCAN_ASSERT(ldns_wire2rr(&raw, bytes.data(), bytes.size(), &position, LDNS_SECTION_ANSWER) ==
                 LDNS_STATUS_OK);
  return Rr(raw);
}

Rdata rdata_of(const ldns_rr* rr) {
  const std::unique_ptr<ldns_buffer, BufferDeleter> buffer(ldns_buffer_new(65535));
  CAASCAN_ASSERT(ldns_rr_rdata2buffer_wire(buffer.get(), rr) == LDNS_STATUS_OK);
  const std::uint8_t* begin = ldns_buffer_begin(buffer.get());
  return Rdata(begin, begin + ldns_buffer_position(buffer.get()));
}

// Private keys of a size from a seed: numbers below any curve's order.
std::vector<std::uint8_t> octets_from(std::string_view seed, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  std::uint64_t state = 0xCBF29CE484222325U;
  for (const char c : seed) state = (state ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  for (std::uint8_t& octet : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    octet = static_cast<std::uint8_t>(state >> 56);
  }
  out[0] &= 0x7F;
  return out;
}

// ldns makes ECDSA keys from the text form of private keys only.
ldns_key* ecdsa_key(KeyAlgorithm algorithm, std::string_view seed) {
  const auto octets = octets_from(seed, algorithm == KeyAlgorithm::kEcdsaP256 ? 32 : 48);
  const Rdf base64(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, octets.size(), octets.data()));
  char* number = ldns_rdf2str(base64.get());
  std::string text = "Private-key-format: v1.2\nAlgorithm: ";
  text += std::to_string(static_cast<int>(algorithm)) + " (ECDSA)\nPrivateKey: " + number + "\n\n";
  std::free(number);
  FILE* file = fmemopen(text.data(), text.size(), "r");
  CAASCAN_ASSERT(file != nullptr);
  ldns_key* key = nullptr;
  CAASCAN_ASSERT(ldns_key_new_frm_fp(&key, file) == LDNS_STATUS_OK);
  std::fclose(file);
  return key;
}

ldns_key* make_key(KeyAlgorithm algorithm, std::string_view seed) {
  const auto number = static_cast<ldns_signing_algorithm>(algorithm);
  if (algorithm == KeyAlgorithm::kEcdsaP256 || algorithm == KeyAlgorithm::kEcdsaP384)
    return ecdsa_key(algorithm, seed);
  if (algorithm != KeyAlgorithm::kEd25519 && algorithm != KeyAlgorithm::kEd448)
    return ldns_key_new_frm_algorithm(number, kRsaBits);
  const bool small = algorithm == KeyAlgorithm::kEd25519;
  const auto octets = octets_from(seed, small ? 32 : 57);
  EVP_PKEY* pkey = EVP_PKEY_new_raw_private_key(small ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, nullptr,
                                                octets.data(), octets.size());
  ldns_key* key = ldns_key_new();
  ldns_key_set_algorithm(key, number);
  ldns_key_set_evp_key(key, pkey);
  return key;
}

std::string parent_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return name == "." || dot == std::string::npos ? "." : name.substr(dot + 1);
}

bool is_within(const std::string& name, const std::string& ancestor) {
  return ancestor == "." || name == ancestor || name.ends_with("." + ancestor);
}

std::string wildcard_of(const std::string& encloser) {
  return encloser == "." ? "*" : "*." + encloser;
}

std::string lower(std::string_view name) {
  std::string made(name);
  for (char& c : made) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (made.size() > 1 && made.ends_with('.')) made.pop_back();
  return made;
}

}  // namespace

Records record_from_text(std::string_view text) {
  ldns_rr* raw = nullptr;
  CAASCAN_ASSERT(ldns_rr_new_frm_str(&raw, std::string(text).c_str(), 300, nullptr, nullptr) ==
                 LDNS_STATUS_OK);
  const Rr rr(raw);
  char* owner = ldns_rdf2str(ldns_rr_owner(raw));
  Records made = {.owner = lower(owner),
                  .type = static_cast<RecordType>(ldns_rr_get_type(raw)),
                  .rdatas = {rdata_of(raw)},
                  .ttl_s = ldns_rr_ttl(raw)};
  std::free(owner);
  return made;
}

Rdata name_rdata(std::string_view name) {
  Rdata out;
  if (name.ends_with('.')) name.remove_suffix(1);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back(0);
  return out;
}

Rdata soa_rdata(std::string_view zone) {
  Rdata out = name_rdata("ns." + std::string(zone == "." ? "" : zone));
  put(out, name_rdata("hostmaster." + std::string(zone == "." ? "" : zone)));
  for (const std::uint32_t number : {1u, 3600u, 900u, 86400u, 300u}) put32(out, number);
  return out;
}

Rdata caa_rdata(std::string_view issuer) {
  Rdata out = {0, 5, 'i', 's', 's', 'u', 'e'};
  out.insert(out.end(), issuer.begin(), issuer.end());
  return out;
}

Rdata ds_rdata(const wire::DsRecord& ds) {
  Rdata out;
  put16(out, ds.key_tag);
  out.push_back(ds.algorithm);
  out.push_back(ds.digest_type);
  put(out, ds.digest);
  return out;
}

Rdata type_bitmap(const std::vector<RecordType>& types) {
  std::vector<ldns_rr_type> list;
  for (const RecordType type : types) list.push_back(static_cast<ldns_rr_type>(type));
  std::ranges::sort(list);
  // LDNS_RR_TYPE_NSEC3: nothing is added to the list.
  const Rdf rdf(ldns_dnssec_create_nsec_bitmap(list.data(), list.size(), LDNS_RR_TYPE_NSEC3));
  return Rdata(ldns_rdf_data(rdf.get()), ldns_rdf_data(rdf.get()) + ldns_rdf_size(rdf.get()));
}

Rdata nsec_rdata(std::string_view next, const std::vector<RecordType>& types) {
  Rdata out = name_rdata(next);
  put(out, type_bitmap(types));
  return out;
}

Rdata nsec3_hash_of(std::string_view name, const Nsec3Parameters& parameters) {
  const Rdf owner = dname(name);
  const Rdf hashed(ldns_nsec3_hash_name(owner.get(), 1, parameters.iterations,
                                        static_cast<std::uint8_t>(parameters.salt.size()),
                                        parameters.salt.data()));
  CAASCAN_ASSERT(hashed);
  // Base32hex in the one label.
  char text[33] = {};
  std::memcpy(text, ldns_rdf_data(hashed.get()) + 1, 32);
  Rdata out(20);
  CAASCAN_ASSERT(ldns_b32_pton_extended_hex(text, 32, out.data(), out.size()) == 20);
  return out;
}

Records nsec3_records(std::string_view zone, const Rdata& hash, const Rdata& next,
                      const std::vector<RecordType>& types, const Nsec3Parameters& parameters) {
  char text[64] = {};
  CAASCAN_ASSERT(ldns_b32_ntop_extended_hex(hash.data(), hash.size(), text, sizeof text) > 0);
  Rdata out = {parameters.algorithm, static_cast<std::uint8_t>(parameters.opt_out ? 1 : 0)};
  put16(out, parameters.iterations);
  out.push_back(static_cast<std::uint8_t>(parameters.salt.size()));
  put(out, parameters.salt);
  out.push_back(static_cast<std::uint8_t>(next.size()));
  put(out, next);
  put(out, type_bitmap(types));
  const std::string owner = zone == "." ? text : std::string(text) + "." + std::string(zone);
  return {.owner = lower(owner), .type = RecordType::kNsec3, .rdatas = {out}};
}

Rdata hash_beside(Rdata hash, int step) {
  for (std::size_t i = hash.size(); i-- > 0;) {
    hash[i] = static_cast<std::uint8_t>(hash[i] + step);
    // Carried on at the wrap only.
    if (hash[i] != (step > 0 ? 0x00 : 0xFF)) break;
  }
  return hash;
}

struct SigningKey::Handle {
  ldns_key_list* list = ldns_key_list_new();
  ldns_key* key = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { ldns_key_list_free(list); }
};

SigningKey::SigningKey(std::string zone, std::string_view seed, KeyAlgorithm algorithm,
                       std::uint16_t flags)
    : zone_(std::move(zone)), handle_(std::make_shared<Handle>()) {
  handle_->key = make_key(algorithm, seed);
  CAASCAN_ASSERT(handle_->key != nullptr);
  ldns_key_list_push_key(handle_->list, handle_->key);
  ldns_key_set_use(handle_->key, true);
  ldns_key_set_flags(handle_->key, flags);
  ldns_key_set_pubkey_owner(handle_->key, dname(zone_).release());
  const Rr rr(ldns_key2rr(handle_->key));
  dnskey_ = wire::parse_dnskey(rdata_of(rr.get())).value();
  ldns_key_set_keytag(handle_->key, dnskey_.key_tag);
}

wire::DsRecord SigningKey::ds(std::uint8_t digest_type) const {
  const Rr key = read_record(record_bytes(zone_, RecordType::kDnskey, 300, dnskey_.rdata));
  const Rr ds(ldns_key_rr2ds(key.get(), static_cast<ldns_hash>(digest_type)));
  CAASCAN_ASSERT(ds);
  return wire::parse_ds(rdata_of(ds.get())).value();
}

Records SigningKey::sign(Records set, Validity validity) const {
  const List list(ldns_rr_list_new());
  for (const Rdata& rdata : set.rdatas) {
    ldns_rr_list_push_rr(
        list.get(), read_record(record_bytes(set.owner, set.type, set.ttl_s, rdata)).release());
  }
  ldns_key_set_inception(handle_->key, validity.inception);
  ldns_key_set_expiration(handle_->key, validity.expiration);
  const List signatures(ldns_sign_public(list.get(), handle_->list));
  CAASCAN_ASSERT(signatures && ldns_rr_list_rr_count(signatures.get()) == 1);
  set.signatures.push_back(rdata_of(ldns_rr_list_rr(signatures.get(), 0)));
  return set;
}

Records expanded(Records wildcard, std::string owner) {
  wildcard.owner = std::move(owner);
  return wildcard;
}

Message::Message(std::string_view name, RecordType type, wire::Rcode rcode)
    : question_(name_rdata(name)), rcode_(rcode) {
  put16(question_, static_cast<std::uint16_t>(type));
  put16(question_, 1);
}

Message& Message::add(wire::Section section, const Records& set) {
  for (const Rdata& rdata : set.rdatas) {
    add({section, set.owner, set.type, false, record_bytes(set.owner, set.type, set.ttl_s, rdata)});
  }
  for (const Rdata& rdata : set.signatures) {
    add({section, set.owner, set.type, true,
         record_bytes(set.owner, RecordType::kRrsig, set.ttl_s, rdata)});
  }
  return *this;
}

void Message::add(Record record) {
  const bool again = std::ranges::any_of(records_, [&](const Record& other) {
    return other.section == record.section && other.bytes == record.bytes;
  });
  if (!again) records_.push_back(std::move(record));
}

Message Message::without(std::string_view owner, RecordType type) const {
  Message made = *this;
  std::erase_if(made.records_,
                [&](const Record& one) { return one.owner == owner && one.type == type; });
  return made;
}

Message Message::unsigned_copy() const {
  Message made = *this;
  std::erase_if(made.records_, [](const Record& one) { return one.signature; });
  return made;
}

Message Message::with_rcode(wire::Rcode rcode) const {
  Message made = *this;
  made.rcode_ = rcode;
  return made;
}

std::vector<std::pair<std::string, RecordType>> Message::denials() const {
  std::set<std::pair<std::string, RecordType>> made;
  for (const Record& one : records_) {
    if (one.section == wire::Section::kAuthority && one.type != RecordType::kSoa)
      made.emplace(one.owner, one.type);
  }
  return {made.begin(), made.end()};
}

std::vector<std::pair<wire::Section, Records>> Message::sets() const {
  std::vector<std::pair<wire::Section, Records>> made;
  for (const Record& one : records_) {
    auto at = std::ranges::find_if(made, [&](const auto& set) {
      return set.first == one.section && set.second.owner == one.owner &&
             set.second.type == one.type;
    });
    if (at == made.end())
      at = made.insert(at, {one.section, {.owner = one.owner, .type = one.type}});
    // Owner, type, class, TTL and length stand before the data.
    const std::size_t before = name_rdata(one.owner).size() + 10;
    (one.signature ? at->second.signatures : at->second.rdatas)
        .emplace_back(one.bytes.begin() + static_cast<std::ptrdiff_t>(before), one.bytes.end());
  }
  return made;
}

std::vector<std::uint8_t> Message::bytes() const {
  std::vector<std::uint8_t> out = {0, 0};
  put16(out, 0x8400u | static_cast<unsigned>(rcode_));
  put16(out, 1);
  for (const auto section :
       {wire::Section::kAnswer, wire::Section::kAuthority, wire::Section::kAdditional}) {
    put16(out, static_cast<std::size_t>(std::ranges::count(records_, section, &Record::section)));
  }
  put(out, question_);
  for (const auto section :
       {wire::Section::kAnswer, wire::Section::kAuthority, wire::Section::kAdditional}) {
    for (const Record& record : records_)
      if (record.section == section) put(out, record.bytes);
  }
  return out;
}

std::vector<std::uint8_t> Message::bytes_for(wire::Bytes query) const {
  Message made = *this;
  wire::Cursor cursor(query, wire::kHeaderOctets);
  wire::skip_name(cursor);
  cursor.skip(4);
  CAASCAN_ASSERT(cursor.ok());
  made.question_.assign(query.begin() + wire::kHeaderOctets,
                        query.begin() + static_cast<std::ptrdiff_t>(cursor.offset()));
  std::vector<std::uint8_t> out = made.bytes();
  std::copy_n(query.begin(), 2, out.begin());
  return out;
}

SignedZone::SignedZone(ZoneOptions options)
    : options_(std::move(options)),
      key_(options_.key
               ? *options_.key
               : SigningKey(options_.name, options_.seed.empty() ? options_.name : options_.seed,
                            options_.algorithm)) {
  add(name(), RecordType::kSoa, {soa_rdata(name())});
  add(name(), RecordType::kNs, {name_rdata("ns." + (name() == "." ? "" : name()))});
  add(name(), RecordType::kDnskey, {key_.dnskey().rdata});
}

void SignedZone::add(const std::string& owner, RecordType type, std::vector<Rdata> rdatas) {
  Place place;
  for (std::string at = owner; at != "."; at = parent_of(at))
    place.insert(place.begin(), at.substr(0, at.find('.')));
  Node& node = nodes_[place];
  node.name = owner;
  node.sets[type] = std::move(rdatas);
  signed_.clear();
  hashes_.clear();
}

void SignedZone::delegate(const std::string& child, std::vector<wire::DsRecord> ds) {
  add(child, RecordType::kNs, {name_rdata("ns." + child)});
  std::vector<Rdata> rdatas;
  for (const wire::DsRecord& one : ds) rdatas.push_back(ds_rdata(one));
  if (!rdatas.empty()) add(child, RecordType::kDs, std::move(rdatas));
}

const SignedZone::Node* SignedZone::find(const std::string& name) const {
  for (const auto& [place, node] : nodes_)
    if (node.name == name) return &node;
  return nullptr;
}

bool SignedZone::exists(const std::string& name) const {
  return std::ranges::any_of(nodes_,
                             [&](const auto& node) { return is_within(node.second.name, name); });
}

bool SignedZone::is_cut(const Node& node) const {
  return node.name != name() && node.sets.contains(RecordType::kNs);
}

bool SignedZone::is_below_cut(const std::string& name) const {
  return std::ranges::any_of(nodes_, [&](const auto& node) {
    return is_cut(node.second) && name != node.second.name && is_within(name, node.second.name);
  });
}

std::vector<RecordType> SignedZone::types_at(const std::string& name, RecordType denial) const {
  std::vector<RecordType> types;
  const Node* node = find(name);
  bool is_signed = denial == RecordType::kNsec;
  if (node != nullptr) {
    for (const auto& [type, rdatas] : node->sets) {
      types.push_back(type);
      is_signed = is_signed || !is_cut(*node) || type == RecordType::kDs;
    }
  }
  if (is_signed) types.push_back(RecordType::kRrsig);
  if (denial == RecordType::kNsec) types.push_back(denial);
  return types;
}

Records SignedZone::sign(const Records& set) const {
  const auto [at, added] = signed_.try_emplace(std::pair(set.owner, set.type));
  if (added) at->second = key_.sign(set, options_.validity);
  return at->second;
}

Records SignedZone::set(const std::string& owner, RecordType type) const {
  const Node* node = find(owner);
  CAASCAN_ASSERT(node != nullptr && node->sets.contains(type));
  const Records plain = {
      .owner = owner, .type = type, .rdatas = node->sets.at(type), .ttl_s = options_.ttl_s};
  return is_cut(*node) && type == RecordType::kNs ? plain : sign(plain);
}

Records SignedZone::nsec_of(const std::string& owner) const {
  auto at = std::ranges::find_if(nodes_, [&](const auto& n) { return n.second.name == owner; });
  CAASCAN_ASSERT(at != nodes_.end());
  std::string next = name();
  while (++at != nodes_.end()) {
    if (is_below_cut(at->second.name)) continue;
    next = at->second.name;
    break;
  }
  return sign({.owner = owner,
               .type = RecordType::kNsec,
               .rdatas = {nsec_rdata(next, types_at(owner, RecordType::kNsec))},
               .ttl_s = options_.ttl_s});
}

Records SignedZone::nsec_before(const std::string& name) const {
  Place place;
  for (std::string at = name; at != "."; at = parent_of(at))
    place.insert(place.begin(), at.substr(0, at.find('.')));
  const std::string* owner = &options_.name;
  for (const auto& [other, node] : nodes_)
    if (other < place && !is_below_cut(node.name)) owner = &node.name;
  return nsec_of(*owner);
}

const SignedZone::Hashes& SignedZone::hashes() const {
  if (!hashes_.empty()) return hashes_;
  std::set<std::string> names;
  for (const auto& [place, node] : nodes_) {
    if (is_below_cut(node.name)) continue;
    // An opted-out delegation has no record; the empty non-terminals above it do.
    const bool out =
        options_.parameters.opt_out && is_cut(node) && !node.sets.contains(RecordType::kDs);
    for (std::string at = out ? parent_of(node.name) : node.name; names.insert(at).second;
         at = parent_of(at)) {
      if (at == name()) break;
    }
  }
  for (const std::string& one : names)
    hashes_.emplace(nsec3_hash_of(one, options_.parameters), one);
  return hashes_;
}

Records SignedZone::nsec3_at(const Hashes& hashes, Hashes::const_iterator at) const {
  const auto next = std::next(at) == hashes.end() ? hashes.begin() : std::next(at);
  Records made = nsec3_records(name(), at->first, next->first,
                               types_at(at->second, RecordType::kNsec3), options_.parameters);
  made.ttl_s = options_.ttl_s;
  return sign(made);
}

Records SignedZone::nsec3_of(const std::string& name) const {
  const Hashes& all = hashes();
  const auto at = all.find(nsec3_hash_of(name, options_.parameters));
  CAASCAN_ASSERT(at != all.end());
  return nsec3_at(all, at);
}

Records SignedZone::nsec3_before(const std::string& name) const {
  const Hashes& all = hashes();
  const auto at = all.lower_bound(nsec3_hash_of(name, options_.parameters));
  return nsec3_at(all, at == all.begin() ? std::prev(all.end()) : std::prev(at));
}

// The records that say that `name` itself does not exist.
void SignedZone::deny(Message& message, const std::string& name) const {
  if (!options_.nsec3) {
    message.add(wire::Section::kAuthority, nsec_before(name));
    return;
  }
  std::string closer = name;
  while (!exists(parent_of(closer))) closer = parent_of(closer);
  message.add(wire::Section::kAuthority, nsec3_before(closer));
}

// The record that says what exists at `name`.
void SignedZone::deny_match(Message& message, const std::string& name) const {
  if (options_.nsec3) {
    message.add(wire::Section::kAuthority, nsec3_of(name));
  } else {
    // An empty non-terminal has no record: the one before it shows that there is something below.
    message.add(wire::Section::kAuthority,
                find(name) != nullptr ? nsec_of(name) : nsec_before(name));
  }
}

Message SignedZone::answer(std::string_view asked, RecordType type) const {
  using wire::Section;
  const std::string name = lower(asked);
  // The highest cut on the way counts. DS belongs to the parent's side of it.
  std::string cut;
  for (std::string at = name; is_within(at, options_.name) && at != options_.name;
       at = parent_of(at)) {
    const Node* node = find(at);
    if (node != nullptr && is_cut(*node) && !(at == name && type == RecordType::kDs)) cut = at;
  }
  Message message(asked, type);
  if (!cut.empty()) {
    message.add(Section::kAuthority, set(cut, RecordType::kNs));
    if (find(cut)->sets.contains(RecordType::kDs)) {
      message.add(Section::kAuthority, set(cut, RecordType::kDs));
    } else if (options_.nsec3 && options_.parameters.opt_out) {
      message.add(Section::kAuthority, nsec3_of(parent_of(cut)));
      deny(message, cut);
    } else {
      deny_match(message, cut);
    }
    return message;
  }
  if (const Node* node = find(name)) {
    for (const RecordType there : {type, RecordType::kCname}) {
      if (!node->sets.contains(there)) continue;
      message.add(Section::kAnswer, set(name, there));
      return message;
    }
  }
  const Records soa = set(options_.name, RecordType::kSoa);
  if (exists(name)) {
    message.add(Section::kAuthority, soa);
    const Node* node = find(name);
    if (node != nullptr && is_cut(*node) && options_.nsec3 && options_.parameters.opt_out &&
        !node->sets.contains(RecordType::kDs)) {
      message.add(Section::kAuthority, nsec3_of(parent_of(name)));
      deny(message, name);
    } else {
      deny_match(message, name);
    }
    return message;
  }
  std::string encloser = parent_of(name);
  while (!exists(encloser)) encloser = parent_of(encloser);
  if (const Node* node = find(encloser);
      node != nullptr && node->sets.contains(RecordType::kDname)) {
    message.add(Section::kAnswer, set(encloser, RecordType::kDname));
    Rdata target = name_rdata(name.substr(0, name.size() - encloser.size() - 1));
    target.pop_back();
    put(target, node->sets.at(RecordType::kDname).front());
    message.add(
        Section::kAnswer,
        {.owner = name, .type = RecordType::kCname, .rdatas = {target}, .ttl_s = options_.ttl_s});
    return message;
  }
  const std::string wildcard = wildcard_of(encloser);
  if (const Node* node = find(wildcard)) {
    for (const RecordType there : {type, RecordType::kCname}) {
      if (!node->sets.contains(there)) continue;
      message.add(Section::kAnswer, expanded(set(wildcard, there), name));
      deny(message, name);
      return message;
    }
    message.add(Section::kAuthority, soa);
    deny_match(message, wildcard);
    if (options_.nsec3) deny_match(message, encloser);
    deny(message, name);
    return message;
  }
  Message error(asked, type, wire::Rcode::kNxDomain);
  error.add(Section::kAuthority, soa);
  if (options_.nsec3) {
    error.add(Section::kAuthority, nsec3_of(encloser));
    deny(error, name);
    error.add(Section::kAuthority, nsec3_before(wildcard));
  } else {
    deny(error, name);
    error.add(Section::kAuthority, nsec_before(wildcard));
  }
  return error;
}

}  // namespace caascan::test
