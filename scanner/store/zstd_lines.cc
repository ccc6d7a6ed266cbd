#include "scanner/store/zstd_lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "ingest/assert.h"

namespace caascan {
namespace {

constexpr int kCompressionLevel = 3;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::string system_error(std::string_view doing, const std::filesystem::path& path, int error) {
  return fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error));
}

}  // namespace

struct ZstdLineWriter::Impl {
  std::filesystem::path path;
  int fd = -1;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> context;
  std::vector<char> buffer;
  std::uint32_t lines_since_flush = 0;

  ~Impl() {
    if (fd >= 0) ::close(fd);
  }

  std::expected<void, std::string> write_all(const char* data, std::size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(fd, data, size);
      if (written < 0) {
        if (errno == EINTR) continue;
        return std::unexpected(system_error("write", path, errno));
      }
      data += written;
      size -= static_cast<std::size_t>(written);
    }
    return {};
  }

  std::expected<void, std::string> compress(std::string_view text, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    while (true) {
      ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) {
        return std::unexpected(
            fmt::format("cannot compress {}: {}", path.string(), ZSTD_getErrorName(left)));
      }
      if (auto written = write_all(buffer.data(), output.pos); !written) return written;
      const bool done = directive == ZSTD_e_continue ? input.pos == input.size : left == 0;
      if (done) return {};
    }
  }
};

ZstdLineWriter::ZstdLineWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZstdLineWriter::ZstdLineWriter(ZstdLineWriter&&) noexcept = default;
ZstdLineWriter& ZstdLineWriter::operator=(ZstdLineWriter&&) noexcept = default;
ZstdLineWriter::~ZstdLineWriter() = default;

std::expected<ZstdLineWriter, std::string> ZstdLineWriter::create(
    const std::filesystem::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (impl->fd < 0) return std::unexpected(system_error("create", path, errno));
  impl->context.reset(ZSTD_createCCtx());
  if (!impl->context) return std::unexpected(system_error("compress", path, ENOMEM));
  ZSTD_CCtx_setParameter(impl->context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  ZSTD_CCtx_setParameter(impl->context.get(), ZSTD_c_checksumFlag, 1);
  impl->buffer.resize(ZSTD_CStreamOutSize());
  return ZstdLineWriter(std::move(impl));
}

std::expected<void, std::string> ZstdLineWriter::append(std::string_view line) {
  CAASCAN_ASSERT(impl_->fd >= 0 && !line.contains('\n'));
  if (auto done = impl_->compress(line, ZSTD_e_continue); !done) return done;
  const bool flush = ++impl_->lines_since_flush >= kFlushLines;
  if (flush) impl_->lines_since_flush = 0;
  return impl_->compress("\n", flush ? ZSTD_e_flush : ZSTD_e_continue);
}

std::expected<void, std::string> ZstdLineWriter::close() {
  CAASCAN_ASSERT(impl_->fd >= 0);
  if (auto done = impl_->compress({}, ZSTD_e_end); !done) return done;
  if (::fsync(impl_->fd) != 0) return std::unexpected(system_error("write", impl_->path, errno));
  if (::close(std::exchange(impl_->fd, -1)) != 0) {
    return std::unexpected(system_error("write", impl_->path, errno));
  }
  return {};
}

struct ZstdLineReader::Impl {
  std::filesystem::path path;
  int fd = -1;
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context;
  std::vector<char> compressed;  // as read from the file
  ZSTD_inBuffer input{};
  std::string text;  // decompressed; lines before `text_at` have been delivered
  std::size_t text_at = 0;
  std::size_t searched = 0;  // no line break before this offset of `text`
  std::uint64_t line_number = 0;
  bool in_frame = true;      // an empty file is a cut one
  bool output_full = false;  // the decompressor may hold text that had no room
  std::optional<std::string> failure;

  ~Impl() {
    if (fd >= 0) ::close(fd);
  }

  std::unexpected<std::string> fail(std::string what) {
    failure = std::move(what);
    return std::unexpected(*failure);
  }

  std::string at_next_line(std::string_view what) const {
    return fmt::format("{}: line {}: {}", path.string(), line_number + 1, what);
  }

  // Decompresses some more into `text`; false at the end of the file.
  std::expected<bool, std::string> refill() {
    text.erase(0, text_at);
    searched -= text_at;
    text_at = 0;
    if (input.pos == input.size && !output_full) {
      ssize_t size = 0;
      do {
        size = ::read(fd, compressed.data(), compressed.size());
      } while (size < 0 && errno == EINTR);
      if (size < 0) return std::unexpected(system_error("read", path, errno));
      if (size == 0) return false;
      input = {compressed.data(), static_cast<std::size_t>(size), 0};
    }
    const std::size_t had = text.size();
    text.resize(had + ZSTD_DStreamOutSize());
    ZSTD_outBuffer output{text.data() + had, text.size() - had, 0};
    const std::size_t left = ZSTD_decompressStream(context.get(), &output, &input);
    text.resize(had + output.pos);
    if (ZSTD_isError(left) != 0) {
      return std::unexpected(at_next_line(fmt::format("damaged: {}", ZSTD_getErrorName(left))));
    }
    in_frame = left != 0;
    output_full = in_frame && output.pos == output.size;
    return true;
  }
};

ZstdLineReader::ZstdLineReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZstdLineReader::ZstdLineReader(ZstdLineReader&&) noexcept = default;
ZstdLineReader& ZstdLineReader::operator=(ZstdLineReader&&) noexcept = default;
ZstdLineReader::~ZstdLineReader() = default;

std::expected<ZstdLineReader, std::string> ZstdLineReader::open(const std::filesystem::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (impl->fd < 0) return std::unexpected(system_error("read", path, errno));
  impl->context.reset(ZSTD_createDCtx());
  if (!impl->context) return std::unexpected(system_error("read", path, ENOMEM));
  ZSTD_DCtx_setParameter(impl->context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  impl->compressed.resize(ZSTD_DStreamInSize());
  return ZstdLineReader(std::move(impl));
}

std::expected<bool, std::string> ZstdLineReader::next(std::string_view& line) {
  Impl& impl = *impl_;
  if (impl.failure) return std::unexpected(*impl.failure);
  while (true) {
    const std::size_t end = impl.text.find('\n', impl.searched);
    if (end != std::string::npos) {
      line = std::string_view(impl.text).substr(impl.text_at, end - impl.text_at);
      impl.text_at = impl.searched = end + 1;
      ++impl.line_number;
      return true;
    }
    impl.searched = impl.text.size();
    if (impl.text.size() - impl.text_at > kLineBytesMax) {
      return impl.fail(impl.at_next_line("damaged: the line is too long"));
    }
    const auto more = impl.refill();
    if (!more) return impl.fail(more.error());
    if (*more) continue;
    if (impl.in_frame || !impl.text.empty()) {
      return impl.fail(impl.at_next_line("the file is cut here"));
    }
    return false;
  }
}

std::string ZstdLineReader::error_here(std::string_view what) const {
  return fmt::format("{}: line {}: {}", impl_->path.string(), impl_->line_number, what);
}

}  // namespace caascan
