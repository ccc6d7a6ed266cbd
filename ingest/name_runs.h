// Names that found no room in memory: sorted runs on disk, merged at the end.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace caascan::dump {

// Collects names in a buffer; a full buffer is sorted, freed of duplicates and written as a run, a
// block file in `work_dir`. Every run is removed once it has been merged, and at the latest by the
// destructor. One thread.
class NameRuns {
 public:
  // Runs merged at a time; more are merged in several rounds.
  static constexpr std::size_t kFanInMax = 64;

  // `bytes_max` bounds the buffer, and the readers during the merge.
  NameRuns(std::filesystem::path work_dir, std::size_t bytes_max);
  NameRuns(const NameRuns&) = delete;
  NameRuns& operator=(const NameRuns&) = delete;
  ~NameRuns();

  // Removes what a killed process has left in `work_dir`.
  static void remove_leftovers(const std::filesystem::path& work_dir);

  // `name` has 1 to 253 octets, none of them LF.
  [[nodiscard]] std::expected<void, std::string> add(std::string_view name);
  [[nodiscard]] bool empty() const { return runs_.empty() && places_.empty(); }
  [[nodiscard]] std::size_t runs_written() const { return run_number_; }

  // Hands out each name once, in bytewise order, until `visit` returns false. Nothing can be added
  // afterwards.
  using Visitor = std::function<bool(std::string_view)>;
  [[nodiscard]] std::expected<void, std::string> merge(const Visitor& visit);

 private:
  [[nodiscard]] std::expected<void, std::string> write_run();
  [[nodiscard]] std::expected<void, std::string> merge_runs(
      const std::vector<std::filesystem::path>& runs, const Visitor& visit);
  [[nodiscard]] std::filesystem::path next_run_path();
  [[nodiscard]] std::string_view name_at(std::uint32_t place) const;
  void remove(const std::vector<std::filesystem::path>& runs);

  std::filesystem::path work_dir_;
  std::size_t arena_octets_max_;
  std::size_t places_max_;
  std::size_t fan_in_;
  std::string arena_;                  // one octet of length before each name
  std::vector<std::uint32_t> places_;  // of the names in the arena
  std::vector<std::filesystem::path> runs_;
  std::size_t run_number_ = 0;
};

}  // namespace caascan::dump
