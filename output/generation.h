// A generation: one published set in a folder of its own, and the switch that makes it the one that
// readers see.
//
//   OUT/generations/.new-XXXXXX      being written; swept by the next run if its writer was killed
//   OUT/generations/20261124T170000Z complete and on disk; `-2`, `-3`, … where the second is taken
//   OUT/generations/.old-*           being removed; swept likewise
//   OUT/current                      link to generations/…, replaced by rename(2)
//   OUT/NAME.txt                     links to current/NAME.txt, made once
//
// A reader that opens `current` once sees one set throughout: generations never change, and stay
// until kGenerationsKept newer ones have been published.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace caascan {

inline constexpr std::size_t kGenerationsKept = 30;

// Single owner, one thread; the caller holds the run lock of the folder. Destroyed before `commit`
// has succeeded, it removes what it has written.
class Generation {
 public:
  // Makes OUT where it is missing, checks that nothing of somebody else's is in the way, sweeps
  // leftovers, and makes the new folder. `link_names` are the files that get a link in OUT. Changes
  // nothing that a reader sees.
  [[nodiscard]] static std::expected<Generation, std::string> prepare(
      const std::filesystem::path& out_dir, std::vector<std::string> link_names);
  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) = delete;
  ~Generation();

  // Where to write the files. Each must be on disk before `commit`.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  // A folder inside it.
  [[nodiscard]] std::expected<void, std::string> make_folder(std::string_view name);

  // Names the folder after `time_unix_s`, switches OUT/current to it, removes generations beyond
  // kGenerationsKept. Returns the folder's new path. After an error readers see what they saw
  // before. What goes wrong after the switch ends no run: it is added to `warnings`.
  [[nodiscard]] std::expected<std::filesystem::path, std::string> commit(
      std::int64_t time_unix_s, std::vector<std::string>& warnings);

 private:
  Generation(std::filesystem::path out_dir, std::vector<std::string> link_names);
  [[nodiscard]] std::expected<void, std::string> check_links() const;
  [[nodiscard]] std::expected<void, std::string> make_links() const;
  [[nodiscard]] std::expected<void, std::string> switch_current(const std::string& target) const;
  void sweep() const;
  void remove_old(const std::string& published, std::vector<std::string>& warnings) const;

  std::filesystem::path out_dir_, generations_;
  std::vector<std::string> link_names_;
  std::filesystem::path folder_;  // empty: nothing to remove
  std::vector<std::string> inner_folders_;
};

}  // namespace caascan
