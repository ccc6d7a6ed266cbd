// X.509 certificates by OpenSSL: real DER, and the same bytes every time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::test {

struct CertificateSpec {
  std::string serial_hex = "1001";
  std::int64_t not_before_unix_s = 1'700'000'000;
  std::int64_t not_after_unix_s = 1'707'776'000;
  std::string subject_common_name{};  // none where empty
  std::vector<std::string>
      dns_names{};  // any bytes; no SAN extension where these and the next are empty
  std::vector<std::string> uri_names{};
};

// One issuer with an Ed25519 key that is made from a text. Any failure of OpenSSL ends the process:
// this is test code.
class CertificateAuthority {
 public:
  CertificateAuthority(std::string_view key_seed, std::string organization,
                       std::string common_name);
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  // DER of the final certificate.
  [[nodiscard]] std::string certificate(const CertificateSpec& spec) const;
  // DER of the pre-certificate as submitted, with the poison extension (RFC 6962 §3.1).
  [[nodiscard]] std::string precertificate(const CertificateSpec& spec) const;
  // DER of the TBSCertificate without poison, as a log entry has it (RFC 6962 §3.2).
  [[nodiscard]] std::string tbs_certificate(const CertificateSpec& spec) const;
  // SHA-256 of this issuer's SubjectPublicKeyInfo.
  [[nodiscard]] const std::string& key_hash() const;
  // This issuer's own certificate, self-signed.
  [[nodiscard]] const std::string& issuer_certificate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace caascan::test
