#include "ingest/name_runs.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <system_error>
#include <utility>

#include "ingest/block_file.h"

namespace caascan::dump {
namespace {

constexpr std::string_view kFormatLine = "caascan names 1\n";
constexpr std::size_t kBlockOctetsWanted = std::size_t{64} << 10U;
// Input window, block, and zstd's own state.
constexpr std::size_t kRunReaderOctets = std::size_t{768} << 10U;
constexpr std::size_t kArenaOctetsLeast = std::size_t{16} << 10U;

// One run during a merge.
class RunReader {
 public:
  explicit RunReader(BlockFileReader file) : file_(std::move(file)) {}

  // Moves to the next name; false at the end.
  std::expected<bool, std::string> advance() {
    if (rest_.empty()) {
      const auto more = file_.next(rest_);
      if (!more || !*more) return more;
    }
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) {
      return std::unexpected(file_.error_here("the record is corrupt"));
    }
    name_ = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }
  [[nodiscard]] std::string_view name() const { return name_; }

 private:
  BlockFileReader file_;
  std::string_view rest_;
  std::string_view name_;
};

}  // namespace

NameRuns::NameRuns(std::filesystem::path work_dir, std::size_t bytes_max)
    : work_dir_(std::move(work_dir)),
      arena_octets_max_(std::clamp(bytes_max / 6 * 5, kArenaOctetsLeast,
                                   std::size_t{std::numeric_limits<std::uint32_t>::max()} - 256)),
      places_max_(arena_octets_max_ / 20),  // 4 octets each: a fifth of the arena
      fan_in_(std::clamp<std::size_t>(bytes_max / kRunReaderOctets, 2, kFanInMax)) {}

NameRuns::~NameRuns() {
  remove(runs_);
}

void NameRuns::remove(const std::vector<std::filesystem::path>& runs) {
  // A run that cannot be removed is only in the way; the work folder goes in the end.
  std::error_code ignored;
  for (const auto& run : runs) std::filesystem::remove(run, ignored);
}

void NameRuns::remove_leftovers(const std::filesystem::path& work_dir) {
  std::vector<std::filesystem::path> leftovers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(work_dir, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("names-") && name.ends_with(".run")) leftovers.push_back(entry->path());
  }
  for (const auto& run : leftovers) std::filesystem::remove(run, error);
}

std::string_view NameRuns::name_at(std::uint32_t place) const {
  return std::string_view(arena_).substr(place + 1, static_cast<unsigned char>(arena_[place]));
}

std::filesystem::path NameRuns::next_run_path() {
  return work_dir_ / ("names-" + std::to_string(run_number_++) + ".run");
}

std::expected<void, std::string> NameRuns::add(std::string_view name) {
  if (arena_.capacity() < arena_octets_max_) {
    // Reserved at once: growing by copies would take the memory twice. Untouched pages cost
    // nothing.
    arena_.reserve(arena_octets_max_);
    places_.reserve(places_max_);
  }
  if (arena_.size() + 1 + name.size() > arena_octets_max_ || places_.size() == places_max_) {
    if (auto written = write_run(); !written) return written;
  }
  places_.push_back(static_cast<std::uint32_t>(arena_.size()));
  arena_ += static_cast<char>(name.size());
  arena_ += name;
  return {};
}

std::expected<void, std::string> NameRuns::write_run() {
  std::ranges::sort(places_, [this](std::uint32_t left, std::uint32_t right) {
    return name_at(left) < name_at(right);
  });
  runs_.push_back(next_run_path());
  auto file = BlockFileWriter::create(runs_.back(), kFormatLine, kBlockOctetsWanted);
  if (!file) return std::unexpected(file.error());
  std::string line;
  std::string_view previous;
  for (const std::uint32_t place : places_) {
    const std::string_view name = name_at(place);
    if (name == previous) continue;
    previous = name;
    line.assign(name);
    line += '\n';
    if (auto written = file->append(line); !written) return written;
  }
  places_.clear();
  arena_.clear();
  return file->close();
}

std::expected<void, std::string> NameRuns::merge_runs(
    const std::vector<std::filesystem::path>& runs, const Visitor& visit) {
  std::vector<RunReader> readers;
  for (const auto& run : runs) {
    auto file = BlockFileReader::open(run, kFormatLine);
    if (!file) return std::unexpected(file.error());
    readers.emplace_back(std::move(*file));
  }
  const auto later = [&readers](std::size_t left, std::size_t right) {
    return readers[left].name() > readers[right].name();
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> queue(later);
  const auto advance = [&](std::size_t index) -> std::expected<void, std::string> {
    const auto more = readers[index].advance();
    if (!more) return std::unexpected(more.error());
    if (*more) queue.push(index);
    return {};
  };
  for (std::size_t index = 0; index < readers.size(); ++index) {
    if (auto first = advance(index); !first) return first;
  }
  std::string previous;
  while (!queue.empty()) {
    const std::size_t index = queue.top();
    queue.pop();
    if (readers[index].name() != previous) {
      previous.assign(readers[index].name());
      if (!visit(previous)) return {};
    }
    if (auto next = advance(index); !next) return next;
  }
  return {};
}

std::expected<void, std::string> NameRuns::merge(const Visitor& visit) {
  if (!places_.empty()) {
    if (auto written = write_run(); !written) return written;
  }
  // The buffer's memory is the readers' now.
  std::string().swap(arena_);
  std::vector<std::uint32_t>().swap(places_);
  while (runs_.size() > fan_in_) {
    const auto middle = runs_.begin() + static_cast<std::ptrdiff_t>(fan_in_);
    const std::vector<std::filesystem::path> merged(runs_.begin(), middle);
    const std::filesystem::path path = next_run_path();
    runs_.push_back(path);
    auto file = BlockFileWriter::create(path, kFormatLine, kBlockOctetsWanted);
    if (!file) return std::unexpected(file.error());
    std::expected<void, std::string> written;
    std::string line;
    auto read = merge_runs(merged, [&](std::string_view name) {
      line.assign(name);
      line += '\n';
      written = file->append(line);
      return written.has_value();
    });
    if (!read) return read;
    if (!written) return written;
    if (auto closed = file->close(); !closed) return closed;
    remove(merged);
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(merged.size()));
  }
  auto read = merge_runs(runs_, visit);
  remove(runs_);
  runs_.clear();
  return read;
}

}  // namespace caascan::dump
