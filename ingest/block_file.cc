#include "ingest/block_file.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "ingest/assert.h"
#include "ingest/byte_source.h"

namespace caascan::dump {
namespace {

constexpr int kCompressionLevel = 1;  // speed: what is written is read once
constexpr int kWindowLogMax = 27;

void store_u32(char* to, std::uint32_t value) {
  for (unsigned at = 0; at < 4; ++at) to[at] = static_cast<char>(value >> (8 * at));
}

std::uint32_t load_u32(const char* from) {
  std::uint32_t value = 0;
  for (unsigned at = 0; at < 4; ++at) {
    value |= std::uint32_t{static_cast<unsigned char>(from[at])} << (8 * at);
  }
  return value;
}

// Over the block's number and its payload, so that a block moved to another place shows too.
std::uint32_t checksum(std::string_view block) {
  const auto* bytes = reinterpret_cast<const Bytef*>(block.data());
  const uLong number = crc32_z(crc32_z(0, nullptr, 0), bytes, 4);
  return static_cast<std::uint32_t>(
      crc32_z(number, bytes + kBlockHeaderOctets, block.size() - kBlockHeaderOctets));
}

}  // namespace

struct BlockFileWriter::Impl {
  struct Free {
    void operator()(ZSTD_CCtx* object) const { ZSTD_freeCCtx(object); }
  };

  Impl(OutputFile output, std::size_t octets_wanted)
      : file(std::move(output)), payload_octets_wanted(octets_wanted), context(ZSTD_createCCtx()) {
    CAASCAN_ASSERT(context != nullptr);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    block.assign(kBlockHeaderOctets, '\0');
  }

  std::expected<void, std::string> write_block() {
    store_u32(block.data(), number++);
    store_u32(block.data() + 4, checksum(block));
    frame.resize(ZSTD_compressBound(block.size()));
    const std::size_t size =
        ZSTD_compress2(context.get(), frame.data(), frame.size(), block.data(), block.size());
    CAASCAN_ASSERT(ZSTD_isError(size) == 0);
    block.resize(kBlockHeaderOctets);
    return file.write(std::string_view(frame).substr(0, size));
  }

  OutputFile file;
  std::size_t payload_octets_wanted;
  std::unique_ptr<ZSTD_CCtx, Free> context;
  std::uint32_t number = 0;
  std::string block;
  std::string frame;
};

BlockFileWriter::BlockFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockFileWriter::BlockFileWriter(BlockFileWriter&&) noexcept = default;
BlockFileWriter& BlockFileWriter::operator=(BlockFileWriter&&) noexcept = default;
BlockFileWriter::~BlockFileWriter() = default;

std::expected<BlockFileWriter, std::string> BlockFileWriter::create(
    const std::filesystem::path& path, std::string_view format_line,
    std::size_t payload_octets_wanted) {
  auto file = OutputFile::create(path);
  if (!file) return std::unexpected(file.error());
  auto impl = std::make_unique<Impl>(std::move(*file), payload_octets_wanted);
  impl->block += format_line;
  if (auto written = impl->write_block(); !written) return std::unexpected(written.error());
  return BlockFileWriter(std::move(impl));
}

std::expected<void, std::string> BlockFileWriter::append(std::string_view record) {
  CAASCAN_ASSERT(!record.empty());
  impl_->block += record;
  if (impl_->block.size() - kBlockHeaderOctets < impl_->payload_octets_wanted) return {};
  return impl_->write_block();
}

std::expected<void, std::string> BlockFileWriter::close() {
  if (impl_->block.size() > kBlockHeaderOctets) {
    if (auto written = impl_->write_block(); !written) return written;
  }
  // The end mark is a block with an empty payload.
  if (auto written = impl_->write_block(); !written) return written;
  return impl_->file.close();
}

struct BlockFileReader::Impl {
  struct Free {
    void operator()(ZSTD_DCtx* object) const { ZSTD_freeDCtx(object); }
  };

