// The mailer's feeds: unexpired certificates with an affected name, and affected names as issued.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/certificate_store.h"
#include "output/affected.h"
#include "output/line_sink.h"

namespace caascan {

// Takes every record of the certificate store once, in any order; holds only the certificates that
// have an affected name. The result does not depend on the order.
class CertificateFeed {
 public:
  // Borrows `affected`, which is sealed. A certificate is unexpired when not_after >= `at_unix_s`.
  CertificateFeed(const AffectedNames& affected, std::int64_t at_unix_s);

  void add(const CertificateRecord& record);

  // feed/hostnames.txt, line by line: sorted bytewise, unique. From all records, expired ones and
  // lists included.
  [[nodiscard]] std::vector<std::string> hostnames() const;

  // feed/certificates.ndjson: calls `line` with each JSON text, by not_after, then issuer
  // organisation, issuer common name and serial bytewise; stops at the first error.
  [[nodiscard]] std::expected<void, std::string> for_each_line(const LineSink& line) const;

  [[nodiscard]] std::size_t certificate_count() const { return certificates_.size(); }

 private:
  // A pre-certificate and its certificate have the same key (RFC 6962 §3.1).
  struct Key {
    std::string issuer_organization, issuer_common_name, serial_hex;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Certificate {
    std::int64_t not_after_unix_s = 0;
    bool precertificate = true;  // until the final certificate is seen
    std::set<std::string> names;
  };
  struct Seen {
    bool bare = false, wildcard = false;
  };
  [[nodiscard]] std::expected<std::string, std::string> json_of(
      const Key& key, const Certificate& certificate) const;

  const AffectedNames& affected_;
  std::int64_t at_unix_s_;
  std::map<Key, Certificate> certificates_;
  std::vector<Seen> seen_;  // by index in affected_
};

}  // namespace caascan
