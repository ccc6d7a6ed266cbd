#include "output/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "output/durable_file.h"
#include "output/time_text.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

// "pid 123, started 2026-11-24T17:00:00Z": what the holder wrote; empty where it has not yet.
std::string holder(int fd) {
  std::array<char, 100> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  if (size <= 0) return {};
  std::string_view line(text.data(), static_cast<std::size_t>(size));
  line = line.substr(0, line.find('\n'));
  return printable_ascii(line);
}

}  // namespace

RunLock::RunLock(RunLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

RunLock::~RunLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::expected<RunLock, LockError> RunLock::acquire(const std::filesystem::path& out_dir,
                                                   std::int64_t started_unix_s) {
  const std::filesystem::path path = out_dir / ".lock";
  RunLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.fd_ < 0) return std::unexpected(LockError{false, file_error("create", path, errno)});
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return std::unexpected(LockError{false, file_error("lock", path, errno)});
    }
    const std::string who = holder(lock.fd_);
    return std::unexpected(
        LockError{true, fmt::format("another run{} holds {}", who.empty() ? "" : " (" + who + ")",
                                    out_dir.string())});
  }
  const std::string text = fmt::format("pid {}, started {}\n", ::getpid(), rfc3339(started_unix_s));
  const bool written =
      ::ftruncate(lock.fd_, 0) == 0 &&
      ::pwrite(lock.fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  if (!written) return std::unexpected(LockError{false, file_error("write", path, errno)});
  return lock;
}

}  // namespace caascan
