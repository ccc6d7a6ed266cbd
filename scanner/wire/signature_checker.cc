#include "scanner/wire/signature_checker.h"

#include <ldns/ldns.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "ingest/assert.h"

namespace caascan::wire {
namespace {

constexpr std::size_t kKeyFixedOctets = 4;  // flags, protocol, algorithm (RFC 4034 §2.1)

void put16(Rdata& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(Rdata& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xFFFF);
}
void put(Rdata& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
Bytes bytes_of(const DnsName& name) {
  return Bytes(reinterpret_cast<const std::uint8_t*>(name.wire().data()), name.wire().size());
}

bool is_wildcard(const DnsName& name) {
  return name.wire().starts_with(std::string_view("\1*", 2));
}

// The owner that was signed: the name itself, or the wildcard that it was made from (RFC 4035
// §5.3.2). Nothing where the signature counts more labels than the name has.
std::optional<Rdata> signed_owner(const DnsName& owner, std::uint8_t labels) {
  const std::size_t counted = owner.label_count() - (is_wildcard(owner) ? 1 : 0);
  if (labels > counted) return std::nullopt;
  Rdata out;
  if (labels == counted) {
    put(out, bytes_of(owner));
    return out;
  }
  DnsName encloser = owner;
  for (std::size_t left = owner.label_count(); left > labels; --left) encloser = encloser.parent();
  out = {1, '*'};
  put(out, bytes_of(encloser));
  return out;
}

// What was signed (RFC 4034 §3.1.8.1): the signature's own fields, then each record once, in
// canonical form and order.
std::optional<Rdata> signed_data(const RrSet& set, const Rrsig& signature) {
  const auto owner = signed_owner(set.owner, signature.labels);
  if (!owner) return std::nullopt;
  std::vector<Rdata> sorted;
  sorted.reserve(set.rdatas.size());
  for (const Rdata& rdata : set.rdatas) sorted.push_back(canonical_rdata(set.type, rdata));
  std::ranges::sort(sorted);
  const auto twice = std::ranges::unique(sorted);
  sorted.erase(twice.begin(), twice.end());
  Rdata out(signature.rdata.begin(), signature.rdata.begin() + kRrsigFixedOctets);
  put(out, bytes_of(signature.signer));
  for (const Rdata& rdata : sorted) {
    put(out, *owner);
    put16(out, set.type);
    put16(out, kClassIn);
    put32(out, signature.original_ttl_s);
    put16(out, rdata.size());
    put(out, rdata);
  }
  return out;
}

void put_integer(Rdata& out, Bytes number) {
  while (number.size() > 1 && number[0] == 0) number = number.subspan(1);
  const bool padded = (number[0] & 0x80) != 0;
  out.push_back(0x02);
  out.push_back(static_cast<std::uint8_t>(number.size() + (padded ? 1 : 0)));
  if (padded) out.push_back(0);
  put(out, number);
}

// The DER form of an ECDSA signature, which DNS sends as two plain numbers (RFC 6605 §4).
std::optional<Rdata> ecdsa_der(Bytes signature, std::size_t number_octets) {
  if (signature.size() != 2 * number_octets) return std::nullopt;
  Rdata numbers;
  put_integer(numbers, signature.first(number_octets));
  put_integer(numbers, signature.last(number_octets));
  Rdata out = {0x30, static_cast<std::uint8_t>(numbers.size())};  // at most 2 * (48 + 3) octets
  put(out, numbers);
  return out;
}

struct BufferDeleter {
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};
struct PublicKeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, PublicKeyDeleter>;

PublicKey key_from(const char* type, int selection, OSSL_PARAM* parameters) {
  struct Deleter {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  };
  const std::unique_ptr<EVP_PKEY_CTX, Deleter> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  CAASCAN_ASSERT(context && EVP_PKEY_fromdata_init(context.get()) == 1);
  if (EVP_PKEY_fromdata(context.get(), &made, selection, parameters) != 1) ERR_clear_error();
  return PublicKey(made);
}

// RFC 3110 §2: how long the exponent is, in one octet or three, the exponent, the modulus.
PublicKey parse_rsa(Bytes key) {
  struct Deleter {
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
    void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  };
  using Number = std::unique_ptr<BIGNUM, Deleter>;
  const auto number = [](Bytes octets) {
    return Number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
  };
  Cursor cursor(key);
  std::size_t exponent_octets = cursor.u8();
  if (exponent_octets == 0) exponent_octets = cursor.u16();
  const Bytes exponent_at = cursor.bytes(exponent_octets);
  const Bytes modulus_at = cursor.bytes(cursor.remaining());
  if (!cursor.ok() || exponent_at.empty() || modulus_at.empty()) return nullptr;
  const Number exponent = number(exponent_at), modulus = number(modulus_at);
  const std::unique_ptr<OSSL_PARAM_BLD, Deleter> builder(OSSL_PARAM_BLD_new());
  CAASCAN_ASSERT(exponent && modulus && builder &&
                 OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) ==
                     1 &&
                 OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1);
  const std::unique_ptr<OSSL_PARAM, Deleter> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  CAASCAN_ASSERT(parameters);
  return key_from("RSA", EVP_PKEY_PUBLIC_KEY, parameters.get());
}

// A key of a curve without its point.
PublicKey curve_of(const char* name) {
  std::string group(name);
  std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_end()};
  PublicKey made = key_from("EC", EVP_PKEY_KEY_PARAMETERS, parameters.data());
  CAASCAN_ASSERT(made);
  return made;
}

// ldns makes OpenSSL set up the curve twice for each key, which takes half as long as a check; the
// copy of one that is set up takes a tenth of that. The point is sent without compression (RFC 6605
// §4), and must lie on the curve.
PublicKey parse_ecdsa(const PublicKey& curve, Bytes key) {
  Rdata point = {0x04};
  put(point, key);
  PublicKey made(EVP_PKEY_dup(curve.get()));
  CAASCAN_ASSERT(made);  // out of memory
  if (EVP_PKEY_set1_encoded_public_key(made.get(), point.data(), point.size()) == 1) return made;
  ERR_clear_error();
  return nullptr;
}

// Null where the octets are no key of the algorithm.
PublicKey parse_public_key(std::uint8_t algorithm, Bytes key) {
  switch (algorithm) {
    case LDNS_RSASHA1:
    case LDNS_RSASHA1_NSEC3:
    case LDNS_RSASHA256:
    case LDNS_RSASHA512:
      return parse_rsa(key);
    case LDNS_ECDSAP256SHA256: {
      static const PublicKey curve = curve_of("P-256");
      return parse_ecdsa(curve, key);
    }
    case LDNS_ECDSAP384SHA384: {
      static const PublicKey curve = curve_of("P-384");
      return parse_ecdsa(curve, key);
    }
    case LDNS_ED25519:
      return PublicKey(ldns_ed255192pkey_raw(key.data(), key.size()));
    case LDNS_ED448:
      return PublicKey(ldns_ed4482pkey_raw(key.data(), key.size()));
    default:
      return nullptr;
  }
}

// Null for the algorithms that have their digest built in.
const EVP_MD* digest_of(std::uint8_t algorithm) {
  switch (algorithm) {
    case LDNS_RSASHA1:
    case LDNS_RSASHA1_NSEC3:
      return EVP_sha1();
    case LDNS_RSASHA256:
    case LDNS_ECDSAP256SHA256:
      return EVP_sha256();
    case LDNS_ECDSAP384SHA384:
      return EVP_sha384();
    case LDNS_RSASHA512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

}  // namespace

// A key has one place; the one that comes later has it.
struct SignatureChecker::Keys {
  struct Place {
    Rdata rdata;
    PublicKey key;
  };
  std::array<Place, 1024> places;

  EVP_PKEY* find(const Dnskey& key) {
    const std::string_view text(reinterpret_cast<const char*>(key.rdata.data()), key.rdata.size());
    Place& place = places[std::hash<std::string_view>{}(text) % places.size()];
    if (place.rdata != key.rdata) {
      place.key = parse_public_key(key.algorithm, Bytes(key.rdata).subspan(kKeyFixedOctets));
      place.rdata = key.rdata;
    }
    return place.key.get();
  }
};

SignatureChecker::SignatureChecker() : keys_(std::make_unique<Keys>()) {}
SignatureChecker::~SignatureChecker() = default;

bool SignatureChecker::verify(const RrSet& set, const Rrsig& signature, const Dnskey& key) {
  const std::size_t signature_at = kRrsigFixedOctets + signature.signer.wire().size();
  if (!is_supported_algorithm(key.algorithm) || signature.algorithm != key.algorithm ||
      key.rdata.size() <= kKeyFixedOctets || signature.rdata.size() <= signature_at) {
    return false;
  }
  const auto data = signed_data(set, signature);
  if (!data) return false;
  Rdata octets(signature.rdata.begin() + static_cast<std::ptrdiff_t>(signature_at),
               signature.rdata.end());
  if (key.algorithm == LDNS_ECDSAP256SHA256 || key.algorithm == LDNS_ECDSAP384SHA384) {
    auto der = ecdsa_der(octets, key.algorithm == LDNS_ECDSAP256SHA256 ? 32 : 48);
    if (!der) return false;
    octets = std::move(*der);
  }
  EVP_PKEY* public_key = keys_->find(key);
  if (public_key == nullptr) return false;
  // The raw form of ldns's check: records in its own form would be refused where it knows their
  // type better than the signature needs (a CAA record that is malformed may well be signed).
  const std::unique_ptr<ldns_buffer, BufferDeleter> buffer(ldns_buffer_new(data->size()));
  CAASCAN_ASSERT(buffer);  // out of memory
  ldns_buffer_write(buffer.get(), data->data(), data->size());
  return ldns_verify_rrsig_evp_raw(octets.data(), octets.size(), buffer.get(), public_key,
                                   digest_of(key.algorithm)) == LDNS_STATUS_OK;
}

}  // namespace caascan::wire