  Impl(std::string name, std::unique_ptr<ByteSource> source)
      : path(std::move(name)), input(std::move(source), 0), context(ZSTD_createDCtx()) {
    CAASCAN_ASSERT(context != nullptr);
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  }

  [[nodiscard]] std::string error(std::string_view what) const {
    return path + ": byte " + std::to_string(block_offset) + ": " + std::string(what);
  }

  // Decompresses one whole frame into `block` and checks it.
  std::expected<void, std::string> read_block() {
    constexpr std::size_t kStepOctets = std::size_t{64} << 10U;
    block_offset = input.offset();
    block.clear();
    if (input.view().empty() && !input.more()) {
      if (input.error()) return std::unexpected(path + ": " + input.error()->what);
      return std::unexpected(error("the file is cut"));
    }
    std::size_t size = 0;
    std::size_t status = 1;
    while (status != 0) {
      if (block.size() - size < kStepOctets) block.resize(std::max(size * 2, size + kStepOctets));
      ZSTD_outBuffer output{block.data(), block.size(), size};
      ZSTD_inBuffer source{input.view().data(), input.view().size(), 0};
      status = ZSTD_decompressStream(context.get(), &output, &source);
      const bool stuck = source.pos == 0 && output.pos == size;
      input.consume(source.pos);
      size = output.pos;
      if (ZSTD_isError(status) != 0) return std::unexpected(error("the block is corrupt"));
      if (size > kBlockPayloadOctetsMax + kBlockHeaderOctets) {
        return std::unexpected(error("the block is too large"));
      }
      if (status != 0 && stuck && input.view().empty() && !input.more()) {
        if (input.error()) return std::unexpected(path + ": " + input.error()->what);
        return std::unexpected(error("the file is cut"));
      }
    }
    block.resize(size);
    if (size < kBlockHeaderOctets) return std::unexpected(error("the block is corrupt"));
    if (load_u32(block.data()) != number || load_u32(block.data() + 4) != checksum(block)) {
      return std::unexpected(error("the block's checksum is wrong"));
    }
    ++number;
    return {};
  }

  [[nodiscard]] std::string_view payload() const {
    return std::string_view(block).substr(kBlockHeaderOctets);
  }

  std::string path;
  Input input;
  std::unique_ptr<ZSTD_DCtx, Free> context;
  std::uint32_t number = 0;
  std::uint64_t block_offset = 0;
  std::string block;
  bool ended = false;
};

BlockFileReader::BlockFileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockFileReader::BlockFileReader(BlockFileReader&&) noexcept = default;
BlockFileReader& BlockFileReader::operator=(BlockFileReader&&) noexcept = default;
BlockFileReader::~BlockFileReader() = default;

std::expected<BlockFileReader, std::string> BlockFileReader::open(const std::filesystem::path& path,
                                                                  std::string_view format_line) {
  auto source = FileSource::open(path.string());
  if (!source) return std::unexpected(path.string() + ": " + source.error());
  auto impl = std::make_unique<Impl>(path.string(), std::move(*source));
  if (auto first = impl->read_block(); !first) return std::unexpected(first.error());
  if (impl->payload() != format_line) {
    return std::unexpected(impl->error("the file is of another format or version"));
  }
  return BlockFileReader(std::move(impl));
}

std::expected<bool, std::string> BlockFileReader::next(std::string_view& payload) {
  payload = {};
  if (impl_->ended) return false;
  if (auto read = impl_->read_block(); !read) return std::unexpected(read.error());
  payload = impl_->payload();
  if (!payload.empty()) return true;
  impl_->ended = true;
  if (!impl_->input.view().empty() || impl_->input.more()) {
    impl_->block_offset = impl_->input.offset();
    return std::unexpected(impl_->error("something follows the end mark"));
  }
  return false;
}

std::string BlockFileReader::error_here(std::string_view what) const {
  return impl_->error(what);
}

}  // namespace caascan::dump
