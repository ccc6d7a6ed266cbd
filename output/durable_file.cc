#include "output/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "ingest/assert.h"

namespace caascan {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string file_error(std::string_view doing, const std::filesystem::path& path,
                       int error_number) {
  return fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error_number));
}

DurableFile::DurableFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)) {}

DurableFile::~DurableFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::expected<DurableFile, std::string> DurableFile::create(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(file_error("create", path, errno));
  return DurableFile(path, fd);
}

std::expected<void, std::string> DurableFile::write(std::string_view text) {
  CAASCAN_ASSERT(fd_ >= 0);
  buffer_ += text;
  if (buffer_.size() < kBufferBytes) return {};
  return flush();
}

std::expected<void, std::string> DurableFile::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(file_error("write", path_, errno));
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

std::expected<void, std::string> DurableFile::close() {
  CAASCAN_ASSERT(fd_ >= 0);
  if (auto flushed = flush(); !flushed) return flushed;
  if (::fsync(fd_) != 0) return std::unexpected(file_error("write", path_, errno));
  if (::close(std::exchange(fd_, -1)) != 0) {
    return std::unexpected(file_error("write", path_, errno));
  }
  return {};
}

std::expected<void, std::string> write_durably(const std::filesystem::path& path,
                                               std::string_view text) {
  auto file = DurableFile::create(path);
  if (!file) return std::unexpected(file.error());
  if (auto written = file->write(text); !written) return written;
  return file->close();
}

std::expected<void, std::string> sync_folder(const std::filesystem::path& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return std::unexpected(file_error("open", path, errno));
  if (::fsync(folder.get()) != 0) return std::unexpected(file_error("write", path, errno));
  return {};
}

std::expected<FileDigest, std::string> digest_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::unexpected(file_error("read", path, errno));
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  FileDigest out;
  std::vector<char> buffer(kBufferBytes);
  while (good) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(file_error("read", path, errno));
    }
    if (size == 0) break;
    out.size_bytes += static_cast<std::uint64_t>(size);
    good = EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(size)) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned digest_size = 0;
  good = good && EVP_DigestFinal_ex(context.get(), digest.data(), &digest_size) == 1;
  if (!good) return std::unexpected(fmt::format("cannot hash {}", path.string()));
  for (unsigned i = 0; i < digest_size; ++i) {
    fmt::format_to(std::back_inserter(out.sha256), "{:02x}", digest[i]);
  }
  return out;
}

}  // namespace caascan
