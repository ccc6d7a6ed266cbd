#include "ingest/ingest.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "ingest/collector.h"
#include "ingest/decompress.h"
#include "ingest/get_entries_reader.h"
#include "ingest/input_walk.h"
#include "ingest/list_reader.h"
#include "ingest/output_file.h"
#include "ingest/sniff.h"
#include "ingest/text_digest.h"
#include "ingest/tile_reader.h"

namespace caascan {
namespace {

// Files that are counted for `IngestProgress::bytes_total` before anything is read; beyond that,
// the first name is worth more than the number.
constexpr std::uint64_t kProgressFilesMax = 100'000;

class SizeVisitor final : public dump::WalkVisitor {
 public:
  bool on_file(const std::string& path, std::uint64_t size) override {
    ++files_;
    bytes_ += size;
    unknown_ = unknown_ || path == "-" || size == 0;
    return true;
  }
  void on_lesser_tile(const std::string&) override {}
  void on_walk_damage(const std::string&, std::string) override {}
  [[nodiscard]] bool stopped() const override { return files_ > kProgressFilesMax; }

  [[nodiscard]] std::uint64_t bytes_total() const { return unknown_ || stopped() ? 0 : bytes_; }

 private:
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
  bool unknown_ = false;
};

class IdentityVisitor final : public dump::WalkVisitor {
 public:
  bool on_file(const std::string& path, std::uint64_t) override {
    struct stat status = {};
    if (path == "-") {
      again_ = false;
      return true;
    }
    if (::stat(path.c_str(), &status) != 0) return true;  // reading will say so
    again_ = again_ && S_ISREG(status.st_mode);
    ++identity_.files;
    digest_.add(path);
    digest_.add(std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + ' ' +
                std::to_string(status.st_mtim.tv_nsec));
    return true;
  }
  void on_lesser_tile(const std::string&) override {}
  void on_walk_damage(const std::string& path, std::string what) override {
    digest_.add(path);
    digest_.add(what);
  }
  [[nodiscard]] bool stopped() const override { return !again_; }

  [[nodiscard]] std::optional<InputIdentity> identity() const {
    if (!again_) return std::nullopt;
    return InputIdentity{identity_.files, digest_.value()};
  }

 private:
  InputIdentity identity_;
  TextDigest digest_;
  bool again_ = true;
};

class ReadVisitor final : public dump::WalkVisitor {
 public:
  ReadVisitor(const IngestOptions& options, dump::Collector& collector, IngestProgress* progress)
      : options_(options), collector_(collector), progress_(progress) {}

  bool on_file(const std::string& path, std::uint64_t) override {
    collector_.start_file(path);
    read_file(path);
    return collector_.finish_file();
  }
  void on_lesser_tile(const std::string&) override { ++collector_.counts().files_skipped; }
  void on_walk_damage(const std::string& path, std::string what) override {
    collector_.add_damage({path, 0, false, std::move(what)});
  }
  [[nodiscard]] bool stopped() const override { return collector_.stopped(); }

 private:
  void read_file(const std::string& path) {
    auto source = dump::FileSource::open(path);
    if (!source) {
      collector_.on_damage(0, std::move(source.error()));
      return;
    }
    (*source)->count_into(&collector_.counts().bytes_read,
                          progress_ == nullptr ? nullptr : &progress_->bytes_read);
    auto input = dump::open_layers(std::move(*source));
    if (!input) {
      report(input.error());
      return;
    }
    collector_.set_uncompressed((*input)->layers() > 0);
    if (read_content(**input, path)) {
      ++collector_.counts().files;
    } else {
      ++collector_.counts().files_skipped;
    }
    if ((*input)->error()) report(*(*input)->error());
  }

  // False where the file is of a kind that is skipped.
  bool read_content(dump::Input& input, const std::string& path) {
    const dump::Sniffed sniffed = dump::sniff(input, path);
    switch (sniffed.format) {
      case dump::Format::kDataTile:
        dump::read_data_tile(input, collector_);
        return true;
      case dump::Format::kJson:
        return dump::read_get_entries(input, collector_, options_.memory_bytes) ==
               dump::JsonOutcome::kRead;
      case dump::Format::kList:
        dump::read_list(input, collector_);
        return true;
      case dump::Format::kSkipped:
        return false;
      case dump::Format::kEmpty:
      case dump::Format::kUnsupported:
      case dump::Format::kForeign:
        // Where the stream broke off before anything could be told, that is the damage.
        if (!input.error()) collector_.on_damage(0, sniffed.what);
        return true;
    }
    return true;
  }

