// What ingest keeps of the certificates it read, for the mailer's feed: written once while the dump
// is read, read once at publish. Format in docs/FORMATS.md, "Certificate store".
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caascan {

// One certificate or pre-certificate that passed the filters; or, with an empty serial, names that
// came from a list and have no certificate.
struct CertificateRecord {
  std::string
      serial_hex;  // contents octets of the DER INTEGER, lower-case hex; empty = no certificate
  std::string issuer_organization;  // first O of the issuer, UTF-8; may be empty
  std::string issuer_common_name;   // first CN of the issuer, UTF-8; may be empty
  std::int64_t not_after_unix_s = 0;
  bool precertificate = false;
  std::vector<std::string> names;  // as issued: canonical, `*.` kept, in certificate order, unique

  friend bool operator==(const CertificateRecord&, const CertificateRecord&) = default;
};

// The same, borrowed; for a writer that sees hundreds of millions of certificates.
struct CertificateView {
  std::string_view serial_hex;
  std::string_view issuer_organization;
  std::string_view issuer_common_name;
  std::int64_t not_after_unix_s = 0;
  bool precertificate = false;
  std::span<const std::string_view> names;
};

// Appends records to a zstd stream. Single owner, one thread. `close` must be called: it writes the
// end mark, without which a reader reports the file as cut.
class CertificateStoreWriter {
 public:
  // Creates or truncates `path`.
  [[nodiscard]] static std::expected<CertificateStoreWriter, std::string> create(
      const std::filesystem::path& path);
  CertificateStoreWriter(CertificateStoreWriter&&) noexcept;
  CertificateStoreWriter& operator=(CertificateStoreWriter&&) noexcept;
  ~CertificateStoreWriter();

  [[nodiscard]] std::expected<void, std::string> append(const CertificateRecord& record);
  [[nodiscard]] std::expected<void, std::string> append(const CertificateView& record);
  [[nodiscard]] std::expected<void, std::string> close();

 private:
  struct Impl;
  explicit CertificateStoreWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads the records in the order written.
class CertificateStoreReader {
 public:
  [[nodiscard]] static std::expected<CertificateStoreReader, std::string> open(
      const std::filesystem::path& path);
  CertificateStoreReader(CertificateStoreReader&&) noexcept;
  CertificateStoreReader& operator=(CertificateStoreReader&&) noexcept;
  ~CertificateStoreReader();

  // Fills `record` and returns true, or returns false at the end mark. An error names file and
  // offset.
  [[nodiscard]] std::expected<bool, std::string> next(CertificateRecord& record);

 private:
  struct Impl;
  explicit CertificateStoreReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan
