#include "output/generation.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <optional>
#include <utility>

#include "output/durable_file.h"
#include "output/time_text.h"

namespace caascan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGenerations = "generations";
constexpr std::string_view kCurrent = "current";
constexpr std::string_view kCurrentNew = ".current-new";
constexpr std::string_view kNewPrefix = ".new-";
constexpr std::size_t kNewSuffixLength = 6;  // of mkdtemp
constexpr std::string_view kOldPrefix = ".old-";
constexpr std::string_view kManifest = "manifest.json";
constexpr unsigned kSameSecondMax = 10'000;  // generations of one second

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What a generation's name says, for ordering: "20261124T170000Z-10" comes after "…Z-2".
struct GenerationName {
  std::string time;
  unsigned number = 1;
  friend auto operator<=>(const GenerationName&, const GenerationName&) = default;
};

std::optional<GenerationName> parse_generation_name(std::string_view text) {
  constexpr std::string_view kShape =
      "dddddddd"
      "T"
      "dddddd"
      "Z";
  if (text.size() < kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return std::nullopt;
  }
  GenerationName out{std::string(text.substr(0, kShape.size())), 1};
  text.remove_prefix(kShape.size());
  if (text.empty()) return out;
  text.remove_prefix(1);
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  out.number = 0;
  for (const char c : text) out.number = out.number * 10 + static_cast<unsigned>(c - '0');
  return out;
}

bool is_leftover(std::string_view name) {
  if (name.starts_with(kNewPrefix)) return name.size() == kNewPrefix.size() + kNewSuffixLength;
  return name.starts_with(kOldPrefix) && parse_generation_name(name.substr(kOldPrefix.size()));
}

enum class Entry { kAbsent, kFolder, kLink, kOther };

// What lies at `path` itself, links not followed.
std::expected<Entry, std::string> look(const fs::path& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return Entry::kAbsent;
    return std::unexpected(file_error("look at", path, errno));
  }
  if (S_ISDIR(status.st_mode)) return Entry::kFolder;
  return S_ISLNK(status.st_mode) ? Entry::kLink : Entry::kOther;
}

std::string link_target(const fs::path& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

// Calls `visit` with the name of each real folder in `path`.
template <typename Visit>
void for_each_folder(const fs::path& path, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->symlink_status(ignored).type() == fs::file_type::directory) {
      visit(at->path().filename().string());
    }
  }
}

void remove_tree(const fs::path& path) {
  std::error_code ignored;  // what stays is a leftover, and swept by the next run
  fs::remove_all(path, ignored);
}

}  // namespace

Generation::Generation(fs::path out_dir, std::vector<std::string> link_names)
    : out_dir_(std::move(out_dir)),
      generations_(out_dir_ / kGenerations),
      link_names_(std::move(link_names)) {}

Generation::Generation(Generation&& other) noexcept
    : out_dir_(std::move(other.out_dir_)),
      generations_(std::move(other.generations_)),
      link_names_(std::move(other.link_names_)),
      folder_(std::exchange(other.folder_, {})),
      inner_folders_(std::move(other.inner_folders_)) {}

Generation::~Generation() {
  if (!folder_.empty()) remove_tree(folder_);
}

std::expected<Generation, std::string> Generation::prepare(const fs::path& out_dir,
                                                           std::vector<std::string> link_names) {
  std::error_code error;
  Generation out(fs::absolute(out_dir, error).lexically_normal(), std::move(link_names));
  if (error) return std::unexpected(file_error("find", out_dir, error.value()));
  fs::create_directories(out.out_dir_, error);
  if (error) return std::unexpected(file_error("create", out.out_dir_, error.value()));
  if (auto clear = out.check_links(); !clear) return std::unexpected(clear.error());
  const auto there = look(out.generations_);
  if (!there) return std::unexpected(there.error());
  if (*there == Entry::kAbsent) {
    if (::mkdir(out.generations_.c_str(), 0755) != 0) {
      return std::unexpected(file_error("create", out.generations_, errno));
    }
  } else if (*there != Entry::kFolder) {
    return std::unexpected(
        fmt::format("{} is in the way: it is not a folder", out.generations_.string()));
  }
  out.sweep();
  std::string name = (out.generations_ / kNewPrefix).string() + std::string(kNewSuffixLength, 'X');
  if (::mkdtemp(name.data()) == nullptr) {
    return std::unexpected(file_error("create", name, errno));
  }
  out.folder_ = name;
  if (::chmod(name.c_str(), 0755) != 0) return std::unexpected(file_error("write", name, errno));
  return out;
}

