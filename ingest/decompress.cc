#include "ingest/decompress.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <utility>

#include "ingest/assert.h"

namespace caascan::dump {
namespace {

constexpr std::size_t kMagicOctets = 4;

class LayerSource : public ByteSource {
 public:
  explicit LayerSource(std::unique_ptr<Input> lower) : lower_(std::move(lower)) {}

 protected:
  // An error at the first octet of the lower stream not consumed yet.
  void fail(std::string what) {
    error_ = StreamError{lower_->offset(), lower_->layers() > 0, std::move(what)};
  }
  // The lower stream has ended inside something; where that is by its own fault, the fault is
  // passed on.
  void fail_cut(std::string what) {
    if (lower_->error()) {
      error_ = lower_->error();
    } else {
      fail(std::move(what));
    }
  }
  // Whether the lower stream has more.
  bool refill() { return !lower_->view().empty() || lower_->more(); }

  std::unique_ptr<Input> lower_;
};

class ZstdSource final : public LayerSource {
 public:
  explicit ZstdSource(std::unique_ptr<Input> lower)
      : LayerSource(std::move(lower)), context_(ZSTD_createDCtx()) {
    CAASCAN_ASSERT(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }

  std::size_t read(std::span<char> out) override {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (output.pos == 0 && !error_) {
      // The decoder may hold output back when `out` was full: it is asked before more input is
      // waited for.
      if (!output_pending_ && !refill()) {
        if (inside_frame_ || lower_->error()) fail_cut("zstd frame is cut");
        break;
      }
      const std::string_view in = lower_->view();
      ZSTD_inBuffer input{in.data(), in.size(), 0};
      const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
      lower_->consume(input.pos);
      if (ZSTD_isError(status) != 0) {
        fail(message(ZSTD_getErrorCode(status)));
        break;
      }
      inside_frame_ = status != 0;
      output_pending_ = inside_frame_ && output.pos == output.size;
    }
    return output.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  [[nodiscard]] std::string message(ZSTD_ErrorCode code) const {
    switch (code) {
      case ZSTD_error_frameParameter_windowTooLarge:
        return "zstd window is larger than 128 MiB";
      case ZSTD_error_checksum_wrong:
        return "zstd checksum is wrong";
      case ZSTD_error_dictionary_wrong:
        return "zstd data needs a dictionary";
      case ZSTD_error_memory_allocation:
        return "not enough memory for zstd";
      case ZSTD_error_prefix_unknown:
        if (!inside_frame_) return "zstd data is followed by something else";
        [[fallthrough]];
      default:
        return "zstd data is corrupt";
    }
  }

  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool inside_frame_ = false;
  bool output_pending_ = false;
};

class GzipSource final : public LayerSource {
 public:
  explicit GzipSource(std::unique_ptr<Input> lower) : LayerSource(std::move(lower)) {
    constexpr int kGzipOnly = 16;
    const int status = inflateInit2(&stream_, MAX_WBITS + kGzipOnly);
    CAASCAN_ASSERT(status == Z_OK);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  std::size_t read(std::span<char> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out == out.size() && !error_ && !ended_) {
      if (!inside_member_ && !start_member()) break;
      if (!output_pending_ && !refill()) {
        fail_cut("gzip data is cut");
        break;
      }
      const std::string_view in = lower_->view();
      stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
      stream_.avail_in = static_cast<uInt>(in.size());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      lower_->consume(in.size() - stream_.avail_in);
      output_pending_ = stream_.avail_out == 0;
      if (status == Z_STREAM_END) {
        inside_member_ = false;
        output_pending_ = false;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        const bool checksum =
            stream_.msg != nullptr && std::string_view(stream_.msg).contains("check");
        fail(checksum ? "gzip checksum is wrong" : "gzip data is corrupt");
      }
    }
    return out.size() - stream_.avail_out;
  }

 private:
  // At the start of a member, or at the end. Zeros behind the last member are padding (RFC 1952
  // says nothing; tape and tar users know them, and gzip lets them be).
  bool start_member() {
    if (!refill()) {
      ended_ = true;
      if (lower_->error()) error_ = lower_->error();
      return false;
    }
    if (!first_member_) {
      lower_->fill(2);
      if (!lower_->view().starts_with("\x1f\x8b")) {
        while (refill() && lower_->view().front() == '\0') lower_->consume(1);
        ended_ = true;
        if (!lower_->view().empty()) {
          fail("gzip data is followed by something else");
        } else if (lower_->error()) {
          error_ = lower_->error();
        }
        return false;
      }
      inflateReset(&stream_);
    }
    first_member_ = false;
    inside_member_ = true;
    return true;
  }

  z_stream stream_{};
  bool first_member_ = true;
  bool inside_member_ = false;
  bool output_pending_ = false;
  bool ended_ = false;
};

}  // namespace

Compression compression_of(std::string_view head) {
  if (head.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (head.size() < kMagicOctets) return Compression::kNone;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  const bool skippable = (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50U;
  if (skippable && head.substr(1).starts_with("\x2a\x4d\x18")) return Compression::kZstd;
  return Compression::kNone;
}

std::unique_ptr<ByteSource> make_decompressor(Compression compression,
                                              std::unique_ptr<Input> lower) {
  CAASCAN_ASSERT(compression != Compression::kNone);
  if (compression == Compression::kGzip) return std::make_unique<GzipSource>(std::move(lower));
  return std::make_unique<ZstdSource>(std::move(lower));
}

std::expected<std::unique_ptr<Input>, StreamError> open_layers(std::unique_ptr<ByteSource> source) {
  auto input = std::make_unique<Input>(std::move(source), 0);
  while (true) {
    input->fill(kMagicOctets);
    const Compression compression = compression_of(input->view());
    if (compression == Compression::kNone) return input;
    const int layers = input->layers();
    if (layers == kCompressionLayersMax) {
      return std::unexpected(StreamError{0, true, "more than 3 layers of compression"});
    }
    input = std::make_unique<Input>(make_decompressor(compression, std::move(input)), layers + 1);
  }
}

}  // namespace caascan::dump
