#include "tests/support/certificate_builder.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace caascan::test {
namespace {

void require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "certificate builder: %s failed\n", what);
  std::abort();
}

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
using KeyOwner = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using CertificateOwner = std::unique_ptr<X509, Deleter<X509, X509_free>>;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

KeyOwner key_from(std::string_view seed) {
  const std::string raw = sha256(seed);
  KeyOwner key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(raw), raw.size()));
  require(key != nullptr, "EVP_PKEY_new_raw_private_key");
  return key;
}

// Runs an `i2d` function twice: for the size, then for the bytes.
template <typename Encode>
std::string encoded(Encode encode) {
  const int size = encode(nullptr);
  require(size > 0, "encoding");
  std::string out(static_cast<std::size_t>(size), '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  encode(&to);
  return out;
}

void add_to_name(X509_NAME* name, const char* attribute, const std::string& value) {
  if (value.empty()) return;
  require(X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8, octets(value),
                                     static_cast<int>(value.size()), -1, 0) == 1,
          "X509_NAME_add_entry_by_txt");
}

void add_san(X509* certificate, const CertificateSpec& spec) {
  if (spec.dns_names.empty() && spec.uri_names.empty()) return;
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  const auto add = [names](int type, const std::string& value) {
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    require(ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) == 1,
            "ASN1_STRING_set");
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, text);
    require(sk_GENERAL_NAME_push(names, name) > 0, "sk_GENERAL_NAME_push");
  };
  for (const std::string& value : spec.dns_names) add(GEN_DNS, value);
  for (const std::string& value : spec.uri_names) add(GEN_URI, value);
  require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1,
          "X509_add1_ext_i2d");
  GENERAL_NAMES_free(names);
}

}  // namespace

struct CertificateAuthority::Impl {
  KeyOwner key;
  std::string organization;
  std::string common_name;
  std::string key_hash;
  std::string own_certificate;

  [[nodiscard]] CertificateOwner build(const CertificateSpec& spec, bool poison,
                                       bool self_signed) const {
    CertificateOwner certificate(X509_new());
    X509* x509 = certificate.get();
    require(X509_set_version(x509, X509_VERSION_3) == 1, "X509_set_version");
    BIGNUM* serial = nullptr;
    require(BN_hex2bn(&serial, spec.serial_hex.c_str()) > 0, "BN_hex2bn");
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509));
    BN_free(serial);
    ASN1_TIME_set(X509_getm_notBefore(x509), spec.not_before_unix_s);
    ASN1_TIME_set(X509_getm_notAfter(x509), spec.not_after_unix_s);
    X509_NAME* issuer = X509_NAME_new();
    add_to_name(issuer, "C", "US");
    add_to_name(issuer, "O", organization);
    add_to_name(issuer, "CN", common_name);
    X509_set_issuer_name(x509, issuer);
    if (self_signed) {
      X509_set_subject_name(x509, issuer);
      X509_set_pubkey(x509, key.get());
    } else {
      X509_NAME* subject = X509_NAME_new();
      add_to_name(subject, "CN", spec.subject_common_name);
      X509_set_subject_name(x509, subject);
      X509_NAME_free(subject);
      X509_set_pubkey(x509, key_from("subject " + spec.serial_hex).get());
    }
    X509_NAME_free(issuer);
    add_san(x509, spec);
    if (poison) {
      ASN1_NULL* null = ASN1_NULL_new();
      require(X509_add1_ext_i2d(x509, NID_ct_precert_poison, null, 1, X509V3_ADD_DEFAULT) == 1,
              "X509_add1_ext_i2d");
      ASN1_NULL_free(null);
    }
    // Ed25519 signatures are deterministic and name no digest (RFC 8410).
    require(X509_sign(x509, key.get(), nullptr) > 0, "X509_sign");
    return certificate;
  }

  [[nodiscard]] std::string encode(const CertificateSpec& spec, bool poison) const {
    const CertificateOwner certificate = build(spec, poison, false);
    return encoded([&](unsigned char** to) { return i2d_X509(certificate.get(), to); });
  }
};

CertificateAuthority::CertificateAuthority(std::string_view key_seed, std::string organization,
                                           std::string common_name)
    : impl_(std::make_unique<Impl>()) {
  impl_->key = key_from(key_seed);
  impl_->organization = std::move(organization);
  impl_->common_name = std::move(common_name);
  impl_->key_hash =
      sha256(encoded([&](unsigned char** to) { return i2d_PUBKEY(impl_->key.get(), to); }));
  const CertificateOwner own = impl_->build(CertificateSpec{.serial_hex = "01"}, false, true);
  impl_->own_certificate = encoded([&](unsigned char** to) { return i2d_X509(own.get(), to); });
}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

std::string CertificateAuthority::certificate(const CertificateSpec& spec) const {
  return impl_->encode(spec, false);
}

std::string CertificateAuthority::precertificate(const CertificateSpec& spec) const {
  return impl_->encode(spec, true);
}

std::string CertificateAuthority::tbs_certificate(const CertificateSpec& spec) const {
  const CertificateOwner certificate = impl_->build(spec, false, false);
  return encoded([&](unsigned char** to) { return i2d_re_X509_tbs(certificate.get(), to); });
}

const std::string& CertificateAuthority::key_hash() const {
  return impl_->key_hash;
}

const std::string& CertificateAuthority::issuer_certificate() const {
  return impl_->own_certificate;
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(octets(bytes), bytes.size(), digest.data());
  return {digest.begin(), digest.end()};
}

}  // namespace caascan::test