  void report(const dump::StreamError& error) {
    collector_.set_uncompressed(error.offset_uncompressed);
    collector_.on_damage(error.offset_bytes, error.what);
  }

  const IngestOptions& options_;
  dump::Collector& collector_;
  IngestProgress* progress_;
};

std::expected<void, std::string> check_paths(const IngestOptions& options) {
  for (const std::string& path : options.ct_paths) {
    struct stat status = {};
    if (path == "-" || ::stat(path.c_str(), &status) == 0) continue;
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::unexpected(path + ": no such file or directory");
    }
  }
  return {};
}

std::expected<std::unique_ptr<dump::Collector>, std::string> read_all(const IngestOptions& options,
                                                                      const NameBatchSink* sink,
                                                                      IngestProgress* progress) {
  if (auto checked = check_paths(options); !checked) return std::unexpected(checked.error());
  auto collector = dump::Collector::create(options, sink, progress);
  if (!collector) return collector;
  if (progress != nullptr) {
    SizeVisitor sizes;
    for (const std::string& path : options.ct_paths) dump::walk_input(path, sizes);
    progress->bytes_total = sizes.bytes_total();
  }
  ReadVisitor reader(options, **collector, progress);
  for (const std::string& path : options.ct_paths) {
    if (!reader.stopped()) dump::walk_input(path, reader);
  }
  return collector;
}

// Where names go first, so that a reader of the final file never sees half of it. Devices and pipes
// cannot be replaced and are written directly.
struct Destination {
  std::filesystem::path final_path;
  std::filesystem::path temporary_path;  // empty where the final one is written directly
};

Destination destination_of(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return {path, {}};
  std::filesystem::path temporary = path;
  temporary += ".tmp-" + std::to_string(::getpid());
  return {path, temporary};
}

std::expected<void, std::string> write_names(dump::Collector& collector, dump::OutputFile file) {
  std::expected<void, std::string> written;
  auto merged = collector.merge_sorted([&](std::string_view name) {
    written = file.write(name);
    if (written) written = file.write("\n");
    return written.has_value();
  });
  if (!merged) return merged;
  if (!written) return written;
  return file.close(true);
}

std::expected<void, std::string> write_names_file(dump::Collector& collector,
                                                  const std::filesystem::path& path) {
  if (path == "-") return write_names(collector, dump::OutputFile::standard_output());
  const Destination destination = destination_of(path);
  const bool direct = destination.temporary_path.empty();
  auto file = dump::OutputFile::create(direct ? path : destination.temporary_path);
  if (!file) return std::unexpected(file.error());
  auto written = write_names(collector, std::move(*file));
  if (direct) return written;
  std::error_code error;
  if (written) {
    std::filesystem::rename(destination.temporary_path, path, error);
    if (error) {
      written = std::unexpected(path.string() + ": cannot be written: " + error.message());
    }
  }
  if (!written) std::filesystem::remove(destination.temporary_path, error);
  return written;
}

}  // namespace

std::string Damage::message() const {
  std::string text = escape_for_print(path) + ": byte " + std::to_string(offset_bytes);
  if (offset_uncompressed) text += " of the uncompressed data";
  return text + ": " + what;
}

std::optional<InputIdentity> input_identity(const std::vector<std::string>& ct_paths) {
  IdentityVisitor visitor;
  for (const std::string& path : ct_paths) {
    if (!visitor.stopped()) dump::walk_input(path, visitor);
  }
  return visitor.identity();
}

std::expected<IngestCounts, std::string> ingest(const IngestOptions& options,
                                                const NameBatchSink& sink,
                                                IngestProgress* progress) {
  auto collector = read_all(options, &sink, progress);
  if (!collector) return std::unexpected(collector.error());
  if (auto finished = (*collector)->finish(); !finished) {
    return std::unexpected(finished.error());
  }
  return std::move((*collector)->counts());
}

std::expected<IngestCounts, std::string> ingest_to_file(const IngestOptions& options,
                                                        const std::filesystem::path& names_path,
                                                        IngestProgress* progress) {
  auto collector = read_all(options, nullptr, progress);
  if (!collector) return std::unexpected(collector.error());
  if (auto finished = (*collector)->finish(); !finished) {
    return std::unexpected(finished.error());
  }
  if (auto written = write_names_file(**collector, names_path); !written) {
    return std::unexpected(written.error());
  }
  return std::move((*collector)->counts());
}

}  // namespace caascan