std::expected<void, std::string> Generation::check_links() const {
  const auto check = [](const fs::path& path, auto is_ours) -> std::expected<void, std::string> {
    const auto there = look(path);
    if (!there) return std::unexpected(there.error());
    if (*there == Entry::kAbsent || (*there == Entry::kLink && is_ours(link_target(path)))) {
      return {};
    }
    return std::unexpected(
        fmt::format("{} is in the way: it is not a link of caascan's", path.string()));
  };
  for (const std::string& name : link_names_) {
    const auto clear = check(out_dir_ / name, [&](const std::string& target) {
      return target == (fs::path(kCurrent) / name).string();
    });
    if (!clear) return clear;
  }
  return check(out_dir_ / kCurrent, [](const std::string& target) {
    return target.starts_with(std::string(kGenerations) + "/");
  });
}

std::expected<void, std::string> Generation::make_folder(std::string_view name) {
  const fs::path path = folder_ / name;
  if (::mkdir(path.c_str(), 0755) != 0) return std::unexpected(file_error("create", path, errno));
  inner_folders_.emplace_back(name);
  return {};
}

std::expected<fs::path, std::string> Generation::commit(std::int64_t time_unix_s,
                                                        std::vector<std::string>& warnings) {
  for (const std::string& name : inner_folders_) {
    if (auto synced = sync_folder(folder_ / name); !synced) {
      return std::unexpected(synced.error());
    }
  }
  if (auto synced = sync_folder(folder_); !synced) return std::unexpected(synced.error());
  const std::string time = compact_time(time_unix_s);
  std::string name = time;
  for (unsigned number = 2;; ++number) {
    const auto there = look(generations_ / name);
    if (!there) return std::unexpected(there.error());
    if (*there == Entry::kAbsent) break;
    if (number > kSameSecondMax) {
      return std::unexpected(
          fmt::format("too many generations named {}", (generations_ / time).string()));
    }
    name = fmt::format("{}-{}", time, number);
  }
  const fs::path named = generations_ / name;
  if (::rename(folder_.c_str(), named.c_str()) != 0) {
    return std::unexpected(file_error("rename", folder_, errno));
  }
  folder_ = named;
  if (auto synced = sync_folder(generations_); !synced) return std::unexpected(synced.error());
  // The links before the switch: should one fail, nothing has been published. Before the very first
  // switch they lead nowhere for an instant, which to a reader is the same as not being there.
  if (auto made = make_links(); !made) return std::unexpected(made.error());
  if (auto switched = switch_current((fs::path(kGenerations) / name).string()); !switched) {
    return std::unexpected(switched.error());
  }
  folder_.clear();  // from here on it belongs to the readers
  if (auto synced = sync_folder(out_dir_); !synced) warnings.push_back(synced.error());
  remove_old(name, warnings);
  return named;
}

std::expected<void, std::string> Generation::make_links() const {
  for (const std::string& name : link_names_) {
    const fs::path path = out_dir_ / name;
    const fs::path target = fs::path(kCurrent) / name;
    // `prepare` has seen to it that what exists is this very link.
    if (::symlink(target.c_str(), path.c_str()) != 0 && errno != EEXIST) {
      return std::unexpected(file_error("create", path, errno));
    }
  }
  return {};
}

std::expected<void, std::string> Generation::switch_current(const std::string& target) const {
  const fs::path fresh = out_dir_ / kCurrentNew;
  const fs::path current = out_dir_ / kCurrent;
  if (::symlink(target.c_str(), fresh.c_str()) != 0) {
    // A killed run may have left its link; nothing else is ever removed under this name.
    const bool stale = errno == EEXIST && look(fresh).value_or(Entry::kOther) == Entry::kLink;
    if (!stale || ::unlink(fresh.c_str()) != 0 || ::symlink(target.c_str(), fresh.c_str()) != 0) {
      return std::unexpected(file_error("create", fresh, errno));
    }
  }
  if (::rename(fresh.c_str(), current.c_str()) != 0) {
    const int error = errno;
    ::unlink(fresh.c_str());
    return std::unexpected(file_error("replace", current, error));
  }
  return {};
}

void Generation::sweep() const {
  for_each_folder(generations_, [this](const std::string& name) {
    if (is_leftover(name)) remove_tree(generations_ / name);
  });
}

void Generation::remove_old(const std::string& published,
                            std::vector<std::string>& warnings) const {
  std::vector<std::pair<GenerationName, std::string>> found;
  for_each_folder(generations_, [&](const std::string& name) {
    // Without a manifest it is not a set that we have published, and not ours to remove.
    const bool ours =
        look(generations_ / name / kManifest).value_or(Entry::kAbsent) == Entry::kOther;
    auto parsed = parse_generation_name(name);
    if (parsed && ours && name != published) found.emplace_back(std::move(*parsed), name);
  });
  std::ranges::sort(found, std::greater<>());
  for (std::size_t i = kGenerationsKept - 1; i < found.size(); ++i) {
    const fs::path path = generations_ / found[i].second;
    const fs::path old = generations_ / (std::string(kOldPrefix) + found[i].second);
    // Renamed first, so that a half removed one is never taken for a generation.
    if (::rename(path.c_str(), old.c_str()) != 0) {
      warnings.push_back(file_error("remove", path, errno));
      continue;
    }
    remove_tree(old);
  }
}

}  // namespace caascan
