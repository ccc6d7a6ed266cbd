#include "tests/support/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <cstdlib>

namespace caascan::test {

std::string gzip(std::string_view bytes) {
  constexpr int kGzip = 16;
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    std::abort();
  }
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view bytes, int window_log) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) {
    // Only a frame without content size keeps a window that is larger than its content.
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  std::string out(ZSTD_compressBound(bytes.size()) + 64, '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  // Two steps, so that the size is not known when the frame header is written.
  if (window_log != 0) ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush);
  if (ZSTD_compressStream2(context, &output, &input, ZSTD_e_end) != 0) std::abort();
  out.resize(output.pos);
  ZSTD_freeCCtx(context);
  return out;
}

}  // namespace caascan::test
