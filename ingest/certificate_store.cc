#include "ingest/certificate_store.h"

#include "ingest/block_file.h"

namespace caascan {
namespace {

constexpr std::string_view kFormatLine = "caascan certificates 1\n";
constexpr std::size_t kBlockOctetsWanted = std::size_t{256} << 10U;
constexpr std::uint8_t kFlagPrecertificate = 0x01;

void put_number(std::string& out, std::uint64_t value) {
  // LEB128: seven bits an octet, the lowest first, the high bit set on all but the last.
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
  out += static_cast<char>(value);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

bool get_number(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto octet = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{octet & 0x7fU} << shift;
    if ((octet & 0x80U) == 0) return true;
  }
  return false;
}

bool get_text(std::string_view& in, std::string& text) {
  std::uint64_t size = 0;
  if (!get_number(in, size) || size > in.size()) return false;
  text.assign(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

// Signed numbers alternate around zero, so that small ones stay short.
std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U ^ (~(value & 1U) + 1));
}

bool get_record(std::string_view& in, CertificateRecord& record) {
  std::uint64_t number = 0;
  if (!get_number(in, number) || number > kFlagPrecertificate) return false;
  record.precertificate = number == kFlagPrecertificate;
  if (!get_number(in, number)) return false;
  record.not_after_unix_s = unzigzag(number);
  if (!get_text(in, record.serial_hex) || !get_text(in, record.issuer_organization) ||
      !get_text(in, record.issuer_common_name)) {
    return false;
  }
  // Each name has at least its length: a count beyond that is no count.
  if (!get_number(in, number) || number > in.size()) return false;
  record.names.resize(static_cast<std::size_t>(number));
  for (std::string& name : record.names) {
    if (!get_text(in, name)) return false;
  }
  return true;
}

}  // namespace

struct CertificateStoreWriter::Impl {
  dump::BlockFileWriter file;
  std::string record;
  std::vector<std::string_view> names;
};

CertificateStoreWriter::CertificateStoreWriter(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
CertificateStoreWriter::CertificateStoreWriter(CertificateStoreWriter&&) noexcept = default;
CertificateStoreWriter& CertificateStoreWriter::operator=(CertificateStoreWriter&&) noexcept =
    default;
CertificateStoreWriter::~CertificateStoreWriter() = default;

std::expected<CertificateStoreWriter, std::string> CertificateStoreWriter::create(
    const std::filesystem::path& path) {
  auto file = dump::BlockFileWriter::create(path, kFormatLine, kBlockOctetsWanted);
  if (!file) return std::unexpected(file.error());
  return CertificateStoreWriter(std::make_unique<Impl>(Impl{std::move(*file), {}, {}}));
}

std::expected<void, std::string> CertificateStoreWriter::append(const CertificateView& record) {
  std::string& out = impl_->record;
  out.clear();
  put_number(out, record.precertificate ? kFlagPrecertificate : 0);
  put_number(out, zigzag(record.not_after_unix_s));
  put_text(out, record.serial_hex);
  put_text(out, record.issuer_organization);
  put_text(out, record.issuer_common_name);
  put_number(out, record.names.size());
  for (const std::string_view name : record.names) put_text(out, name);
  return impl_->file.append(out);
}

std::expected<void, std::string> CertificateStoreWriter::append(const CertificateRecord& record) {
  impl_->names.assign(record.names.begin(), record.names.end());
  return append(CertificateView{record.serial_hex, record.issuer_organization,
                                record.issuer_common_name, record.not_after_unix_s,
                                record.precertificate, impl_->names});
}

std::expected<void, std::string> CertificateStoreWriter::close() {
  return impl_->file.close();
}

struct CertificateStoreReader::Impl {
  dump::BlockFileReader file;
  std::string_view rest;  // of the current block
};

CertificateStoreReader::CertificateStoreReader(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
CertificateStoreReader::CertificateStoreReader(CertificateStoreReader&&) noexcept = default;
CertificateStoreReader& CertificateStoreReader::operator=(CertificateStoreReader&&) noexcept =
    default;
CertificateStoreReader::~CertificateStoreReader() = default;

std::expected<CertificateStoreReader, std::string> CertificateStoreReader::open(
    const std::filesystem::path& path) {
  auto file = dump::BlockFileReader::open(path, kFormatLine);
  if (!file) return std::unexpected(file.error());
  return CertificateStoreReader(std::make_unique<Impl>(Impl{std::move(*file), {}}));
}

std::expected<bool, std::string> CertificateStoreReader::next(CertificateRecord& record) {
  if (impl_->rest.empty()) {
    const auto more = impl_->file.next(impl_->rest);
    if (!more || !*more) return more;
  }
  if (get_record(impl_->rest, record)) return true;
  impl_->rest = {};
  return std::unexpected(impl_->file.error_here("the record is corrupt"));
}

}  // namespace caascan
