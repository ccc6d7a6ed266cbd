#include "tests/support/zone_signer.h"

#include <ldns/ldns.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "ingest/assert.h"
#include "tests/support/zone_signer_octets.h"

namespace caascan::test {
namespace {

constexpr unsigned kRsaBits = 1024;

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

}  // namespace

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

std::string lower(std::string_view name) {
  std::string made(name);
  for (char& c : made) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (made.size() > 1 && made.ends_with('.')) made.pop_back();
  return made;
}

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

}  // namespace caascan::test
