#include "ingest/byte_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "ingest/assert.h"

namespace caascan::dump {
namespace {

std::string error_text(int number) {
  return std::generic_category().message(number);
}

}  // namespace

std::expected<std::unique_ptr<FileSource>, std::string> FileSource::open(const std::string& path) {
  if (path == "-") return std::make_unique<FileSource>(STDIN_FILENO, false);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return std::unexpected("cannot be opened: " + error_text(errno));
  // Only a hint: where it is not understood, nothing is lost.
  static_cast<void>(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL));
  return std::make_unique<FileSource>(descriptor, true);
}

FileSource::~FileSource() {
  if (owned_) ::close(descriptor_);
}

void FileSource::count_into(std::uint64_t* total, std::atomic<std::uint64_t>* progress) {
  total_ = total;
  progress_ = progress;
}

std::size_t FileSource::read(std::span<char> out) {
  if (error_) return 0;
  ssize_t got = 0;
  do {
    got = ::read(descriptor_, out.data(), out.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    error_ = StreamError{offset_, false, "cannot be read: " + error_text(errno)};
    return 0;
  }
  const auto count = static_cast<std::size_t>(got);
  offset_ += count;
  if (total_ != nullptr) *total_ += count;
  if (progress_ != nullptr) progress_->fetch_add(count, std::memory_order_relaxed);
  return count;
}

Input::Input(std::unique_ptr<ByteSource> source, int layers)
    : source_(std::move(source)), layers_(layers) {}

bool Input::fill(std::size_t count) {
  while (end_ - start_ < count && !ended_) {
    // Unread bytes move to the front before the buffer grows; it never shrinks, but an input lives
    // for one file.
    const std::size_t unread = end_ - start_;
    if (buffer_.size() < end_ + kChunkOctets + kPaddingOctets) {
      if (unread != 0) std::memmove(buffer_.data(), buffer_.data() + start_, unread);
      start_ = 0;
      end_ = unread;
      const std::size_t needed = std::max(count, unread + 1) + kChunkOctets + kPaddingOctets;
      if (buffer_.size() < needed) buffer_.resize(std::max(needed, buffer_.size() * 3 / 2));
    }
    const std::size_t room = std::min(buffer_.size() - end_ - kPaddingOctets, kChunkOctets);
    const std::size_t got = source_->read({buffer_.data() + end_, room});
    if (got == 0) ended_ = true;
    end_ += got;
  }
  return end_ - start_ >= count;
}

void Input::consume(std::size_t count) {
  CAASCAN_ASSERT(count <= end_ - start_);
  start_ += count;
  offset_ += count;
  if (start_ == end_) start_ = end_ = 0;
}

bool Input::skip(std::uint64_t count) {
  while (count > 0) {
    if (view().empty() && !more()) return false;
    const std::size_t step =
        static_cast<std::size_t>(std::min<std::uint64_t>(count, view().size()));
    consume(step);
    count -= step;
  }
  return true;
}

}  // namespace caascan::dump
