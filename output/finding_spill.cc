#include "output/finding_spill.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "output/durable_file.h"

namespace caascan {
namespace {

constexpr int kCompressionLevel = -5;  // read back twice at most and thrown away

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct FindingSpill::Impl {
  std::filesystem::path folder;
  int fd = -1;
  std::uint64_t size_bytes = 0;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> decompressor;
  std::vector<char> buffer;

  ~Impl() {
    if (fd >= 0) ::close(fd);
  }
};

FindingSpill::FindingSpill(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FindingSpill::FindingSpill(FindingSpill&&) noexcept = default;
FindingSpill& FindingSpill::operator=(FindingSpill&&) noexcept = default;
FindingSpill::~FindingSpill() = default;

std::expected<FindingSpill, std::string> FindingSpill::create(const std::filesystem::path& folder) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  // O_TMPFILE would do without a name at all, but not every file system has it.
  std::string name = (folder / "spill-XXXXXX").string();
  impl->fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (impl->fd < 0) return std::unexpected(file_error("create", name, errno));
  if (::unlink(name.c_str()) != 0) return std::unexpected(file_error("remove", name, errno));
  impl->compressor.reset(ZSTD_createCCtx());
  impl->decompressor.reset(ZSTD_createDCtx());
  if (!impl->compressor || !impl->decompressor) {
    return std::unexpected(file_error("compress into", folder, ENOMEM));
  }
  return FindingSpill(std::move(impl));
}

std::expected<SpilledLine, std::string> FindingSpill::append(std::string_view line) {
  Impl& impl = *impl_;
  impl.buffer.resize(ZSTD_compressBound(line.size()));
  const std::size_t size =
      ZSTD_compressCCtx(impl.compressor.get(), impl.buffer.data(), impl.buffer.size(), line.data(),
                        line.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) {
    return std::unexpected(
        fmt::format("cannot compress into {}: {}", impl.folder.string(), ZSTD_getErrorName(size)));
  }
  for (std::size_t at = 0; at < size;) {
    const ssize_t written = ::write(impl.fd, impl.buffer.data() + at, size - at);
    if (written < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(file_error("write a temporary file in", impl.folder, errno));
    }
    at += static_cast<std::size_t>(written);
  }
  const SpilledLine where{impl.size_bytes, static_cast<std::uint32_t>(size),
                          static_cast<std::uint32_t>(line.size())};
  impl.size_bytes += size;
  return where;
}

std::expected<void, std::string> FindingSpill::read(const SpilledLine& where, std::string& line) {
  Impl& impl = *impl_;
  impl.buffer.resize(where.stored_bytes);
  for (std::size_t at = 0; at < impl.buffer.size();) {
    const ssize_t size = ::pread(impl.fd, impl.buffer.data() + at, impl.buffer.size() - at,
                                 static_cast<off_t>(where.offset_bytes + at));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      return std::unexpected(
          file_error("read a temporary file in", impl.folder, size < 0 ? errno : EIO));
    }
    at += static_cast<std::size_t>(size);
  }
  line.resize(where.line_bytes);
  const std::size_t size = ZSTD_decompressDCtx(impl.decompressor.get(), line.data(), line.size(),
                                               impl.buffer.data(), impl.buffer.size());
  if (size != line.size()) {
    return std::unexpected(file_error("read a temporary file in", impl.folder, EIO));
  }
  return {};
}

}  // namespace caascan
