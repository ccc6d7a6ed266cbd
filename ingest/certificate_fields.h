// The few fields of a certificate that caascan needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::dump {

// Filled by `read_certificate`, and meant to be filled again and again: the containers keep their
// capacity. Views borrow from the certificate's bytes, or from this object where they had to be
// decoded.
struct CertificateFields {
  std::string_view serial;                       // contents octets of the INTEGER
  std::string issuer_organization;               // first O, UTF-8
  std::string issuer_common_name;                // first CN, UTF-8
  std::optional<std::int64_t> not_after_unix_s;  // empty where it cannot be read
  std::vector<std::string_view>
      dns_names;  // dNSName SANs as they stand in the certificate, any bytes
  std::vector<std::string> subject_common_names;  // UTF-8; read only where there is no dNSName

  // Where constructed OCTET STRINGs are joined; one for each SAN extension.
  std::vector<std::string> joined;
};

// Reads a Certificate, or with `precertificate` a bare TBSCertificate (RFC 5280 §4.1, RFC 6962
// §3.2), as leniently as its needed fields can be found: nothing else is looked into, trailing
// bytes are let be, several SAN extensions add up. False where a needed field cannot be reached;
// `fields` is then unspecified.
[[nodiscard]] bool read_certificate(std::string_view der, bool precertificate,
                                    CertificateFields& fields);

}  // namespace caascan::dump
