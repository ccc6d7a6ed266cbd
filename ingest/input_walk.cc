#include "ingest/input_walk.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <expected>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace caascan::dump {
namespace {

constexpr std::size_t kFolderDepthMax = 64;
constexpr unsigned kPartialWidthMax = 255;  // a full tile has 256

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// `067.p`
bool is_partial_folder(std::string_view name) {
  return name.size() == 5 && name.ends_with(".p") && is_digits(name.substr(0, 3));
}

// The number of entries that the name of a partial tile tells, 0 where it is none.
unsigned partial_width(std::string_view name) {
  unsigned width = 0;
  if (!is_digits(name) || name.front() == '0') return 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), width);
  return error == std::errc() && width <= kPartialWidthMax ? width : 0;
}

std::string error_text(int number) {
  return "cannot be opened: " + std::generic_category().message(number);
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::expected<std::vector<std::string>, int> names_in(const std::string& path) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (folder == nullptr) return std::unexpected(errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      if (errno != 0) return std::unexpected(errno);
      break;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

class Walker {
 public:
  explicit Walker(WalkVisitor& visitor) : visitor_(visitor) {}

  void walk_folder(const std::string& path, bool full_tile_read) {
    struct stat status = {};
    const auto names = names_in(path);
    if (!names || ::stat(path.c_str(), &status) != 0) {
      visitor_.on_walk_damage(path, error_text(names ? errno : names.error()));
      return;
    }
    const std::pair identity(status.st_dev, status.st_ino);
    if (std::ranges::find(above_, identity) != above_.end())
      return;  // a link to a folder we are in
    if (above_.size() == kFolderDepthMax) {
      visitor_.on_walk_damage(path, "folders are nested too deeply");
      return;
    }
    above_.push_back(identity);
    walk_names(path, *names, full_tile_read);
    above_.pop_back();
  }

 private:
  void walk_names(const std::string& folder, const std::vector<std::string>& names,
                  bool full_tile_read) {
    const std::string_view folder_name =
        std::string_view(folder).substr(folder.find_last_of('/') + 1);
    const bool partials = is_partial_folder(folder_name);
    unsigned fullest = 0;
    if (partials && !full_tile_read) {
      for (const std::string& name : names) fullest = std::max(fullest, partial_width(name));
    }
    std::set<std::string> full_tiles;
    for (const std::string& name : names) {
      if (visitor_.stopped()) return;
      const std::string path = join(folder, name);
      if (const unsigned width = partials ? partial_width(name) : 0;
          width != 0 && width != fullest) {
        visitor_.on_lesser_tile(path);
        continue;
      }
      struct stat status = {};
      if (::stat(path.c_str(), &status) != 0) {
        visitor_.on_walk_damage(path, error_text(errno));
      } else if (S_ISDIR(status.st_mode)) {
        const bool have_full = is_partial_folder(name) && full_tiles.contains(name.substr(0, 3));
        walk_folder(path, have_full);
      } else if (S_ISREG(status.st_mode)) {
        const bool clean = visitor_.on_file(path, static_cast<std::uint64_t>(status.st_size));
        // `067` sorts before `067.p`.
        if (clean && name.size() == 3 && is_digits(name)) full_tiles.insert(name);
      } else {
        visitor_.on_walk_damage(path, "not a regular file");
      }
    }
  }

  WalkVisitor& visitor_;
  std::vector<std::pair<dev_t, ino_t>> above_;
};

}  // namespace

void walk_input(const std::string& path, WalkVisitor& visitor) {
  struct stat status = {};
  if (path == "-") {
    static_cast<void>(visitor.on_file(path, 0));
  } else if (::stat(path.c_str(), &status) != 0) {
    visitor.on_walk_damage(path, error_text(errno));
  } else if (S_ISDIR(status.st_mode)) {
    // Only so much of the path is normalised as the recognition of `N.p/` needs.
    std::string folder = path;
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    Walker(visitor).walk_folder(folder, false);
  } else {
    const std::uint64_t size =
        S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
    static_cast<void>(visitor.on_file(path, size));
  }
}

}  // namespace caascan::dump
