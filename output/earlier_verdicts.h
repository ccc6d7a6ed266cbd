// The verdicts of the set that was published before, for names that a run with a deadline does not
// reach: what a name was last night it is likely still, and a list must not lose it silently.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "output/text_pool.h"

namespace caascan {

// A failure that was seen last longer ago than this is not said of a name again. A name that no
// night reaches must not be accused for ever.
inline constexpr std::chrono::days kVerdictCarriedFor{7};

// Holds the names of that set, some 100 octets each. One thread at a time.
class EarlierVerdicts {
 public:
  // Of OUT/current; nothing where there is no set yet. An error names the file.
  [[nodiscard]] static std::expected<std::optional<EarlierVerdicts>, std::string> read(
      const std::filesystem::path& out_dir);

  // A name of tonight's run, and its number there.
  void saw(std::string_view name, std::uint64_t number) {
    if (const auto at = numbers_.find(name); at != numbers_.end()) at->second = number;
  }
  // Writes to `path` what that set says of those names seen that `is_open` has no verdict for, each
  // with the set that it comes from first (`carried_from`); how many. The set must still be there.
  [[nodiscard]] std::expected<std::uint64_t, std::string> write(
      const std::filesystem::path& path, const std::function<bool(std::uint64_t)>& is_open,
      std::int64_t now_unix_s) const;

 private:
  static constexpr std::uint64_t kNotSeen = UINT64_MAX;

  std::filesystem::path folder_;  // of the generation
  TextPool texts_;
  boost::unordered_flat_map<std::string_view, std::uint64_t, std::hash<std::string_view>> numbers_;
};

}  // namespace caascan
