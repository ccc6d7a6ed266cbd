#include "ingest/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace caascan::dump {
namespace {

constexpr std::size_t kBufferOctets = std::size_t{64} << 10U;

std::string error_text(const std::string& path, std::string_view what, int number) {
  return path + ": " + std::string(what) + ": " + std::generic_category().message(number);
}

}  // namespace

OutputFile::OutputFile(int descriptor, bool owned, std::string path)
    : descriptor_(descriptor), owned_(owned), path_(std::move(path)) {}

std::expected<OutputFile, std::string> OutputFile::create(const std::filesystem::path& path) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
  if (descriptor < 0) {
    return std::unexpected(error_text(path.string(), "cannot be created", errno));
  }
  return OutputFile(descriptor, true, path.string());
}

OutputFile OutputFile::standard_output() {
  return OutputFile(STDOUT_FILENO, false, "standard output");
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(other.owned_),
      path_(std::move(other.path_)),
      buffer_(std::move(other.buffer_)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(owned_, other.owned_);
  std::swap(path_, other.path_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

OutputFile::~OutputFile() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

std::expected<void, std::string> OutputFile::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() < kBufferOctets) return {};
  return flush();
}

std::expected<void, std::string> OutputFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(error_text(path_, "cannot be written", errno));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

std::expected<void, std::string> OutputFile::close(bool durable) {
  if (auto flushed = flush(); !flushed) return flushed;
  // Pipes and devices have nothing to wait for (EINVAL).
  if (durable && ::fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) {
    return std::unexpected(error_text(path_, "cannot be written", errno));
  }
  const int descriptor = std::exchange(descriptor_, -1);
  if (owned_ && ::close(descriptor) != 0 && errno != EINTR) {
    return std::unexpected(error_text(path_, "cannot be written", errno));
  }
  return {};
}

}  // namespace caascan::dump
