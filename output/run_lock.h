// One run a folder at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>

namespace caascan {

struct LockError {
  bool held = false;  // another run has it: exit status 11
  std::string message;
};

// An flock(2) on OUT/.lock for as long as the object lives. The kernel drops it with the process,
// so that a killed run leaves no stale lock; the file stays. It names its holder for people.
class RunLock {
 public:
  // `out_dir` must exist. Does not wait.
  [[nodiscard]] static std::expected<RunLock, LockError> acquire(
      const std::filesystem::path& out_dir, std::int64_t started_unix_s);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

 private:
  explicit RunLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace caascan
