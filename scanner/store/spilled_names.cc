#include "scanner/store/spilled_names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ingest/assert.h"

namespace caascan {
namespace {

constexpr int kCompressionLevel = -3;  // read back once and thrown away

// What stands before a name in a block: its number, how long its text and what it knows are, which
// follow, and whether an alias led there. As in memory: the file does not outlive the process.
struct Head {
  NameNumber number;
  std::uint32_t known_octets;
  std::uint16_t name_octets;
  std::uint16_t after_alias;
};
static_assert(std::has_unique_object_representations_v<Head>);
constexpr std::size_t kNameBytesMax = sizeof(Head) + kNameOctetsMax + kPutAwayKnownMax;
// A place in the file; the rest of it is a hole.
constexpr std::size_t kPlaceBytes = std::size_t{36} << 10;
static_assert(ZSTD_COMPRESSBOUND(kSpillBlockBytes + kNameBytesMax) <= kPlaceBytes);

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

struct Block {
  std::uint32_t place, stored_bytes, bytes;
};

struct Line {
  std::string head;  // the oldest, being taken
  std::size_t head_taken = 0;
  std::deque<Block> blocks;
  std::string tail;  // the latest
  [[nodiscard]] bool empty() const {
    return head_taken == head.size() && blocks.empty() && tail.empty();
  }
};

}  // namespace

struct SpilledNames::Impl {
  std::filesystem::path folder;
  std::size_t memory_bytes_max = 0;
  int fd = -1;
  std::optional<std::string> error;
  boost::unordered_flat_map<LineId, Line> lines;  // those that have names
  std::vector<std::uint32_t> free_places;
  std::uint32_t places = 0;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> decompressor;
  std::vector<char> buffer = std::vector<char>(kPlaceBytes);

  ~Impl() {
    if (fd >= 0) ::close(fd);
  }

  void fail(std::string_view what, std::string_view why) {
    if (!error) {
      error = fmt::format("cannot {} a temporary file in {}, where names are put away: {}", what,
                          folder.string(), why);
    }
  }

  // A head and a tail of each line fit.
  [[nodiscard]] std::size_t block_bytes() const {
    return std::clamp(memory_bytes_max / 2 / std::max<std::size_t>(lines.size(), 1),
                      kSpillBlockBytesMin, kSpillBlockBytes);
  }

  void write_tail(Line& line) {
    const std::size_t size = ZSTD_compress2(compressor.get(), buffer.data(), buffer.size(),
                                            line.tail.data(), line.tail.size());
    if (ZSTD_isError(size) != 0) return fail("compress into", ZSTD_getErrorName(size));
    std::uint32_t place = places;
    if (free_places.empty()) {
      ++places;
    } else {
      place = free_places.back();
      free_places.pop_back();
    }
    const std::uint64_t offset = std::uint64_t{place} * kPlaceBytes;
    for (std::size_t at = 0; at < size;) {
      const ssize_t written =
          ::pwrite(fd, buffer.data() + at, size - at, static_cast<off_t>(offset + at));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return fail("write", std::strerror(written < 0 ? errno : EIO));
      at += static_cast<std::size_t>(written);
    }
    line.blocks.push_back(
        {place, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(line.tail.size())});
    line.tail.clear();
    line.tail.shrink_to_fit();
  }

  void read_head(Line& line) {
    line.head_taken = 0;
    if (line.blocks.empty()) {
      line.head = std::exchange(line.tail, {});
      return;
    }
    const Block block = line.blocks.front();
    line.blocks.pop_front();
    line.head.clear();
    const std::uint64_t offset = std::uint64_t{block.place} * kPlaceBytes;
    for (std::size_t at = 0; at < block.stored_bytes;) {
      const ssize_t size =
          ::pread(fd, buffer.data() + at, block.stored_bytes - at, static_cast<off_t>(offset + at));
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return fail("read", size < 0 ? std::strerror(errno) : "it is too short");
      at += static_cast<std::size_t>(size);
    }
    line.head.resize(block.bytes);
    const std::size_t size = ZSTD_decompressDCtx(
        decompressor.get(), line.head.data(), line.head.size(), buffer.data(), block.stored_bytes);
    if (size != line.head.size()) {
      line.head.clear();
      return fail("read", "it holds something else than was written");
    }
    free_places.push_back(block.place);
  }
};

SpilledNames::SpilledNames(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpilledNames::SpilledNames(SpilledNames&&) noexcept = default;
SpilledNames& SpilledNames::operator=(SpilledNames&&) noexcept = default;
SpilledNames::~SpilledNames() = default;

std::expected<SpilledNames, std::string> SpilledNames::create(const std::filesystem::path& folder,
                                                              std::size_t memory_bytes_max) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->memory_bytes_max = memory_bytes_max;
  // O_TMPFILE would do without a name at all, but not every file system has it.
  std::string name = (folder / "names-XXXXXX").string();
  impl->fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (impl->fd < 0 || ::unlink(name.c_str()) != 0) {
    impl->fail("make", std::strerror(errno));
    return std::unexpected(*impl->error);
  }
  impl->compressor.reset(ZSTD_createCCtx());
  impl->decompressor.reset(ZSTD_createDCtx());
  if (!impl->compressor || !impl->decompressor) {
    impl->fail("compress into", std::strerror(ENOMEM));
    return std::unexpected(*impl->error);
  }
  ZSTD_CCtx_setParameter(impl->compressor.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  ZSTD_CCtx_setParameter(impl->compressor.get(), ZSTD_c_checksumFlag, 1);
  return SpilledNames(std::move(impl));
}

void SpilledNames::put(LineId line, NamePutAway&& name) {
  if (impl_->error) return;
  Line& it = impl_->lines[line];
  const std::string_view text = name.name.text();
  CAASCAN_ASSERT(text.size() <= kNameOctetsMax);
  CAASCAN_ASSERT(name.known.size() <= kPutAwayKnownMax);
  const Head head{name.number, static_cast<std::uint32_t>(name.known.size()),
                  static_cast<std::uint16_t>(text.size()), name.after_alias};
  it.tail.append(reinterpret_cast<const char*>(&head), sizeof head);
  it.tail.append(text).append(name.known);
  if (it.tail.size() >= impl_->block_bytes()) impl_->write_tail(it);
}

void SpilledNames::take(LineId line, std::size_t names_max, std::vector<NamePutAway>& out) {
  const auto found = impl_->lines.find(line);
  if (found == impl_->lines.end()) return;
  Line& it = found->second;
  for (; names_max > 0 && !impl_->error; --names_max) {
    if (it.head_taken == it.head.size()) {
      if (it.empty()) break;
      impl_->read_head(it);
      if (impl_->error) return;
    }
    const char* at = it.head.data() + it.head_taken;
    Head head;
    std::memcpy(&head, at, sizeof head);
    at += sizeof head;
    NamePutAway& name = out.emplace_back();
    name.number = head.number;
    name.after_alias = head.after_alias != 0;
    name.name = DomainName::from_canonical(std::string(at, head.name_octets));
    name.known.assign(at + head.name_octets, head.known_octets);
    it.head_taken += sizeof head + head.name_octets + head.known_octets;
  }
  if (it.empty()) impl_->lines.erase(found);
}

const std::optional<std::string>& SpilledNames::error() const {
  return impl_->error;
}

std::uint64_t SpilledNames::file_bytes() const {
  return std::uint64_t{impl_->places} * kPlaceBytes;
}

}  // namespace caascan
