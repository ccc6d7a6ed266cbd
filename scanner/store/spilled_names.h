// Names put away on disk while they wait for a slow server: there may be millions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scanner/names_put_away.h"

namespace caascan {

// So many octets of a line's names are a block, compressed and written together; fewer where there
// are many lines.
inline constexpr std::size_t kSpillBlockBytes = std::size_t{32} << 10;
inline constexpr std::size_t kSpillBlockBytesMin = std::size_t{1} << 10;

// Names of each line in the order in which they were put. The latest are in memory, the rest in a
// file without a name that is gone when this is, however the process ends. Its blocks have places
// of one size, which are used again: it is no longer than what was put away at a time needs. One
// thread.
class SpilledNames final : public NamesPutAway {
 public:
  // Makes the file in `folder`, which must exist. `memory_bytes_max`: for all lines together, as
  // long as no more lines have names than kSpillBlockBytesMin each leaves room for.
  static std::expected<SpilledNames, std::string> create(const std::filesystem::path& folder,
                                                         std::size_t memory_bytes_max);
  SpilledNames(SpilledNames&&) noexcept;
  SpilledNames& operator=(SpilledNames&&) noexcept;
  ~SpilledNames() override;

  void put(LineId line, NamePutAway&& name) override;
  void take(LineId line, std::size_t names_max, std::vector<NamePutAway>& out) override;
  // What has gone wrong first; names may be lost since, and the run must end.
  [[nodiscard]] const std::optional<std::string>& error() const;
  // Of the file now; it never becomes shorter.
  [[nodiscard]] std::uint64_t file_bytes() const;

 private:
  struct Impl;
  explicit SpilledNames(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan
